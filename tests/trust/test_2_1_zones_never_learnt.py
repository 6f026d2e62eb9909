"""Trust, 2.1: whether others vouch is known of a prefix only whose every zone was learnt.

What stood there as it was frozen for a change of holder vouches for nobody. A zone that no look
has learnt may stand at any servers: the seller's, which its new proof then rests on.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from byoip.domain.checks.evidence import Fault, Passed, Unanswered
from byoip.domain.checks.reverse_dns.observation import Delegation, DelegationSeen
from byoip.domain.checks.reverse_zone import ReverseZone, reverse_zones
from byoip.domain.prefix import Prefix
from byoip.domain.watch.after_a_sale import stood
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.watch import Watch
from byoip.domain.watch.zones import hear_zones, judge_delegations, next_share, to_look_at
from tests.watch.test_1_real_servers import AT
from tests.watching import DAY

OF_A_23 = reverse_zones(Prefix.parse("185.10.0.0/23"))
OF_A_19 = reverse_zones(Prefix.parse("185.10.0.0/19"))
X, Y = ("x1.example.", "x2.example."), ("y1.example.", "y2.example.")
NONE: tuple[str, ...] = ()
SILENT = None
Said = tuple[str, ...] | None
State = tuple[Watch, Watch]
NEW = Watch(Signal.REVERSE_ZONE), Watch(Signal.ZONE_SERVERS)


def seen(zone: ReverseZone, said: Said) -> DelegationSeen:
    if said is None:
        silent = Unanswered(Fault.OUT_OF_BUDGET, "not asked")
        return DelegationSeen(zone, obstacle=silent)
    if not said:
        return DelegationSeen(zone, registry_zone="in-addr.arpa.")
    return DelegationSeen(zone, Delegation(zone.name, "in-addr.arpa.", said))


def looked(*looks: tuple[Said, Said]) -> State:
    """After these looks at both zones of the /23, one a day; the last one is today's."""
    state = NEW
    for at, said in enumerate(looks, start=1 - len(looks)):
        shares = [seen(zone, one) for zone, one in zip(OF_A_23, said, strict=True)]
        state = hear_zones(*state, shares, AT + at * DAY)
    return state


def others_vouch(
    state: State, by: tuple[str, ...] = Y, zones: Sequence[ReverseZone] = OF_A_23
) -> bool:
    before = stood({one.signal: one for one in state}, zones, AT + timedelta(hours=1))
    return not {*before.get("zone_servers", by)} & {*by}


@pytest.mark.parametrize(
    ("looks", "vouch"),
    [
        pytest.param([(X, SILENT)] * 3, False, id="never learnt"),
        pytest.param([(X, X)], True, id="learnt"),
        pytest.param([(X, NONE)], True, id="learnt: there is none"),
        pytest.param([(NONE, NONE)], True, id="learnt: there are none at all"),
        pytest.param([(NONE, NONE), (NONE, SILENT)], False, id="none at all, and then not learnt"),
        pytest.param([(NONE, NONE), (Y, NONE)], False, id="none at all, and then there"),
        pytest.param([(X, X), (NONE, NONE)], True, id="lost"),
        pytest.param([(X, X), (NONE, X)], True, id="one is lost"),
        pytest.param([(X, Y), (NONE, NONE)], False, id="there, and lost"),
        pytest.param([(X, X), (NONE, SILENT)], False, id="one is lost, and one not learnt"),
        pytest.param([(X, SILENT), (X, NONE)], True, id="learnt at last"),
        pytest.param([(X, NONE), (X, SILENT)], False, id="there was none, and then not learnt"),
        pytest.param([(X, Y)], False, id="learnt: there"),
        pytest.param([(X, X), (X, (*X, *Y))], False, id="added to those of before"),
        pytest.param([(X, X), (X, (*X, *Y)), (X, X)], True, id="added for a day"),
    ],
)
def test_2_1_others_vouch_where_every_zone_was_learnt(
    looks: list[tuple[Said, Said]], vouch: bool
) -> None:
    assert others_vouch(looked(*looks)) is vouch


def test_2_1_what_another_share_says_learns_no_zone() -> None:
    """Of a wide prefix each look is at a share of its zones, and has a doubt of its own."""
    for silent in (0, 1):
        zones, servers = NEW
        for _ in range(2):
            share = to_look_at(OF_A_19, zones)
            said = [seen(one, SILENT if one is OF_A_19[silent] else X) for one in share]
            zones, servers = hear_zones(zones, servers, said, AT)
            zones = next_share(zones, len(OF_A_19))
        assert not others_vouch((zones, servers), zones=OF_A_19)
        learnt = [one for one in OF_A_19 if one is not OF_A_19[silent]]
        assert others_vouch((zones, servers), zones=learnt)


def test_2_1_where_a_version_before_kept_no_looks_the_next_one_tells() -> None:
    zones, servers = looked((X, X))
    kept = json.loads(zones.baseline)
    of_before = json.dumps({zone: of for zone, of in kept.items() if zone})
    before = replace(zones, baseline=of_before), servers
    assert not others_vouch(before)
    again = [seen(zone, X) for zone in OF_A_23]
    assert others_vouch(hear_zones(*before, again, AT))


def test_2_1_what_is_kept_of_looks_is_no_zone() -> None:
    zones, servers = looked((X, NONE))
    assert (zones.doubt, zones.seen) == ("", f"delegated: {OF_A_23[0].name}")
    lost, _ = hear_zones(zones, servers, [seen(one, NONE) for one in OF_A_23], AT + DAY)
    assert [*json.loads(lost.found)] == [OF_A_23[0].name]
    outcome = judge_delegations(servers, [seen(OF_A_23[0], X), seen(OF_A_23[1], NONE)])
    assert isinstance(outcome, Passed)
    assert outcome.seen == f"delegated as before: {OF_A_23[0].name}"


@pytest.mark.parametrize("lost", [False, True])
def test_2_1_what_was_learnt_too_long_ago_is_not_known(lost: bool) -> None:
    state = looked((X, X), (NONE, NONE)) if lost else looked((X, X))
    known = {one.signal: one for one in state}
    assert stood(known, OF_A_23, AT + DAY) == {"zone_servers": sorted(X)}
    assert stood(known, OF_A_23, AT + 2 * DAY) == {}
