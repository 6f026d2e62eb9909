"""What a form of what needs a person was drawn from, as it is now: an old one does nothing."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from byoip.domain.claims.claim import SETTLED_FOR, Claim
from byoip.domain.jobs.job_history import JobSwitch
from byoip.domain.routes.bgp_prefix import BgpPrefix
from byoip.domain.speakers.drain import Drain
from byoip.domain.speakers.revision import InUse
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.watch import Watch
from byoip.store.accounts.operator_views import RoaSnapshotView
from byoip.store.checks.snapshots import RegistrationStatus
from byoip.store.speakers.views import StandingAlarm
from byoip.store.transaction import Transaction
from byoip.store.watch.views import HeldRises
from byoip.web.visiting import PersonsVisit

_LOOKED_AT: Final = 200  # attempts to take ROA data, as its page shows
_NEWEST: Final = 2**31 - 1

Facts: TypeAlias = tuple[object, ...]


def of_shut(alarm: StandingAlarm | None, orders: int) -> Facts:
    """What opening costs, and whether it is ordered by now; how long peers wait goes on."""
    if alarm is None:
        return ()
    name, lacks = alarm.alarm.subject, alarm.alarm.detail.partition(";")[0]
    return name, alarm.since.isoformat(), lacks, orders


def of_orphans(speaker: str, undecided: int, digest: str) -> Facts:
    """How many go, and which."""
    return speaker, undecided, digest


def of_roas(one: RoaSnapshotView) -> Facts:
    """Whether somebody has accepted it; the verb takes none but the last."""
    return one.snapshot.number, one.snapshot.accepted


def of_job(switch: JobSwitch) -> Facts:
    """Since when it stands as it does, who moved it, and why."""
    at = switch.at and switch.at.isoformat()
    return switch.kind.value, switch.stopped, at, switch.by, switch.because


def of_statistics(status: RegistrationStatus) -> Facts:
    """What was refused, and what is in use instead."""
    return status.registry, status.refused, status.serial, status.ranges


def of_levels(held: HeldRises) -> Facts:
    """Which rises."""
    return held.registry, held.signal.value, held.digest


def of_settings(in_use: InUse | None) -> Facts:
    """What they are compared with."""
    if in_use is None:
        return ()
    return (in_use.in_force.number,)


def of_drain(drain: Drain) -> Facts:
    """Whether it is to be lifted still."""
    return drain.id.hex, drain.live


@dataclass(frozen=True, slots=True)
class OfPrefix:
    """What somebody decides about a prefix by: nothing that its owner changes to escape it.

    Not its version, which any write of its owner raises: nobody escapes a suspension by writing.

    Attributes:
        holder: whom the statistics name by now, if that is another one than before.
        rivals: who else holds the space, or has proven it lately, there still or not: who leaves
            and comes back as often as it likes keeps nobody from deciding.
    """

    claim: Claim
    waived: Sequence[str]
    holder: str
    rivals: Sequence[str]

    @classmethod
    async def read(cls, tx: Transaction, claim: Claim) -> "OfPrefix":
        """As it is now."""
        waived = await tx.waivers.of(claim.id, tx.now)
        sale = (await tx.watches.of(claim.id)).get(Signal.HOLDER, Watch(Signal.HOLDER))
        rivals = [one.hex for one in await tx.contests.rivals(claim, tx.now - SETTLED_FOR)]
        ids = sorted(one.id.hex for one in waived.values())
        return cls(claim, ids, sale.found if sale.failing else "", rivals)

    def facts(self, what: str, route: BgpPrefix | None) -> Facts:
        """Of such an act, perhaps on a route of it."""
        claim, waived = self.claim, self.waived
        owner, standing = claim.account_id.hex, claim.standing.value
        frozen = sorted(one.value for one in claim.frozen_for)
        held = claim.state.value, claim.approved_at, claim.revoked_at
        lasts = claim.approved_by, claim.proof.proven_at, claim.proof.ends_at
        checks = claim.irr.state.value, claim.rpki.state.value, claim.ownership.state.value
        locked = route and (route.id.hex, route.locked)
        up = route and route.desired.advertised
        decides: Mapping[str, Facts] = {
            "approve": (owner, held, standing, frozen, checks, self.rivals),
            "suspend": (standing,),
            "revoke": (owner, held),
            "settle": (owner, held, standing, frozen, self.rivals),
            "lift-freeze": (owner, held, standing, frozen, self.holder),
            "lock": (locked,),
            "unlock": (owner, locked),
            "announce": (owner, standing, frozen, locked, up, self.rivals, self.holder),
            "end-proof": (owner, held, lasts),
            "waive": (owner, waived),
            "end-waiver": (owner, waived),
        }
        return decides.get(what, (owner, held, standing, frozen))


async def _roas(visit: PersonsVisit) -> Facts:
    newest = await visit.site.operator_reader.roa_snapshots(below=_NEWEST, limit=_LOOKED_AT)
    text = visit.form.get("number", "")
    return next((of_roas(one) for one in newest if str(one.snapshot.number) == text), ())


async def _settings(visit: PersonsVisit) -> Facts:
    return of_settings(await visit.site.routes.revisions.in_use())


async def _drain(visit: PersonsVisit) -> Facts:
    standing, wanted = await visit.site.routes.drains.standing(), visit.form.get("drain", "")
    return next((of_drain(one) for one in standing if one.id.hex == wanted), ())


# Of those that are not here the verb itself compares, in its transaction.
DRAWN: Final[Mapping[str, Callable[[PersonsVisit], Awaitable[Facts]]]] = {
    "accept-roas": _roas,
    "apply-settings": _settings,
    "lift-drain": _drain,
}
