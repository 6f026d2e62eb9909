from dataclasses import replace

import pytest

from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import Failed, Fault, Passed, Reason, Unanswered
from byoip.domain.checks.irr_authorisation import judge_routes, judge_token
from byoip.domain.checks.registries.remedies import route_object_text, token_line
from byoip.domain.checks.registry import Registry
from byoip.domain.checks.rpsl import RpslObject, parse_objects
from byoip.domain.claims.other_origin import OtherOrigin
from tests.domain.samples import ARIN, LABEL, LACNIC, OTHER, OURS, RIPE, TOKEN, prefix, route, rpsl

V4 = prefix("192.0.2.0/24")
V6 = prefix("2001:db8::/32")
OURS_HERE = route()
OTHERS_HERE = route(origin="AS64501")


def why(*objects: RpslObject) -> Reason | None:
    outcome = judge_routes(V4, OURS, RIPE, objects).outcome
    return outcome.reason if isinstance(outcome, Failed) else None


def test_the_object_with_this_prefix_origin_and_source_passes() -> None:
    mine = route("192.0.2.0/24", "AS64500", "RIPE", "mnt-by: MNT-A", "mnt-by: MNT-B")

    verdict = judge_routes(V4, OURS, RIPE, [route("192.0.2.0/25"), mine])

    assert verdict.outcome == Passed("192.0.2.0/24 AS64500 in RIPE, maintained by MNT-A, MNT-B.")
    assert verdict.authoritative == mine
    assert verdict.other_origins == ()


@pytest.mark.parametrize(
    "mine",
    [
        pytest.param(route("2001:0DB8:0::/32"), id="another-spelling"),
        pytest.param(route("2001:db8::/32", "as64500", "ripe"), id="lower-case"),
        pytest.param(route("2001:db8::/32", "AS64500", "RIPE # Filtered"), id="comment"),
    ],
)
def test_prefixes_are_compared_as_networks_and_names_in_any_case(mine: RpslObject) -> None:
    assert judge_routes(V6, OURS, RIPE, [mine]).authoritative == mine


@pytest.mark.parametrize(
    "objects",
    [
        pytest.param([], id="nothing"),
        pytest.param([route("192.0.2.0/23")], id="covering"),
        pytest.param([route("192.0.2.0/25")], id="more-specific"),
        pytest.param([rpsl("inetnum: 192.0.2.0 - 192.0.2.255\nsource: RIPE")], id="other-class"),
        pytest.param([route("192.0.2.0/23", "AS64501")], id="covering-other-origin"),
        pytest.param([route(origin="AS64501", source="RADB")], id="other-origin-elsewhere"),
    ],
)
def test_without_an_exact_object_it_is_missing(objects: list[RpslObject]) -> None:
    outcome = judge_routes(V4, OURS, RIPE, objects).outcome

    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.ROUTE_OBJECT_MISSING
    assert outcome.seen == "RIPE has no route object for 192.0.2.0/24."
    assert "RIPE (whois.ripe.example)" in outcome.fix


def test_the_fix_can_be_pasted_and_would_pass() -> None:
    outcome = judge_routes(V6, OURS, RIPE, []).outcome
    assert isinstance(outcome, Failed)
    pasted = outcome.fix.split("\n\n", 1)[1]

    assert isinstance(judge_routes(V6, OURS, RIPE, parse_objects(pasted.encode())).outcome, Passed)


@pytest.mark.parametrize("source", ["RIPE-NONAUTH", "RIPE-GRS", "RPKI", "RADB", "ARIN", "RIPEX"])
def test_other_sources_never_count(source: str) -> None:
    outcome = judge_routes(V4, OURS, RIPE, [route(source=source)]).outcome

    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.ROUTE_OBJECT_NOT_AUTHORITATIVE
    assert outcome.seen == f"Only 192.0.2.0/24 AS64500 in {source}, where RIPE is responsible."


def test_another_origin_at_the_registry_is_a_mismatch() -> None:
    outcome = judge_routes(V4, OURS, RIPE, [OTHERS_HERE, route(source="RADB")]).outcome

    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.ROUTE_OBJECT_OTHER_ORIGIN
    assert outcome.seen == "Only other origins: 192.0.2.0/24 AS64501 in RIPE."


def test_ours_beside_other_origins_passes_with_a_warning() -> None:
    verdict = judge_routes(V4, OURS, RIPE, [OTHERS_HERE, OURS_HERE])

    assert isinstance(verdict.outcome, Passed)
    assert verdict.outcome.warnings == (
        "Other origins are known for this space: AS64501 for 192.0.2.0/24 (route object in RIPE).",
    )


