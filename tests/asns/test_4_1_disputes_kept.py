"""Time 4.1: what the database keeps of disputes about AS numbers, whoever writes to it."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from byoip.domain.watch.dispute import Side
from byoip.store.gauges import Gauges
from tests.asns.disputes import decide, open_ones, rival
from tests.asns.numbers import Numbers

OPEN = "byoip_disputes_open"


async def test_an_open_one_is_a_figure(numbers: Numbers) -> None:
    async def many() -> list[float]:
        read = await Gauges(numbers.engine).read()
        return [value for one in read if one.name == OPEN for _, value in one.values]

    await numbers.served()
    assert await many() == [0]
    await rival(numbers)
    assert await many() == [1]
    await decide(numbers, Side.HOLDER)
    assert await many() == [0]


ANOTHER = """
    INSERT INTO asn_disputes (id, asn, holder_id, claimant_id, opened_at, decide_from, token,
        proven_by, registry, holder, evidence)
    SELECT gen_random_uuid(), asn, {holder}, {claimant}, opened_at, decide_from, token,
        proven_by, registry, holder, evidence FROM asn_disputes LIMIT 1
"""


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (ANOTHER.format(holder="holder_id", claimant="claimant_id"), "uq_asn_disputes_open"),
        (ANOTHER.format(holder="claimant_id", claimant="holder_id"), "of a proven AS number"),
        ("DELETE FROM asn_disputes", "rows end"),
        ("UPDATE asn_disputes SET token = 'x'", "a dispute ends once"),
        ("UPDATE own_asns SET state = 'valid', proven_at = now(), proven_by = 'token'", "proven"),
    ],
)
async def test_what_must_not_be_is_impossible_in_the_database(
    numbers: Numbers, statement: str, why: str
) -> None:
    await numbers.served()
    await rival(numbers)
    with pytest.raises(DBAPIError, match=why):
        async with numbers.engine.begin() as connection:
            await connection.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        """UPDATE own_asns SET state = 'pending', proven_at = NULL, proven_by = NULL
        WHERE state = 'valid'""",
        "UPDATE own_asns SET ended_at = now() WHERE state <> 'valid'",
    ],
)
async def test_the_database_ends_it_for_a_process_of_the_version_before(
    numbers: Numbers, statement: str
) -> None:
    await numbers.served()
    await rival(numbers)
    async with numbers.engine.begin() as connection:
        await connection.execute(text(statement))
    assert await open_ones(numbers) == []
