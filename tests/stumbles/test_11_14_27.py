"""Stumbles 11, 14 and 27: two problems have two names, and a letter says nothing that is false."""

from datetime import UTC, datetime

import pytest

from byoip.domain.checks.address_holder import judge_holder
from byoip.domain.checks.evidence import (
    Check,
    CheckState,
    Failed,
    Finding,
    Passed,
    RawAnswer,
    Reason,
)
from byoip.domain.checks.registration import responsible_registry
from byoip.domain.checks.registry import Allocation, Dialect, Registry
from byoip.domain.claims.claim import CheckRecord
from byoip.domain.letters.letter_evidence import UnnamedWitness, passed_checks
from byoip.domain.letters.witnesses import RESOLVER, Witnesses
from tests.domain.samples import claim, prefix, rpsl, token
from tests.domain.test_blockers import told

RIPE = Registry("ripencc", "RIPE", "whois.ripe.net", Dialect.RIPE)
SPACE = prefix("192.0.2.0/24")
ROUTE = rpsl("route: 192.0.2.0/24\norigin: AS64500\nmnt-by: MNT-ME\nsource: RIPE")
AT = datetime(2026, 11, 29, tzinfo=UTC)


def judged(*objects: str) -> Failed:
    outcome = judge_holder(ROUTE, RIPE, [rpsl(one) for one in objects], SPACE)
    assert isinstance(outcome, Failed)
    return outcome


def test_11_no_address_block_and_another_maintainer_are_two_problems_with_two_fixes() -> None:
    none = judged()
    other = judged(
        "inetnum: 192.0.2.0 - 192.0.2.255\nstatus: ASSIGNED PI\nmnt-by: MNT-OTHER\nsource: RIPE"
    )
    assert none.reason is Reason.ADDRESS_BLOCK_MISSING
    assert none.seen == "RIPE has no inetnum around 192.0.2.0/24."
    assert "have the inetnum registered" in none.fix
    assert other.reason is Reason.MAINTAINER_NOT_HOLDER
    assert "MNT-OTHER" in other.fix
    assert "registered" not in other.fix


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([], Reason.NOT_ALLOCATED),
        ([("192.0.2.0/25", "ripencc"), ("192.0.2.128/25", "apnic")], Reason.SPANS_REGISTRIES),
    ],
)
def test_14_space_that_nobody_holds_is_the_only_thing_to_fix_and_has_its_own_name(
    parts: list[tuple[str, str]], reason: Reason
) -> None:
    rows = [Allocation(prefix(cidr), key, "allocated", "a1") for cidr, key in parts]
    known = dict.fromkeys(("ripencc", "apnic"), RIPE)
    found = responsible_registry(SPACE, rows, known, [])
    assert isinstance(found, Failed)
    assert found.reason is reason
    refused = CheckRecord(CheckState.INVALID, reason=found.reason, seen=found.seen, fix=found.fix)
    blockers = told(claim(prefix=SPACE, irr=refused), token())
    assert list(blockers)[:2] == ["space_not_held", "prefix_not_valid_and_approved"]
    assert not any(name.startswith(("irr", "rpki", "ownership")) for name in blockers)
    assert blockers["space_not_held"] == f"{found.seen} {found.fix}"
    assert not any("ROA" in one or "TXT" in one for one in blockers.values())


def test_14_a_route_object_that_does_not_count_keeps_its_name() -> None:
    refused = CheckRecord(CheckState.INVALID, reason=Reason.MAINTAINER_NOT_HOLDER, seen="No.")
    assert "irr_invalid" in told(claim(prefix=SPACE, irr=refused), token())


MIRROR = Finding(
    Check.IRR, Passed("It is there."), AT, (RawAnswer("rpsl", "10.0.0.5:43", b"route:", AT),)
)


def test_27_a_mirror_of_a_registry_by_its_address_is_called_that() -> None:
    irrd = Registry("ripencc", "RIPE", "10.0.0.5", Dialect.RIPE)
    known = Witnesses(frozenset({"10.0.0.1:53"}), {"ripencc": irrd}, "ripencc")
    [stated] = passed_checks([MIRROR], known)
    assert stated.of == "RIPE NCC, 10.0.0.5:43"
    assert RESOLVER not in stated.of


def test_27_an_address_that_is_nobodys_we_know_makes_no_letter() -> None:
    known = Witnesses(frozenset({"10.0.0.1:53"}), {"ripencc": RIPE}, "ripencc")
    with pytest.raises(UnnamedWitness):
        passed_checks([MIRROR], known)


def test_27_statistics_are_named_by_when_they_were_fetched_not_by_a_number_of_ours() -> None:
    rows = RawAnswer("delegated-extended", "snapshot 10", b"", AT)
    finding = Finding(Check.REGISTRATION, Passed("RIPE NCC."), AT, (rows,))
    [stated] = passed_checks([finding], Witnesses(statistics={10: AT}))
    assert stated.of.endswith("statistics, fetched 2026-11-29T00:00:00Z")
    assert "snapshot" not in stated.of
