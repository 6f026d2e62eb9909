"""Reads of what hangs on a claim: one statement each, nothing is locked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.bindings.service_binding import BindingNotFound, Service, ServiceBinding
from byoip.domain.checks.evidence import Check
from byoip.domain.checks.validation_run import ValidationNotFound
from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.claims.delegation import Delegation
from byoip.domain.claims.ownership_token import OwnershipToken
from byoip.domain.routes.bgp_prefix import BgpPrefixNotFound
from byoip.store.bindings.bindings import binding_from
from byoip.store.checks.evidence import exhibit_from, finding_from
from byoip.store.checks.runs import run_from
from byoip.store.claims import delegations
from byoip.store.claims import reader_sql as reading
from byoip.store.claims.claim_reader import ClaimReader, page_of
from byoip.store.claims.delegations import delegation_from
from byoip.store.claims.epochs import EpochReader
from byoip.store.claims.events import event_from
from byoip.store.claims.moving.moves import MoveReader
from byoip.store.claims.token_rows import token_from
from byoip.store.claims.views import AccountEvent, BindingView, Cursor, NumberedEvent, RunView
from byoip.store.routes.awaited import waiting_from
from byoip.store.routes.bgp_prefixes import bgp_prefix_from
from byoip.store.routes.held_and_seen import applied_from, observed_from
from byoip.store.routes.views import BgpPrefixView
from byoip.store.statements import AnyRow, Statement
from byoip.store.watch.disputes import DisputeReader
from byoip.store.watch.proofs import ProofReader
from byoip.store.watch.watch_reader import WatchReader


class CustomerReader(ClaimReader):
    """What the API shows within one account: its claims, and what hangs on them."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Take the engine whose pool is asked."""
        super().__init__(engine)
        self.epochs = EpochReader(engine)
        self.watches = WatchReader(engine)
        self.proofs = ProofReader(engine)
        self.disputes = DisputeReader(engine)
        self.moves = MoveReader(engine)

    async def tokens(
        self, account_id: UUID, claim_id: UUID, *, after: Cursor | None, limit: int
    ) -> Sequence[OwnershipToken]:
        """All tokens of a claim. Raises ClaimNotFound."""
        page = page_of(after, limit)
        rows = await self._of_claim(reading.TOKENS, account_id, claim_id, **page)
        return [token_from(row) for row in rows if row.token_id is not None]

    async def runs(
        self, account_id: UUID, claim_id: UUID, *, after: Cursor | None, limit: int
    ) -> Sequence[RunView]:
        """Runs of a claim, oldest first. Raises ClaimNotFound."""
        page = page_of(after, limit)
        rows = await self._of_claim(reading.RUNS, account_id, claim_id, **page)
        return list(_run_views(rows))

    async def run(self, account_id: UUID, claim_id: UUID, run_id: UUID) -> RunView:
        """One run with all its evidence. Raises ClaimNotFound, ValidationNotFound."""
        rows = await self._of_claim(reading.RUN, account_id, claim_id, run_id=run_id)
        for view in _run_views(rows):
            return view
        raise ValidationNotFound

    async def newest_run(self, account_id: UUID, claim_id: UUID) -> RunView | None:
        """The last run of a claim, without its evidence. Raises ClaimNotFound."""
        rows = await self._of_claim(reading.NEWEST_RUN, account_id, claim_id)
        return next(_run_views(rows), None)

    async def asked(
        self, account_id: UUID, claim_id: UUID, run_id: UUID
    ) -> Mapping[Check, Sequence[str]]:
        """Whom a run has asked, for each check; empty where there is no such run."""
        which = {"account_id": account_id, "claim_id": claim_id, "run_id": run_id}
        found: dict[Check, list[str]] = {}
        for row in await self._autocommit.ask(reading.ASKED, **which):
            found.setdefault(Check(row.check_name), []).append(row.whom)
        return found

    async def bindings(
        self, account_id: UUID, claim_id: UUID, *, after: Cursor | None, limit: int
    ) -> Sequence[ServiceBinding]:
        """Live bindings of a claim in the order of (created_at, id). Raises ClaimNotFound."""
        page = page_of(after, limit)
        rows = await self._of_claim(reading.BINDINGS, account_id, claim_id, **page)
        return [binding_from(row) for row in rows if row.id is not None]

    async def binding(self, account_id: UUID, claim_id: UUID, binding_id: UUID) -> BindingView:
        """One live binding. Raises ClaimNotFound, BindingNotFound."""
        (row,) = await self._of_claim(
            reading.ONE_BINDING, account_id, claim_id, binding_id=binding_id
        )
        if row.id is None:
            raise BindingNotFound
        return BindingView(binding_from(row), row.prefix_version)

    async def bgp_prefixes(
        self, account_id: UUID, claim_id: UUID, *, after: Cursor | None, limit: int
    ) -> Sequence[BgpPrefixView]:
        """Live BGP prefixes of a claim in the order of (created_at, id). Raises ClaimNotFound."""
        page = page_of(after, limit)
        rows = await self._of_claim(reading.BGP_PREFIXES, account_id, claim_id, **page)
        return [_bgp_prefix_view(row) for row in rows if row.id is not None]

    async def bgp_prefix(
        self, account_id: UUID, claim_id: UUID, bgp_prefix_id: UUID | None
    ) -> BgpPrefixView:
        """One live BGP prefix; None: the one that spans the prefix.

        Raises ClaimNotFound, BgpPrefixNotFound.
        """
        if bgp_prefix_id is None:
            rows = await self._of_claim(reading.SPANNING_BGP_PREFIX, account_id, claim_id)
        else:
            rows = await self._of_claim(
                reading.ONE_BGP_PREFIX, account_id, claim_id, bgp_prefix_id=bgp_prefix_id
            )
        if rows[0].id is None:
            raise BgpPrefixNotFound
        return _bgp_prefix_view(rows[0])

    async def delegations(
        self, account_id: UUID, claim_id: UUID, *, now: datetime, after: Cursor | None, limit: int
    ) -> Sequence[Delegation]:
        """Delegations of a claim that count now, in the order of (created_at, id).

        Raises ClaimNotFound.
        """
        page = page_of(after, limit)
        rows = await self._of_claim(delegations.GIVEN, account_id, claim_id, now=now, **page)
        return [delegation_from(row) for row in rows if row.id is not None]

    async def received_delegations(
        self, account_id: UUID, *, now: datetime, after: Cursor | None, limit: int
    ) -> Sequence[Delegation]:
        """What other accounts have delegated to this one and counts now, in the same order."""
        page = page_of(after, limit)
        rows = await self._autocommit.ask(
            delegations.RECEIVED, account_id=account_id, now=now, **page
        )
        return [delegation_from(row) for row in rows]

    async def given_delegations(
        self, account_id: UUID, *, now: datetime, after: Cursor | None, limit: int
    ) -> Sequence[Delegation]:
        """What this account has delegated of any of its prefixes and counts now, in that order."""
        asked = {"account_id": account_id, "now": now, **page_of(after, limit)}
        rows = await self._autocommit.ask(delegations.OF_ACCOUNT, **asked)
        return [delegation_from(row) for row in rows]

    async def services(self) -> Sequence[Service]:
        """The live services, by name."""
        rows = await self._autocommit.ask(reading.SERVICES)
        return [Service(row.id, row.name, row.default_only, row.version) for row in rows]

    async def events(
        self, account_id: UUID, claim_id: UUID, *, after: int, limit: int, whole: bool = False
    ) -> Sequence[NumberedEvent]:
        """Events of a claim, closed ones too, with numbers above `after`. Raises ClaimNotFound.

        Only with `whole` they name credentials and requests of an account that had it before.
        """
        page = {"after_number": after, "page_size": limit, "to_its_owner": not whole}
        rows = await self._of_claim(reading.EVENTS, account_id, claim_id, **page)
        return [event_from(row) for row in rows if row.number is not None]

    async def account_events(
        self, account_id: UUID, *, after: int, limit: int
    ) -> Sequence[AccountEvent]:
        """Events of all claims of the account, with numbers above `after`."""
        rows = await self._autocommit.ask(
            reading.ACCOUNT_EVENTS, account_id=account_id, after_number=after, page_size=limit
        )
        return [AccountEvent(row.account_number, row.prefix_id, event_from(row)) for row in rows]

    async def newest_event(self, account_id: UUID, claim_id: UUID) -> int:
        """The number of a claim's last event, closed ones too. Raises ClaimNotFound."""
        (row,) = await self._of_claim(reading.NEWEST_EVENT, account_id, claim_id)
        newest: int = row.last
        return newest

    async def newest_account_event(self, account_id: UUID) -> int:
        """The number of the account's last event; 0 before the first."""
        rows = await self._autocommit.ask(reading.NEWEST_ACCOUNT_EVENT, account_id=account_id)
        return rows[0].last if rows else 0

    async def _of_claim(
        self, statement: Statement, account_id: UUID, claim_id: UUID, **asked: object
    ) -> Sequence[AnyRow]:
        # The claim is joined from the left: without it there is no row, with it there is one.
        which = {"account_id": account_id, "claim_id": claim_id}
        rows = await self._autocommit.ask(statement, **which, **asked)
        if not rows:
            raise ClaimNotFound
        return rows


def _bgp_prefix_view(row: AnyRow) -> BgpPrefixView:
    held, seen = applied_from(row), observed_from(row)
    return BgpPrefixView(bgp_prefix_from(row), row.prefix_version, held, seen, waiting_from(row))


def _run_views(rows: Iterable[AnyRow]) -> Iterator[RunView]:
    for run_id, lines in groupby(rows, attrgetter("id")):
        if run_id is not None:
            of_run = list(lines)
            findings = groupby(of_run, attrgetter("finding_position"))
            yield RunView(
                run_from(of_run[0]),
                tuple(
                    finding_from(first, tuple(map(exhibit_from, shown)))
                    for position, of_finding in findings
                    if position is not None
                    for first, shown in [_shown(list(of_finding))]
                ),
            )


def _shown(lines: list[AnyRow]) -> tuple[AnyRow, list[AnyRow]]:
    return lines[0], [line for line in lines if line.exhibit_at is not None]
