"""The token in the aut-num object of a number, at the registry that has given it."""

from typing import Any

import pytest

from byoip.domain.asn import Asn
from byoip.domain.asns.aut_num import judge_aut_num, no_token, takes_token
from byoip.domain.asns.own_asn import OwnAsnRefused, OwnAsnRules, OwnAsnsNotOffered
from byoip.domain.asns.registration import (
    AsnRange,
    AsnRegistration,
    apart,
    responsible_for_asn,
)
from byoip.domain.asns.statistics_rows import AsnRows
from byoip.domain.checks.evidence import Failed, Fault, Passed, Reason, Unanswered
from byoip.domain.checks.registry import Registry
from byoip.domain.checks.rirs import RIRS
from byoip.domain.checks.rpsl import parse_objects

TOKEN = "9d13e0c1f3a9b5de0a65a2b1a7cbb04f"
LABEL = "byoip-validation"
KNOWN = {one.key: one for one in RIRS}
RIPE = KNOWN["ripencc"]
ASN = Asn(3320)


def judge(*lines: str, key: str = "AS3320", source: str = "RIPE", registry: Registry = RIPE):  # type: ignore[no-untyped-def] # noqa: ANN201
    text = "\n".join([f"aut-num: {key}", "as-name: EXAMPLE", *lines, f"source: {source}"])
    return judge_aut_num(ASN, registry, parse_objects(text.encode()), TOKEN, LABEL)


@pytest.mark.parametrize("attribute", ["remarks", "descr"])
@pytest.mark.parametrize("key", ["AS3320", "as3320", "AS003320"])
def test_a_whole_line_of_remarks_or_descr_proves_the_number(attribute: str, key: str) -> None:
    assert isinstance(judge(f"{attribute}: {LABEL}: {TOKEN}", key=key), Passed)
    assert isinstance(judge(f"{attribute}: x", f"  {LABEL}: {TOKEN}", key=key), Passed)


@pytest.mark.parametrize(
    ("lines", "more", "reason"),
    [
        ([], {}, Reason.TOKEN_MISSING),
        ([f"remarks: see {LABEL}: {TOKEN}"], {}, Reason.TOKEN_MISSING),
        ([f"import: {LABEL}: {TOKEN}"], {}, Reason.TOKEN_MISSING),
        ([f"remarks: # {LABEL}: {TOKEN}"], {}, Reason.TOKEN_MISSING),
        ([f"remarks: {LABEL}: {'0' * 32}"], {}, Reason.TOKEN_OTHER),
        ([f"remarks: {LABEL}: {TOKEN}"], {"source": "RIPE-NONAUTH"}, Reason.AUT_NUM_MISSING),
        ([f"remarks: {LABEL}: {TOKEN}"], {"key": "AS33200"}, Reason.AUT_NUM_MISSING),
        (["no attribute", f"remarks: {LABEL}: {TOKEN}"], {}, Reason.AUT_NUM_MALFORMED),
    ],
)
def test_nothing_else_does(lines: list[str], more: dict[str, Any], reason: Reason) -> None:
    said = judge(*lines, **more)
    assert isinstance(said, Failed)
    assert said.reason is reason
    assert said.fix


def test_two_different_objects_of_one_number_are_no_answer() -> None:
    text = "".join(
        f"aut-num: AS3320\nremarks: {one}\nsource: RIPE\n\n" for one in (f"{LABEL}: {TOKEN}", "x")
    )
    said = judge_aut_num(ASN, RIPE, parse_objects(text.encode()), TOKEN, LABEL)
    assert isinstance(said, Unanswered)
    assert said.fault is Fault.GARBAGE


def test_lacnic_has_no_field_for_a_token_and_says_what_remains() -> None:
    assert [key for key, one in KNOWN.items() if not takes_token(one)] == ["lacnic"]
    assert "ask the operator" in no_token(ASN, KNOWN["lacnic"]).fix


def row(first: int, last: int, registry: str = "ripencc", status: str = "allocated") -> AsnRange:
    return AsnRange(first, last, registry, status, "holder-1")


def test_the_registry_that_lists_the_number_as_held_is_responsible() -> None:
    found = responsible_for_asn(ASN, [row(3320, 3320)], KNOWN)
    assert found == AsnRegistration(RIPE, "holder-1")
    beside = row(3320, 3320, "arin", "reserved")
    assert responsible_for_asn(ASN, [row(3320, 3320), beside], KNOWN) == found


def test_a_number_of_nobody_or_of_two_registries_is_not() -> None:
    assert isinstance(responsible_for_asn(ASN, None, KNOWN), Unanswered)
    for nobody in ([], [row(3320, 3320, status="available")]):
        assert isinstance(responsible_for_asn(ASN, nobody, KNOWN), Failed)
    two = [row(3320, 3320), row(3320, 3329, "arin")]
    assert isinstance(responsible_for_asn(ASN, two, KNOWN), Unanswered)
    assert isinstance(responsible_for_asn(ASN, [row(1, 9999, "jpnic")], KNOWN), Unanswered)


def test_of_rows_that_share_a_number_nothing_is_known() -> None:
    alone, first, inside, last = row(1, 1), row(10, 20), row(12, 12), row(21, 21)
    assert apart([last, inside, first, alone]) == (alone, last)
    assert apart([row(10, 20), row(15, 30), row(25, 26), row(40, 40)]) == (row(40, 40),)
    assert apart([row(10, 20), row(20, 30)]) == ()


def rows(*lines: str) -> tuple[AsnRange, ...] | None:
    taken = AsnRows("ripencc")
    for line in lines:
        assert taken.take(line.split("|"), whole=True)
    return taken.ranges()


GOOD = "ripencc|DE|asn|3320|1|19940101|allocated|h1|e-stats"


def test_rows_of_numbers_are_ranges_and_a_file_cut_short_has_none_that_count() -> None:
    assert rows("ripencc|*|asn|*|1|summary", GOOD) == (
        AsnRange(3320, 3320, "ripencc", "allocated", "h1"),
    )
    assert rows("ripencc|*|asn|*|2|summary", GOOD) is None
    assert rows() is None


@pytest.mark.parametrize(
    "line",
    [
        "ripencc|DE|asn|4294967295|2|19940101|allocated|h1",
        "ripencc|DE|asn|1.5|1|19940101|allocated|h1",
        "ripencc|DE|asn|3320|0|19940101|allocated|h1",
        "ripencc|DE|asn|3320|1|19940101|given|h1",
        "arin|DE|asn|3320|1|19940101|allocated|h1",
        "ripencc|DE|asn|3320|1|19940101|allocated|h\t1",
        "ripencc|DE|asn|-5|1|19940101|allocated|h1",
        "ripencc|DE|asn|3320",
    ],
)
def test_a_row_that_makes_no_sense_is_none(line: str) -> None:
    assert rows(line) is None


RULES = OwnAsnRules({Asn(64500)}, Asn(64500), {Asn(3257)})


@pytest.mark.parametrize("number", [0, 23456, 64496, 64512, 65535, 4200000000, 64500, 3257])
def test_reserved_and_private_numbers_the_operators_and_its_upstreams_are_refused(
    number: int,
) -> None:
    with pytest.raises(OwnAsnRefused):
        RULES.admit(Asn(number))
    RULES.admit(ASN)


def test_an_operator_that_does_not_say_what_stands_before_it_takes_none() -> None:
    with pytest.raises(OwnAsnsNotOffered):
        OwnAsnRules({Asn(64500), Asn(64501)}).admit(ASN)
