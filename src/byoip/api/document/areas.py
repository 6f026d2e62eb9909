"""What each group of operations is for: the tags of the document, in the order to read them."""

from collections.abc import Mapping
from typing import Any, Final

LICENCE: Final[Mapping[str, str]] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
AREAS: Final[Mapping[str, str]] = {
    "accounts": "Which account a token opens, and whether it is good.",
    "prefixes": "Bring a prefix, see what is missing, change it, give it up.",
    "proof": "Tokens to publish, validation runs and their evidence, pre-flights, AS numbers.",
    "services": "What can answer for addresses, and what is bound where.",
    "bgp": "Routes: announce, withdraw, and whether they are seen.",
    "delegations": "Let another account use a part.",
    "letters": "Letters of agency: signed ones and uploaded ones.",
    "offboarding": "Let a prefix go, and bring it back within the grace.",
    "history": "Everything that has happened, numbered, without gaps.",
    "webhooks": "Have events sent to a receiver of yours.",
    "mail": "Have people told by mail.",
    "operator: prefixes": "Prefixes of all accounts: approve, suspend, waive, settle disputes.",
    "operator: accounts": "Accounts, their limits, people and tokens; the operators' history.",
    "operator: services": "What customers may bind prefixes to.",
    "operator: space": "Reservations, and which registry is responsible.",
    "operator: routes": "Routes of all accounts: locks, alarms, what is seen.",
    "operator: guards": "The breaker and the kill switches: what was stopped, and why.",
    "operator: drains": "What is kept out of service at speakers.",
    "operator: settings of speakers": "Revisions of settings, and how they travel.",
    "operator: edges": "Where services answer, and what they have acknowledged.",
    "operator: letters": "Revoke a letter.",
}


def tags_of(paths: Mapping[str, Any]) -> list[dict[str, str]]:
    """The tags that these paths' operations have, each with its description."""
    used = {tag for item in paths.values() for one in item.values() for tag in one.get("tags", ())}
    return [{"name": name, "description": told} for name, told in AREAS.items() if name in used]
