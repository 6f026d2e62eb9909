"""Trust, 3.1: one holder that adds many ROAs for an hour does not stop the data of all others."""

import pytest

from byoip.usecases.checks.refresh_roas import RoasAccepted, RoasRefused
from tests.fakes.rpki import entries, entry, export_text
from tests.trust.test_3_1_snapshot_gates import APNIC, HALF_HOUR, RelyingParty, party

__all__ = ["party"]
MANY = 4096


def of_one_holder(block: str) -> list[dict[str, object]]:
    return [entry(block.format(n // 256, n % 256), 64500, 48, "apnic") for n in range(MANY)]


async def offers(party: RelyingParty, *roas: dict[str, object]) -> RoasAccepted | RoasRefused:
    party.clock.at += HALF_HOUR
    return await party.offers(export_text([*entries(10, "ripe"), *APNIC, *roas], party.clock.at))


async def test_roas_that_one_holder_takes_back_are_no_loss_of_the_anchor(
    party: RelyingParty,
) -> None:
    base = entries(1000, "apnic")
    await offers(party, *base)
    flood = of_one_holder("2001:db8:{:02x}{:02x}::/48")
    assert isinstance(await offers(party, *base, *flood), RoasAccepted)
    assert isinstance(await offers(party, *base), RoasAccepted)


@pytest.mark.parametrize("left", [500, 499])
async def test_what_many_holders_lose_is_one_all_the_same(party: RelyingParty, left: int) -> None:
    many = [entry(f"2001:{n:x}::/32", 64500, 48, "apnic") for n in range(1, 991)]
    await offers(party, *many)
    ended = await offers(party, *many[: left - len(APNIC)])
    assert isinstance(ended, RoasAccepted if left == 500 else RoasRefused)
