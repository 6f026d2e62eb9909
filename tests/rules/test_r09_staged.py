"""R9: one stage, looked at, then the rest; it stops by itself, and a failure leaves routes up."""

from tests.announcing import Fleet, listener, looks, path, reconciling, speaker, until


async def test_what_is_not_seen_at_the_first_stage_never_reaches_the_second(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    prefixes = await fleet.add(*(f"31.0.{n}.0/24" for n in range(10)))
    one.loses.update(prefixes)  # says yes, and does nothing
    async with reconciling(fleet, one, two, listeners=[ear]):
        await fleet.announce(*prefixes)
        await looks(two)
        assert two.calls("announce") == 0


async def test_a_withdrawal_that_the_first_stage_does_not_answer_leaves_the_others_up(
    fleet: Fleet,
) -> None:
    one, other, two = speaker("one"), speaker("other"), speaker("two")
    ear = listener(one, other, two)
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with reconciling(fleet, one, other, two, listeners=[ear], stages=[1, 1, 2]):
        await fleet.announce(prefix)
        await until(lambda: prefix in two.paths)
        await until(fleet.settled)
        one.delay = other.delay = 2
        await fleet.withdraw(prefix)
        await looks(two)
        assert two.paths == {prefix: path(prefix)}
        assert ear.withdrawals() == []


async def test_announcements_go_before_withdrawals(fleet: Fleet) -> None:
    one = speaker("one")
    old, new = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    async with reconciling(fleet, one):
        await fleet.announce(old)
        await until(fleet.settled)
    one.asked.clear()
    await fleet.withdraw(old)
    await fleet.announce(new)
    async with reconciling(fleet, one):
        await until(fleet.settled)
    told = [method for method, _ in one.asked if method in {"announce", "withdraw"}]
    assert told[:2] == ["announce", "withdraw"]
