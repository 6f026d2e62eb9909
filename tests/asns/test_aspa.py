"""One hop, from the customer to the operator, by what snapshots say of ASPAs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from byoip.domain.asn import Asn
from byoip.domain.asns.aspa import AspaFacts, ListedAspa, judge_pair, judge_upstreams
from byoip.domain.checks.evidence import Failed, Passed, Reason, Unanswered

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
CUSTOMER, OURS, OTHER = Asn(3320), Asn(64500), Asn(3257)
NONE = AspaFacts(built_at=NOW, anchored=True)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def listed(*providers: int, expires_at: datetime | None = None) -> AspaFacts:
    return replace(NONE, listed=ListedAspa(tuple(map(Asn, providers)), expires_at))


def judge(facts: AspaFacts, *, without: bool = True) -> object:
    return judge_pair(CUSTOMER, OURS, facts, NOW, without=without)


def test_an_aspa_that_lists_the_operator_lets_it_announce_whatever_the_policy_is() -> None:
    for facts in (listed(64500), listed(0, 64500), listed(3257, 64500, 64502)):
        assert isinstance(judge(facts, without=False), Passed)


def test_one_that_does_not_list_it_refuses_with_the_whole_list_to_publish() -> None:
    said = judge(listed(3257, 1299))
    assert isinstance(said, Failed)
    assert said.reason is Reason.ASPA_EXCLUDES_OPERATOR
    assert "AS1299, AS3257, AS64500" in said.fix


def test_one_without_transit_refuses_and_as0_is_nothing_to_publish() -> None:
    said = judge(listed(0))
    assert isinstance(said, Failed)
    assert "lists no provider" in said.seen
    assert "AS0" not in said.fix
    assert "all of these providers: AS64500." in said.fix


def test_none_is_a_matter_of_the_operators_policy() -> None:
    said = judge(NONE)
    assert isinstance(said, Passed)
    assert "by the operator's policy it is announced without one" in said.seen
    refused = judge(NONE, without=False)
    assert isinstance(refused, Failed)
    assert refused.reason is Reason.ASPA_MISSING


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(AspaFacts(), id="no snapshot"),
        pytest.param(replace(listed(64500), built_at=NOW - 25 * HOUR), id="stale"),
        pytest.param(replace(NONE, fault="the export has no aspas"), id="no key"),
        pytest.param(replace(listed(3257), fault="entry 3 names no customer"), id="any customer"),
        pytest.param(replace(NONE, anchored=False), id="nothing of the registry"),
        pytest.param(replace(NONE, listed=ListedAspa(None)), id="an unreadable entry"),
        pytest.param(listed(64500, expires_at=NOW), id="expired"),
        pytest.param(listed(3257, expires_at=NOW), id="expired, of another"),
        pytest.param(replace(NONE, seen_at=NOW - HOUR), id="just gone"),
        pytest.param(replace(NONE, seen_at=NOW - DAY, gone_since=NOW - 23 * HOUR), id="a day"),
        pytest.param(replace(NONE, seen_at=NOW - 6 * DAY), id="seen six days ago, gap since"),
    ],
)
def test_what_does_not_say_it_is_unanswered_and_lets_nothing_through(facts: AspaFacts) -> None:
    assert isinstance(judge(facts), Unanswered)


def test_its_end_is_believed_after_a_day_without_it_or_a_week_since_it_was_seen() -> None:
    assert isinstance(judge(replace(NONE, seen_at=NOW - 2 * DAY, gone_since=NOW - DAY)), Passed)
    assert isinstance(judge(replace(NONE, seen_at=NOW - 7 * DAY - HOUR)), Passed)


def test_the_operators_own_aspa_should_list_its_upstreams() -> None:
    both = [OTHER, Asn(1299)]
    assert judge_upstreams(OURS, both, listed(1299, 3257), NOW) is None
    assert judge_upstreams(OURS, both, NONE, NOW) is None
    lacking = judge_upstreams(OURS, both, listed(1299), NOW)
    assert lacking is not None
    assert "does not list its upstreams AS3257" in lacking
    unchecked = judge_upstreams(OURS, [], listed(1299), NOW)
    assert unchecked is not None
    assert "was not checked" in unchecked
    silent = judge_upstreams(OURS, both, AspaFacts(), NOW)
    assert silent is not None
    assert "has no answer" in silent


def test_a_long_list_is_put_in_order_by_its_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compared as objects, a thousand providers took 2 ms of a page for each of its prefixes."""

    def as_objects(*_: object) -> bool:
        raise AssertionError("they are compared as objects")

    facts = listed(*range(71_000, 70_000, -1))
    monkeypatch.setattr(Asn, "__lt__", as_objects)
    said = judge(facts)
    assert isinstance(said, Failed)
    assert "AS64500, AS70001, AS70002, " in said.fix
