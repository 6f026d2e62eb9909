from dataclasses import replace
from datetime import timedelta

import pytest

from byoip.domain.asn import Asn
from byoip.domain.bindings.service_binding import Provisioning
from byoip.domain.checks.evidence import CheckState, Failed, Passed, Reason
from byoip.domain.claims.blockers import Advice, Blocker, blockers
from byoip.domain.claims.claim import CheckRecord, Claim
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.claims.other_origin import OtherOrigin
from byoip.domain.claims.ownership_token import OwnershipToken, TokenMethod
from byoip.domain.routes.announceable import Announceable
from tests.domain.samples import ARIN, LABEL, NOW, RIPE, TOKEN, claim, prefix, token

MISSING = Failed(Reason.ROA_MISSING, "No ROA covers it.", "Publish one.")
ADVICE = Advice(LABEL, {"ripencc": RIPE})
VALID = CheckRecord(CheckState.VALID, passed_at=NOW)
PROVEN = {"irr": VALID, "rpki": VALID, "ownership": VALID}


def asked(about: Claim, bound: Provisioning | None = None) -> Announceable:
    return Announceable(about, about.prefix, bound, Passed("Valid."))


def told(about: Claim, issued: OwnershipToken | None = None) -> dict[str, str]:
    found: tuple[Blocker, ...] = blockers(asked(about), issued, advice=ADVICE, now=NOW)
    return {one.name: one.message for one in found}


@pytest.mark.parametrize("bound", [None, *Provisioning])
@pytest.mark.parametrize("approved", [True, False])
@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("valid", [True, False])
def test_no_blocker_is_left_exactly_when_the_prefix_is_advertisable(
    approved: bool, bound: Provisioning | None, standing: Standing, valid: bool
) -> None:
    about = claim(**PROVEN)
    about = replace(about.approve(NOW) if approved else about, standing=standing)
    now = replace(asked(about, bound), origin=Passed("Valid.") if valid else MISSING)
    served = bound is Provisioning.ACTIVE
    may = approved and served and standing is Standing.OK and valid
    assert (not blockers(now, token(), advice=ADVICE, now=NOW)) == may
    assert (not list(now.obstacles(NOW))) == may


def test_what_drifted_says_what_to_publish() -> None:
    now = replace(asked(claim(**PROVEN).approve(NOW), Provisioning.ACTIVE), origin=MISSING)
    [one] = blockers(now, None, advice=ADVICE, now=NOW)
    assert (one.name, one.message) == ("origin_not_valid", "No ROA covers it. Publish one.")


def test_a_new_claim_is_told_everything_in_the_order_to_fix_it() -> None:
    assert list(told(claim(), token())) == [
        "ownership_pending",
        "irr_pending",
        "other_origins_unknown",
        "rpki_pending",
        "prefix_not_valid_and_approved",
        "incomplete_bgp_deployment",
    ]


def test_the_texts_can_be_pasted() -> None:
    texts = told(claim(registry="ripencc"), token())

    assert f'{LABEL}.2.0.192.in-addr.arpa. 300 IN TXT "{TOKEN}"' in texts["ownership_pending"]
    assert f"{LABEL}: {TOKEN}" in texts["ownership_pending"]
    assert "route:          192.0.2.0/24\norigin:         AS64500\n" in texts["irr_pending"]
    assert "prefix 192.0.2.0/24, origin AS64500, max length 24" in texts["rpki_pending"]
    assert "Leave the token in place" in texts["prefix_not_valid_and_approved"]


def test_a_token_for_one_method_is_explained_for_that_method() -> None:
    irr = told(claim(), token(method=TokenMethod.IRR))["ownership_pending"]
    rdns = told(claim(), token(method=TokenMethod.RDNS))["ownership_pending"]

    assert ("route object" in irr, "reverse DNS" in irr) == (True, False)
    assert ("route object" in rdns, "reverse DNS" in rdns) == (False, True)


def test_every_zones_line_is_printed() -> None:
    wide = prefix("198.18.0.0/17")
    text = told(claim(prefix=wide), token(prefix=wide))["ownership_pending"]

    assert sum(line.endswith(f' 300 IN TXT "{TOKEN}"') for line in text.split("\n")) == 128


