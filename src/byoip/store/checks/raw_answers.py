"""Raw answers: kept once for each content, compressed, and given up when they are due.

A run keeps its answers (`raw_bytes`) until it is due (`raw_until`): at once when twenty newer runs
of the prefix have theirs, 30 days after the prefix is closed. What an approval rests on is due only
then, what a letter rests on never. Text SQL: each statement marks or frees a bounded set of rows.
"""

import zlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.checks.evidence import WINDOW, Finding
from byoip.store.batches import Part, asking
from byoip.store.statements import Session, compiled, from_text
from byoip.store.unavailable import translate_driver_errors

NEWEST_KEPT: Final = 20  # runs of a prefix
DIGESTS_KEPT: Final = 100  # runs of a prefix: their list of what was asked, and SHA-256 of answers
KEPT_AFTER_CLOSING: Final = timedelta(days=30)
_LOOSE_FOR: Final = timedelta(days=1)  # longer than any transaction that might take it up again
_PAGE: Final = 20  # runs: one of a /17 has 441 answers

_USED: Final = from_text(
    """
    SELECT coalesce(sum(bytes), 0) AS bytes FROM evidence_usage
    WHERE account_id = (SELECT account_id FROM prefixes WHERE id = :claim_id)
    """,
    selects=["bytes"],
)

# What was given up a moment ago, and is not deleted yet, is taken up again; only then what is not
# there is added: the conditions on counts are for this order. The account comes after contents.
_KEEP: Final = compiled(
    sa.text("""
    WITH taken_up AS (
        UPDATE raw_answers SET loose_since = NULL WHERE sha256 IN (
            SELECT sha256 FROM raw_answers
            WHERE sha256 = ANY(:digests) AND loose_since IS NOT NULL
            ORDER BY sha256 FOR NO KEY UPDATE
        )
        RETURNING 1
    ), stored AS (
        INSERT INTO raw_answers (sha256, packed)
        SELECT * FROM unnest(CAST(:digests AS bytea[]), CAST(:packed AS bytea[]))
        WHERE (SELECT count(*) FROM taken_up) >= 0 ORDER BY 1
        ON CONFLICT DO NOTHING
        RETURNING 1
    )
    INSERT INTO evidence_usage AS kept (account_id, bytes)
    SELECT account_id, CAST(:bytes AS bigint) FROM prefixes
    WHERE id = :claim_id AND (SELECT count(*) FROM stored) >= 0
    ON CONFLICT (account_id) DO UPDATE SET bytes = kept.bytes + excluded.bytes
    """)
)

# By the order in which runs were recorded: clocks of workers differ.
_ORDER: Final = "coalesce({run}.recorded, 0), {run}.finished_at, {run}.id"
_NEWEST: Final = "coalesce(run.recorded, 0) DESC, run.finished_at DESC, run.id DESC"
_NEWEST_PASSES: Final = f"""
    SELECT DISTINCT ON (check_name) run.id
    FROM validation_runs AS run JOIN findings ON run_id = run.id AND outcome = 'passed'
    WHERE run.prefix_id = :claim_id AND run.finished_at BETWEEN :since AND :until
    ORDER BY check_name, {_NEWEST}
"""  # noqa: S608 - of constants
_OF_LETTER: Final = compiled(
    sa.text("""
    UPDATE validation_runs SET grounds_of_letter = true, raw_until = NULL
    WHERE prefix_id = :claim_id AND id = ANY(:runs)
    """)
)

