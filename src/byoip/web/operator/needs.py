"""What needs a person: everything that waits for an operator, with what they can do about it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from byoip.domain.claims.lifecycle import Standing
from byoip.domain.speakers.alarm_kinds import ALARM_KINDS
from byoip.store.accounts.operator_views import OperatorClaimFilter
from byoip.web.forms import seen_of
from byoip.web.operator.actors import names_of, scopes_of
from byoip.web.operator.drawn import of_job, of_levels, of_roas, of_statistics
from byoip.web.operator.holding.disputed import disputed
from byoip.web.operator.holding.places import page_of_levels, page_of_trip
from byoip.web.operator.need import Act, Need, Section
from byoip.web.operator.need_routes import held_by_nobody, to_be_released
from byoip.web.operator.network import needs as network
from byoip.web.operator.network.places import page_of_kind, page_of_runbook
from byoip.web.site import Site

MOST: Final = 10  # of one kind on the page
MOST_ALARMS: Final = 5  # of one kind of alarms
KINDS_OF_ALARMS: Final = "Alarm: {}"
OLD: Final = timedelta(days=3)  # of statistics, as byoip_registration_age's alert
_LET_THROUGH: Final = ". It is let through: the next run takes it."
_NEWEST: Final = 2**31 - 1
_ROAS_LOOKED_AT: Final = 20


AsyncNeeds: TypeAlias = AsyncIterator[Need]
Found: TypeAlias = tuple[Sequence[Need], int]
"""Some of a kind, and how many there are."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing that waits.

    Attributes:
        read: those behind as many, at most so many.
        runbook: the section that says what to do; empty: none does.
        all: the page of all, where there is another than that of kinds.
    """

    name: str
    read: Callable[[Site, datetime, int, int], Awaitable[Found]]
    runbook: str = ""
    all: str = ""


async def needs(site: Site, now: datetime) -> Sequence[Section]:
    """All that waits, what stops the most first; a kind of which there is nothing is left out."""
    first, *others = KINDS
    standing = await network.alarms(site, ALARM_KINDS, first=0, most=MOST_ALARMS)
    found = [await _section(site, now, first)]
    found += [section_of(kind, *standing[kind]) for kind in ALARM_KINDS if kind in standing]
    found += [await _section(site, now, one) for one in others]
    return [one for one in found if one.needs]


async def all_of(site: Site, now: datetime, kind: str, *, first: int, most: int) -> Section | None:
    """Some of one kind, behind as many; None: there is no such kind."""
    if kind in ALARM_KINDS:
        standing = await network.alarms(site, [kind], first=first, most=most)
        return section_of(kind, *standing.get(kind, ((), 0)))
    if kind not in KINDS:
        return None
    return section_of(kind, *await KINDS[kind].read(site, now, first, most))


def section_of(kind: str, found: Sequence[Need], total: int) -> Section:
    """How a page shows them."""
    if kind in ALARM_KINDS:
        said = KINDS_OF_ALARMS.format(kind.replace("_", " "))
        return Section(kind, said, page_of_kind(kind), page_of_runbook(kind), found, total)
    of = KINDS[kind]
    runbook = page_of_runbook(of.runbook) if of.runbook else ""
    return Section(kind, of.name, of.all or page_of_kind(kind), runbook, found, total)


async def _section(site: Site, now: datetime, kind: str) -> Section:
    return section_of(kind, *await KINDS[kind].read(site, now, 0, MOST))


def _few(
    read: Callable[[Site, datetime], AsyncNeeds],
) -> Callable[[Site, datetime, int, int], Awaitable[Found]]:
    """Of a kind that there are never many of."""

    async def some(site: Site, now: datetime, first: int, most: int) -> Found:
        found = [one async for one in read(site, now)]
        return found[first : first + most], len(found)

    return some


async def _trips(site: Site, _: datetime) -> AsyncNeeds:
    trips = (await site.guards.breaker()).trips
    stops = await scopes_of(site, (kept for kept, _ in trips))
    for kept, parked in trips:
        waits = f"{parked.many} offboarding{' waits' if parked.many == 1 else 's wait'} behind it"
        yield Need(
            stops[kept.id],
            f"{kept.trip.why.rstrip('.')}. {waits}: see which, and decide.",
            kept.at,
            page_of_trip(kept.id),
        )


def _standing(
    standing: Standing,
) -> Callable[[Site, datetime, int, int], Awaitable[Found]]:
    async def some(site: Site, _: datetime, __: int, most: int) -> Found:
        wanted = OperatorClaimFilter(standing=standing)
        found = await site.operator_reader.claims(wanted, after=None, limit=most)
        of = [one.claim.account_id for one in found]
        names = await site.operator_reader.account_names(of)
        said = [
            Need(
                str(one.claim.prefix),
                f"Origin {one.claim.asn}, of {names[one.claim.account_id]}.",
                one.claim.modified_at,
                f"/ui/noc/prefixes/{one.claim.id.hex}",
            )
            for one in found
        ]
        return said, await site.operator_reader.needs.standing(standing)

    return some


async def _levels(site: Site, _: datetime) -> AsyncNeeds:
    for one in await site.reader.watches.held_rises():
        about = {"registry": one.registry, "signal": one.signal.value, "many": str(one.rises)}
        seen = seen_of(*of_levels(one))
        touches = f"{one.rises} prefix{'' if one.rises == 1 else 'es'} of {one.registry}"
        yield Need(
            f"{one.signal.value.replace('_', ' ')}, {one.registry}",
            f"{one.rises} rise{'' if one.rises == 1 else 's'} of level, more than a day may bring. "
            "Is the registry, or our copy of its data, at fault? Then drop them.",
            one.since,
            page_of_levels(one.registry, one.signal.value),
            acts=[
                Act(
                    "drop-levels",
                    "Drop them",
                    f"{touches}: the time of what was seen starts again.",
                    about,
                    seen,
                ),
                Act(
                    "release-levels",
                    "Release them",
                    f"Levels rise, of {touches}: some may be frozen. No route goes.",
                    about,
                    seen,
                    down=True,
                    typed=one.registry,
                ),
            ],
        )


async def _roas(site: Site, _: datetime) -> AsyncNeeds:
    for one in await site.operator_reader.roa_snapshots(below=_NEWEST, limit=_ROAS_LOOKED_AT):
        if one.in_use:
            return  # what is older was superseded
        snapshot = one.snapshot
        if snapshot.accepted:
            continue
        why = "; ".join(one_of.detail for one_of in snapshot.objections) or "refused"
        act = Act(
            "accept-roas",
            f"Accept number {snapshot.number}",
            "All prefixes are judged by it from then on; routes that are not valid stay up.",
            {"number": str(snapshot.number)},
            seen_of(*of_roas(one)),
        )
        yield Need(
            f"Number {snapshot.number}",
            why,
            snapshot.attempted_at,
            "/ui/noc/data",
            [act] if snapshot.kept else [],
        )


async def _statistics(site: Site, now: datetime) -> AsyncNeeds:
    for one in await site.operator_reader.registration_snapshots():
        old = one.loaded_at is None or now - one.loaded_at > OLD
        if one.refused is None and not old and one.fault is None:
            continue
        acts = []
        if one.refused is not None and one.acceptance is None:
            touches = f"The next file of {one.registry} is measured by {one.refused} prefixes."
            about = {"registry": one.registry}
            seen = seen_of(*of_statistics(one))
            acts = [Act("accept-statistics", "Accept", touches, about, seen)]
        said = one.fault or ("old" if old else "refused")
        yield Need(one.registry, said, one.loaded_at, "/ui/noc/data", acts)


async def _jobs(site: Site, _: datetime) -> AsyncNeeds:
    jobs = await site.guards.jobs()
    who = await names_of(site, (one.switch.by for one in jobs if one.switch.by))
    for one in jobs:
        kind, name = one.switch.kind, one.switch.kind.value.replace("_", " ")
        about, switched = {"job": kind.value}, seen_of(*of_job(one.switch))
        if one.switch.stopped:
            yield Need(
                name,
                f"Stopped by {who.get(one.switch.by or '', 'an operator')}: "
                f"{(one.switch.because or '').rstrip('.')}.",
                one.switch.at,
                acts=[
                    Act("start-job", "Start", "It runs again at its next time.", about, switched)
                ],
            )
        if one.waiting is not None:
            touches = f"{one.waiting.listed} rows: {', '.join(map(str, one.waiting.sample[:5]))}"
            seen = seen_of(kind.value, one.waiting.at.isoformat())
            let = one.waiting.allowed_at is not None
            yield Need(
                name,
                f"It was refused: {one.waiting.refused}{_LET_THROUGH if let else ''}",
                one.waiting.at,
                acts=[]
                if let
                else [
                    Act(
                        "allow-job",
                        "Let it through",
                        touches,
                        about,
                        seen,
                        down=True,
                        typed=kind.value,
                    )
                ],
            )


async def _proofs(site: Site, now: datetime) -> AsyncNeeds:
    for one in await site.reader.proofs.ending(now):
        ends = f"ends {one.ends_at:%Y-%m-%d}" if one.ends_at else "has no end, for a year"
        said = f"The proof {ends}. {one.seen}".strip()
        yield Need(one.cidr, said, one.proven_at, f"/ui/noc/prefixes/{one.id.hex}")


async def _quotas(site: Site, _: datetime, first: int, most: int) -> Found:
    found, many = await site.operator_reader.needs.used_up(first=first, most=most)
    said = [
        Need(
            one.account.name,
            f"{one.claims} of {one.account.prefix_quota} prefixes.",
            link=f"/ui/noc/accounts/{one.account.id.hex}",
        )
        for one in found
    ]
    return said, many


_LISTED: Final = "/ui/noc/prefixes?state="
KINDS: Final[Mapping[str, Kind]] = {
    "breaker": Kind("The breaker has tripped", _few(_trips), "the-breaker-has-tripped"),
    "disputes": Kind("Disputes", disputed, "a-dispute-waits-for-a-person"),
    "contested": Kind(
        "Contested", _standing(Standing.CONTESTED), "a-prefix-is-contested", f"{_LISTED}contested"
    ),
    "suspended": Kind("Suspended", _standing(Standing.SUSPENDED), all=f"{_LISTED}suspended"),
    "levels": Kind("Levels that are held", _few(_levels), "changes-of-level-are-held"),
    "to-release": Kind("Routes to be released", to_be_released, "unreleased"),
    "orphans": Kind("Orphans", _few(held_by_nobody), "orphans"),
    "roa-data": Kind("ROA data refused", _few(_roas), "a-roa-snapshot-was-refused"),
    "statistics": Kind("Statistics", _few(_statistics), "statistics-are-stale"),
    "jobs": Kind("Jobs", _few(_jobs), "a-job-refused-its-set"),
    "settings": Kind("Settings of speakers to apply", _few(network.proposed), "settings_differ"),
    "out-of-service": Kind("Out of service", _few(network.drained), "drained"),
    "silent": Kind("Silent", _few(network.silent), "a-speaker-or-a-listener-is-gone-for-good"),
    "perspectives": Kind(
        "Perspectives that disagree", _few(network.apart), "perspectives_disagree"
    ),
    "proofs": Kind("Proofs that end", _few(_proofs)),
    "quotas": Kind("Quotas used up", _quotas),
}
