"""What needs a person: everything that waits for an operator, with what they can do about it."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from byoip.domain.claims.lifecycle import Standing
from byoip.domain.watch.dispute import left_to_answer
from byoip.store.accounts.operator_views import OperatorClaimFilter
from byoip.web.operator.actors import names_of
from byoip.web.operator.holding.places import page_of_levels, page_of_trip
from byoip.web.operator.need import Act, Need, Section
from byoip.web.operator.need_routes import held_by_nobody, to_be_released
from byoip.web.operator.network import needs as network
from byoip.web.site import Site

MOST: Final = 50  # of one kind on the page
OLD: Final = timedelta(days=3)  # of statistics, as byoip_registration_age's alert
_NEWEST: Final = 2**31 - 1
_ROAS_LOOKED_AT: Final = 20


AsyncNeeds: TypeAlias = AsyncIterator[Need]


async def needs(site: Site, now: datetime) -> Sequence[Section]:
    """All that waits, what stops the most first; a kind of which there is nothing is left out."""
    found = [
        _section("The breaker has tripped", [one async for one in _trips(site)]),
        _section("Alarms", [one async for one in network.alarms(site)]),
        _section("Disputes", [one async for one in _disputes(site, now)]),
        _section("Contested", [one async for one in _standing(site, Standing.CONTESTED)]),
        _section("Suspended", [one async for one in _standing(site, Standing.SUSPENDED)]),
        _section("Levels that are held", [one async for one in _levels(site)]),
        _section("Routes to be released", *await to_be_released(site, MOST)),
        _section("Orphans", [one async for one in held_by_nobody(site)]),
        _section("ROA data refused", [one async for one in _roas(site)]),
        _section("Statistics", [one async for one in _statistics(site, now)]),
        _section("Jobs", [one async for one in _jobs(site)]),
        _section("Settings of speakers to apply", [one async for one in network.proposed(site)]),
        _section("Out of service", [one async for one in network.drained(site)]),
        _section("Silent", [one async for one in network.silent(site, now)]),
        _section("Perspectives that disagree", [one async for one in network.apart(site)]),
        _section("Proofs that end", [one async for one in _proofs(site, now)]),
        _section("Quotas used up", [one async for one in _quotas(site)]),
    ]
    return [one for one in found if one.needs]


def _section(name: str, found: Sequence[Need], many: int = 0) -> Section:
    return Section(name, found[:MOST], max(0, (many or len(found)) - MOST))


async def _trips(site: Site) -> AsyncNeeds:
    for kept, parked in (await site.guards.breaker()).trips:
        waits = f"{parked.many} offboarding{' waits' if parked.many == 1 else 's wait'} behind it"
        yield Need(
            f"{kept.trip.scope.value} {kept.trip.subject}".strip(),
            f"{kept.trip.why.rstrip('.')}. {waits}: see which, and decide.",
            kept.at,
            page_of_trip(kept.id),
        )


async def _standing(site: Site, standing: Standing) -> AsyncNeeds:
    found = await site.operator_reader.claims(
        OperatorClaimFilter(standing=standing), after=None, limit=MOST + 1
    )
    for one in found:
        yield Need(
            str(one.claim.prefix),
            f"Origin {one.claim.asn}, of account {one.claim.account_id.hex}.",
            one.claim.modified_at,
            f"/ui/noc/prefixes/{one.claim.id.hex}",
        )


async def _disputes(site: Site, now: datetime) -> AsyncNeeds:
    for one in await site.reader.disputes.listed():
        holder, claimant = one.holder, one.claimant
        yield Need(
            str(holder.claim.prefix),
            f"{holder.account_name} has it, and {claimant.account_name} has proven "
            f"{claimant.claim.prefix} since its holder changed. "
            f"{left_to_answer(one.dispute.decide_from, now)}",
            one.dispute.opened_at,
            f"/ui/noc/disputes/{one.dispute.id.hex}",
        )
    for of in await site.own_asns.disputes.listed():
        yield Need(
            str(of.dispute.asn),
            f"{of.holder.account_name} has proven it, and {of.claimant.account_name} has since. "
            f"{left_to_answer(of.dispute.decide_from, now)}",
            of.dispute.opened_at,
            f"/ui/noc/asn-disputes/{of.dispute.id.hex}",
        )


async def _levels(site: Site) -> AsyncNeeds:
    for one in await site.reader.watches.held_rises():
        about = {"registry": one.registry, "signal": one.signal.value, "seen": str(one.rises)}
        touches = f"{one.rises} prefixes of {one.registry}"
        yield Need(
            f"{one.signal.value.replace('_', ' ')}, {one.registry}",
            f"{one.rises} rises of level, more than a day may bring. Is the registry, or our copy "
            "of its data, at fault? Then drop them.",
            one.since,
            page_of_levels(one.registry, one.signal.value),
            acts=[
                Act("drop-levels", "Drop them", f"{touches}: their time starts again.", about),
                Act(
                    "release-levels",
                    "Release them",
                    f"{touches} rise: some may be frozen. No route goes.",
                    about,
                    down=True,
                ),
            ],
        )


async def _roas(site: Site) -> AsyncNeeds:
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
            about = {"registry": one.registry, "seen": str(one.refused)}
            acts = [Act("accept-statistics", "Accept", touches, about)]
        said = one.fault or ("old" if old else "refused")
        yield Need(one.registry, said, one.loaded_at, "/ui/noc/data", acts)


async def _jobs(site: Site) -> AsyncNeeds:
    jobs = await site.guards.jobs()
    who = await names_of(site, (one.switch.by for one in jobs if one.switch.by))
    for one in jobs:
        kind, name = one.switch.kind, one.switch.kind.value.replace("_", " ")
        about = {"job": kind.value}
        if one.switch.stopped:
            yield Need(
                name,
                f"Stopped by {who.get(one.switch.by or '', 'an operator')}: "
                f"{(one.switch.because or '').rstrip('.')}.",
                one.switch.at,
                acts=[Act("start-job", "Start", "It runs again at its next time.", about)],
            )
        if one.waiting is not None:
            touches = f"{one.waiting.listed} rows: {', '.join(map(str, one.waiting.sample[:5]))}"
            seen = {**about, "seen": one.waiting.at.isoformat()}
            yield Need(
                name,
                f"It was refused: {one.waiting.refused}",
                one.waiting.at,
                acts=[Act("allow-job", "Let it through", touches, seen, down=True)],
            )


async def _proofs(site: Site, now: datetime) -> AsyncNeeds:
    for one in await site.reader.proofs.ending(now):
        ends = f"ends {one.ends_at:%Y-%m-%d}" if one.ends_at else "has no end, for a year"
        said = f"The proof {ends}. {one.seen}".strip()
        yield Need(one.cidr, said, one.proven_at, f"/ui/noc/prefixes/{one.id.hex}")


async def _quotas(site: Site) -> AsyncNeeds:
    for one in await site.operator_reader.accounts(after=None, limit=1000):
        if one.claims >= one.account.prefix_quota:
            yield Need(
                one.account.name,
                f"{one.claims} of {one.account.prefix_quota} prefixes.",
                link=f"/ui/noc/accounts/{one.account.id.hex}",
            )