# The newest pass of a check stays, too: a letter that is issued later rests on it.
_SUPERSEDE_TEXT: Final = f"""
    UPDATE validation_runs AS run SET raw_until = :now
    WHERE id IN (
        SELECT id FROM validation_runs AS run WHERE prefix_id = :claim_id AND raw_bytes > 0
        ORDER BY {_NEWEST} OFFSET :newest
    ) AND raw_until IS NULL AND NOT grounds_of_approval AND NOT grounds_of_letter AND NOT EXISTS (
        SELECT FROM findings AS pass
        WHERE pass.run_id = run.id AND pass.outcome = 'passed' AND NOT EXISTS (
            SELECT FROM validation_runs AS later JOIN findings AS newer ON newer.run_id = later.id
            WHERE later.prefix_id = :claim_id
                AND ({_ORDER.format(run="later")}) > ({_ORDER.format(run="run")})
                AND newer.check_name = pass.check_name AND newer.outcome = 'passed'
        )
    )
"""  # noqa: S608 - of constants
_SUPERSEDE: Final = compiled(sa.text(_SUPERSEDE_TEXT))
_APPROVE: Final = compiled(
    sa.text(f"""
    WITH marked AS (
        UPDATE validation_runs SET grounds_of_approval = true, raw_until = NULL
        WHERE id IN ({_NEWEST_PASSES}) RETURNING id
    ) {_SUPERSEDE_TEXT} AND run.id NOT IN (SELECT id FROM marked)
    """)  # noqa: S608 - of constants
)
# What is behind them has its verdict alone. Some more are read, for a run whose answers are pruned
# late has its list still. What the version before has left further back stays until closing.
_FORGET: Final = compiled(
    sa.text("""
    DELETE FROM exhibits WHERE run_id IN (
        SELECT id FROM (
            SELECT id, raw_bytes, grounds_of_approval OR grounds_of_letter AS grounds
            FROM validation_runs WHERE prefix_id = :claim_id
            ORDER BY created_at DESC, id DESC OFFSET :most LIMIT 20
        ) AS run WHERE raw_bytes = 0 AND NOT grounds
    )
    """)
)
# A prefix that was validated for weeks has more runs than one statement may date: it dates those
# that keep answers, and the first one. As one is given up, the next ones after it are due.
_CLOSE: Final = compiled(
    sa.text("""
    UPDATE validation_runs SET raw_until = :until WHERE NOT grounds_of_letter AND id IN (
        SELECT id FROM validation_runs WHERE prefix_id = :claim_id AND raw_bytes > 0
        UNION ALL (
            SELECT id FROM validation_runs WHERE prefix_id = :claim_id AND NOT grounds_of_letter
            ORDER BY created_at, id LIMIT 1
        )
    )
    """)
)

_GIVE_UP: Final = compiled(
    sa.text("""
    WITH due AS MATERIALIZED (
        SELECT run.id, run.raw_bytes, run.prefix_id, run.created_at, prefixes.account_id,
            prefixes.state = 'closed' AS closed
        FROM validation_runs AS run JOIN prefixes ON prefixes.id = run.prefix_id
        WHERE raw_until <= :now ORDER BY raw_until, run.id LIMIT :page
        FOR NO KEY UPDATE OF run SKIP LOCKED
    ), loosened AS (
        UPDATE raw_answers SET loose_since = :now WHERE sha256 IN (
            SELECT sha256 FROM raw_answers WHERE sha256 IN (
                SELECT kept FROM exhibits JOIN due ON run_id = due.id WHERE kept IS NOT NULL
            ) ORDER BY sha256 FOR NO KEY UPDATE
        )
    ), emptied AS (
        UPDATE exhibits SET kept = NULL, answer = NULL,
            size_bytes = coalesce(size_bytes, octet_length(answer))
        FROM due WHERE run_id = due.id AND NOT closed
    ), ended AS (
        DELETE FROM exhibits USING due WHERE run_id = due.id AND closed
    ), given_up AS (
        UPDATE validation_runs SET raw_bytes = 0, raw_until = NULL
        WHERE id IN (SELECT id FROM due)
    ), followed AS (
        UPDATE validation_runs SET raw_until = :now WHERE id IN (
            SELECT next.id FROM due, LATERAL (
                SELECT id FROM validation_runs AS run
                WHERE run.prefix_id = due.prefix_id
                    AND (run.created_at, run.id) > (due.created_at, due.id)
                    AND raw_until IS NULL AND NOT grounds_of_letter
                ORDER BY run.created_at, run.id LIMIT :page FOR NO KEY UPDATE SKIP LOCKED
            ) AS next WHERE closed
        )
    )
    SELECT account_id, sum(raw_bytes) AS bytes, count(*) AS runs
    FROM due GROUP BY account_id ORDER BY account_id
    """)
)
_DISCOUNT: Final = compiled(
    sa.text("UPDATE evidence_usage SET bytes = bytes - :bytes WHERE account_id = :account_id")
)
_SWEEP: Final = compiled(
    sa.text("""
    WITH loose AS MATERIALIZED (
        SELECT sha256, EXISTS (SELECT FROM exhibits WHERE kept = content.sha256) AS used
        FROM raw_answers AS content WHERE loose_since < :before ORDER BY loose_since LIMIT :page
        FOR UPDATE SKIP LOCKED
    ), taken_up AS (
        UPDATE raw_answers SET loose_since = NULL
        WHERE sha256 IN (SELECT sha256 FROM loose WHERE used)
        RETURNING 1
    ), deleted AS (
        DELETE FROM raw_answers WHERE sha256 IN (SELECT sha256 FROM loose WHERE NOT used)
        RETURNING 1
    )
    SELECT FROM taken_up UNION ALL SELECT FROM deleted
    """)
)