def test_other_origins_inside_the_prefix_are_reported_whatever_their_source() -> None:
    verdict = judge_routes(
        V4,
        OURS,
        RIPE,
        [
            route("192.0.2.128/25", "AS64502", "RADB"),
            route("192.0.2.0/25", "AS64500"),  # ours
            route("192.0.0.0/16", "AS64503"),  # a ROA for the prefix does not touch it
            OTHERS_HERE,
            OTHERS_HERE,
        ],
    )

    assert verdict.other_origins == (
        OtherOrigin(OTHER, V4, "route object in RIPE"),
        OtherOrigin(Asn(64502), prefix("192.0.2.128/25"), "route object in RADB"),
    )


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(route(origin="64500"), id="origin-without-AS"),
        pytest.param(route(origin="AS1.5"), id="origin-asdot"),
        pytest.param(route(origin="AS064500"), id="origin-leading-zero"),
        pytest.param(route(origin="AS4294967296"), id="origin-too-large"),
        pytest.param(route(origin="AS64500 AS64501"), id="two-origins-in-a-line"),
        pytest.param(route("192.0.2.0/24", "AS64500", "RIPE", "origin: AS1"), id="two-origins"),
        pytest.param(route("192.0.2.0/24", "AS64500", "RIPE", "source: RADB"), id="two-sources"),
        pytest.param(rpsl("route: 192.0.2.0/24\norigin: AS64500"), id="no-source"),
        pytest.param(rpsl("route: 192.0.2.0/24\nsource: RIPE"), id="no-origin"),
        pytest.param(route("192.0.2.0/24", "AS64500", "RIPE", "route: 1.1.1.0/24"), id="two-keys"),
        pytest.param(route("192.0.2.1/24"), id="host-bits"),
        pytest.param(route("192.0.2.0/24", kind="route6"), id="wrong-class"),
        pytest.param(route("2001:db8::/32", kind="route"), id="wrong-class-v6"),
        pytest.param(route("192.0.2.0/24", "AS64500", "RIPE", "no colon"), id="line-without-name"),
        pytest.param(rpsl("route 192.0.2.0/24\norigin: AS64500\nsource: RIPE"), id="first-line"),
    ],
)
def test_an_object_that_cannot_be_read_is_malformed(broken: RpslObject) -> None:
    assert why(broken) is Reason.ROUTE_OBJECT_MALFORMED
    assert why(broken, OURS_HERE) is None


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(route(origin="x", source="RADB"), id="of-another-source"),
        pytest.param(route("192.0.2.0/25", "x"), id="of-another-prefix"),
        pytest.param(rpsl("just words"), id="no-object-at-all"),
    ],
)
def test_a_broken_object_that_is_not_this_one_is_passed_over(broken: RpslObject) -> None:
    assert why(broken) is Reason.ROUTE_OBJECT_MISSING


def test_what_others_wrote_is_shown_without_control_characters() -> None:
    broken = route("192.0.2.0/24\0\x1b[2J", "x")
    outcome = judge_routes(V4, OURS, RIPE, [broken]).outcome

    assert isinstance(outcome, Failed)
    assert outcome.seen == "An object cannot be read: route: 192.0.2.0/24\\x00\\x1b[2J."


def test_the_same_object_in_two_answers_is_one() -> None:
    assert isinstance(judge_routes(V4, OURS, RIPE, [OURS_HERE, route()]).outcome, Passed)


def test_two_objects_with_one_key_are_no_answer() -> None:
    changed = route("192.0.2.0/24", "AS64500", "RIPE", "descr: changed meanwhile")

    outcome = judge_routes(V4, OURS, RIPE, [OURS_HERE, changed]).outcome

    assert isinstance(outcome, Unanswered)
    assert outcome.fault is Fault.GARBAGE


def test_origin_0_is_read_as_an_origin_of_its_own() -> None:
    assert why(route(origin="AS0")) is Reason.ROUTE_OBJECT_OTHER_ORIGIN


LINE = token_line(LABEL, TOKEN)


def fix(registry: Registry, *objects: RpslObject, line: str | None = None) -> str:
    outcome = judge_routes(V4, OURS, registry, objects, line).outcome
    assert isinstance(outcome, Failed)
    return outcome.fix


def test_the_object_to_paste_holds_the_tokens_line() -> None:
    assert f"\nremarks:        {LINE}\n" in fix(RIPE, line=LINE)
    assert "remarks" not in fix(RIPE)


@pytest.mark.parametrize("registry", [LACNIC, ARIN], ids=["lacnic", "arin"])
def test_where_roas_make_the_objects_the_roa_comes_first_and_the_line_after(
    registry: Registry,
) -> None:
    text = fix(registry, line=LINE)

    assert text.startswith(f"{registry.source} makes route objects from ROAs. Publish a ROA")
    assert "prefix 192.0.2.0/24, origin AS64500, max length 24. Then add this line" in text
    assert text.endswith(f"\n\nremarks:        {LINE}\n")
    assert "Then" not in fix(registry)


def test_other_origins_come_before_a_roa_that_makes_the_object() -> None:
    text = fix(LACNIC, route("192.0.2.0/25", "AS64501", "LACNIC"))

    assert text.index("Publish ROAs for AS64501 first") < text.index("origin AS64500, max length")


def test_where_no_route_objects_are_kept_none_can_be_found() -> None:
    nir = replace(ARIN, key="nir", offers_route_objects=False)

    verdict = judge_routes(V4, OURS, nir, [route(source="ARIN"), OTHERS_HERE])

    assert isinstance(verdict.outcome, Failed)
    assert verdict.outcome.reason is Reason.ROUTE_OBJECTS_NOT_OFFERED
    assert verdict.authoritative is None
    assert [one.asn for one in verdict.other_origins] == [OTHER]


def test_the_text_to_paste_holds_the_token_where_one_is_given() -> None:
    assert route_object_text(V4, OURS, RIPE) == (
        "route:          192.0.2.0/24\n"
        "origin:         AS64500\n"
        "mnt-by:         YOUR-MAINTAINER\n"
        "source:         RIPE\n"
    )
    text = route_object_text(V6, OURS, ARIN, token_line(LABEL, TOKEN))
    (pasted,) = parse_objects(text.encode())
    assert pasted.object_class == "route6"
    assert isinstance(judge_token(pasted, TOKEN, LABEL, ARIN, None, V6), Passed)
