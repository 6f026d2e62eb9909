"""Of which space statistics name another holder than is remembered: text SQL, parts of statements.

Each selects prefixes. Of a claim with several holders always all of it: which part was whose is not
kept, and one of them may have sold to the other, which brings no new id. Ids by which a registry
has numbered its holders anew since, however often, are the same holders.
"""

from typing import Final

from byoip.domain.checks.registry import HELD as HELD_SPACE

_held: Final = "', '".join(sorted(HELD_SPACE))
_SAME: Final = """
    WITH RECURSIVE same (id, at) AS (
        SELECT was ->> 1, {of}.{since} UNION ALL
        SELECT coalesce(anew.ids ->> same.id, same.id), anew.at
        FROM same CROSS JOIN LATERAL (
            SELECT ids, at FROM registry_rekeys AS later
            WHERE later.registry = was ->> 0 AND later.at > same.at
            ORDER BY later.at LIMIT 1) AS anew
    ) SELECT id FROM same
"""
_ANOTHER: Final = f"""
    SELECT row.prefix FROM current_registration_snapshots AS used
    JOIN registered_ranges AS row ON row.snapshot = used.number
    WHERE row.prefix && CAST(:prefix AS cidr) AND row.prefix && p.cidr
        AND row.status IN ('{_held}')
        AND NOT EXISTS (
            SELECT FROM jsonb_array_elements(nullif({{of}}.{{known}}, '')::jsonb -> 0) AS was
            WHERE was ->> 0 = used.registry AND row.holder IN ({_SAME}))
    UNION ALL SELECT p.cidr
    WHERE jsonb_array_length(nullif({{of}}.{{known}}, '')::jsonb -> 0) > 1
"""  # noqa: S608 - of constants
# Of a watch `w` of a claim `p`.
ANOTHERS: Final = _ANOTHER.format(of="w", known="baseline", since="looked_at")
NAMES_ANOTHER: Final = f"EXISTS ({ANOTHERS})"
# The same, than who was found in the place of the holder of before.
NAMES_A_THIRD: Final = f"EXISTS ({_ANOTHER.format(of='w', known='found', since='looked_at')})"
_a_day_before: Final = "ended_at - interval '1 day'"  # its watch had heard all of that
# And of a move `m` of it.
ANOTHERS_BY_MOVE: Final = _ANOTHER.format(of="m", known="holder", since=_a_day_before)
BY_MOVE: Final = f"EXISTS ({ANOTHERS_BY_MOVE})"
