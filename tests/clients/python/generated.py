"""A customer's whole way, with the client that openapi-python-client makes of our document.

Copied beside that client, type-checked with it, and run in the environment of
tools/install-real-parts; the story's file says whom to talk to.
"""

import json
import sys
import time
from base64 import b64decode
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import httpx
from byoip_client import AuthenticatedClient, Client
from byoip_client.api.bgp import (
    delete_bgp_prefix,
    get_bgp_prefix,
    list_bgp_prefixes,
    update_bgp_prefix,
)
from byoip_client.api.delegations import (
    create_delegation,
    delete_delegation,
    list_delegations,
    list_received_delegations,
)
from byoip_client.api.history import list_prefix_events
from byoip_client.api.letters import create_loa_document, get_letter, get_loa_document
from byoip_client.api.prefixes import (
    create_prefix,
    delete_prefix,
    get_prefix,
    update_prefix,
    validate_prefix,
)
from byoip_client.api.services import (
    create_service_binding,
    delete_service_binding,
    list_service_bindings,
    list_services,
)
from byoip_client.models import (
    BgpPrefixAnswer,
    BgpPrefixChange,
    CreateLoaDocumentBody,
    Failure,
    NewBinding,
    NewDelegation,
    NewPrefix,
    Prefix,
    PrefixChange,
    WantedOnDemand,
)
from byoip_client.types import File

STORY = json.loads(Path(sys.argv[1]).read_text())
ACCOUNT, OTHER = STORY["account_id"], STORY["other_account_id"]
LETTER = b64decode(STORY["letter"])
Answer = TypeVar("Answer")


def success(answer: Answer | Failure | None) -> Answer:
    assert answer is not None
    assert not isinstance(answer, Failure), answer.to_dict()
    return answer


def failure(answer: object) -> str:
    assert isinstance(answer, Failure)
    return answer.errors[0].name


def publish(prefix: Prefix) -> None:
    """Route object, ROA and token: what the customer does elsewhere."""
    with httpx.Client(base_url=STORY["control_url"], timeout=60) as control:
        route = f"route: {prefix.cidr}\norigin: AS64500\nmnt-by: A-MNT\nsource: RIPE\n"
        control.put("/irr/RIPE", content=route).raise_for_status()
        roa = {"prefix": prefix.cidr, "asn": 64500, "maxLength": 24, "ta": "ripe"}
        known = control.get("/rpki/vrps").json()
        control.put("/rpki/vrps", json=[*known, roa]).raise_for_status()
        owner = f"/dns/txt/byoip-validation.{STORY['zone']}"
        control.put(owner, json=[prefix.ownership_validation_token]).raise_for_status()


def when(client: AuthenticatedClient, prefix_id: str, holds: Callable[[Prefix], bool]) -> Prefix:
    """The prefix, as soon as this holds of it."""
    for _ in range(400):
        shown = success(get_prefix.sync(ACCOUNT, prefix_id, client=client)).result
        if holds(shown):
            return shown
        time.sleep(0.05)
    raise AssertionError("it did not come to that in time")


def upload(client: AuthenticatedClient) -> str:
    body = CreateLoaDocumentBody(File(BytesIO(LETTER), "ours.pdf", "application/pdf"))
    made = success(create_loa_document.sync(ACCOUNT, client=client, body=body)).result
    assert (made.size_bytes, made.filename) == (len(LETTER), "ours.pdf")
    assert download(client, made.id) == LETTER
    return made.id


def download(client: AuthenticatedClient, document_id: str) -> bytes:
    found = success(get_loa_document.sync(ACCOUNT, document_id, client=client))
    content = found.payload.read()
    assert isinstance(content, bytes)
    return content


def onboard(client: AuthenticatedClient, letter_id: str) -> Prefix:
    wanted = NewPrefix(
        cidr=STORY["cidr"], asn=64500, loa_document_id=letter_id, delegate_loa_creation=True
    )
    made = success(create_prefix.sync(ACCOUNT, client=client, body=wanted)).result
    publish(made)
    success(validate_prefix.sync(ACCOUNT, made.id, client=client))
    prefix = when(client, made.id, lambda shown: shown.approved == "V")
    assert prefix.rpki_validation_state == prefix.irr_validation_state == "valid"
    change = PrefixChange(description="Berlin")
    edited = success(update_prefix.sync(ACCOUNT, made.id, client=client, body=change))
    assert edited.result.description == "Berlin"
    return prefix


