"""Short ways to say what happens to routes; rows of the reconciler's, since none runs here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text

from byoip.domain.asn import Asn
from byoip.domain.checks.origin_drift import Drift
from byoip.domain.claims.claim import Claim
from byoip.domain.prefix import Prefix
from byoip.domain.routes.breaker import Ceilings
from byoip.store.routes.views import BgpPrefixView
from byoip.store.transaction import Store
from byoip.usecases.bindings import bindings
from byoip.usecases.checks.reevaluate_claims import ReevaluateClaims
from byoip.usecases.routes import bgp_prefixes
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import WORKER, World

PART = "31.0.0.0/24"


@dataclass
class Routes:
    """One approved, bound claim."""

    world: World
    claim: Claim
    binding_id: UUID
    ceilings: Ceilings = field(default_factory=Ceilings)

    @property
    def store(self) -> Store:
        return Store(self.world.engine, self.world.clock, self.ceilings)

    @property
    def ids(self) -> tuple[UUID, UUID]:
        return self.claim.account_id, self.claim.id

    async def add(self, cidr: str = PART) -> UUID:
        adding = Verb(self.store, bgp_prefixes.add)
        return (await adding(*self.ids, cidr=cidr, by=BY)).bgp_prefix.id

    async def patch(
        self,
        bgp_prefix_id: UUID | None = None,
        *,
        advertised: bool | None = None,
        prepend: int | None = None,
    ) -> BgpPrefixView:
        advertise = Verb(self.store, bgp_prefixes.advertise)
        return await advertise(
            *self.ids, bgp_prefix_id, advertised=advertised, prepend=prepend, by=BY
        )

    async def remove(self, bgp_prefix_id: UUID) -> None:
        await Verb(self.store, bgp_prefixes.remove)(*self.ids, bgp_prefix_id, by=BY)

    async def unbind(self) -> None:
        await Verb(self.store, bindings.unbind)(*self.ids, self.binding_id, by=BY)

    async def view(self, bgp_prefix_id: UUID | None = None) -> BgpPrefixView:
        return await self.world.reader.bgp_prefix(*self.ids, bgp_prefix_id)

    async def all(self) -> Sequence[BgpPrefixView]:
        return await self.world.reader.bgp_prefixes(*self.ids, after=None, limit=1000)

    async def reevaluate(self, page: int = 1000) -> list[Drift] | None:
        """What is judged otherwise than before; None: it was not time to judge."""
        reevaluate = ReevaluateClaims(self.store, self.world.clock, page)
        pages = [one async for one in reevaluate.pages(by=WORKER)]
        return [drift for one in pages for drift in one.drifts] if pages else None

    async def execute(self, statement: str, **values: object) -> None:
        async with self.world.engine.begin() as connection:
            await connection.execute(text(statement), values)

    async def count(self, table: str) -> int:
        async with self.world.engine.connect() as connection:
            found = await connection.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608
        assert isinstance(found, int)
        return found

    async def apply(
        self, bgp_prefix_id: UUID, *, holds: bool, speaker: str = "a", may_hold: bool | None = None
    ) -> None:
        """What a speaker confirmed."""
        await self.execute(
            "INSERT INTO applied_routes VALUES (:speaker, :id, :may, :holds, 1, :at) "
            "ON CONFLICT (speaker, bgp_prefix_id) DO UPDATE SET may_hold = excluded.may_hold, "
            "advertised = excluded.advertised, at = excluded.at",
            speaker=speaker,
            id=bgp_prefix_id,
            may=holds if may_hold is None else may_hold,
            holds=holds,
            at=self.world.clock.now(),
        )

    async def observe(
        self, bgp_prefix_id: UUID, by: str, *, sees: bool, own_word: bool = False
    ) -> None:
        """What a listener or a speaker saw."""
        await self.execute(
            "INSERT INTO observed_routes VALUES (:id, :by, :sees, :own, :at) "
            "ON CONFLICT (bgp_prefix_id, seen_by) DO UPDATE SET "
            "advertised = excluded.advertised, at = excluded.at",
            id=bgp_prefix_id,
            by=by,
            sees=sees,
            own=own_word,
            at=self.world.clock.now(),
        )


def valid(cidr: str, *, longest: int | None = None, origin: int = 64500) -> dict[str, object]:
    """An entry of an export that makes a route valid."""
    prefix = Prefix.parse(cidr)
    length = longest or prefix.length
    return {"prefix": str(prefix), "asn": Asn(origin).number, "maxLength": length, "ta": "ripe"}
