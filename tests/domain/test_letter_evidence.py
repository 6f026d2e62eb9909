from datetime import timedelta

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
    Unanswered,
)
from byoip.domain.checks.origin_validation import Vrp
from byoip.domain.checks.registry import Allocation
from byoip.domain.letters.letter_evidence import (
    RegisteredHolder,
    UnnamedWitness,
    deciding_roas,
    passed_checks,
)
from byoip.domain.letters.witnesses import RESOLVER, Witnesses, registry_name
from tests.domain.samples import NOW, OTHER, OURS, prefix

HOUR = timedelta(hours=1)
ROUTE = prefix("192.0.2.0/24")


def finding(check: Check, outcome: Outcome, *of: str, hours: int = 0) -> Finding:
    exhibits = tuple(RawAnswer("a question", one, b"", NOW) for one in of)
    return Finding(check, outcome, NOW + hours * HOUR, exhibits)


RPKI_CLIENT = "snapshot 10 (rpki-client 9.7, built 2026-11-22T11:40:00+00:00)"


def test_only_what_passed_is_stated_in_the_order_of_asking() -> None:
    stated = passed_checks(
        [
            finding(Check.OWNERSHIP_RDNS, Passed("Token seen."), "9.0.2.1:53"),
            finding(Check.OWNERSHIP_IRR, Failed(Reason.TOKEN_MISSING, "None.", "Add it.")),
            finding(Check.RPKI, Passed("Valid."), RPKI_CLIENT),
            finding(Check.IRR, Unanswered(Fault.TIMEOUT, "Nothing came.")),
        ],
        Witnesses(),
    )
    assert [one.check for one in stated] == [Check.RPKI, Check.OWNERSHIP_RDNS]
    assert all(one.how for one in stated)


def test_the_newest_pass_counts_wherever_it_stands() -> None:
    old, new = (finding(Check.RPKI, Passed(f"{n}."), RPKI_CLIENT, hours=n) for n in (1, 2))
    for findings in ([old, new], [new, old]):
        (stated,) = passed_checks(findings, Witnesses())
        assert (stated.seen, stated.at) == ("2.", NOW + 2 * HOUR)


def test_whom_we_asked_is_named_once_and_never_fills_the_page() -> None:
    asked = [f"9.0.2.{n}:53" for n in (1, 1, 2, 3, 4)]
    found = [finding(Check.OWNERSHIP_RDNS, Passed("x" * 1000), *asked)]
    (stated,) = passed_checks(found, Witnesses())
    assert stated.of == "9.0.2.1:53, 9.0.2.2:53 and 2 more"
    assert len(stated.seen) == 240
    assert stated.seen.endswith("...")


def test_where_the_operators_resolvers_are_is_not_told() -> None:
    asked = ["10.0.0.53:53", "[fd00::53]:53", "9.9.9.9:53"]
    found = [finding(Check.OWNERSHIP_RDNS, Passed("Seen."), *asked)]
    (stated,) = passed_checks(found, Witnesses(resolvers=frozenset({"9.9.9.9:53"})))
    assert stated.of == f"a name server that only the operator's network reaches, {RESOLVER}"


@pytest.mark.parametrize(
    "unnamed",
    [
        finding(Check.IRR, Passed("Seen."), "10.1.2.3:43"),
        finding(Check.OWNERSHIP_IRR, Passed("Seen.")),
        finding(Check.RPKI, Passed("Valid."), "snapshot 10"),
        finding(Check.REGISTRATION, Passed("ripencc"), "snapshot 10"),
    ],
)
def test_what_cannot_be_named_is_not_stated(unnamed: Finding) -> None:
    with pytest.raises(UnnamedWitness, match=unnamed.check.value):
        passed_checks([unnamed], Witnesses())


def allocation(holder: str, registry: str = "ripencc") -> Allocation:
    return Allocation(ROUTE, registry, "allocated", holder)


@pytest.mark.parametrize(
    ("allocations", "told"),
    [
        pytest.param([allocation("a1")], "RIPE NCC holder a1 (allocated)", id="one range"),
        pytest.param([allocation("a1")] * 2, "RIPE NCC holder a1 (allocated)", id="two ranges"),
        pytest.param([], "as registered at RIPE NCC", id="none: an override"),
        pytest.param([allocation("")], "as registered at RIPE NCC", id="the registry says nothing"),
        pytest.param(
            [allocation("a1"), allocation("b2")], "as registered at RIPE NCC", id="not one holder"
        ),
        pytest.param([allocation("a1", "arin")], "as registered at RIPE NCC", id="another's word"),
        pytest.param(
            [allocation("\x1b[2J\u202e")],
            r"RIPE NCC holder \x1b[2J\u202e (allocated)",
            id="hostile statistics",
        ),
    ],
)
def test_the_holder_is_who_the_registry_says(allocations: list[Allocation], told: str) -> None:
    assert str(RegisteredHolder.of("ripencc", allocations)) == told


def test_a_registry_of_the_operators_own_keeps_its_name() -> None:
    assert registry_name("jpnic") == "jpnic"


def test_only_roas_that_decide_for_the_route_are_named() -> None:
    ours, wide = Vrp(ROUTE, 24, OURS, "ripe"), Vrp(prefix("192.0.0.0/16"), 24, OURS, "ripe")
    short, others = Vrp(prefix("192.0.0.0/16"), 16, OURS, "ripe"), Vrp(ROUTE, 24, OTHER, "ripe")
    assert deciding_roas(ROUTE, OURS, [others, ours, short, wide], now=NOW) == (ours, wide)
    assert deciding_roas(ROUTE, OURS, [others, short], now=NOW) == ()
    assert deciding_roas(ROUTE, OURS, [], now=NOW) == ()
