"""An account with an AS number of its own: Postgres, and the sandbox's whois over sockets."""

import json
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from secrets import token_hex
from uuid import UUID

from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.adapters.checks.whois_registry import WhoisRegistry
from byoip.domain.asn import Asn
from byoip.domain.asns.own_asn import OwnAsn, OwnAsnRules
from byoip.domain.asns.registration import AsnRange
from byoip.domain.checks.registry import Allocation, Registry
from byoip.domain.checks.rirs import RIRS
from byoip.domain.checks.vrp_snapshot import GatePolicy
from byoip.domain.claims.claim import Claim
from byoip.domain.prefix import Prefix
from byoip.domain.routes.breaker import Ceilings
from byoip.ports.checks.registrations import StatisticsFile
from byoip.sandbox.whois_server import WhoisServer
from byoip.store.asns.own_asn_reader import OwnAsnReader
from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.store.routes.views import BgpPrefixView
from byoip.store.transaction import Store
from byoip.usecases.asns import own_asns
from byoip.usecases.asns.own_asns import AsnTerms
from byoip.usecases.asns.prove_asn import ProveAsn
from byoip.usecases.border import Verb as Recording
from byoip.usecases.checks.refresh_registrations import RefreshRegistrations
from byoip.usecases.checks.refresh_roas import RefreshRoas
from byoip.usecases.checks.responsible import Registries
from byoip.usecases.claims import prefixes
from byoip.usecases.claims.prefixes import Terms
from byoip.usecases.jobs.isolate_rows import IsolatedRows
from byoip.usecases.routes import bgp_prefixes
from byoip.usecases.watch.hear_statistics import HearStatistics
from tests.fakes.rpki import FakeVrpSource
from tests.fakes.tokens import RandomHex
from tests.store.samples import BY
from tests.usecases.looking import validation_of
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, GATES, LABEL, ORIGIN, POLICY, WEEK, WORKER, World, roa

CUSTOMER = Asn(3320)
UPSTREAM = Asn(3257)
KEYS = ("afrinic", "apnic", "arin", "lacnic", "ripencc")
_LEAST = {key: f"{60 + place}.0.0.0/24" for place, key in enumerate(KEYS)}