def packed(found: Sequence[Finding]) -> Mapping[bytes, bytes]:
    """The answers of a run that say anything, by digest; each content once."""
    answers = {one.answer for finding in found for one in finding.exhibits if one.answer}
    return {sha256(one).digest(): zlib.compress(one) for one in answers}


def unpacked(content: bytes) -> bytes:
    """An answer as it came."""
    return zlib.decompress(content)


def used(claim_id: UUID) -> Part:
    """How many bytes the runs of the claim's account keep: for a look."""
    return asking(_USED, lambda rows: int(rows[0].bytes), claim_id=claim_id)


async def keep(session: Session, claim_id: UUID, contents: Mapping[bytes, bytes]) -> None:
    """Keep the contents that are not there yet, and count all of them for the account."""
    digests, answers = list(contents), list(contents.values())
    size = sum(map(len, answers))
    asked = {"digests": digests, "packed": answers, "claim_id": claim_id, "bytes": size}
    await session.put_off("answers", _KEEP, asked)


async def supersede(
    session: Session, claim_id: UUID, now: datetime, newest: int, *, approved: bool
) -> None:
    """All but the newest runs of a claim, and what it rests on, are due.

    Much older ones keep no list of what was asked. An approval at this time rests on the newest
    pass of each check.
    """
    await session.flush()  # the newest run is one of them
    asked: dict[str, object] = {"claim_id": claim_id, "now": now, "newest": newest}
    if approved:
        of = {"since": now - WINDOW, "until": now}
        await session.put_off("superseded", _APPROVE, asked | of)
    else:
        await session.put_off("superseded", _SUPERSEDE, asked)
    await session.put_off("forgotten", _FORGET, {"claim_id": claim_id, "most": DIGESTS_KEPT})


async def mark_letter(session: Session, claim_id: UUID, runs: Collection[UUID]) -> None:
    """A letter rests on these runs of the claim."""
    await session.change(_OF_LETTER, claim_id=claim_id, runs=sorted(runs))


async def claim_closed(session: Session, claim_id: UUID, now: datetime) -> None:
    """In 30 days only what a letter rests on is kept."""
    await session.change(_CLOSE, claim_id=claim_id, until=now + KEPT_AFTER_CLOSING)


async def prune(engine: AsyncEngine, now: datetime, page: int = _PAGE) -> int:
    """Give up the answers of all runs that are due, and contents that no run keeps; how many runs.

    Each transaction frees one page.
    """
    runs = 0
    while done := await _give_up(engine, now, page):
        runs += done
    while await _sweep(engine, now, 50 * page):
        pass
    return runs


async def _give_up(engine: AsyncEngine, now: datetime, page: int) -> int:
    with translate_driver_errors():
        async with engine.begin() as connection:
            session = await Session.of(connection)
            freed = await session.rows(_GIVE_UP, now=now, page=page)
            for one in freed:  # contents first, then accounts in order: as a run that is recorded
                await session.change(_DISCOUNT, account_id=one.account_id, bytes=one.bytes)
            return sum(one.runs for one in freed)


async def _sweep(engine: AsyncEngine, now: datetime, page: int) -> int:
    with translate_driver_errors():
        async with engine.begin() as connection:
            session = await Session.of(connection)
            return await session.change(_SWEEP, before=now - _LOOSE_FOR, page=page)
