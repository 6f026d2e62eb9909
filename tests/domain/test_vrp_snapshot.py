from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byoip.domain.checks.vrp_snapshot import Gate, GatePolicy, Measure, Tally, judge, stale

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ANCHORS = frozenset({"apnic", "arin", "ripe"})
POLICY = GatePolicy(floor=100)
GOOD = {"apnic": 40, "arin": 60, "ripe": 100}
LAST = Measure(NOON - timedelta(hours=1), GOOD)


def gates(
    counts: dict[str, int],
    *,
    built_at: datetime = NOON,
    last: Measure | None = LAST,
    policy: GatePolicy = POLICY,
) -> list[Gate]:
    candidate = Tally(built_at, counts)
    found = judge(candidate, last, anchors=ANCHORS, policy=policy, now=NOON)
    return [objection.gate for objection in found]


@pytest.mark.parametrize(
    "counts",
    [
        pytest.param(GOOD, id="as before"),
        pytest.param({"apnic": 20, "arin": 30, "ripe": 50}, id="exactly half of each"),
        pytest.param({**GOOD, "private": 7}, id="an anchor that is not configured"),
    ],
)
def test_a_snapshot_that_looks_right_is_accepted(counts: dict[str, int]) -> None:
    assert gates(counts) == []


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param({}, [Gate.ANCHOR] * 3 + [Gate.FLOOR], id="the empty list of a wrong key"),
        pytest.param({**GOOD, "arin": 0}, [Gate.ANCHOR], id="one anchor empty"),
        pytest.param({"apnic": 40, "ripe": 100}, [Gate.ANCHOR], id="one anchor missing"),
        pytest.param({**GOOD, "ripe": 49}, [Gate.ANCHOR], id="one anchor under half"),
        pytest.param({"apnic": 20, "arin": 30, "ripe": 49}, [Gate.ANCHOR, Gate.FLOOR], id="floor"),
        pytest.param(
            {"apnic": 1, "arin": 1, "ripe": 1, "private": 1000},
            [Gate.ANCHOR] * 3 + [Gate.FLOOR],
            id="foreign entries do not fill up",
        ),
    ],
)
def test_every_gate_that_fails_is_named(counts: dict[str, int], expected: list[Gate]) -> None:
    assert gates(counts) == expected


@pytest.mark.parametrize(
    ("built_at", "expected"),
    [
        pytest.param(LAST.built_at, [Gate.BUILD_TIME], id="the same build again"),
        pytest.param(LAST.built_at - timedelta(days=1), [Gate.BUILD_TIME], id="an older one"),
        pytest.param(NOON + timedelta(minutes=5), [], id="five minutes ahead"),
        pytest.param(NOON + timedelta(minutes=5, seconds=1), [Gate.BUILD_TIME], id="further ahead"),
    ],
)
def test_the_build_time_moves_forward_but_not_ahead(
    built_at: datetime, expected: list[Gate]
) -> None:
    assert gates(GOOD, built_at=built_at) == expected


def test_the_first_snapshot_needs_entries_of_every_anchor_and_the_floor() -> None:
    assert gates({"apnic": 1, "arin": 1, "ripe": 98}, last=None) == []
    assert gates({"arin": 1, "ripe": 99}, last=None) == [Gate.ANCHOR]
    assert gates({"apnic": 1, "arin": 1, "ripe": 97}, last=None) == [Gate.FLOOR]


def test_a_newly_configured_anchor_only_has_to_be_there() -> None:
    last = Measure(LAST.built_at, {"arin": 60, "ripe": 100})
    assert gates({**GOOD, "apnic": 1}, last=last) == []
    assert gates({**GOOD, "apnic": 0}, last=last) == [Gate.ANCHOR]


def test_a_policy_can_let_everything_pass_that_was_built_in_time() -> None:
    policy = GatePolicy(floor=0, share=0.0, least_per_anchor=0, newer=False)
    assert gates({}, built_at=LAST.built_at, policy=policy) == []


counts_of_anchors = st.dictionaries(
    st.sampled_from([*sorted(ANCHORS), "private"]), st.integers(0, 10**6)
)


@given(new=counts_of_anchors, old=st.none() | counts_of_anchors, floor=st.integers(0, 10**6))
def test_no_accepted_snapshot_lacks_half_of_any_anchor(
    new: dict[str, int], old: dict[str, int] | None, floor: int
) -> None:
    last = None if old is None else Measure(LAST.built_at, old)
    accepted = not gates(new, last=last, policy=GatePolicy(floor=floor))
    sound = all(
        new.get(anchor, 0) > 0 and 2 * new.get(anchor, 0) >= (old or {}).get(anchor, 0)
        for anchor in ANCHORS
    )
    assert accepted == (sound and sum(new.get(anchor, 0) for anchor in ANCHORS) >= floor)


def test_data_is_stale_after_a_day() -> None:
    assert not stale(NOON - timedelta(hours=24), NOON)
    assert stale(NOON - timedelta(hours=24, seconds=1), NOON)
