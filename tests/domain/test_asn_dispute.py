"""Time 4.1: what speaks for whom where two accounts have proven one AS number."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from byoip.domain.asn import Asn
from byoip.domain.asns.asn_dispute import AsnDispute, AsnProof, asn_advice
from byoip.domain.asns.disputed import OwnAsnDispute
from byoip.domain.asns.own_asn import OwnAsn, ProvenBy
from byoip.domain.asns.registration import AsnRange
from byoip.domain.watch.dispute import Advised, DisputeEnd, Side

ASN, NOW, DAY = Asn(3320), datetime(2026, 11, 1, tzinfo=UTC), timedelta(days=1)


def dispute(holder: str) -> AsnDispute:
    proof = AsnProof("a" * 32, ProvenBy.TOKEN, "ripencc", holder, "seen")
    return AsnDispute(uuid4(), uuid4(), uuid4(), NOW, NOW + 14 * DAY, asn=ASN, proof=proof)


def proven(holder: str, by: ProvenBy = ProvenBy.TOKEN) -> OwnAsn:
    own = OwnAsn(uuid4(), uuid4(), ASN, "b" * 32, NOW, NOW, NOW, registry="ripencc")
    return replace(own.with_proof(by, "seen", NOW - 100 * DAY), holder=holder)


def row(holder: str, status: str = "allocated") -> AsnRange:
    return AsnRange(3320, 3320, "ripencc", status, holder)


@pytest.mark.parametrize(
    ("first", "second", "rows", "days", "advised", "why"),
    [
        ("old", "new", [row("new")], 14, Advised.CLAIMANT, "For the claimant: the statistics"),
        ("old", "new", [row("new")], 13, Advised.ASK, "For the claimant: the statistics"),
        ("old", "new", [row("old")], 1, Advised.HOLDER, "For the holder: the statistics"),
        ("one", "one", [row("one")], 14, Advised.ASK, "under which both parties proved it"),
        ("old", "new", [row("third")], 14, Advised.ASK, "under which neither party proved it"),
        ("old", "new", [], 14, Advised.ASK, "name no holder, or several"),
        ("old", "new", [row("new"), row("old")], 14, Advised.ASK, "name no holder, or several"),
        ("old", "new", [row("", "available")], 14, Advised.ASK, "name no holder, or several"),
        ("", "new", [row("new")], 14, Advised.CLAIMANT, "For the holder: on 2026-07-24"),
    ],
)
def test_the_registrys_word_speaks_for_who_proved_it_alone_under_it(
    first: str, second: str, rows: list[AsnRange], days: int, advised: Advised, why: str
) -> None:
    said = asn_advice(dispute(second), proven(first), rows, NOW + days * DAY)
    assert said.advised is advised
    assert any(why in one for one in said.reasons), said.reasons


def test_what_a_proof_rests_on_is_said_of_both() -> None:
    holder = proven("", ProvenBy.OPERATOR)
    said = " ".join(asn_advice(dispute("new"), holder, [row("new")], NOW).reasons)
    assert "For the holder: on 2026-07-24 an operator has taken its word." in said
    assert "For the claimant: on 2026-11-01 its token was in the aut-num object" in said


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("ended", [None, *DisputeEnd])
def test_each_end_means_something_to_each_party(side: Side, ended: DisputeEnd | None) -> None:
    shown = OwnAsnDispute(side, NOW, NOW + 14 * DAY, ended)
    assert shown.state == (ended.value if ended else "open")
    assert shown.means.endswith(".")
