"""Random states of one prefix, made on a real Postgres: all that announcing it depends on."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.domain.checks.evidence import CheckState
from byoip.domain.claims.check_waiver import CheckWaiver, Waivable
from byoip.domain.claims.claim import CheckRecord
from byoip.domain.claims.lifecycle import Approver, Standing, State
from byoip.domain.customer_text import CustomerText
from byoip.domain.routes.offboarding import Offboarding
from byoip.domain.watch.levels import Signal
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.store.speakers.records import SpeakerState
from byoip.store.speakers.routes import Routes
from byoip.usecases.checks.refresh_roas import RefreshRoas
from tests.api.world import World
from tests.asns.disputes import approved_asn, prove_too
from tests.asns.numbers import aspa
from tests.fakes.rpki import FakeVrpSource, export_text
from tests.usecases.world import GATES

OURS, OTHER, OWN = 64500, 64501, 3320
# Whose the origin is: the operator's, the account's own, that in dispute, or the account's no more.
ORIGINS = {"ours": OURS, "own": OWN, "disputed": OWN, "not offered": OWN}
_NO_NUMBERS = "UPDATE own_asns SET ended_at = now() WHERE live"
# Whom the ASPA of the account's own number lists; None: the data does not say which there are.
ASPAS = {"unanswered": None, "lists us": [OURS], "excludes us": [OTHER]}
FROZEN = [
    frozenset({Signal.ROA}),
    frozenset({Signal.ROUTE_OBJECT}),
    frozenset({Signal.HOLDER}),
    frozenset({Signal.ROA, Signal.ROA_INVALID}),
]
# What ROA data says of a /23 of AS64500, or whatever the origin is: origin, max length, and by how
# much it has expired.
ROAS: dict[str, list[tuple[int, int, timedelta | None]]] = {
    "none": [],
    "valid": [(OURS, 23, None)],
    "valid and lasting": [(OURS, 24, timedelta(days=-1))],
    "other origin": [(OTHER, 23, None)],
    "too short": [(OURS, 22, None)],
    "as0": [(0, 23, None)],
    "expired": [(OURS, 23, timedelta(hours=1))],
    "expired beside another": [(OURS, 23, timedelta(hours=1)), (OTHER, 23, None)],
}
# Acknowledged, counts, drained: what the edges are like.
EDGES: dict[str, list[tuple[int, bool, bool]]] = {
    "none": [],
    "joining": [(0, False, False)],
    "has it": [(10**6, True, False)],
    "lacks it": [(10**6, True, False), (0, True, False)],
    "one that lacks it is drained": [(10**6, True, False), (0, True, True)],
    "all drained": [(10**6, True, True)],
}


@dataclass(frozen=True)
class Situation:
    """One state of everything; days since origin validation last said yes."""

    approved_by: Approver | None
    standing: Standing
    asked_roas: CheckState
    bound: bool
    edges: str
    locked: bool
    served_elsewhere: bool
    roas: str | None  # None: no data at all
    built: timedelta
    last_valid: timedelta | None
    prepend: int = 0
    lost: bool = False  # a speaker's neighbours would drop a path that repeats the origin
    flapped: bool = False
    waived: timedelta | None = None  # how long rpki still is
    origin: str = "ours"
    aspa: str = "unanswered"
    frozen: frozenset[Signal] = frozenset()
    last_up: timedelta | None = None  # for how long its route has been down


situations = st.builds(
    Situation,
    approved_by=st.sampled_from([*[Approver.CHECKS] * 5, Approver.OPERATOR, None]),
    standing=st.sampled_from([Standing.OK] * 9 + list(Standing)),
    asked_roas=st.sampled_from(CheckState),
    bound=st.sampled_from([True] * 7 + [False]),
    edges=st.sampled_from([*sorted(EDGES), "none", "has it", "has it"]),
    locked=st.sampled_from([False] * 7 + [True]),
    served_elsewhere=st.sampled_from([False] * 7 + [True]),
    roas=st.sampled_from([*sorted(ROAS), *["valid"] * 6, None]),
    built=st.sampled_from([timedelta(0), timedelta(0), timedelta(hours=25)]),
    last_valid=st.sampled_from([None, timedelta(days=1), timedelta(days=8)]),
    prepend=st.sampled_from([0, 0, 2]),
    lost=st.booleans(),
    flapped=st.sampled_from([False] * 7 + [True]),
    waived=st.sampled_from([None, None, timedelta(0), timedelta(days=1)]),
    origin=st.sampled_from(["ours", "ours", "own", *ORIGINS]),
    aspa=st.sampled_from([*["lists us"] * 3, *ASPAS]),
    frozen=st.sampled_from([frozenset[Signal]()] * 9 + FROZEN),
    last_up=st.sampled_from([None, timedelta(days=1), timedelta(days=31)]),
)


@dataclass
class Maker:
    """Makes them, each with a prefix of its own."""

    world: World
    engine: AsyncEngine
    directory: Path

    async def make(self, wanted: Situation) -> tuple[str, str | None]:
        """Its path, and the path of its route where it has one."""
        origin = ORIGINS[wanted.origin]
        await self._run(_NO_NUMBERS)
        if origin == OWN:
            store, terms = self.world.store, self.world.backend.asn_terms
            await approved_asn(store, terms, self.world.account_id, OWN)
        prefix_id, cidr = await self.world.approved(asn=origin)
        path, route = f"/prefixes/{prefix_id}", None
        await self._run("UPDATE edges SET removed_at = now() WHERE live")
        if wanted.served_elsewhere:
            await self._serve_elsewhere(cidr)
        if wanted.bound:
            body = {"cidr": cidr, "service_id": await self.world.service("CDN")}
            await self.world.result("POST", f"{path}/bindings", json=body)
            [spanning] = await self.world.result("GET", f"{path}/bgp/prefixes")
            route = f"{path}/bgp/prefixes/{spanning['id']}"
        for number, (acknowledged, counts, drained) in enumerate(EDGES[wanted.edges]):
            await self._run(
                "INSERT INTO edges (id, name, acknowledged, joins_at, counts, drained, "
                "registered_at, heard_at) VALUES "
                "(gen_random_uuid(), :name, :acknowledged, 0, :counts, :drained, now(), now())",
                name=f"edge{number}",
                acknowledged=acknowledged,
                counts=counts,
                drained=drained,
            )
        if wanted.origin == "disputed":
            await prove_too(store, terms, self.world.other_account_id, OWN)
        if wanted.origin == "not offered":
            await self._run(_NO_NUMBERS)
        await self._run(
            "UPDATE bgp_prefixes SET locked = :locked, last_valid_at = :at, "
            "prepend = :prepend WHERE prefix_id = :id",
            locked=wanted.locked,
            prepend=wanted.prepend,
            at=None if wanted.last_valid is None else self._ago(wanted.last_valid),
            id=UUID(prefix_id),
        )
        lost_as = origin if wanted.lost else None
        now = self.world.clock.now()
        state = SpeakerState("one", 1, "", 0, now, loaded=True, prepends_lost_as=lost_as)
        await Routes(self.engine).note_speaker(state)
        if wanted.last_up is not None:
            await self._run(
                "WITH down AS (INSERT INTO withdrawals "
                "SELECT gen_random_uuid(), b.id, p.account_id, b.change, "
                "'request', '', '', 'a test', '1', CAST(:at AS timestamptz) "
                "FROM bgp_prefixes b JOIN prefixes p ON p.id = b.prefix_id WHERE p.id = :id "
                "RETURNING id, bgp_prefix_id, at) "
                "UPDATE bgp_prefixes b SET withdrawal_id = down.id, advertised_modified_at = at "
                "FROM down WHERE b.id = bgp_prefix_id",
                at=self._ago(wanted.last_up),
                id=UUID(prefix_id),
            )
        if wanted.flapped:
            await self._run(
                "INSERT INTO withdrawals "
                "SELECT gen_random_uuid(), b.id, p.account_id, 1000 + number, "
                "'request', '', '', 'a test', '1', clock_timestamp() "
                "FROM bgp_prefixes b JOIN prefixes p ON p.id = b.prefix_id, "
                "generate_series(1, 7) AS number WHERE p.id = :id",
                id=UUID(prefix_id),
            )
        await self._stand(UUID(prefix_id), wanted)
        if wanted.waived is not None:
            await self._waive(UUID(prefix_id), wanted.waived)
        await self._roas(cidr, wanted)
        return path, route

    async def _stand(self, prefix_id: UUID, wanted: Situation) -> None:
        async with self.world.store.transaction() as tx:
            claim = await tx.claims.lock(prefix_id)
            by, now = wanted.approved_by, self.world.clock.now()
            said = CheckRecord(wanted.asked_roas, passed_at=now)
            if wanted.standing is Standing.OFFBOARDING:
                leaving = Offboarding(uuid4(), claim.id, claim.account_id, "worker", "1", now)
                await tx.offboardings.add(leaving)
            await tx.claims.save(
                replace(
                    claim,
                    state=State.PENDING if by is None else State.APPROVED,
                    approved_by=by,
                    approved_at=None if by is None else now,
                    standing=wanted.standing,
                    rpki=said,
                    frozen_for=wanted.frozen,
                )
            )

    async def _waive(self, prefix_id: UUID, left: timedelta) -> None:
        ends, why = self.world.clock.now() + left, CustomerText("a ticket")
        began = ends - timedelta(days=2)
        waiver = CheckWaiver(uuid4(), prefix_id, Waivable.RPKI, why, began, ends)
        async with self.world.store.transaction() as tx:
            await tx.waivers.put(waiver)

    async def _serve_elsewhere(self, cidr: str) -> None:
        """Another account had it, and a speaker may still hold its route."""
        world = self.world
        theirs = replace(world, account_id=world.other_account_id, token=world.other_token)
        made = UUID((await theirs.prefix(cidr))["id"])
        async with world.store.transaction() as tx:
            claim, now = await tx.claims.lock(made), world.clock.now()
            ours = (await tx.claims.approved_overlapping(claim.prefix))[0]
            await tx.claims.save(
                replace(ours, state=State.PENDING, approved_by=None, approved_at=None)
            )
            await tx.claims.save(claim.approve_by_operator(now))
        body = {"cidr": cidr, "service_id": await world.service("CDN")}
        binding = await theirs.result("POST", f"/prefixes/{made.hex}/bindings", json=body)
        [route] = await theirs.result("GET", f"/prefixes/{made.hex}/bgp/prefixes")
        await theirs.result("DELETE", f"/prefixes/{made.hex}/bindings/{binding['id']}")
        async with world.store.transaction() as tx:
            claim = await tx.claims.lock(made)
            await tx.claims.save(claim.revoke(now))
            await tx.claims.save(ours)
        await self._run(
            "INSERT INTO applied_routes VALUES ('gobgp', :id, true, true, 1, now())",
            id=UUID(route["id"]),
        )

    async def _roas(self, cidr: str, wanted: Situation) -> None:
        await self._run("DELETE FROM current_vrp_snapshot")
        if wanted.roas is None:
            return
        listed: list[dict[str, Any]] = []
        for of, longest, expired in ROAS[wanted.roas]:
            asn = ORIGINS[wanted.origin] if of == OURS else of
            covering = cidr if longest >= 23 else f"{cidr.rsplit('.', 2)[0]}.0.0/16"
            entry: dict[str, Any] = {"prefix": covering, "asn": asn, "ta": "ripe"}
            entry["maxLength"] = longest
            if expired is not None:
                entry["expires"] = int(self._ago(expired).timestamp())
            listed.append(entry)
        export = json.loads(export_text(listed, self._ago(wanted.built)))
        if (providers := ASPAS[wanted.aspa]) is not None:
            export["aspas"] = [aspa(*providers, customer=OWN)]
        source = FakeVrpSource(self.directory, json.dumps(export))
        snapshots = VrpSnapshots(self.engine)
        await RefreshRoas(source, JsonVrps(), snapshots, GATES, self.world.clock)()

    def _ago(self, by: timedelta) -> Any:
        return self.world.clock.now() - by

    async def _run(self, statement: str, **values: object) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(statement), values)
