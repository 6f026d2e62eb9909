"""Failover 4: whatever happens to the database under load, what is left is what owners asked for.

In namespaces where this is root; else a server cannot be cut off, and that row is skipped. The
whole table is long; one row of it is in each run.
"""

import asyncio
from pathlib import Path

import pytest

from byoip.adapters.postgres.binaries import OLDEST_MAJOR
from byoip.domain.prefix import Prefix
from tests.announcing import until
from tests.failover.estate import Estate, estate
from tests.failover.faults import FAULTS, NEED_PEOPLE, Fault
from tests.failover.pair import report
from tests.real.parts import Part, require

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]

_IN_EACH_RUN = {("killed, with a loss on purpose", None)}


ROWS = [
    pytest.param(
        fault,
        major,
        id=f"{fault.name}, {major or 'newest'}",
        marks=[] if (fault.name, major) in _IN_EACH_RUN else [pytest.mark.long],
    )
    for major in (None, OLDEST_MAJOR)
    for fault in FAULTS
]


@pytest.mark.parametrize(("fault", "major"), ROWS)
async def test_what_is_left_is_what_owners_asked_for(
    fault: Fault, major: int | None, tmp_path: Path
) -> None:
    if major:
        require(Part.OLDEST_POSTGRES)
    async with estate(tmp_path, major) as here:
        if fault.cut and not here.pair.can_be_silent:
            pytest.skip("only root can make networks")
        await befall(here, fault)
        await judge(here, fault)
        measure(here, f"{fault.name}, Postgres {major or 'newest'}")
        await fault.in_the_end(here)


async def befall(here: Estate, fault: Fault) -> None:
    """Owners write from before it until after it, and a prefix leaves meanwhile."""
    await fault.before(here)
    many = len(here.owners.plan)
    writing = here.run(here.owners.carry_on())
    await here.until_left(many * 4 // 5)
    await fault.prepare(here)
    await here.until_left(many * 3 // 5)
    leaving = here.run(here.start_leaving())
    await here.until_left(many // 2)
    await here.fault(fault.happen(here))
    await asyncio.gather(writing, leaving)
    assert here.written_since(), "owners wrote until after it"


async def judge(here: Estate, fault: Fault) -> None:
    """Nothing is missing but what is named; where something is, owners and operator speak.

    Then all is as owners want it, and so it came, for a router.
    """
    verdict = await here.until_judged(fault.verdicts)
    require_named(here, fault)
    if verdict & NEED_PEOPLE:
        await here.put_right()
    await fault.afterwards(here)
    here.check()
    await here.service.until_everything_is_as_wanted()
    await here.service.until_shown_as_wanted(here.routes)
    seen = await here.service.seen([one.cidr for one in here.routes])
    assert seen == here.service.wanted.keys()
    await here.until_offboarded()
    await here.until_followed()
    assert (here.edge.began == 1) != bool(verdict & NEED_PEOPLE), "when the feed is another one"
    if verdict & NEED_PEOPLE:
        await here.accept_what_is_gone()
    await here.until_alarms_are(fault.alarms)
    assert here.verdicts() == verdict
    await until(lambda: here.undecided() == set())
    assert here.owners.wishes.unasked(here.service.edge.router.changes()) == []
    assert all(one.poll() is None for one in here.service.fleet.processes)


def require_named(here: Estate, fault: Fault) -> None:
    """Every acknowledged write is there, or named as lost."""
    lost, named = here.missing(), here.named_lost()
    unnamed = [one for one in here.owners.written if one.request in lost - named]
    if not fault.witnesses:
        assert "restored" in dict(here.alarms())
        unnamed = [one for one in unnamed if one.at < here.saved_at]
    assert unnamed == [], "acknowledged, and neither there nor named as lost"
    assert fault.may_lose or not lost
    assert lost or not fault.must_lose, "the loss on purpose was none"


def measure(here: Estate, what: str) -> None:
    """Print how long owners had to wait, from the fault on; times never fail a test."""
    after = here.written_since()
    wanted_gone = {Prefix.parse(one.write.route.cidr) for one in after if one.write.up is False}
    losses = here.service.edge.router.losses()
    gone = [one.at for one in losses if one.at > here.fault_at and one.prefix in wanted_gone]
    moments = {"first write": [one.at for one in after], "first withdrawal gone": gone}
    took = [
        f"{name} after {(min(found) - here.fault_at).total_seconds():.1f} s"
        for name, found in moments.items()
        if found
    ]
    report(f"{what}: {', '.join(took)}")
