import pytest

from byoip.domain.claims.lifecycle import Standing, State
from byoip.domain.event_kinds import OF_OPERATORS, OF_PREFIXES, Catalogue, names
from byoip.domain.speakers.bgp_peer import BgpPeerKind
from tests.net import today
from tests.net.literals import sources
from tests.net.test_frozen_literals import event_facts
from tests.regenerate import EVENT_PAGE, event_markdown

# What is put into the kinds that the sources do not spell out.
FILLED = {
    "check.{}": ["check.irr", "check.rpki", "check.ownership"],
    "prefix.{}": [f"prefix.{one.value}" for one in (*State, *Standing)],
    "bgp_prefix.{}": ["bgp_prefix.absent", "bgp_prefix.still_seen"],
    "{}.forgotten": [f"{one.value}.forgotten" for one in BgpPeerKind],
}
# Types of messages to webhooks, and of a notice by mail, that are no events; a sample of a kind
# that is none; a file.
NONE = {"credential.expiring", "endpoint.test", "feed.restarted", "prefix.lost", "webhook.key"}


def test_the_catalogue_has_every_kind_that_the_program_records_and_no_other() -> None:
    package = sources(*today.SOURCES)
    facts = {fact.removeprefix("kind ") for fact in event_facts(package) if "kind " in fact}
    facts |= {text for text in package.texts() if text in FILLED}
    recorded = {kind for fact in facts for kind in FILLED.get(fact, [fact])}
    assert recorded - NONE == {*names(OF_PREFIXES), *names(OF_OPERATORS)}


@pytest.mark.parametrize(
    ("recorder", "place", "catalogue"),
    [("record", 1, OF_PREFIXES), ("record_for_operators", 0, OF_OPERATORS)],
)
def test_each_history_has_its_own_kinds(recorder: str, place: int, catalogue: Catalogue) -> None:
    package = sources(*today.SOURCES)
    given = [call.args[place] for call in package.calls({recorder})]
    texts = {text for node in given for text in package.values(node)}
    recorded = {kind for text in texts for kind in FILLED.get(text, [text]) if "." in kind}
    assert recorded
    assert recorded <= set(names(catalogue))


def test_the_page_of_events_is_made_from_the_catalogue() -> None:
    assert EVENT_PAGE.read_text() == event_markdown()
