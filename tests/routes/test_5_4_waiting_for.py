"""Routes 5.4: a change that no stage can take now says what it waits for, and since when."""

from dataclasses import replace

from sqlalchemy import text

from byoip.domain.prefix import Prefix
from byoip.domain.routes.awaited import Awaited, WaitingFor
from byoip.domain.speakers.bgp_peer import InService
from byoip.store.claims.reader import CustomerReader
from byoip.usecases.speakers.bgp_peers import open_speaker
from tests.announcing import (
    MARKING,
    OWNER,
    PEER,
    Fleet,
    listener,
    path,
    reconciling,
    speaker,
    until,
)
from tests.fakes.speaker import Trouble

IN_SERVICE = replace(InService(), speakers=frozenset({"one"}))


async def waits(fleet: Fleet, prefix: Prefix) -> WaitingFor | None:
    """As its owner reads it, alone and in the list: two reads, and the worker goes on between."""
    claim_id, _, bgp_prefix_id = fleet.ids[prefix]
    owner, reader = (await fleet.desired(prefix)).account_id, CustomerReader(fleet.engine)
    for _ in range(10):
        alone = await reader.bgp_prefix(owner, claim_id, bgp_prefix_id)
        [listed] = await reader.bgp_prefixes(owner, claim_id, after=None, limit=10)
        if alone.waiting_for == listed.waiting_for:
            return alone.waiting_for
    raise AssertionError(f"{alone.waiting_for} alone, {listed.waiting_for} in the list")


async def what(fleet: Fleet, prefix: Prefix) -> str | None:
    found = await waits(fleet, prefix)
    return None if found is None else found.what.value


async def told(fleet: Fleet, prefix: Prefix, expected: str | None) -> None:
    async def so() -> bool:
        return await what(fleet, prefix) == expected

    await until(so)


async def test_a_change_without_a_worker_says_so_and_is_quiet_once_it_is_carried_out(
    fleet: Fleet,
) -> None:
    one = speaker("one")
    (prefix,) = await fleet.add("31.0.0.0/24")
    assert await waits(fleet, prefix) is None  # nothing was asked for yet
    await fleet.announce(prefix)
    asked_at = (await fleet.desired(prefix)).desired.at
    assert asked_at is not None
    assert await waits(fleet, prefix) == WaitingFor(Awaited.RECONCILER, asked_at)
    async with reconciling(fleet, one, listeners=[listener(one)]):
        await until(fleet.settled)
        assert await waits(fleet, prefix) is None
    await fleet.do("UPDATE speakers SET asked_at = asked_at - interval '61 seconds'")
    assert await waits(fleet, prefix) is None  # nothing waits for the worker that has gone
    await fleet.withdraw(prefix)
    assert await what(fleet, prefix) == "reconciler"


async def test_a_change_while_no_speaker_answers_says_since_when(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with reconciling(fleet, one, two, listeners=[listener(one, two)]):
        await fleet.announce(prefix)
        await until(fleet.settled)
        one.kill()
        two.kill()
        await fleet.withdraw(prefix)
        asked_at = (await fleet.desired(prefix)).desired.at
        await told(fleet, prefix, "speakers")
        found = await waits(fleet, prefix)
        assert found is not None
        assert asked_at is not None
        assert found.since >= asked_at
        one.start()
        await told(fleet, prefix, None)


async def test_a_family_that_no_speaker_has_a_next_hop_for_says_so(fleet: Fleet) -> None:
    four_only = replace(MARKING, next_hop6=None)
    one = speaker("one")
    (prefix,) = await fleet.add("2a00::/32")
    async with reconciling(fleet, one, listeners=[listener(one)], attributes=four_only):
        await fleet.announce(prefix)
        await told(fleet, prefix, "next_hop")


async def test_a_change_that_no_observer_can_judge_says_so(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    ear.trouble = True
    one.troubled, one.trouble = frozenset({"sent"}), Trouble.REFUSED
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with reconciling(fleet, one, two, listeners=[ear]):
        await fleet.announce(prefix)
        await told(fleet, prefix, "observers")
        one.trouble = None
        await told(fleet, prefix, None)


async def test_a_change_while_sessions_are_kept_down_says_so(fleet: Fleet) -> None:
    """Of a new speaker that no operator has opened yet; another one feeds the listener."""
    one, other = speaker("one"), speaker("other")
    other.put(path(Prefix.parse("31.9.0.0/24")))
    await other.enable(PEER)
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with reconciling(fleet, one, listeners=[listener(one, other)], known=False):
        await fleet.announce(prefix)
        await told(fleet, prefix, "observers")
        async with fleet.store.transaction(actor=OWNER) as tx:
            await open_speaker(tx, "one", name="A", reason="new", in_service=IN_SERVICE)
        await told(fleet, prefix, None)
        assert (await fleet.desired(prefix)).desired.advertised


async def test_where_no_speaker_is_in_the_as_that_it_stands_behind_the_alarm_says_so(
    fleet: Fleet,
) -> None:
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with fleet.engine.begin() as connection:  # as a row that was made so
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text("UPDATE bgp_prefixes SET asn = 64510, behind = 64511"))
    await fleet.announce(prefix)
    async with reconciling(fleet, speaker("one")):
        await told(fleet, prefix, "next_hop")
        rows = await fleet.ask("SELECT detail FROM route_alarms WHERE kind = 'no_next_hop'")
    why = "no speaker with a next hop for IPv4 is in AS 64511, behind which it stands"
    assert rows == [(f"{prefix}: {why}",)]
