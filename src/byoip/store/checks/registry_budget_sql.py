"""The statements that admit questions to registries; what they are for: `registry_budget.py`.

Text: hot, all workers take turns under a lock of the registry (`benchmarks/throughput.py`).
"""

from typing import Final

import sqlalchemy as sa

from byoip.store.statements import from_text

# One account gets half of the connections, rounded up. A minute is parted among those that asked
# in this one or the last, or wanted to, and one part is left for the next that comes. Of a day,
# which is not free again soon, an account gets a tenth of what the others have left: a dozen
# accounts, all of one customer perhaps, must not leave others without a registry until midnight.
PART_OF_CONNECTIONS: Final = 2
PART_OF_DAY: Final = 10

# All times are the database's: workers on several machines share one budget. clock_timestamp(),
# since now() stands still while a transaction waits for a lock. A crash may forget the last moment
# of these tables (synchronous_commit): no worker waits for the disk while a registry is locked.

FIRST: Final = from_text(
    "INSERT INTO registry_budgets (registry) VALUES (:registry) ON CONFLICT DO NOTHING"
)

# Counts of an earlier minute or day are past.
_KNOWN: Final = """
    WITH {first} clock AS MATERIALIZED (
        SELECT now, date_trunc('minute', now, 'UTC') AS minute, date_trunc('day', now, 'UTC') AS day
        FROM {clock}
    ), leases AS (
        SELECT count(*) AS everyones, count(*) FILTER (WHERE account_id = :account) AS mine
        FROM registry_leases, clock WHERE registry = :registry AND expires_at > now
    )
"""
_USED: Final = """
    SELECT clock.minute, clock.day,
        extract(epoch FROM budget.paused_until - now) AS pause,
        CASE budget.minute WHEN clock.minute THEN budget.asked_in_minute ELSE 0 END AS in_minute,
        CASE budget.day WHEN clock.day THEN budget.asked_in_day ELSE 0 END AS in_day,
        leases.everyones,
        CASE share.minute WHEN clock.minute THEN share.asked_in_minute ELSE 0 END AS my_minute,
        CASE share.day WHEN clock.day THEN share.asked_in_day ELSE 0 END AS my_day,
        leases.mine, share.minute IS NOT DISTINCT FROM clock.minute AS known,
        (
            SELECT count(*) FROM registry_shares other
            WHERE other.registry = budget.registry AND other.account_id <> :account
                AND other.minute >= clock.minute - interval '1 minute'
        ) AS others_asking,
        kept.asked, kept.asked_of, kept.answer, kept.objects, kept.answered_at,
        {fresh} AS fresh
    FROM clock, leases, registry_budgets budget
    LEFT JOIN registry_shares share
        ON share.registry = budget.registry AND share.account_id = :account
    LEFT JOIN registry_answers kept
        ON kept.registry = budget.registry AND kept.lookup = :lookup
        AND kept.prefix = CAST(:prefix AS cidr) AND kept.kept_until > clock_timestamp()
    WHERE budget.registry = :registry
"""
# A statement sees what was committed when it began, and this one may wait for the lock. All that
# counts questions changes the registry's row, too: where that is as it was, so is all the rest.
_LOCKED: Final = {
    "first": """seen AS MATERIALIZED (
        SELECT xmin AS version FROM registry_budgets WHERE registry = :registry
    ), locked AS MATERIALIZED (
        SELECT xmin AS version, set_config('synchronous_commit', 'off', true)
        FROM registry_budgets WHERE registry = :registry FOR UPDATE
    ),""",
    "clock": "(SELECT clock_timestamp() AS now FROM locked OFFSET 0) AS since",
    "fresh": "(SELECT seen.version = locked.version FROM seen, locked)",
}
LOCK: Final = from_text((_KNOWN + _USED).format(**_LOCKED))
USAGE: Final = from_text(
    (_KNOWN + _USED).format(first="", clock="clock_timestamp() AS now", fresh="true")
)

_SHARE_TEXT: Final = """
    INSERT INTO registry_shares
        (registry, account_id, minute, asked_in_minute, day, asked_in_day)
    VALUES (:registry, :account, :minute, :minute_mine, :day, :day_mine)
    ON CONFLICT (registry, account_id) DO UPDATE
    SET minute = excluded.minute, asked_in_minute = excluded.asked_in_minute,
        day = excluded.day, asked_in_day = excluded.asked_in_day
"""
SHARE: Final = from_text(f"""
    WITH counted AS (UPDATE registry_budgets SET registry = registry WHERE registry = :registry)
    {_SHARE_TEXT}
""")  # noqa: S608 - of constants

