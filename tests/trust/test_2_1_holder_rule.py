"""Trust, 2.1: being allowed to create routes is not holding the space.

The registries are a whois server on loopback. It holds one golden object for each row of the
tables in `address_blocks.py` (tests/trust/blocks), whose remarks say by whose maintainer a route
proves the space.
"""

from pathlib import Path

import pytest

from byoip.domain.checks.evidence import Check, Failed, Outcome, Passed, Reason
from byoip.domain.checks.registries.address_blocks import STATUSES, Counts, registrys_own
from byoip.domain.checks.rpsl import RpslObject, parse_objects
from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.domain.prefix import Prefix
from byoip.sandbox.irr_objects import AddressRange, IrrObjects
from byoip.sandbox.whois_server import WhoisServer
from byoip.usecases.checks.targets import CheckTarget
from tests.trust.parties import Parties
from tests.usecases.world import LABEL, ORIGIN, roa

BLOCKS = Path(__file__).parent / "blocks"
KEYS = {"RIPE": "ripencc", "APNIC": "apnic", "AFRINIC": "afrinic"}
RegistryWorld = tuple[Parties, WhoisServer | IrrObjects]


def golden(source: str) -> list[RpslObject]:
    return list(parse_objects((BLOCKS / f"{source.lower()}.txt").read_bytes()))


def named(block: RpslObject, name: str) -> list[str]:
    return [one.value for one in block.all(name)]


def proven_by(block: RpslObject) -> str | None:
    (remark,) = named(block, "remarks")
    name = remark.removeprefix("proven by ")
    return None if name == "no party" else name


def inside(block: RpslObject) -> Prefix:
    """The block, where it is small; else a /24 of it."""
    if block.object_class == "inet6num":
        return Prefix.parse(block.key)
    return Prefix.parse(f"{block.key.split(' - ')[0]}/24")


ALL = [(source, block) for source in KEYS for block in golden(source)]
NAMES = [f"{source}-{named(one, 'status')[0]}-{named(one, 'netname')[0]}" for source, one in ALL]


def told(block: RpslObject, *names: str) -> set[str]:
    return {one for name in names for one in named(block, name)}


async def judged(
    world: RegistryWorld, source: str, claim: Claim, maintainers: list[str]
) -> Outcome:
    """What the registry proves for a route with the token and these maintainers."""
    parties, server = world
    token = await parties.token(claim)
    kind = "route" if claim.prefix.family == 4 else "route6"
    lines = [f"{kind}: {claim.prefix}", f"origin: {ORIGIN}", f"remarks: {LABEL}: {token.value}"]
    lines += [*(f"mnt-by: {one}" for one in maintainers), f"source: {source}"]
    server.put(source, "\n".join(lines).encode())
    found = await parties.ask(CheckTarget(claim.account_id, claim.prefix, ORIGIN, token))
    (outcome,) = [one.outcome for one in found.findings if one.check is Check.OWNERSHIP_IRR]
    return outcome


async def claim_in(world: RegistryWorld, source: str, block: RpslObject) -> Claim:
    parties, server = world
    server.put(source, (BLOCKS / f"{source.lower()}.txt").read_bytes())
    prefix = inside(block)
    parties.overridden = [(prefix, KEYS[source])]
    claim = await parties.claim(str(prefix))
    await parties.issue(claim, TokenMethod.IRR)
    return claim


def test_there_is_a_golden_object_for_each_row() -> None:
    for source, rows in STATUSES.items():
        shown = {named(block, "status")[0]: proven_by(block) for block in reversed(golden(source))}
        assert set(shown) == {row.status for row in rows}
        for row in rows:
            assert (shown[row.status] is None) is (row.counts is Counts.NOTHING), row


def test_the_golden_objects_are_what_a_registry_would_hold() -> None:
    for _, block in ALL:
        assert not block.malformed
        assert AddressRange.parse(block.key).contains(AddressRange.parse(str(inside(block))))


@pytest.mark.parametrize(("source", "block"), ALL, ids=NAMES)
async def test_2_1_only_the_holder_proves(
    registry_world: RegistryWorld, source: str, block: RpslObject
) -> None:
    claim = await claim_in(registry_world, source, block)
    holder = proven_by(block)
    everyone = told(block, "mnt-by", "mnt-lower", "mnt-routes") | {"STRANGER-MNT"}
    for name in sorted(everyone):
        outcome = await judged(registry_world, source, claim, [name])
        assert isinstance(outcome, Passed if name == holder else Failed), (name, outcome)
        if isinstance(outcome, Failed):
            assert outcome.reason is Reason.MAINTAINER_NOT_HOLDER
            assert "reverse DNS" in outcome.fix
    registrys = sorted(filter(registrys_own, told(block, "mnt-by")))
    if holder:  # beside the registry it is still the holder, beside any other it is not
        for more, passed in ((registrys, Passed), (["TRANSIT-MNT"], Failed)):
            outcome = await judged(registry_world, source, claim, [holder, *more])
            assert isinstance(outcome, passed)
            assert passed is Passed or outcome.seen.startswith("The route is maintained by")


async def test_2_1_the_blocker_names_the_maintainers(registry_world: RegistryWorld) -> None:
    block = golden("RIPE")[0]
    claim = await claim_in(registry_world, "RIPE", block)

    outcome = await judged(registry_world, "RIPE", claim, ["TRANSIT-MNT"])

    assert isinstance(outcome, Failed)
    assert outcome.seen == (
        f"The route is maintained by TRANSIT-MNT, {block.key} by LIR-MNT, RIPE-NCC-HM-MNT."
    )
    assert outcome.fix == (
        "Prove ownership in reverse DNS, or let every mnt-by of the route object be a maintainer "
        "of the address space: LIR-MNT. Its mnt-routes do not count."
    )


async def test_2_1_no_inetnum_is_a_reason_of_its_own(registry_world: RegistryWorld) -> None:
    claim = await claim_in(registry_world, "RIPE", golden("RIPE")[0])
    registry_world[1].clear()

    outcome = await judged(registry_world, "RIPE", claim, ["LIR-MNT"])

    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.ADDRESS_BLOCK_MISSING
    assert "have the inetnum registered" in outcome.fix


@pytest.mark.parametrize(
    ("maintainer", "result"),
    [
        pytest.param("LIR-MNT", RunResult.APPROVED, id="holder"),
        pytest.param("TRANSIT-MNT", RunResult.FAILED, id="transit"),
    ],
)
async def test_2_1_the_whole_run_approves_the_holder_alone(
    registry_world: RegistryWorld, maintainer: str, result: RunResult
) -> None:
    parties, _ = registry_world
    claim = await claim_in(registry_world, "RIPE", golden("RIPE")[0])
    await judged(registry_world, "RIPE", claim, [maintainer])
    await parties.roas(roa(claim.prefix))

    assert (await parties.validate(claim)).run.result is result
