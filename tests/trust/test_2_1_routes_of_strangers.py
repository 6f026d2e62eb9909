"""Trust, 2.1: no route object proves the space where a stranger maintains one of it or around it.

RIPE's database asks the maintainers of an exact route, of any origin, or of the closest one around
it whether a route may be created, and only without such a route those of the address block. So who
keeps one writes another in the holder's name, as in test_2_1_routes_in_the_holders_name.py.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from byoip.domain.checks.evidence import Check, Failed, Fault, Passed, Reason, Unanswered
from byoip.domain.checks.registry import Dialect
from byoip.domain.checks.rirs import RIRS
from byoip.domain.checks.validation_run import RunResult
from byoip.sandbox.whois_answers import IrrdSession
from byoip.sandbox.whois_server import WhoisServer
from byoip.usecases.checks.targets import CheckTarget
from tests.fakes.ripe_rest_server import RipeRestServer
from tests.trust.parties import Parties
from tests.trust.test_2_1_holder_rule import KEYS, RegistryWorld, claim_in, golden, judged
from tests.usecases.world import ORIGIN, roa

WAYS = ["whois", "irrd", "rest"]
EXACT, AROUND, FAR, INSIDE = "31.0.1.0/24", "31.0.0.0/20", "31.0.0.0/8", "31.0.1.128/25"
LIR = "mnt-by: LIR-MNT"


def written(prefix: str, *lines: str, origin: str = "AS64511") -> bytes:
    return "\n".join((f"route: {prefix}", f"origin: {origin}", *lines, "source: RIPE")).encode()


STRANGERS = {
    "exact, another origin": written(EXACT, "mnt-by: TRANSIT-MNT"),
    "exact, beside the holder": written(EXACT, "mnt-by: LIR-MNT, transit-mnt"),
    "around": written(AROUND, "mnt-by: TRANSIT-MNT"),
    "around, the same origin": written(AROUND, "mnt-by: TRANSIT-MNT", origin=str(ORIGIN)),
    "far around": written(FAR, "mnt-by: TRANSIT-MNT"),
    "mnt-routes": written(AROUND, LIR, "mnt-routes: TRANSIT-MNT"),
    "mnt-routes of a part": written(AROUND, LIR, "mnt-routes: TRANSIT-MNT {31.0.1.0/24^24-25}"),
    "mnt-routes after a part": written(
        AROUND, LIR, "mnt-routes: LIR-MNT {31.0.1.0/24},TRANSIT-MNT"
    ),
    "mnt-lower": written(AROUND, LIR, "mnt-lower: TRANSIT-MNT ANY"),
}
OWN = {
    "exact, another origin": written(EXACT, LIR),
    "around": written(
        AROUND, "mnt-by: lir-mnt", "mnt-routes: LIR-MNT {31.0.1.0/24^24}, LIR-MNT ANY"
    ),
    "the registry's": written(AROUND, "mnt-by: RIPE-NCC-HM-MNT", "mnt-lower: RIPE-NCC-END-MNT"),
    "a customer's, inside": written(INSIDE, "mnt-by: TRANSIT-MNT"),
    "elsewhere": written("31.0.2.0/24", "mnt-by: TRANSIT-MNT"),
}


@pytest.fixture(params=WAYS)
async def any_world(
    registry_world: tuple[Parties, WhoisServer], request: pytest.FixtureRequest
) -> AsyncIterator[RegistryWorld]:
    """RIPE's database, asked in each of the three ways there are."""
    parties, server = registry_world
    rest = RipeRestServer()
    port = await rest.start()
    ripe = parties.known["ripencc"]
    if request.param == "irrd":
        parties.known["ripencc"] = replace(ripe, dialect=Dialect.IRRD)
    if request.param == "rest":
        parties.known["ripencc"] = replace(ripe, rest_url=f"http://127.0.0.1:{port}/")
    yield parties, rest.objects if request.param == "rest" else server
    await rest.stop()


@pytest.mark.parametrize("stranger", STRANGERS)
async def test_2_1_no_route_proves_beside_one_of_a_stranger(
    any_world: RegistryWorld, stranger: str
) -> None:
    claim = await claim_in(any_world, "RIPE", golden("RIPE")[0])
    any_world[1].put("RIPE", STRANGERS[stranger])

    outcome = await judged(any_world, "RIPE", claim, ["LIR-MNT"])

    assert isinstance(outcome, Failed), outcome
    assert outcome.reason is Reason.MAINTAINER_NOT_HOLDER
    name, origin = (line.split()[1] for line in STRANGERS[stranger].decode().split("\n")[:2])
    assert outcome.seen == (
        f"By the route object {name} {origin} TRANSIT-MNT may write routes of this space as well, "
        "also in your name."
    )
    assert outcome.fix == (
        f"Prove ownership in reverse DNS, or have the route object {name} {origin} of TRANSIT-MNT "
        "removed, or taken over: LIR-MNT instead of TRANSIT-MNT."
    )


@pytest.mark.parametrize("own", OWN)
async def test_2_1_routes_of_the_holder_refuse_nothing(any_world: RegistryWorld, own: str) -> None:
    claim = await claim_in(any_world, "RIPE", golden("RIPE")[0])
    any_world[1].put("RIPE", OWN[own])

    outcome = await judged(any_world, "RIPE", claim, ["LIR-MNT"])

    assert isinstance(outcome, Passed), outcome


