"""Routes 5.4: a speaker in another AS than a route stands behind leaves it out, and says so."""

from sqlalchemy import text

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from tests.announcing import Fleet, listener, reconciling, speaker, until
from tests.routes.test_5_4_waiting_for import told


async def test_who_leaves_out_what_stands_behind_another_as_is_named(fleet: Fleet) -> None:
    one, other = speaker("one"), speaker("other")
    other.asn = Asn(64501)
    ours, theirs = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    await behind_ours(fleet, theirs)
    async with reconciling(fleet, one, other, listeners=[listener(one, other)]):
        await fleet.announce(ours)
        await until(fleet.settled)
        assert not await fleet.alarms("another_as")
        await fleet.announce(theirs)
        await until(fleet.settled)
        assert [one.paths.keys(), other.paths.keys()] == [{ours, theirs}, {ours}]
        await until(lambda: _named(fleet))
        rows = await fleet.ask("SELECT subject, detail FROM route_alarms WHERE kind = 'another_as'")
        why = "in AS64501, so it leaves out routes that stand behind AS64500"
        assert rows == [("other", f"{why} (1, the first is 31.0.1.0/24)")]
        await fleet.withdraw(theirs)
        await until(lambda: _over(fleet))


async def test_a_route_waits_for_the_speakers_that_are_in_the_as_before_it(fleet: Fleet) -> None:
    one, other = speaker("one"), speaker("other")
    other.asn = Asn(64501)
    ours, theirs = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    await behind_ours(fleet, theirs)
    async with reconciling(fleet, one, other, listeners=[listener(one, other)]):
        await fleet.announce(ours)
        await until(fleet.settled)
        one.kill()
        await fleet.announce(theirs)
        await told(fleet, theirs, "speakers")
        one.start()
        await until(fleet.settled)
        await told(fleet, theirs, None)
        other.kill()
        await fleet.withdraw(theirs)
        await until(fleet.settled)


async def behind_ours(fleet: Fleet, prefix: Prefix) -> None:
    """As a route of a customer's own AS number."""
    async with fleet.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(
            text("UPDATE bgp_prefixes SET asn = 64510, behind = 64500 WHERE cidr = :cidr"),
            {"cidr": str(prefix)},
        )


async def _named(fleet: Fleet) -> bool:
    return await fleet.alarms("another_as") == {"other"}


async def _over(fleet: Fleet) -> bool:
    return not await fleet.alarms("another_as")
