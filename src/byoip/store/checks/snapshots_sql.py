"""The statements that read snapshots, as text: ROA data and registration statistics.

The look-ups are hot (`benchmarks/roa_data.py`). Each asks from a materialised CTE, so that Postgres
does not know the value while it plans: then one plan serves all questions, and a look-up takes a
third of the time.
"""

from functools import lru_cache
from typing import Final

import sqlalchemy as sa

from byoip.domain.checks.origin_validation import MOST_COVERING
from byoip.domain.checks.registration import MOST_RANGES
from byoip.store.statements import Statement, compiled, from_text


@lru_cache(maxsize=4)
def about(snapshot: int) -> Statement:
    """What covers a prefix and what lies inside it, in this snapshot; and which one is in use.

    The number stands in the text: Postgres prunes the partitions while it plans. All is of one
    moment, so the answer counts if, and only if, that snapshot is the one in use.
    """
    return from_text(f"""
        with asked as materialized (select cast(:prefix as cidr) as prefix)
        (
            select true as covers, vrps.prefix, max_length, asn, anchor, expires,
                null::int as number, null as source, null::timestamptz as built_at
            from asked, vrps where snapshot = {snapshot:d} and vrps.prefix >>= asked.prefix
            limit {MOST_COVERING + 1}
        ) union all (
            select false, vrps.prefix, max_length, asn, anchor, expires, null, null, null
            from asked, vrps where snapshot = {snapshot:d} and vrps.prefix << asked.prefix limit 100
        ) union all (
            select null, null, null, null, null, null, number, source, built_at
            from current_vrp_snapshot join vrp_snapshots using (number)
        )
    """)  # noqa: S608 - of numbers


# The same as a part of a look, which is one statement whatever snapshot is in use.
_ABOUT_COLUMNS: Final = (
    *("number", "source", "built_at"),
    *("covers", "prefix", "max_length", "asn", "anchor", "expires"),
)
ABOUT: Final = compiled(
    sa.text(f"""
    with asked as materialized (
        select snapshot.number, snapshot.source, snapshot.built_at, cast(:prefix as cidr) as prefix
        from current_vrp_snapshot join vrp_snapshots as snapshot using (number)
    )
    select asked.number, asked.source, asked.built_at, found.*
    from asked left join lateral (
        (
            select true as covers, prefix, max_length, asn, anchor, expires
            from vrps where snapshot = asked.number and prefix >>= asked.prefix
            limit {MOST_COVERING + 1}
        ) union all (
            select false, prefix, max_length, asn, anchor, expires
            from vrps where snapshot = asked.number and prefix << asked.prefix limit 100
        )
    ) as found on true
    """).columns(*map(sa.column, _ABOUT_COLUMNS))  # noqa: S608 - of a constant
)

# Of more, those that decide the route of an origin come first: what matches, then what is current.
MOST_SIFTED: Final = 10_000
DECISIVE: Final = from_text(f"""
    with asked as materialized (
        select snapshot.number, snapshot.source, snapshot.built_at, cast(:prefix as cidr) as prefix
        from current_vrp_snapshot join vrp_snapshots as snapshot using (number)
    ), covering as materialized (
        select vrps.* from asked join vrps on snapshot = asked.number
        where vrps.prefix >>= asked.prefix limit {MOST_SIFTED + 1}
    )
    select asked.number, asked.source, asked.built_at, found.*,
        (select count(*) from covering) as known
    from asked join covering as found on true
    order by found.asn = :origin and masklen(asked.prefix) <= max_length desc,
        coalesce(expires > :now_epoch, true) desc
    limit {MOST_COVERING}
""")  # noqa: S608 - of constants

# All but the one in use, the one before it (statements may still read it), and one that an operator
# may yet accept.
SUPERSEDED_ROAS: Final = sa.text("""
    with current as (select coalesce(max(number), 0) as number from current_vrp_snapshot)
    select number from vrp_snapshots where kept and number not in (
        select number from current
        union all
        select coalesce(max(number), 0) from vrp_snapshots
        where kept and accepted and number < (select number from current)
        union all
        select coalesce(max(number), 0) from vrp_snapshots
        where kept and not accepted and number > (select number from current)
    )
""")

_OVERLAPPING_COLUMNS: Final = ("registry", "number", "prefix", "status", "holder", "country")
OVERLAPPING: Final = from_text(
    f"""
    with asked as materialized (
        select registry, number, cast(:prefix as cidr) as prefix
        from current_registration_snapshots
    )
    select asked.registry, asked.number, found.prefix, found.status, found.holder, found.country
    from asked left join lateral (
        select prefix, status, holder, country from registered_ranges
        where snapshot = asked.number and prefix && asked.prefix
        limit {MOST_RANGES + 1}
    ) as found on true
""",  # noqa: S608 - of a constant
    selects=_OVERLAPPING_COLUMNS,
)

STATUS: Final = sa.text("""
    select newest.registry, newest.fault, used.serial, used.attempted_at,
        coalesce(used.ranges, 0) as ranges,
        case when newest.fault is not null then nullif(newest.ranges, 0) end as refused,
        newest.accepted_by, newest.accepted_because, newest.accepted_at
    from (
        select distinct on (registry) registry, fault, ranges,
            accepted_by, accepted_because, accepted_at
        from registration_snapshots
        where registry = coalesce(:registry, registry)
        order by registry, number desc
    ) as newest
    left join current_registration_snapshots as current using (registry)
    left join registration_snapshots as used on used.number = current.number
    order by newest.registry
""").bindparams(sa.bindparam("registry", type_=sa.Text))

ACCEPT: Final = sa.text("""
    update registration_snapshots
    set accepted_by = :by, accepted_because = :because, accepted_at = :at
    where number = (select max(number) from registration_snapshots where registry = :registry)
""")

# Of good files, the one in use among them. Beside a refused one that an operator has accepted those
# before it count no longer.
BEST_COUNT: Final = sa.text("""
    with used as (
        select coalesce(max(number), 0) as number from current_registration_snapshots
        where registry = :registry
    ), word as (
        select coalesce(max(number), 0) as number from registration_snapshots
        where registry = :registry and accepted_at is not null
    )
    select max(ranges) from registration_snapshots as tried, used, word
    where registry = :registry and tried.number >= word.number
        and (fault is null or accepted_at is not null)
        and (attempted_at > :since or tried.number >= used.number)
""")

SUPERSEDED_REGISTRATIONS: Final = sa.text("""
    select number from registration_snapshots
    where kept and number not in (select number from current_registration_snapshots)
""")

IN_USE: Final = sa.text(
    "SELECT number FROM current_registration_snapshots WHERE registry = :registry"
)