def receive_letter(client: AuthenticatedClient, prefix: Prefix, before: str) -> str:
    """The one that the operator writes takes the place of the customer's; its reference."""
    shown = when(client, prefix.id, lambda now: now.loa_document_id != before)
    assert shown.loa_document_id is not None
    assert download(client, shown.loa_document_id).startswith(b"%PDF-")
    history = success(list_prefix_events.sync(ACCOUNT, prefix.id, client=client)).result
    [issued] = [one for one in history if one.kind == "letter.issued"]
    return str(issued.after["reference"])


def status(reference: str) -> str:
    """What needs no credential."""
    with Client(base_url=STORY["root"]) as stranger:
        return success(get_letter.sync(reference, client=stranger)).result.status.value


def bind(client: AuthenticatedClient, prefix: Prefix) -> str:
    offered = success(list_services.sync(ACCOUNT, client=client)).result
    (cdn,) = [one.id for one in offered if one.name == "CDN"]
    body = NewBinding(cidr=prefix.cidr, service_id=cdn)
    made = success(create_service_binding.sync(ACCOUNT, prefix.id, client=client, body=body)).result
    listed = success(list_service_bindings.sync(ACCOUNT, prefix.id, client=client)).result
    assert [one.id for one in listed] == [made.id]
    return made.id


def delegate(
    client: AuthenticatedClient, delegate_client: AuthenticatedClient, prefix: Prefix
) -> None:
    body = NewDelegation(cidr=prefix.cidr, delegated_account_id=OTHER)
    made = success(create_delegation.sync(ACCOUNT, prefix.id, client=client, body=body)).result
    assert (made.parent_prefix_id, made.expires_at) == (prefix.id, None)
    again = create_delegation.sync(ACCOUNT, prefix.id, client=client, body=body)
    assert failure(again) == "delegation_overlaps"
    given = success(list_delegations.sync(ACCOUNT, prefix.id, client=client)).result
    received = success(list_received_delegations.sync(OTHER, client=delegate_client)).result
    assert given == received == [made]
    ended = success(delete_delegation.sync(ACCOUNT, prefix.id, made.id, client=client)).result
    assert ended.id == made.id


def advertise(client: AuthenticatedClient, prefix: Prefix) -> None:
    """Out, farther away, and withdrawn again; what is out is not deleted."""
    (route,) = success(list_bgp_prefixes.sync(ACCOUNT, prefix.id, client=client)).result
    assert (route.cidr, route.desired.advertised) == (prefix.cidr, False)
    where = (ACCOUNT, prefix.id, route.id)

    def patched(body: BgpPrefixChange) -> BgpPrefixAnswer:
        return success(update_bgp_prefix.sync(*where, client=client, body=body))

    out = BgpPrefixChange(on_demand=WantedOnDemand(advertised=True))
    assert patched(out).result.on_demand.advertised
    assert "no_change" in {one.name for one in patched(out).messages}
    assert patched(BgpPrefixChange(asn_prepend_count=2)).result.asn_prepend_count == 2
    shown = success(get_bgp_prefix.sync(*where, client=client)).result
    assert (shown.desired.advertised, shown.applied.advertised) == (True, False)
    assert failure(delete_bgp_prefix.sync(*where, client=client)) == "withdraw_first"
    assert failure(delete_prefix.sync(ACCOUNT, prefix.id, client=client)) == "withdraw_first"
    gone = BgpPrefixChange(on_demand=WantedOnDemand(advertised=False))
    assert not patched(gone).result.desired.advertised


def main() -> None:
    with (
        AuthenticatedClient(base_url=STORY["root"], token=STORY["api_token"]) as client,
        AuthenticatedClient(base_url=STORY["root"], token=STORY["other_token"]) as other,
    ):
        letter_id = upload(client)
        prefix = onboard(client, letter_id)
        binding_id = bind(client, prefix)
        delegate(client, other, prefix)
        reference = receive_letter(client, prefix, letter_id)
        assert status(reference) == "valid"
        advertise(client, prefix)
        refused = delete_prefix.sync(ACCOUNT, prefix.id, client=client)
        assert failure(refused) == "withdraw_first"
        success(delete_service_binding.sync(ACCOUNT, prefix.id, binding_id, client=client))
        success(delete_prefix.sync(ACCOUNT, prefix.id, client=client))
        gone = get_prefix.sync(ACCOUNT, prefix.id, client=client)
        assert failure(gone) == "prefix_not_found"
        assert status(reference) == "revoked"
    sys.stdout.write("done\n")


main()