@dataclass
class Numbers(World):
    """One account, and short ways to say what happens to its number."""

    without_aspa: bool = True
    rules_of_settings: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.whois = WhoisServer()
        self.reads = OwnAsnReader(self.engine)

    @property
    def rules(self) -> Store:
        """As processes have it whose settings name the operator's ASN."""
        if not self.rules_of_settings:
            return Store(self.engine, self.clock)
        own_asns = ORIGIN, self.without_aspa
        return Store(self.engine, self.clock, Ceilings(), frozenset({ORIGIN}), own_asns)

    @property
    def terms(self) -> Terms:
        made = Terms(POLICY, frozenset({ORIGIN}), WEEK, LABEL, self.registries, RandomHex())
        return replace(made, behind=ORIGIN, upstreams=(UPSTREAM,))

    @property
    def asn_terms(self) -> AsnTerms:
        rules = OwnAsnRules({ORIGIN}, ORIGIN, {UPSTREAM})
        return AsnTerms(rules, RandomHex(), WEEK, LABEL)

    # statistics and the registry

    async def statistics(
        self,
        *rows: AsnRange,
        holders: Sequence[tuple[str, ...]] = (),
        without: str = "",
        at: str = "ripencc",
    ) -> None:
        """Load files of all five; `holders`: prefixes, holders and countries at one of them."""
        given = rows or (AsnRange(3320, 3320, "ripencc", "allocated", "h-3320"),)

        class Files:
            async def fetch(self) -> AsyncIterator[StatisticsFile]:
                for key in KEYS:
                    here = [one for one in given if one.registry == key]
                    spare = AsnRange(100_000, 100_000, key, "available", "")
                    space = [Allocation(Prefix.parse(_LEAST[key]), key, "allocated", "x")]
                    if key == at:
                        space += [
                            Allocation(Prefix.parse(cidr), key, "allocated", *held)
                            for cidr, *held in holders
                        ]
                    numbers = None if key == without else (*here, spare)
                    yield StatisticsFile(key, "1", content, clock.now(), space, numbers)

        clock, content = self.clock, token_hex(32)
        snapshots = RegistrationSnapshots(self.engine)
        done = await RefreshRegistrations(Files(), snapshots, clock)()
        assert [one.fault for one in done] == [None] * 5

    @asynccontextmanager
    async def registry_up(self) -> AsyncIterator[None]:
        await self.whois.start()
        try:
            yield
        finally:
            await self.whois.stop()

    def aut_num(self, *lines: str, asn: Asn = CUSTOMER, source: str = "RIPE") -> None:
        text = "\n".join([f"aut-num: {asn}", "as-name: EXAMPLE", *lines, f"source: {source}"])
        self.whois.put(source, text.encode())

    @property
    def here(self) -> dict[str, Registry]:
        return {
            one.key: replace(one, host="127.0.0.1", port=self.whois.port, rest_url=None)
            for one in RIRS
        }

    async def hear(self) -> None:
        """Watched prefixes are held against the files in use."""
        hearing = HearStatistics(self.store, Registries(self.registries, self.overrides))
        await hearing(IsolatedRows("watch_prefixes"), math.inf, by=WORKER)

    # what customers and operators do

    async def bring(self, asn: Asn = CUSTOMER, account_id: UUID | None = None) -> OwnAsn:
        adding = Verb(self.rules, partial(own_asns.add, terms=self.asn_terms))
        return await adding(account_id or self.account_id, asn=asn.number, by=BY)

    @property
    def proving(self) -> ProveAsn:
        asking = WhoisRegistry(self.clock, deadline=30)
        return ProveAsn(self.rules, asking, self.here, LABEL, 5.0)

    async def record(self, record: Recording[OwnAsn]) -> OwnAsn:
        recorded: OwnAsn = await Verb(self.rules, record)(by=BY)
        return recorded

    async def validate_asn(self, own: OwnAsn) -> OwnAsn:
        return await self.record(await self.proving(own.account_id, own.id))

    async def reissue(self, own: OwnAsn) -> OwnAsn:
        issuing = Verb(self.rules, partial(own_asns.reissue, terms=self.asn_terms))
        return await issuing(own.account_id, own.id, by=BY)

    async def approve(self, own: OwnAsn) -> OwnAsn:
        approving = Verb(self.rules, partial(own_asns.approve, terms=self.asn_terms))
        return await approving(own.id, reason="Contract 4711.", by=BY)

    async def revoke(self, own: OwnAsn) -> OwnAsn:
        revoking = Verb(self.rules, partial(own_asns.revoke, terms=self.asn_terms))
        return await revoking(own.id, reason="Transferred.", by=BY)

    async def remove_asn(self, own: OwnAsn) -> None:
        await Verb(self.rules, own_asns.remove)(own.account_id, own.id, by=BY)

    async def submit(self, asn: Asn = CUSTOMER, cidr: str = CIDR) -> Claim:
        submitting = Verb(self.rules, partial(prefixes.submit, terms=self.terms))
        view = await submitting(
            self.account_id,
            cidr=cidr,
            asn=asn.number,
            description="",
            delegate_loa_creation=False,
            by=BY,
        )
        claim: Claim = view.claim
        return claim

    async def served(self) -> Claim:
        """An approved, bound prefix whose origin is the account's own number."""
        await self.approve(await self.bring())
        claim = await self.submit()
        self.route(claim.prefix, origin=str(CUSTOMER))
        await self.snapshot()
        self.txt(claim.prefix, (await self.token(claim)).value)
        await super().validate(claim)
        [cdn] = await self.reader.services()
        await self.bind(claim, CIDR, cdn.id)
        return await self.now(claim)

    async def holds(self) -> Claim:
        """An approved prefix, proven by its route object two days ago."""
        claim = await self.claim()
        self.route(claim.prefix, f"remarks: {LABEL}: {(await self.token(claim)).value}")
        await self.roas(roa(claim.prefix))
        await self.validate(claim)
        self.clock.advance(timedelta(days=2))
        return await self.now(claim)

    async def carry_out(self, run_id: UUID, *, heartbeat: float = 10.0) -> None:
        """As workers do that know the settings."""
        await replace(validation_of(self, heartbeat), store=self.rules)(run_id, by=WORKER)

    async def want(self, claim: Claim, *, advertised: bool = True) -> BgpPrefixView:
        advertise = Verb(self.rules, bgp_prefixes.advertise)
        view: BgpPrefixView = await advertise(
            claim.account_id, claim.id, None, advertised=advertised, by=BY
        )
        return view

    async def snapshot(
        self,
        *aspas: object,
        key: bool = True,
        at: datetime | None = None,
        anchor: str = "ripe",
        gates: GatePolicy = GATES,
    ) -> None:
        """Make these ASPAs, and the ROA of the number, the snapshot in use."""
        built = (at or self.clock.now()).isoformat()
        entry = {**roa(Prefix.parse(CIDR), origin=CUSTOMER), "ta": anchor}
        document: dict[str, object] = {"metadata": {"buildtime": built}, "roas": [entry]}
        if key:
            document["aspas"] = aspas
        source = FakeVrpSource(self.directory, json.dumps(document))
        await RefreshRoas(source, JsonVrps(), VrpSnapshots(self.engine), gates, self.clock)()


def aspa(*providers: int, customer: int = CUSTOMER.number) -> dict[str, object]:
    return {"customer_asid": customer, "expires": 4_000_000_000, "providers": list(providers)}
