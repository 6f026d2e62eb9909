"""Issue "Time", 3: quorum as in the CA/B rules, and which places may be used together."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from byoip.domain.checks.evidence import (
    Check,
    Failed,
    Fault,
    Finding,
    Outcome,
    Passed,
    RawAnswer,
    Reason,
    ShownBy,
    Unanswered,
)
from byoip.domain.letters.letter_evidence import passed_checks
from byoip.domain.letters.witnesses import RESOLVER, Witnesses
from byoip.domain.perspectives.place import Place, complaints, kilometres
from byoip.domain.perspectives.quorum import Sighting, allowed, from_place, judge_places
from tests.perspectives.agents import AMSTERDAM, NEW_YORK, PLACES, TOKYO

HERE = Passed("The token stands in 2.0.192.in-addr.arpa.")
YES: Outcome = Passed("there")
NO: Outcome = Failed(Reason.TOKEN_MISSING, "not there", "publish it")
SILENT: Outcome = Unanswered(Fault.TIMEOUT, "nothing came")
ENDS = {"y": YES, "n": NO, "s": SILENT}
SEVEN = [Place(f"p{n}", ("arin", "apnic")[n % 2], 0, 10 * n, 64600 + n) for n in range(7)]


def judged(ends: str, places: list[Place] | None = None, *, decide: bool = True) -> Outcome:
    at = places or [*PLACES, *SEVEN]
    sightings = [Sighting(place, ENDS[end]) for place, end in zip(at, ends, strict=False)]
    assert len(sightings) == len(ends)
    return judge_places(HERE, sightings, decide=decide)


@pytest.mark.parametrize(
    ("ends", "kind"),
    [
        ("y", Passed),  # one must agree
        ("n", Failed),
        ("s", Unanswered),
        ("yn", Passed),  # of two to five one may fail
        ("ys", Passed),
        ("nn", Failed),
        ("ns", Unanswered),  # if the silent one agreed, it would do
        ("ss", Unanswered),
        ("yyn", Passed),
        ("yys", Passed),
        ("ynn", Failed),
        ("yns", Unanswered),
        ("sss", Unanswered),
        ("nns", Failed),
        ("yyyyn", Passed),
        ("yyynn", Failed),
        ("yyynnn", Failed),  # of six and more two
        ("yyyynn", Passed),
        ("yyyyns", Passed),
        ("yyynns", Unanswered),
        ("yyyynnn", Failed),
    ],
)
def test_so_many_must_agree(ends: str, kind: type[Outcome]) -> None:
    outcome = judged(ends)
    assert isinstance(outcome, kind), outcome
    if isinstance(outcome, Failed):
        assert outcome.reason is Reason.PERSPECTIVES_DISAGREE
    assert isinstance(judged(ends, decide=False), Passed), "what is only observed changes nothing"


@pytest.mark.parametrize(
    ("there", "by"), [("old", {"new", "old"}), ("", set())], ids=["all tell", "one does not tell"]
)
def test_who_vouched_is_everybody_that_a_place_that_agrees_has_seen(
    there: str, by: set[str]
) -> None:
    here = Passed("here", by=frozenset({"new"}))
    seen = [Passed("there", by=frozenset(one.split())) for one in ("new", there)]
    places = [Sighting(place, one) for place, one in zip(PLACES, [*seen, NO], strict=True)]
    outcome = judge_places(here, places, decide=True)
    assert isinstance(outcome, Passed)
    assert outcome.by == by


def test_the_allowance() -> None:
    assert [allowed(n) for n in range(8)] == [0, 0, 1, 1, 1, 1, 2, 2]


def test_those_that_agree_lie_in_two_regions_from_three_on() -> None:
    two_of_one = [AMSTERDAM, replace(TOKYO, region="ripencc"), NEW_YORK]
    assert isinstance(judged("yyy", two_of_one), Passed)
    assert isinstance(judged("yys", two_of_one), Unanswered)
    assert isinstance(judged("yyn", two_of_one), Failed), "all of a region may be led astray"
    assert isinstance(judged("yny", two_of_one), Passed)


def test_it_says_what_each_saw() -> None:
    outcome = judged("ynn")
    assert isinstance(outcome, Failed)
    assert "1 of 3 other places agree, of which 2 must, in 2 regions" in outcome.seen
    assert "nyc (arin): not there; tyo (apnic): not there." in outcome.seen
    passed = judged("yys")
    assert isinstance(passed, Passed)
    assert passed.seen == f"From here and 2 of 3 other places: {HERE.seen}"
    assert passed.warnings == ("tyo (apnic): nothing came",)


def test_without_places_it_says_so() -> None:
    for decide in (True, False):
        alone = judge_places(HERE, [], decide=decide)
        assert alone == Passed("From one place: The token stands in 2.0.192.in-addr.arpa.")


def test_what_is_only_observed_says_so() -> None:
    outcome = judged("ynn", decide=False)
    assert isinstance(outcome, Passed)
    assert outcome.seen.startswith("From one place (1 of 3 other places, which are only observed")
    assert outcome.warnings == ("nyc (arin): not there", "tyo (apnic): not there")


def test_a_letter_says_from_how_many_places_and_names_those_asked_from_here_only() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    ours = RawAnswer("TXT", "192.0.2.53:53", b"token", at)
    theirs = from_place([replace(ours, of="198.51.100.53:53")], NEW_YORK)
    here = replace(HERE, shown_by=(ShownBy(("2.0.192.in-addr.arpa",)),))
    there = Passed("there", shown_by=(ShownBy(("2.0.192.in-addr.arpa",), ("ns.example",)),))
    outcome = judge_places(here, [Sighting(NEW_YORK, there)], decide=True)
    finding = Finding(Check.OWNERSHIP_RDNS, outcome, at, (ours, *theirs))
    (stated,) = passed_checks([finding], Witnesses(frozenset({"192.0.2.53:53"})))
    assert stated.seen == f"From here and 1 of 1 other places: {HERE.seen}"
    assert stated.of == RESOLVER


def test_places_are_measured() -> None:
    assert 5800 < kilometres(AMSTERDAM, NEW_YORK) < 5900
    assert kilometres(AMSTERDAM, AMSTERDAM) == 0
    assert 19_000 < kilometres(Place("a", "arin", 0, -90, 1), Place("b", "arin", 0, 90, 1)) < 20_100


@pytest.mark.parametrize(
    ("places", "said"),
    [
        (PLACES, ""),
        ([*PLACES, replace(TOKYO, latitude=0)], "tyo is named twice"),
        ([AMSTERDAM, replace(AMSTERDAM, name="bru", latitude=50.85)], "km apart"),
        ([replace(one, region="arin") for one in PLACES], "one region"),
        ([replace(one, region="arin") for one in PLACES[:2]], ""),
        ([replace(TOKYO, asn=64500)], "tyo stands in AS64500"),
    ],
)
def test_which_places_may_be_used_together(places: list[Place], said: str) -> None:
    found = complaints(places, frozenset({64500}))
    assert said in "; ".join(found)
    assert bool(found) is bool(said)
