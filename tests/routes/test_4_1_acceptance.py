"""Routes 4.1: what a speaker says it took, and does not hold, is found out, and is an alarm."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest

from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Path
from tests.announcing import PEER, Fleet, listener, looks, path, reconciling, speaker, until
from tests.real.gobgpd import Peering, gobgpd, sample_config
from tests.real.parts import Part, require

REJECTING = "127.0.0.65"


async def stands(fleet: Fleet, kind: str, *subjects: str) -> bool:
    return await fleet.alarms(kind) == set(subjects)


async def applied(fleet: Fleet, prefix: Prefix) -> dict[str, bool]:
    """By speaker, whether it has confirmed the route."""
    rows = await fleet.ask(
        "SELECT speaker, advertised FROM applied_routes WHERE bgp_prefix_id = :id",
        id=fleet.ids[prefix][2],
    )
    return {name: bool(advertised) for name, advertised in rows}


async def test_a_path_accepted_but_not_held_is_an_alarm_and_not_confirmed(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    kept, lost = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    two.loses.add(lost)
    async with reconciling(fleet, one, two, listeners=[ear]):
        await fleet.announce(kept, lost)
        await until(lambda: stands(fleet, "not_held", "two"))
        ((detail,),) = await fleet.ask("SELECT detail FROM route_alarms WHERE kind = 'not_held'")
        assert str(lost) in detail
        assert await applied(fleet, lost) == {"one": True, "two": False}
        assert await applied(fleet, kept) == {"one": True, "two": True}
        two.loses.clear()
        await until(fleet.settled)
        await until(lambda: stands(fleet, "not_held"))
        assert await applied(fleet, lost) == {"one": True, "two": True}


async def test_a_changed_path_that_is_not_taken_is_not_confirmed(fleet: Fleet) -> None:
    one = speaker("one")
    (prefix,) = await fleet.add("31.0.1.0/24")
    async with reconciling(fleet, one):
        await fleet.announce(prefix)
        await until(fleet.settled)
        one.loses.add(prefix)  # it keeps the path from before
        await fleet.announce(prefix, prepend=2)
        await until(lambda: stands(fleet, "not_held", "one"))
        rows = await fleet.ask("SELECT change FROM applied_routes")
        assert rows == [((await fleet.desired(prefix)).desired.change - 1,)]
        one.loses.clear()
        await until(lambda: one.paths == {prefix: path(prefix, prepend=2)})
        await until(lambda: stands(fleet, "not_held"))


async def test_sessions_stay_down_while_no_probe_appears(fleet: Fleet) -> None:
    one = speaker("one")
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    one.put(path(prefix))  # from before: only the probe shows that it takes nothing now
    one.loses_all = True
    async with reconciling(fleet, one):
        await until(lambda: stands(fleet, "not_held", "one"))
        await looks(one)
        assert one.calls("enable") == 0
        one.loses_all = False
        await until(lambda: one.sends_to(PEER, prefix) is not None)
        await until(lambda: stands(fleet, "not_held"))


async def test_a_speaker_that_cannot_refuse_a_table_is_an_alarm_and_goes_on(fleet: Fleet) -> None:
    one = speaker("one")
    one.open = "it has a policy of that name"
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with reconciling(fleet, one):
        await fleet.announce(prefix)
        await until(fleet.settled)
        await until(lambda: stands(fleet, "imports_open", "one"))
        one.open = ""
        await until(lambda: stands(fleet, "imports_open"))


async def test_a_restart_after_imports_were_closed_has_them_closed_before_a_session_comes_up(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    one = speaker("one")
    held, restarted_at = one.held, 0

    async def restarts() -> Sequence[Path]:
        nonlocal restarted_at
        if not restarted_at:
            one.kill()
            one.start()
            restarted_at = len(one.asked)
        return await held()

    monkeypatch.setattr(one, "held", restarts)
    async with reconciling(fleet, one):
        await until(lambda: one.sends_to(PEER, prefix) is not None)
    since = [method for method, _ in one.asked[restarted_at:]]
    assert "close_imports" in since[: since.index("enable")]


async def test_no_probe_is_sent_to_a_peer(fleet: Fleet) -> None:
    one = speaker("one")
    prefixes = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    async with reconciling(fleet, one):
        await fleet.announce(*prefixes)
        await until(fleet.settled)
        assert one.calls("takes_ours") == 1
        await looks(one)
        assert one.calls("takes_ours") == 1


@pytest.mark.real
async def test_a_gobgpd_that_rejects_everything_is_found_out(fleet: Fleet) -> None:
    require(Part.GOBGP)
    (prefix,) = await fleet.add("31.0.0.0/24")
    peering = Peering("127.0.0.66", 64501, admin_down=True)
    with gobgpd(
        address=REJECTING, asn=64500, neighbours=[peering], default_import="reject-route"
    ) as daemon:
        one = GobgpSpeaker("one", daemon.target)
        await one.announce([path(prefix)])
        assert list(await one.held()) == []  # it said yes
        async with reconciling(fleet, one):
            await fleet.announce(prefix)
            await until(lambda: stands(fleet, "not_held", "one"))
            assert not await applied(fleet, prefix) or not (await applied(fleet, prefix))["one"]
            assert [session.enabled for session in await one.neighbours()] == [False]
        await one.close()


def test_the_manual_says_what_byoip_needs() -> None:
    sample = sample_config()
    (neighbour,) = sample["neighbors"]
    assert neighbour["config"]["admin-down"] is True
    graceful = neighbour["graceful-restart"]["config"]
    assert graceful["enabled"] is True
    assert graceful["restart-time"] >= 600
    assert graceful["deferral-time"] <= 10
    assert sample["global"]["apply-policy"]["config"]["import-policy-list"] == ["byoip-no-imports"]
    assert ip_address(neighbour["config"]["neighbor-address"]) in ip_network("192.0.2.0/24")