def test_the_object_to_paste_has_the_tokens_line() -> None:
    about = claim(registry="ripencc")

    with_line = told(about, token(method=TokenMethod.IRR))["irr_pending"]
    without = told(about, token(method=TokenMethod.RDNS))["irr_pending"]

    assert f"\nremarks:        {LABEL}: {TOKEN}\n" in with_line
    assert "remarks" not in without


def test_where_a_roa_makes_the_object_other_origins_come_before_it() -> None:
    advice = Advice(LABEL, {"arin": ARIN})
    found = blockers(asked(claim(registry="arin"), None), token(), advice=advice, now=NOW)

    names = [one.name for one in found]
    assert names.index("other_origins_unknown") < names.index("irr_pending")


@pytest.mark.parametrize(
    "issued", [None, token(revoked_at=NOW), token(expires_at=NOW + timedelta(seconds=1))]
)
def test_without_a_usable_token_one_must_be_issued(issued: OwnershipToken | None) -> None:
    about = claim()
    now = NOW + timedelta(seconds=1)
    found = blockers(asked(about, Provisioning.ACTIVE), issued, advice=ADVICE, now=now)

    assert found[0].name == "ownership_token_needed"


def test_a_failed_check_says_what_was_seen_and_what_to_do() -> None:
    refused = CheckRecord(
        CheckState.MISMATCH_ASN, None, Reason.ROA_OTHER_ORIGIN, "It is AS1's.", "Publish one."
    )

    assert told(claim(rpki=refused), token())["rpki_mismatch_asn"] == "It is AS1's. Publish one."


def test_a_doubt_is_told_beside_what_is_known() -> None:
    doubtful = CheckRecord(doubt="It timed out.")

    assert told(claim(irr=doubtful), token())["irr_pending"].endswith("It timed out.")


def test_an_old_answer_must_be_asked_for_again() -> None:
    old = CheckRecord(CheckState.VALID, passed_at=NOW - timedelta(hours=2))

    assert "irr_outdated" in told(claim(**{**PROVEN, "irr": old}), token())


def test_other_origins_are_named_before_a_roa_is_asked_for() -> None:
    others = (OtherOrigin(Asn(64501), prefix("192.0.2.128/25"), "route object in RADB"),)
    texts = told(claim(other_origins=others), token())

    names = list(texts)
    assert names.index("other_origins_known") < names.index("rpki_pending")
    said = texts["other_origins_known"]
    assert "AS64501 for 192.0.2.128/25 (route object in RADB)" in said
    assert "Publish ROAs for AS64501 first" in said
    assert "other_origins_known" not in told(claim(**PROVEN, other_origins=others), token())


def test_a_roa_is_not_called_an_announcement() -> None:
    others = (OtherOrigin(Asn(64501), prefix("192.0.2.0/24"), "ROA"),)
    said = told(claim(other_origins=others), token())["other_origins_known"]

    assert "AS64501 for 192.0.2.0/24 (ROA)" in said
    assert "announce" not in said
    assert "Publish ROAs" not in said  # there is one


def test_a_contest_is_told_first() -> None:
    assert next(iter(told(claim(standing=Standing.CONTESTED), token()))) == "contested"


def test_what_was_proven_is_of_no_use_without_a_token_to_consume() -> None:
    about = claim(**PROVEN)
    expired = token(created_at=NOW - timedelta(days=7), expires_at=NOW)
    assert list(told(about, expired)) == [
        "ownership_token_needed",
        "prefix_not_valid_and_approved",
        "incomplete_bgp_deployment",
    ]


def test_no_customer_is_sent_to_a_registry_that_has_no_route_objects() -> None:
    advice = Advice(LABEL, {"ripencc": replace(RIPE, offers_route_objects=False)})

    def ownership(issued: OwnershipToken) -> str:
        about = claim(registry="ripencc", irr_waived=True)
        found = blockers(asked(about), issued, advice=advice, now=NOW)
        return {one.name: one.message for one in found}["ownership_pending"]

    assert "reverse DNS" in ownership(token())
    assert "route object" not in ownership(token())
    assert "issue a token for rdns" in ownership(token(method=TokenMethod.IRR))
