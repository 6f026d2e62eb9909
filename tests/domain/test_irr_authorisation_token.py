import pytest

from byoip.domain.checks.evidence import Failed, Fault, Passed, Reason, Unanswered
from byoip.domain.checks.irr_authorisation import judge_token
from byoip.domain.checks.registries.remedies import token_line
from byoip.domain.checks.rpsl import RpslObject, render
from tests.domain.samples import ARIN, LABEL, RIPE, STALE, TOKEN, prefix, route, rpsl

V4 = prefix("192.0.2.0/24")


def at_arin(route_object: RpslObject) -> Reason | None:
    outcome = judge_token(route_object, TOKEN, LABEL, ARIN, None, V4)
    return outcome.reason if isinstance(outcome, Failed) else None


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([f"remarks: {LABEL}: {TOKEN}"], id="remarks"),
        pytest.param([f"descr: {LABEL}: {TOKEN}"], id="descr"),
        pytest.param(["descr: Example", f"      {LABEL}: {TOKEN}"], id="continuation-space"),
        pytest.param(["descr: Example", f"\t{LABEL}: {TOKEN}"], id="continuation-tab"),
        pytest.param(["descr: Example", f"+{LABEL}: {TOKEN}"], id="continuation-plus"),
        pytest.param(["descr: x", f"+ {LABEL}: {TOKEN}", "  y"], id="continuation-in-the-middle"),
        pytest.param([f"remarks: {LABEL}:{TOKEN}"], id="no-space"),
        pytest.param([f"remarks: {LABEL}: \t {TOKEN}   "], id="more-space"),
        pytest.param([f"remarks: {LABEL}: {TOKEN} # ours"], id="comment-after"),
        pytest.param(
            [f"remarks: {LABEL}: {STALE}", f"remarks: {LABEL}: {TOKEN}"], id="and-a-stale"
        ),
    ],
)
def test_a_whole_physical_line_of_descr_or_remarks_carries_the_token(lines: list[str]) -> None:
    assert at_arin(route("192.0.2.0/24", "AS64500", "ARIN", *lines)) is None


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([], id="nothing"),
        pytest.param([f"remarks: # {LABEL}: {TOKEN}"], id="in-a-comment"),
        pytest.param([f"# {LABEL}: {TOKEN}"], id="in-a-comment-line"),
        pytest.param([f"remarks: see {LABEL}: {TOKEN}"], id="not-from-the-start"),
        pytest.param([f"notify: {LABEL}: {TOKEN}"], id="another-attribute"),
        pytest.param([f"{LABEL}: {TOKEN}"], id="an-attribute-of-its-own"),
        pytest.param([f"remarks: {TOKEN}"], id="without-the-label"),
        pytest.param([f"remarks: {LABEL}", f" : {TOKEN}"], id="folded-inside"),
        pytest.param([f"remarks: {LABEL} : {TOKEN}"], id="space-before-the-colon"),
        pytest.param([f"remarks: my-{LABEL}: {TOKEN}"], id="another-label"),
        pytest.param([f"remarks: {LABEL}s: {TOKEN}"], id="a-longer-label"),
        pytest.param([f"remarks: byoip.validation: {TOKEN}"], id="no-pattern"),
    ],
)
def test_elsewhere_it_is_missing(lines: list[str]) -> None:
    assert at_arin(route("192.0.2.0/24", "AS64500", "ARIN", *lines)) is Reason.TOKEN_MISSING


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(STALE, id="another"),
        pytest.param(TOKEN.upper(), id="upper-case"),
        pytest.param(TOKEN[:-1], id="cut"),
        pytest.param(f"{TOKEN}0", id="longer"),
        pytest.param(f"{TOKEN} and more", id="words-after"),
        pytest.param(f'"{TOKEN}"', id="quoted"),
        pytest.param(f"{TOKEN}\xa0", id="no-break-space"),
        pytest.param("", id="nothing"),
    ],
)
def test_another_value_after_the_label_is_another_token(text: str) -> None:
    found = route("192.0.2.0/24", "AS64500", "ARIN", f"remarks: {LABEL}: {text}")

    assert at_arin(found) is Reason.TOKEN_OTHER


def test_the_fix_for_a_missing_token_is_the_line_to_add() -> None:
    outcome = judge_token(route(source="ARIN"), TOKEN, LABEL, ARIN, None, V4)

    assert isinstance(outcome, Failed)
    assert "route 192.0.2.0/24 in ARIN" in outcome.fix
    assert f"\nremarks:        {token_line(LABEL, TOKEN)}\n" in outcome.fix


# The holder rule


def carrying(*maintainers: str) -> RpslObject:
    more = [f"mnt-by: {one}" for one in maintainers]
    return route("192.0.2.0/24", "AS64500", "RIPE", f"remarks: {LABEL}: {TOKEN}", *more)


HOLDER = rpsl("""
    inetnum: 192.0.2.0 - 192.0.2.255
    status: ASSIGNED PA
    mnt-by: MNT-HOLDER
    mnt-by: MNT-SECOND
    mnt-by: RIPE-NCC-HM-MNT
    mnt-lower: MNT-LOWER
    source: RIPE
""")
LENT = rpsl(f"{render([HOLDER])}mnt-routes: MNT-ROUTES")