@pytest.mark.parametrize("source", KEYS)
async def test_2_1_at_each_registry_with_the_holder_rule(
    registry_world: RegistryWorld, source: str
) -> None:
    block = golden(source)[0]
    holder = block.all("remarks")[0].value.removeprefix("proven by ")
    claim = await claim_in(registry_world, source, block)
    assert isinstance(await judged(registry_world, source, claim, [holder]), Passed)
    of_transit = written(f"{claim.prefix}", "mnt-by: TRANSIT-MNT").replace(b"RIPE", source.encode())
    registry_world[1].put(source, of_transit)

    assert isinstance(await judged(registry_world, source, claim, [holder]), Failed)


async def test_2_1_the_routes_around_are_asked_for_where_the_token_would_pass(
    registry_world: RegistryWorld,
) -> None:
    """And nowhere else: each question counts against the registry's budget."""
    parties, _ = registry_world
    claim = await claim_in(registry_world, "RIPE", golden("RIPE")[0])
    for maintainer, asked in (("LIR-MNT", True), ("TRANSIT-MNT", False)):
        await judged(registry_world, "RIPE", claim, [maintainer])
        token = await parties.token(claim)
        found = await parties.ask(CheckTarget(claim.account_id, claim.prefix, ORIGIN, token))
        (finding,) = [one for one in found.findings if one.check is Check.OWNERSHIP_IRR]
        lines = [one.asked for one in finding.exhibits]
        around = f"-r -B -G -L -s RIPE,RIPE-NONAUTH -T route {claim.prefix}"
        assert (around in lines) is asked, lines
        assert len(lines) == 1 + asked


@pytest.mark.parametrize(
    ("stranger", "result"),
    [
        pytest.param("", RunResult.APPROVED, id="nobody"),
        pytest.param("around", RunResult.FAILED, id="a stranger"),
    ],
)
async def test_2_1_the_whole_run_does_not_approve_beside_a_stranger(
    registry_world: RegistryWorld, stranger: str, result: RunResult
) -> None:
    parties, server = registry_world
    claim = await claim_in(registry_world, "RIPE", golden("RIPE")[0])
    await judged(registry_world, "RIPE", claim, ["LIR-MNT"])
    await parties.roas(roa(claim.prefix))
    if stranger:
        server.put("RIPE", STRANGERS[stranger])

    assert (await parties.validate(claim)).run.result is result


class HalfARegistry(WhoisServer):
    """Says `instead` to the question for the routes around, and answers all others."""

    instead = b""

    def _answer(self, query: str, session: IrrdSession) -> bytes:
        if "-L" not in query.split():
            return super()._answer(query, session)
        session.over = True
        return self.instead


NONE = b"%ERROR:101: no entries found\n%\n% No entries found in source RIPE.\n\n\n\n"
ANOTHER = written(AROUND, LIR) + b"\n\n\n"
BROKEN = ["mnt-by: LIR-MNT\nno attribute", "descr: of nobody"]


@pytest.mark.parametrize(
    ("instead", "fault"),
    [
        pytest.param(b"", Fault.TRUNCATED, id="nothing"),
        pytest.param(b"%ERROR:201: access denied\n\n\n", Fault.REFUSED, id="denied"),
        pytest.param(NONE, Fault.GARBAGE, id="none, where it gave one before"),
        pytest.param(ANOTHER, Fault.GARBAGE, id="without the one it gave before"),
    ],
)
async def test_2_1_without_an_answer_the_token_proves_nothing(
    registry_world: tuple[Parties, WhoisServer], instead: bytes, fault: Fault
) -> None:
    parties, _ = registry_world
    server = HalfARegistry()
    server.instead = instead
    port = await server.start()
    (ripe,) = [one for one in RIRS if one.source == "RIPE"]
    parties.known["ripencc"] = replace(ripe, host="127.0.0.1", port=port, rest_url=None)
    claim = await claim_in((parties, server), "RIPE", golden("RIPE")[0])

    outcome = await judged((parties, server), "RIPE", claim, ["LIR-MNT"])
    await server.stop()

    assert isinstance(outcome, Unanswered), outcome
    assert outcome.fault is fault


@pytest.mark.parametrize("lines", BROKEN)
async def test_2_1_a_route_around_that_cannot_be_read_is_no_answer(
    registry_world: tuple[Parties, WhoisServer], lines: str
) -> None:
    parties, _ = registry_world
    server = HalfARegistry()
    port = await server.start()
    (ripe,) = [one for one in RIRS if one.source == "RIPE"]
    parties.known["ripencc"] = replace(ripe, host="127.0.0.1", port=port, rest_url=None)
    claim = await claim_in((parties, server), "RIPE", golden("RIPE")[0])
    await judged((parties, server), "RIPE", claim, ["LIR-MNT"])
    token = await parties.token(claim)
    own = written(EXACT, f"remarks: byoip-validation: {token.value}", LIR, origin=str(ORIGIN))
    server.instead = b"\n\n".join((own, written(AROUND, lines), b"\n"))

    outcome = await judged((parties, server), "RIPE", claim, ["LIR-MNT"])
    await server.stop()

    assert isinstance(outcome, Unanswered), outcome
    assert "A route object cannot be read: " in outcome.seen
