"""Trust, 2.3: where a check cannot pass, its text says who can change that, and how.

Statistics are files, registries are whois servers on loopback, one for each registry.
"""

from collections.abc import AsyncIterator

import pytest

from byoip.domain.checks.evidence import Check, Failed, Fault, Finding, Passed, Reason, Unanswered
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.blockers import Advice, blockers
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.ownership_token import OwnershipToken, TokenMethod
from byoip.domain.prefix import Prefix
from byoip.domain.routes.announceable import Announceable
from byoip.sandbox.whois_server import WhoisServer
from tests.trust.parties import Parties, whois_at
from tests.usecases.world import LABEL, roa

RegistryWorld = tuple[Parties, WhoisServer]
JPIRR = Registry("jpnic", "JPIRR", "jpirr.example", Dialect.IRRD)
NICBR = Registry("nicbr", "NICBR", "irr.nicbr.example", Dialect.IRRD)
JAPANESE = "apnic|JP|ipv4|103.5.0.0|256|20260101|allocated|h1"
BRAZILIAN = "lacnic|BR|ipv4|177.5.0.0|256|20260101|allocated|h1"
ARGENTINE = "lacnic|AR|ipv4|181.5.0.0|256|20260101|allocated|h1"
AMERICAN = "arin|US|ipv4|23.5.0.0|256|20260101|allocated|h1"
DUTCH = "ripencc|NL|ipv4|31.5.0.0|256|20260101|allocated|h1"
ROWS = (JAPANESE, BRAZILIAN, ARGENTINE, AMERICAN, DUTCH)


@pytest.fixture
async def nationals(registry_world: RegistryWorld) -> AsyncIterator[WhoisServer]:
    """A second server: the national registries', now known to the settings."""
    async with whois_at(JPIRR, NICBR) as (server, registries):
        registry_world[0].known |= registries
        yield server


async def brought(world: Parties, row: str, method: TokenMethod = TokenMethod.IRR) -> Claim:
    """A claim on the space of that row, with a token and its ROA."""
    await world.statistics(*ROWS)
    claim = await world.claim(f"{row.split('|')[3]}/24")
    await world.issue(claim, method)
    await world.roas(roa(claim.prefix))
    return claim


def route(prefix: Prefix, source: str, token: str, maintainer: str = "MAINT-JP-EXAMPLE") -> bytes:
    lines = (f"route: {prefix}", "origin: AS64500", f"remarks: {LABEL}: {token}")
    return "\n".join([*lines, f"mnt-by: {maintainer}", f"source: {source}"]).encode()


def block(prefix: Prefix, *maintainers: str) -> bytes:
    ends = prefix.network[0], prefix.network[-1]
    lines = [f"inetnum: {ends[0]} - {ends[1]}", "netname: EXAMPLE", "status: ALLOCATED PORTABLE"]
    return "\n".join([*lines, *(f"mnt-by: {m}" for m in maintainers), "source: APNIC"]).encode()


async def found(world: Parties, claim: Claim) -> dict[Check, Finding]:
    return {one.check: one for one in (await world.validate(claim)).findings}


async def test_2_3_jpnic_is_asked_where_apnic_has_no_object(
    registry_world: RegistryWorld, nationals: WhoisServer
) -> None:
    world, _ = registry_world
    claim = await brought(world, JAPANESE)
    nationals.put("JPIRR", route(claim.prefix, "JPIRR", (await world.token(claim)).value))

    run = await world.validate(claim)

    assert run.run.result is RunResult.APPROVED
    (irr,) = [one for one in run.findings if one.check is Check.IRR]
    asked = {one.of for one in irr.exhibits}
    assert len(asked) == 2  # APNIC first, then the national one


async def test_2_3_and_where_its_maintainer_stands_in_the_inetnum(
    registry_world: RegistryWorld, nationals: WhoisServer
) -> None:
    world, server = registry_world
    claim = await brought(world, JAPANESE)
    token = (await world.token(claim)).value
    server.put("APNIC", route(claim.prefix, "APNIC", token))
    server.put("APNIC", block(claim.prefix, "MAINT-JPNIC"))
    outcome = (await found(world, claim))[Check.OWNERSHIP_IRR].outcome
    assert isinstance(outcome, Failed)  # neither: JPNIC has no object yet

    nationals.put("JPIRR", route(claim.prefix, "JPIRR", token))

    assert (await world.validate(claim)).run.result is RunResult.APPROVED


async def test_2_3_but_not_where_a_holder_of_its_own_stands_there(
    registry_world: RegistryWorld, nationals: WhoisServer
) -> None:
    world, server = registry_world
    claim = await brought(world, JAPANESE)
    token = (await world.token(claim)).value
    server.put("APNIC", route(claim.prefix, "APNIC", token, "MAINT-JP-TRANSIT"))
    server.put("APNIC", block(claim.prefix, "MAINT-JP-HOLDER"))
    nationals.put("JPIRR", route(claim.prefix, "JPIRR", token, "MAINT-JP-TRANSIT"))

    outcome = (await found(world, claim))[Check.OWNERSHIP_IRR].outcome

    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.MAINTAINER_NOT_HOLDER


def other_origin(prefix: Prefix) -> bytes:
    return f"route: {prefix}\norigin: AS64510\nmnt-by: MAINT-X\nsource: APNIC".encode()