@pytest.mark.parametrize(
    "maintainers",
    [
        pytest.param(["MNT-HOLDER"], id="mnt-by"),
        pytest.param(["mnt-holder", "Mnt-Second"], id="several-any-case"),
        pytest.param(["MNT-HOLDER, MNT-SECOND"], id="listed-in-one-line"),
        pytest.param(["MNT-HOLDER", "RIPE-NCC-HM-MNT"], id="beside-the-registry"),
    ],
)
def test_the_holders_maintainers_may_prove_by_token(maintainers: list[str]) -> None:
    outcome = judge_token(carrying(*maintainers), TOKEN, LABEL, RIPE, [HOLDER], V4)

    assert isinstance(outcome, Passed)
    assert "192.0.2.0 - 192.0.2.255" in outcome.seen


@pytest.mark.parametrize(
    ("maintainers", "holders", "seen"),
    [
        pytest.param(["MNT-TRANSIT"], [HOLDER], "MNT-TRANSIT", id="a-stranger"),
        pytest.param(["MNT-LOWER"], [HOLDER], "MNT-LOWER", id="mnt-lower"),
        pytest.param(["MNT-ROUTES"], [LENT], "MNT-ROUTES", id="mnt-routes"),
        pytest.param(["RIPE-NCC-HM-MNT"], [HOLDER], "RIPE-NCC-HM-MNT", id="only-the-registry"),
        pytest.param(["MNT-HOLDER", "MNT-TRANSIT"], [HOLDER], "MNT-TRANSIT", id="one-stranger"),
        pytest.param([], [HOLDER], "no one named", id="no-maintainer"),
        pytest.param(
            ["MNT-ROOT"],
            [rpsl("inetnum: 0.0.0.0 - 255.255.255.255\nmnt-by: MNT-ROOT\nsource: RIPE")],
            "without a status",
            id="only-the-root",
        ),
    ],
)
def test_others_are_sent_to_reverse_dns(
    maintainers: list[str], holders: list[RpslObject], seen: str
) -> None:
    outcome = judge_token(carrying(*maintainers), TOKEN, LABEL, RIPE, holders, V4)

    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.MAINTAINER_NOT_HOLDER
    assert seen in outcome.seen
    assert "reverse DNS" in outcome.fix


@pytest.mark.parametrize(
    "holders",
    [
        pytest.param([], id="none"),
        pytest.param(
            [rpsl("inetnum: 192.0.2.0 - 192.0.2.255\nmnt-by: MNT-HOLDER\nsource: RADB")],
            id="a-mirror's",
        ),
    ],
)
def test_no_address_block_is_a_reason_of_its_own(holders: list[RpslObject]) -> None:
    outcome = judge_token(carrying("MNT-HOLDER"), TOKEN, LABEL, RIPE, holders, V4)

    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.ADDRESS_BLOCK_MISSING
    assert outcome.seen == "RIPE has no inetnum around 192.0.2.0/24."
    assert "have the inetnum registered in RIPE" in outcome.fix


def test_without_an_answer_on_the_holder_a_token_proves_nothing_yet() -> None:
    outcome = judge_token(carrying("MNT-HOLDER"), TOKEN, LABEL, RIPE, None, V4)

    assert isinstance(outcome, Unanswered)
    assert outcome.fault is Fault.NOT_ASKED


@pytest.mark.parametrize(
    "smallest",
    [
        pytest.param("inetnum: 192.0.2.0 - 192.0.2.255\nno colon\nsource: RIPE", id="a-line"),
        pytest.param("no colon\ninetnum: 192.0.2.0 - 192.0.2.255\nsource: RIPE", id="the-first"),
        pytest.param("inetnum: 192.0.2.0/24\nsource: RIPE", id="its-key"),
        pytest.param("inetnum: 192.0.2.255 - 192.0.2.0\nsource: RIPE", id="backwards"),
        pytest.param("inetnum: 192.0.2.0 - 192.0.2.255", id="no-source"),
        pytest.param("inet6num: 2001:db8::1/48\nsource: RIPE", id="host-bits"),
    ],
)
def test_a_block_that_cannot_be_read_is_not_passed_over_for_a_larger_one(smallest: str) -> None:
    objects = [rpsl(smallest), HOLDER]
    outcome = judge_token(carrying("MNT-HOLDER"), TOKEN, LABEL, RIPE, objects, V4)
    assert isinstance(outcome, Unanswered)
    assert outcome.fault is Fault.GARBAGE
    assert outcome.seen.startswith("An address block cannot be read: ")


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("inetnum: 192.0.2.0/24\nsource: RIPE-GRS", id="another-source"),
        pytest.param("person: A\nno colon\nsource: RIPE", id="another-class"),
    ],
)
def test_what_else_cannot_be_read_does_not_matter(other: str) -> None:
    objects = [rpsl(other), HOLDER]
    outcome = judge_token(carrying("MNT-HOLDER"), TOKEN, LABEL, RIPE, objects, V4)
    assert isinstance(outcome, Passed)


def test_a_missing_token_is_missing_for_every_holder() -> None:
    outcome = judge_token(route(), TOKEN, LABEL, RIPE, None, V4)

    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.TOKEN_MISSING


def test_no_customer_is_told_to_add_a_line_that_would_not_help() -> None:
    strange = route("192.0.2.0/24", "AS64500", "RIPE", "mnt-by: MNT-TRANSIT")

    outcome = judge_token(strange, TOKEN, LABEL, RIPE, [HOLDER], V4)

    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.TOKEN_MISSING
    assert "reverse DNS" in outcome.fix


def test_registries_without_the_rule_do_not_ask_for_the_holder() -> None:
    found = route("192.0.2.0/24", "AS64500", "ARIN", f"remarks: {LABEL}: {TOKEN}")

    assert isinstance(judge_token(found, TOKEN, LABEL, ARIN, [], V4), Passed)
