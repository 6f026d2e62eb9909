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
    ShownBy,
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


SIGNED = Passed("Token seen.", shown_by=(ShownBy(("2.0.192.in-addr.arpa",)),))
RPKI_CLIENT = "snapshot 10 (rpki-client 9.7, built 2026-11-22T11:40:00+00:00)"


def test_only_what_passed_is_stated_in_the_order_of_asking() -> None:
    stated = passed_checks(
        [
            finding(Check.OWNERSHIP_RDNS, SIGNED, "9.0.2.1:53"),
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
    asked = [f"9.0.2.{n}:43" for n in (1, 1, 2, 3, 4)]
    found = [finding(Check.IRR, Passed("x" * 1000), *asked)]
    (stated,) = passed_checks(found, Witnesses())
    assert stated.of == "9.0.2.1:43, 9.0.2.2:43 and 2 more"
    assert len(stated.seen) == 240
    assert stated.seen.endswith("...")


def test_where_the_operators_resolvers_are_is_not_told() -> None:
    found = [finding(Check.OWNERSHIP_RDNS, SIGNED, "9.9.9.9:53")]
    (stated,) = passed_checks(found, Witnesses(resolvers=frozenset({"9.9.9.9:53"})))
    assert stated.of == RESOLVER


def shown(*zones: tuple[str, int]) -> str:
    """The row, where so many name servers of each zone showed the token."""
    each = [(zone, tuple(f"ns{n}.{zone}" for n in range(many))) for zone, many in zones]
    outcome = Passed("Seen.", shown_by=ShownBy.merged(each))
    (stated,) = passed_checks([finding(Check.OWNERSHIP_RDNS, outcome, "9.9.9.9:53")], Witnesses())
    return stated.of


def test_all_thirteen_servers_of_a_zone_are_named_and_no_more() -> None:
    names = ", ".join(f"ns{n}.a" for n in range(13))
    assert shown(("a", 13)) == names
    assert shown(("a", 14)) == f"{names} and 1 more"


def test_zones_with_the_same_servers_are_told_together_and_never_fill_the_page() -> None:
    assert shown(("a", 0), ("b", 1), ("c", 0)) == f"{RESOLVER} for a, c; ns0.b for b"
    many = shown(*((f"z{n}", 1) for n in range(12)))
    assert many.endswith("; ns0.z9 for z9; and others for 2 more zones")
    more = shown(*((f"z{n}", 1) for n in range(11)))
    assert more.endswith("; ns0.z9 for z9; and others for 1 more zone")


TEXT = b"\0\0\x84\0\0\1\0\1\0\0\0\0"  # the head of a response with authority and one record
NONE = b"\0\0\x84\0\0\1\0\0\0\1\0\0"
LAME = b"\0\0\x80\0\0\1\0\1\0\0\0\0"
REFUSED = b"\0\0\x84\5\0\1\0\1\0\0\0\0"


def older(*answers: tuple[str, str, bytes], zone: str = "a") -> tuple[RawAnswer, ...]:
    """As kept by an older version: whom a text was asked of, over what, and the answer."""
    asked = f"label.{zone}. TXT @"
    return tuple(RawAnswer(f"{asked}{of}/{how}", of, said, NOW) for of, how, said in answers)


ASKED = ("9.9.9.9:53", "udp", TEXT)


@pytest.mark.parametrize(
    ("exhibits", "told"),
    [
        pytest.param(older(ASKED), RESOLVER, id="signed"),
        pytest.param(older(("9.9.9.8:53", "udp", TEXT)), "9.9.9.8", id="a resolver of then"),
        pytest.param(
            older(
                ASKED,
                ("9.0.2.2:53", "tcp", TEXT),
                ("10.0.0.1:53", "tcp", TEXT),
                ("[2001:4860::1]:53", "tcp", TEXT),
                ("9.0.2.3:53", "tcp", LAME),
                ("9.0.2.4:53", "tcp", NONE),
                ("9.0.2.5:53", "tcp", REFUSED),
                ("9.0.2.6:53", "tcp", b""),
                ("9.0.2.6:53", "udp", TEXT),
            ),
            "9.0.2.2, [2001:4860::1], a name server that only the operator's network reaches",
            id="those that showed it",
        ),
        pytest.param(
            older(ASKED) + older(ASKED, ("9.0.2.2:53", "tcp", TEXT), zone="b"),
            f"{RESOLVER} for a; 9.0.2.2 for b",
            id="each zone for itself",
        ),
    ],
)
def test_answers_of_an_older_version_tell_who_showed_the_token(
    exhibits: tuple[RawAnswer, ...], told: str
) -> None:
    found = Finding(Check.OWNERSHIP_RDNS, Passed("Seen."), NOW, exhibits)
    (stated,) = passed_checks([found], Witnesses(resolvers=frozenset({"9.9.9.9:53"})))
    assert stated.of == told


def test_where_an_answer_of_then_is_gone_nobody_is_named() -> None:
    exhibits = older(ASKED) + older(ASKED, ("9.0.2.2:53", "tcp", b""), zone="b")
    found = Finding(Check.OWNERSHIP_RDNS, Passed("Seen."), NOW, exhibits)
    with pytest.raises(UnnamedWitness):
        passed_checks([found], Witnesses(resolvers=frozenset({"9.9.9.9:53"})))


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
