"""Trust, 4.1: any number of ROAs and route objects for a space costs no more than a few hundred."""

from sqlalchemy import text

from byoip.domain.checks.evidence import Check, Fault, Passed, Unanswered
from byoip.domain.checks.origin_validation import MOST_COVERING
from byoip.domain.claims.claim import MOST_OTHERS, Claim
from byoip.store.claims.views import RunView
from byoip.usecases.checks.reevaluate_claims import ReevaluateClaims
from tests.usecases.conftest import world, world_engine
from tests.usecases.world import ORIGIN, WORKER, World

__all__ = ["world", "world_engine"]  # fixtures


async def publish(world: World, claim: Claim, many: int) -> None:
    """So many ROAs for its prefix, each for another origin but the first."""
    of = {"prefix": str(claim.prefix), "maxLength": claim.prefix.length, "ta": "ripe"}
    await world.roas(*({**of, "asn": ORIGIN.number + one} for one in range(many)))


def rpki(run: RunView) -> object:
    return next(one.outcome for one in run.findings if one.check is Check.RPKI)


async def test_beyond_two_hundred_that_cover_a_prefix_there_is_no_verdict(world: World) -> None:
    claim = await world.claim()
    await publish(world, claim, MOST_COVERING + 1)
    found = rpki(await world.validate(claim))
    assert isinstance(found, Unanswered)
    assert found.fault is Fault.TOO_LARGE
    view = await world.reader.claim(claim.account_id, claim.id)
    assert view.roas is not None
    assert view.roas.covering is None
    said = view.announceable(world.clock.now()).origin
    assert isinstance(said, Unanswered)
    assert said.fault is Fault.TOO_LARGE
    assert "200 ROAs" in said.seen


async def test_two_hundred_are_judged_and_ten_are_shown(world: World) -> None:
    claim = await world.claim()
    await publish(world, claim, MOST_COVERING)
    assert isinstance(rpki(await world.validate(claim)), Passed)
    lengths = range(24, 33)
    await world.roas(
        *(
            {"prefix": f"31.0.0.0/{short}", "asn": ORIGIN.number, "maxLength": long, "ta": "ripe"}
            for short in range(8, 24)
            for long in lengths
        )
    )
    found = rpki(await world.validate(claim))
    assert isinstance(found, Passed)
    assert found.seen.count("ROA ") == len(found.warnings) == 10


async def test_a_route_is_not_judged_by_more_and_keeps_what_was_known(world: World) -> None:
    claim = await world.approved()
    reevaluate = ReevaluateClaims(world.store, world.clock)
    other = {"prefix": str(claim.prefix), "maxLength": 32, "ta": "ripe"}
    for many, drifted in ((MOST_COVERING + 1, 0), (MOST_COVERING, 1)):
        await world.roas(*({**other, "asn": 1000 + one} for one in range(many)))
        await reevaluate(by=WORKER)
        async with world.engine.connect() as connection:
            query = text("SELECT count(*) FROM origin_drifts")
            assert await connection.scalar(query) == drifted


async def test_of_thousands_of_other_origins_a_hundred_of_each_source_are_kept(
    world: World,
) -> None:
    claim = await world.claim()
    for one in range(3 * MOST_OTHERS):
        world.route(claim.prefix, origin=f"AS{70000 + one}")
    await publish(world, claim, MOST_COVERING)
    for _ in range(2):
        await world.validate(claim)
        assert len((await world.now(claim)).other_origins) == 2 * MOST_OTHERS
