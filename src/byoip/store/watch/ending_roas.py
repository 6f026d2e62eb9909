"""Approved prefixes that are valid, and by the ROAs of a snapshot not for long. Text SQL: networks.

It begins at what ends soon in the snapshot, which is little, and finds the prefixes by their index.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from byoip.domain.checks.origin_validation import MOST_COVERING
from byoip.store.checks.drifts import ONE_BY_ONE
from byoip.store.statements import Session, from_text

# Where more of these prefixes' end together the relying party has fetched nothing for long, or a
# whole registry signs nothing: that says nothing of a prefix, and is told as data gets old or goes.
MOST_ENDING: Final = 10_000
MOST_ROAS: Final = 200_000
# IPv4 /16 and IPv6 /32: nearly nobody has several, and of each its owner may sign what they like.
_BLOCK: Final = "CASE family({of}) WHEN 4 THEN 16 ELSE 32 END"
_BLOCK_OF: Final = f"set_masklen({{of}}, least(masklen({{of}}), {_BLOCK}))"
_ours, _signed = _BLOCK_OF.format(of="cidr"), _BLOCK_OF.format(of="prefix")
# Anybody signs ROAs of their own space for the operator's number, which most prefixes have. Those
# for a block in which no prefix has that number are passed over by a hash, however many they are.
# Of the others blocks take turns, where more end than can be looked up in the time of a statement:
# each is looked up by its network in the order of an index, or Postgres compares it with all
# prefixes. Of ROAs for one space no more are read than it takes to judge it: a look at it says what
# is so. What is counted is prefixes: of one there may be thousands, for all lengths of all networks
# around it. Accounts take turns.
ENDING: Final = from_text(f"""
    WITH held AS MATERIALIZED (
        SELECT DISTINCT asn, {_ours} AS block FROM prefixes WHERE state = 'approved'
    ), signed AS MATERIALIZED (
        SELECT prefix, asn, max(max_length) AS max_length
        FROM vrps WHERE snapshot = :number AND expires <= :until AND CASE
            WHEN masklen(prefix) < {_BLOCK.format(of="prefix")}
            THEN asn IN (SELECT asn FROM held)
            ELSE (asn, {_signed}) IN (SELECT asn, block FROM held)
        END GROUP BY prefix, asn
    ), soon AS MATERIALIZED (
        SELECT prefix, asn, max_length,
            set_masklen(broadcast(prefix), CASE family(prefix) WHEN 4 THEN 32 ELSE 128 END) AS last
        FROM signed
        ORDER BY row_number() OVER (PARTITION BY {_signed} ORDER BY prefix, asn) LIMIT :roas
    ), about AS MATERIALIZED (
        SELECT DISTINCT p.id, p.cidr, p.asn, p.account_id FROM soon CROSS JOIN LATERAL (
            SELECT id, cidr, asn, account_id FROM prefixes WHERE live AND state = 'approved'
                AND cidr >= soon.prefix AND cidr <= soon.last ORDER BY cidr OFFSET 0
        ) AS p WHERE p.asn = soon.asn AND masklen(p.cidr) <= soon.max_length
        LIMIT :ceiling + 1
    ) SELECT p.id FROM about AS p WHERE (SELECT count(*) FROM about) <= :ceiling AND (
        SELECT count(*) FILTER (WHERE covering.asn = p.asn AND masklen(p.cidr) <= max_length
            AND coalesce(expires > :until, true))
        FROM (
            SELECT asn, max_length, expires FROM vrps
            WHERE snapshot = :number AND vrps.prefix >>= p.cidr LIMIT {MOST_COVERING + 1}
        ) AS covering
    ) = 0 AND NOT EXISTS (
        SELECT FROM prefix_watches AS w WHERE w.prefix_id = p.id
            AND w.signal = 'roa' AND w.heard >= :number
    ) ORDER BY row_number() OVER (PARTITION BY p.account_id ORDER BY p.id), p.id LIMIT :most
""")  # noqa: S608 - of a constant
# Postgres guesses one block for each prefix, and takes no hash for more than 130,000: it goes
# through all blocks for each ROA, for more seconds than a statement has.
PREPARE: Final = from_text(
    f"SELECT {ONE_BY_ONE}, set_config('hash_mem_multiplier', '64', true) AS by_a_hash"
)


async def ending_roas(
    session: Session,
    number: int,
    until: datetime,
    most: int,
    *,
    ceiling: int = MOST_ENDING,
    roas: int = MOST_ROAS,
) -> Sequence[UUID]:
    """Those of which the last ROA of this snapshot ends until then.

    Not those that are on record as compared with the snapshot.
    """
    asked = {"number": number, "until": int(until.timestamp()), "most": most, "roas": roas}
    await session.rows(PREPARE)
    return [row.id for row in await session.rows(ENDING, **asked, ceiling=ceiling)]