@pytest.mark.parametrize(
    ("maintainer", "counts"), [("MAINT-JP-HOLDER", False), ("MAINT-JPNIC", True)]
)
async def test_2_3_beside_another_object_jpnic_counts_only_if_it_stands_in_the_inetnum(
    registry_world: RegistryWorld, nationals: WhoisServer, maintainer: str, *, counts: bool
) -> None:
    world, server = registry_world
    claim = await brought(world, JAPANESE)
    server.put("APNIC", other_origin(claim.prefix))
    server.put("APNIC", block(claim.prefix, maintainer))
    nationals.put("JPIRR", route(claim.prefix, "JPIRR", (await world.token(claim)).value))

    outcome = (await found(world, claim))[Check.IRR].outcome

    assert isinstance(outcome, Passed if counts else Failed)
    if isinstance(outcome, Failed):
        assert outcome.reason is Reason.ROUTE_OBJECT_OTHER_ORIGIN


async def test_2_3_where_the_second_place_is_silent_nothing_is_refused(
    registry_world: RegistryWorld, nationals: WhoisServer
) -> None:
    world, _ = registry_world
    claim = await brought(world, JAPANESE)
    await nationals.stop()

    outcome = (await found(world, claim))[Check.IRR].outcome

    assert isinstance(outcome, Unanswered)


async def test_2_3_where_it_is_not_configured_it_is_named(registry_world: RegistryWorld) -> None:
    world, _ = registry_world
    claim = await brought(world, JAPANESE)

    for check in (Check.IRR, Check.OWNERSHIP_IRR):
        outcome = (await found(world, claim))[check].outcome
        assert isinstance(outcome, Failed)
        assert "JPNIC (country JP) was not asked" in outcome.seen
        assert "no registry 'jpnic' configured: the operator must add it" in outcome.fix


async def test_2_3_in_brazil_nicbr_takes_lacnics_place(
    registry_world: RegistryWorld, nationals: WhoisServer
) -> None:
    world, _ = registry_world
    claim = await brought(world, BRAZILIAN)
    nationals.put("NICBR", route(claim.prefix, "NICBR", (await world.token(claim)).value))

    run = await world.validate(claim)

    assert run.run.result is RunResult.APPROVED
    assert (await world.now(claim)).registry == "nicbr"


async def test_2_3_and_is_named_where_the_operator_does_not_know_it(
    registry_world: RegistryWorld,
) -> None:
    world, _ = registry_world
    claim = await brought(world, BRAZILIAN)

    outcome = (await found(world, claim))[Check.IRR].outcome

    assert isinstance(outcome, Unanswered)
    assert "177.5.0.0/24 is space of NIC.BR (country BR)" in outcome.seen
    assert "the operator must add it" in outcome.fix


def told(world: Parties, claim: Claim, token: OwnershipToken) -> dict[str, str]:
    advice = Advice(LABEL, world.registries)
    unasked = Announceable(claim, claim.prefix, None, Unanswered(Fault.NO_DATA, "Not asked."))
    listed = blockers(unasked, token, advice=advice, now=world.clock.now())
    return {one.name: one.message for one in listed}


@pytest.mark.parametrize(("row", "source"), [(ARGENTINE, "LACNIC"), (AMERICAN, "ARIN")])
async def test_2_3_where_roas_make_objects_the_roa_comes_first(
    registry_world: RegistryWorld, row: str, source: str
) -> None:
    world, _ = registry_world
    claim = await brought(world, row)
    token = await world.token(claim)
    line = f"remarks:        {LABEL}: {token.value}\n"

    pending = told(world, claim, token)["irr_pending"]
    failed = (await found(world, claim))[Check.IRR].outcome

    assert isinstance(failed, Failed)
    for text in (pending, failed.fix):
        assert f"{source} makes route objects from ROAs. Publish a ROA" in text
        assert text.index("Publish a ROA") < text.index("Then add this line")
        assert text.endswith(line)


async def test_2_3_the_registry_is_named_at_once_and_the_object_has_the_token(
    registry_world: RegistryWorld,
) -> None:
    world, _ = registry_world
    claim = await brought(world, DUTCH)
    token = await world.token(claim)

    assert claim.registry == "ripencc"
    text = told(world, claim, token)["irr_pending"]
    assert "Publish this object in RIPE" in text
    assert f"\nremarks:        {LABEL}: {token.value}\n" in text
    outcome = (await found(world, claim))[Check.IRR].outcome
    assert isinstance(outcome, Failed)
    assert f"\nremarks:        {LABEL}: {token.value}\n" in outcome.fix


async def test_2_3_every_line_of_reverse_dns_is_printed(registry_world: RegistryWorld) -> None:
    world, _ = registry_world
    claim = await world.claim("31.5.0.0/17")
    token = await world.token(claim)

    text = told(world, claim, token)["ownership_pending"]

    lines = [line for line in text.split("\n") if " IN TXT " in line]
    assert lines == [
        f'{LABEL}.{number}.5.31.in-addr.arpa. 300 IN TXT "{token.value}"' for number in range(128)
    ]


async def test_2_3_other_origins_are_named_before_our_roa_is_asked_for(
    registry_world: RegistryWorld,
) -> None:
    world, server = registry_world
    claim = await brought(world, DUTCH)
    prefix = claim.prefix
    server.put("RIPE", f"route: {prefix}\norigin: AS64510\nsource: RIPE".encode())
    await world.roas({"prefix": str(prefix), "asn": 64511, "maxLength": 24, "ta": "ripe"})

    outcome = (await found(world, claim))[Check.RPKI].outcome

    assert isinstance(outcome, Failed)
    assert outcome.fix.startswith("Other origins are known for this space: ")
    assert "AS64510 for 31.5.0.0/24 (route object in RIPE)" in outcome.fix
    assert "AS64511 for 31.5.0.0/24 (ROA)" in outcome.fix
    assert "Publish ROAs for AS64510 first" in outcome.fix
    assert outcome.fix.index("AS64510 first") < outcome.fix.index("origin AS64500")
    blocker = told(world, await world.now(claim), await world.token(claim))
    assert "announce" not in blocker["other_origins_known"]
