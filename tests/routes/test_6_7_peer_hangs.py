"""Routes 6.7 without a router: a peer whose sessions all end, while its speakers live."""

from tests.announcing import PEER, Fleet, reconciling, speaker, until


async def test_it_is_an_alarm_that_no_speaker_feeds_it(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with reconciling(fleet, one, two):
        await fleet.announce(prefix)
        await until(fleet.settled)
        await until(lambda: one.feeds(PEER) and two.feeds(PEER))
        await until(lambda: alarms(fleet, []))
        for each in (one, two):
            each._up = lambda address: False  # type: ignore[method-assign] # noqa: ARG005
        await until(lambda: alarms(fleet, [(PEER, "by no speaker now")]), seconds=60)


async def alarms(fleet: Fleet, wanted: list[tuple[str, str]]) -> bool:
    rows = await fleet.ask("SELECT subject, detail FROM route_alarms WHERE kind = 'fed_by_one'")
    return rows == wanted
