"""Trust, 2.1: address blocks of which it is not clear who holds them prove nothing."""

import pytest

from byoip.domain.checks.address_holder import judge_holder
from byoip.domain.checks.evidence import Failed, Fault, Outcome, Passed, Reason, Unanswered
from byoip.domain.checks.rirs import RIRS
from byoip.domain.checks.rpsl import parse_objects
from byoip.domain.prefix import Prefix

(RIPE,) = (one for one in RIRS if one.source == "RIPE")
PREFIX = Prefix.parse("193.0.0.0/21")
EXACT = "193.0.0.0 - 193.0.7.255"
ROUTE = "route: 193.0.0.0/21\norigin: AS64500\nmnt-by: EVIL-MNT\nsource: RIPE\n"


def block(addresses: str, maintainer: str = "EVIL-MNT", status: str = "LEGACY") -> str:
    return f"inetnum: {addresses}\nstatus: {status}\nmnt-by: {maintainer}\nsource: RIPE\n"


def judged(*blocks: str) -> Outcome:
    (route,) = parse_objects(ROUTE.encode())
    return judge_holder(route, RIPE, parse_objects("\n".join(blocks).encode()), PREFIX)


@pytest.mark.parametrize(
    "addresses",
    ["0.0.0.0 - 255.255.255.255", "193.0.0.0 - 194.255.255.255", "192.0.0.0 - 193.255.255.255"],
)
def test_a_legacy_block_is_never_more_than_one_of_iana_s(addresses: str) -> None:
    outcome = judged(block(addresses))
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason is Reason.MAINTAINER_NOT_HOLDER


def test_but_it_may_be_a_whole_one() -> None:
    assert isinstance(judged(block("193.0.0.0 - 193.255.255.255")), Passed)


@pytest.mark.parametrize("step", [1, -1])
def test_different_objects_for_the_same_addresses_are_no_answer(step: int) -> None:
    """Which of them came first must not decide."""
    two = [block(EXACT), block(EXACT, "HOLDER-MNT", "ASSIGNED PA")]
    outcome = judged(*two[::step])
    assert isinstance(outcome, Unanswered), outcome
    assert outcome.fault is Fault.GARBAGE


def test_the_same_object_twice_is_one() -> None:
    assert isinstance(judged(block(EXACT), block(EXACT)), Passed)


@pytest.mark.parametrize(("by", "passed"), [("RIPE-NCC-HM-MNT", True), ("", False)])
def test_mnt_lower_counts_only_beside_the_registry_s_mnt_by(by: str, *, passed: bool) -> None:
    lower = "mnt-lower: EVIL-MNT\n"
    outcome = judged(block(EXACT, by, "ALLOCATED PA").replace("source", f"{lower}source"))
    assert isinstance(outcome, Passed if passed else Failed), outcome


@pytest.mark.parametrize("source", ["RIPE\n+ OTHER", "OTHER\n more", ""])
def test_a_block_whose_source_goes_on_is_not_left_out(source: str) -> None:
    smaller = block(EXACT, "HOLDER-MNT", "ASSIGNED PA").replace("source: RIPE", f"source: {source}")
    outcome = judged(block("193.0.0.0 - 193.0.255.255"), smaller)
    assert isinstance(outcome, Unanswered), outcome
    assert outcome.fault is Fault.GARBAGE