# Clearing away skips what another worker is just giving back or keeping: who holds the registry's
# row does not wait. Of answers the oldest of all registries go, and those that still count are not
# looked at: thousands, where many questions are asked in a minute. One question leaves one answer.
_MOST_STALE: Final = 20
_CLEARED: Final = f"""expired AS (
        DELETE FROM registry_leases WHERE id IN (
            SELECT id FROM registry_leases
            WHERE registry = :registry AND expires_at <= clock_timestamp()
            FOR UPDATE SKIP LOCKED)
    ), stale AS (
        DELETE FROM registry_answers WHERE (registry, lookup, prefix) IN (
            SELECT registry, lookup, prefix FROM registry_answers
            WHERE kept_until <= (SELECT clock_timestamp())
            ORDER BY kept_until LIMIT {_MOST_STALE} FOR UPDATE SKIP LOCKED)
    )"""  # noqa: S608 - of constants
SPEND: Final = from_text(f"""
    WITH spent AS (
        UPDATE registry_budgets
        SET minute = :minute, asked_in_minute = :minute_everyones,
            day = :day, asked_in_day = :day_everyones
        WHERE registry = :registry
    ), shared AS ({_SHARE_TEXT}
    ), {_CLEARED}
    INSERT INTO registry_leases (registry, account_id, expires_at)
    VALUES (:registry, :account, clock_timestamp() + :lease)
    RETURNING id
""")  # noqa: S608 - of constants

# All of it at once, where nobody was in between: a permit, or what is known. Whether one more may
# be asked is what `_refusal` says there; a test holds the two together.
ADMIT: Final = from_text(
    f"""
    {_KNOWN.format(**_LOCKED)}, used AS MATERIALIZED ({_USED.format(**_LOCKED)}
    ), decided AS MATERIALIZED (
        SELECT used.*, fresh AND asked IS NULL AND coalesce(pause, 0) <= 0
            AND in_day < :per_day AND in_minute < :per_minute AND everyones < :connections
            AND my_day < ceil((:per_day - (in_day - my_day)) / {PART_OF_DAY}.0)
            AND my_minute < greatest(1, :per_minute / (others_asking + 2))
            AND mine < ceil(:connections / {PART_OF_CONNECTIONS}.0) AS allowed
        FROM used
    ), spent AS (
        UPDATE registry_budgets
        SET minute = decided.minute, asked_in_minute = in_minute + 1,
            day = decided.day, asked_in_day = in_day + 1
        FROM decided WHERE allowed AND registry = :registry
    ), shared AS (
        INSERT INTO registry_shares AS share
            (registry, account_id, minute, asked_in_minute, day, asked_in_day)
        SELECT :registry, :account, minute, my_minute + 1, day, my_day + 1
        FROM decided WHERE allowed
        ON CONFLICT (registry, account_id) DO UPDATE
        SET minute = excluded.minute, asked_in_minute = excluded.asked_in_minute,
            day = excluded.day, asked_in_day = excluded.asked_in_day
    ), {_CLEARED}, leased AS (
        INSERT INTO registry_leases (registry, account_id, expires_at)
        SELECT :registry, :account, clock_timestamp() + :lease FROM decided WHERE allowed
        RETURNING id
    )
    SELECT decided.*, leased.id AS permit FROM decided LEFT JOIN leased ON true
""",  # noqa: S608 - of constants
    per_day=sa.BigInteger,
    per_minute=sa.BigInteger,
    connections=sa.BigInteger,
)

GIVE_BACK: Final = from_text("""
    WITH returned AS (DELETE FROM registry_leases WHERE id = :permit)
    SELECT set_config('synchronous_commit', 'off', true)
""")

KEEP: Final = from_text("""
    WITH returned AS (DELETE FROM registry_leases WHERE id = :permit)
    INSERT INTO registry_answers (registry, lookup, prefix, asked, asked_of, answer, objects,
        answered_at, kept_until)
    SELECT :registry, :lookup, CAST(:prefix AS cidr), :asked, :asked_of, :answer, :objects,
        :answered_at, clock_timestamp() + :remember
    FROM set_config('synchronous_commit', 'off', true)
    ON CONFLICT (registry, lookup, prefix) DO UPDATE
    SET asked = excluded.asked, asked_of = excluded.asked_of, answer = excluded.answer,
        objects = excluded.objects, answered_at = excluded.answered_at,
        kept_until = excluded.kept_until
    RETURNING registry
""")

HOLD: Final = from_text("""
    INSERT INTO registry_budgets AS budget (registry, paused_until)
    VALUES (:registry, clock_timestamp() + :pause)
    ON CONFLICT (registry) DO UPDATE
    SET paused_until = greatest(budget.paused_until, excluded.paused_until)
    RETURNING registry
""")
