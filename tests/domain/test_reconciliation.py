from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from uuid import uuid4

import pytest

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Path, PathAttributes, Route
from byoip.domain.speakers.reconciliation import AppliedRoute, DesiredRoute, Plan, RouteState, plan

PREFIX = Prefix.parse("192.0.2.0/24")
NOW = datetime(2026, 11, 25, tzinfo=UTC)
MARKING = PathAttributes(Asn(64500), IPv4Address("198.51.100.1"))
WANTED = DesiredRoute(uuid4(), uuid4(), Route(PREFIX, Asn(64501)), True, 2, at=NOW, request_id="r")  # noqa: FBT003
GONE = replace(WANTED, advertised=False, change=3, withdrawal_id=uuid4())
NEVER = replace(WANTED, advertised=False, change=1, at=None)
PATH = Path(PREFIX, (Asn(64501),), IPv4Address("198.51.100.1"))
OTHER = replace(PATH, as_path=(Asn(64501),) * 3)
NO, MAY, HAS = (
    AppliedRoute(),
    AppliedRoute(possibly_installed=True),
    AppliedRoute(possibly_installed=True, advertised=True, change=2),
)
DONE = AppliedRoute(possibly_installed=True, advertised=False, change=3)
CLEARED = replace(DONE, possibly_installed=False)


def made(
    *known: RouteState, held: Path | None = None, admits: bool = True, asked: bool = True
) -> Plan:
    holding = {path.prefix: path for path in (held,) if path}
    return plan(known, MARKING, lambda _: admits, holding if asked else None)


def told(one: Plan) -> list[str]:
    names = ("announce", "withdraw", "confirmed", "gone", "orphans", "unfit")
    return [name for name in names if getattr(one, name)]


@pytest.mark.parametrize(
    ("desired", "mark", "held", "expected"),
    [
        pytest.param(WANTED, NO, None, ["announce"], id="missing"),
        pytest.param(WANTED, HAS, None, ["announce"], id="lost"),
        pytest.param(WANTED, HAS, OTHER, ["announce"], id="other attributes replace"),
        pytest.param(WANTED, HAS, PATH, [], id="as wanted"),
        pytest.param(WANTED, MAY, PATH, ["confirmed"], id="an answer was lost"),
        pytest.param(WANTED, NO, PATH, ["confirmed"], id="taken for ours"),
        pytest.param(GONE, HAS, PATH, ["withdraw"], id="asked for, and given"),
        pytest.param(GONE, MAY, PATH, ["withdraw"], id="asked for, and perhaps given"),
        pytest.param(GONE, DONE, PATH, ["withdraw"], id="it said it was gone, and it is not"),
        pytest.param(GONE, HAS, None, ["gone"], id="gone already"),
        pytest.param(GONE, NO, PATH, ["orphans"], id="never given: a restored backup"),
        pytest.param(GONE, CLEARED, PATH, ["orphans"], id="given, and seen to be gone"),
        pytest.param(NEVER, HAS, PATH, ["orphans"], id="no owner asked"),
        pytest.param(replace(GONE, request_id=""), HAS, PATH, ["orphans"], id="no request"),
        pytest.param(replace(GONE, withdrawal_id=None), HAS, PATH, ["orphans"], id="no entry"),
    ],
)
def test_what_a_speaker_is_told(
    desired: DesiredRoute, mark: AppliedRoute, held: Path | None, expected: list[str]
) -> None:
    assert told(made(RouteState(desired, mark), held=held)) == expected


def test_a_path_without_a_row_is_an_orphan_and_goes_on_a_decision_only() -> None:
    held = {PREFIX: PATH}
    assert plan([], MARKING, lambda _: True, held).decided == []
    assert plan([], MARKING, lambda _: True, held, [PREFIX]).decided == [PATH]


@pytest.mark.parametrize("desired", [WANTED, GONE])
def test_a_stage_that_has_not_its_turn_is_told_nothing(desired: DesiredRoute) -> None:
    assert (
        told(made(RouteState(desired, NO if desired is WANTED else HAS), held=None, admits=False))
        == []
    )
    assert told(made(RouteState(desired, HAS), held=OTHER, admits=False)) == []


def test_a_route_that_a_speaker_lost_does_not_wait_for_its_stage() -> None:
    assert told(made(RouteState(replace(WANTED, change=5), HAS), held=None, admits=False)) == [
        "announce"
    ]


def test_without_being_asked_its_marks_are_believed() -> None:
    assert told(made(RouteState(WANTED, NO), asked=False)) == ["announce"]
    assert told(made(RouteState(WANTED, HAS), asked=False)) == []
    assert told(made(RouteState(GONE, HAS), asked=False)) == ["withdraw"]
    assert told(made(RouteState(GONE, DONE), asked=False)) == []


def test_a_route_that_another_row_wants_is_not_withdrawn() -> None:
    newer = replace(WANTED, bgp_prefix_id=uuid4(), at=NOW + timedelta(hours=1))
    one = made(RouteState(GONE, HAS), RouteState(newer, HAS), held=PATH)
    assert (told(one), one.gone) == (["gone"], [GONE])


def test_a_speaker_without_a_next_hop_keeps_what_it_has() -> None:
    known = [RouteState(WANTED, HAS)]
    one = plan(known, replace(MARKING, next_hop4=None), lambda _: True, {PREFIX: PATH})
    assert told(one) == ["unfit"]
