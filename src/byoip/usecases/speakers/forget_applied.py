"""After a restore: forget what the backup says that speakers may have from us.

A row of the backup may say withdrawn of a route that was announced again after the backup. So a
path that a speaker holds is taken for ours if a row wants it, and is left to operators if none
does. Offboarding stops until an operator starts it, for it may go on with what was called off after
the backup. Edges read all changes again, for the numbers of changes are given a second time; so are
those of events, whose feed gets another epoch.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from byoip.domain.customer_text import CustomerText
from byoip.domain.history import Actor
from byoip.domain.jobs.job_history import JobKind, JobSwitch
from byoip.domain.operator_text import stated_name, stated_reason
from byoip.domain.speakers.succession import Verdict, judge
from byoip.store.speakers.restores import ForgottenState, Kept
from byoip.store.transaction import Transaction

_ALARM_LASTS: Final = timedelta(days=1)
_PROMOTED: Final = CustomerText("another server was promoted, and nothing is missing")
_DOUBTED: Final = CustomerText("another server was promoted, without the newest changes")
_NAMED: Final = 10  # routes in an alarm
_DETECTED: Final = CustomerText("this database was restored, or its server was replaced")


async def recognise(tx: Transaction, *, patient: bool = False) -> Verdict:
    """Judge which database this is, before speakers are told anything.

    A promotion without loss is an event for operators. After one that has lost a little, just that
    is in doubt; after a restore all is forgotten, without an operator. With `patient` it waits for
    processes that have not testified yet.
    """
    found = await tx.restores.identity()
    await tx.restores.end_alarms(tx.now - _ALARM_LASTS)
    verdict = judge(found.kept, found.here, found.testimonies, patient=patient)
    if found.kept is None:
        await tx.restores.keep(found.here, tx.now)
    elif verdict is Verdict.PROMOTED:
        tx.act_as(Actor("reconciler", f"failed-over-{uuid4().hex}"))
        before, after = {"identity": found.kept}, {"identity": found.here}
        said = [one.process for one in found.testimonies]
        tx.record_for_operators(
            "database.failed_over", _PROMOTED, before=before, after={**after, "witnesses": said}
        )
        await tx.restores.keep_on(found.here)
    elif verdict is Verdict.IN_DOUBT:
        tx.act_as(Actor("reconciler", f"failed-over-{uuid4().hex}"))
        await _doubt(tx, found)
    elif verdict is Verdict.RESTORED:
        tx.act_as(Actor("reconciler", f"restored-{uuid4().hex}"))
        done = await _forget(tx, found, _DETECTED)
        forgotten = f"{done.applied} routes are forgotten, offboarding is stopped"
        await tx.restores.raise_alarm(
            "restored", f"{forgotten}: see the runbook{_lost(found)}", tx.now
        )
    return verdict


async def forget_applied(tx: Transaction, *, name: str, reason: str) -> ForgottenState:
    """Forget it on the word of the operator of this name; can be repeated.

    Withdrawals that are on their way are left to operators, too. Needs the database only.

    Raises:
        InvalidText: the name or the reason.
    """
    who, why = stated_name(name), stated_reason(reason)
    tx.act_as(Actor(f"{tx.actor.name}:{who.value}", tx.actor.request_id))
    return await _forget(tx, await tx.restores.identity(), why)


def _lost(found: Kept) -> str:
    return "".join(f"; {one.process}: {one.detail}" for one in found.testimonies if one.detail)


def _older_than_known(found: Kept) -> tuple[set[UUID], set[UUID]]:
    """The routes, and the claims, of which a process remembers newer changes."""
    routes = {route for one in found.testimonies for route in one.routes}
    return routes, {claim for one in found.testimonies for claim in one.claims}


async def _doubt(tx: Transaction, found: Kept) -> None:
    """Numbers of the feeds are given a second time here, too."""
    feed = await tx.edges.begin_feed()  # first, as below
    epoch = await tx.restores.begin_epoch(tx.now)
    await tx.restores.keep(found.here, tx.now)
    doubted = await tx.restores.doubt(*_older_than_known(found), tx.now)
    await _doubt_settings(tx, "a promotion on its way has lost changes")
    cidrs = [str(one) for one in doubted.cidrs]
    before = {"identity": found.kept}
    after = {"identity": found.here, "in_doubt": cidrs, "feed": feed.hex, "epoch": epoch.hex}
    after["lost"] = [one.detail for one in found.testimonies if one.detail]
    tx.record_for_operators("routes.doubted", _DOUBTED, before=before, after=after)
    if doubted.leaving:
        await _stop_offboarding(tx, _DOUBTED)
    stopped = ", and offboarding is stopped" if doubted.leaving else ""
    named = f"{len(cidrs)} routes are in doubt{stopped}: {', '.join(cidrs[:_NAMED])}"
    await tx.restores.raise_alarm("in_doubt", f"{named}{_lost(found)}", tx.now)


async def _doubt_settings(tx: Transaction, why: str) -> None:
    """What was lost may be that other settings were in force, or that these were taken back.

    Or that a drain was lifted: what is up stays up, and what is down is a drain by hand.
    """
    if await tx.revisions.lock():
        await tx.revisions.doubt(doubt=True)
        await tx.revisions.take_back(why, tx.now)
    await tx.drains.forget(why, tx.now)


async def _stop_offboarding(tx: Transaction, why: CustomerText) -> None:
    await tx.guards.switch(JobSwitch(JobKind.OFFBOARD, True, tx.now, tx.actor.name, why.value))  # noqa: FBT003 - a field
    tx.record_for_operators("job.stopped", why, after={"kind": JobKind.OFFBOARD.value})


async def _forget(tx: Transaction, found: Kept, why: CustomerText) -> ForgottenState:
    feed = await tx.edges.begin_feed()  # first: it waits for all transactions that change bindings
    epoch = await tx.restores.begin_epoch(tx.now)
    await tx.restores.keep(found.here, tx.now)
    done = await tx.restores.forget_applied(*_older_than_known(found), tx.now)
    await _doubt_settings(tx, "the database was restored on its way")
    before = {"identity": found.kept}
    after = {"identity": found.here, "marks": done.applied, "orphans": done.orphans}
    after["feed"] = feed.hex
    after["epoch"] = epoch.hex
    after["lost"] = [one.detail for one in found.testimonies if one.detail]
    tx.record_for_operators("routes.disowned", why, before=before, after=after)
    await _stop_offboarding(tx, why)
    return done
