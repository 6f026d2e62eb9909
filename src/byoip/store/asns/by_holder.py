"""What proves an AS number by the holder of a prefix. Text SQL: it reads JSON and networks."""

from typing import Final

from byoip.domain.checks.evidence import Check
from byoip.domain.checks.registry import HELD
from byoip.domain.checks.validation_run import RunResult
from byoip.store.statements import from_text

MOST_ASKED: Final = 3  # prefixes that RDAP is asked about for one number
# A prefix that its account has proven, and a row of the holder inside it, whole: rows are cut into
# prefixes, so the addresses beside it must not be the same holder's. By its route object: reverse
# DNS is a lessee's, or a former holder's, who must not have the holder's number. Who holds it now
# held it when it was proven: its watch has heard this file and says so, and none since the approval
# told of another, as of space that was leased back and thawed. What has moved here was proven by
# another account. What an operator took back, it cannot bring again.
_PROVES: Final = f"""
    FROM prefixes AS claim, current_registration_snapshots AS used
    WHERE claim.account_id = :account_id AND claim.state = 'approved'
        AND claim.approved_by = 'checks' AND claim.standing = 'ok' AND claim.frozen_for = '{{}}'
        AND used.registry = :registry
        AND EXISTS (SELECT FROM validation_runs AS run JOIN findings AS found ON run_id = run.id
            WHERE run.prefix_id = claim.id AND run.result = '{RunResult.APPROVED.value}'
            AND run.finished_at >= claim.approved_at AND found.outcome = 'passed'
            AND found.check_name = '{Check.OWNERSHIP_IRR.value}')
        AND NOT EXISTS (SELECT FROM prefix_moves WHERE prefix_id = claim.id AND ended = 'moved')
        AND NOT EXISTS (SELECT FROM own_asns AS gone WHERE gone.account_id = :account_id
            AND gone.asn = :asn AND gone.revoked_at IS NOT NULL)
        AND EXISTS (SELECT FROM prefix_watches AS watch WHERE watch.prefix_id = claim.id
            AND watch.signal = 'holder' AND watch.failing_since IS NULL AND watch.doubt = ''
            AND watch.good_at IS NOT NULL AND watch.heard >= used.number)
        AND NOT EXISTS (SELECT FROM events WHERE prefix_id = claim.id
            AND kind IN ('watch.raised', 'prefix.frozen')
            AND after ->> 'signal' = 'holder' AND at >= claim.approved_at)
"""  # noqa: S608 - of constants
# Of ids that a registry has made anew since, who was who is no more than likely. Files name a
# seller for a day more: those of two days after the approval would name its buyer. A folder is read
# again and again, so its content has to be that young.
_TOLD_WITHIN: Final = "2 days"
SPANNED: Final = from_text(f"""
    SELECT claim.cidr {_PROVES} AND CAST(:holder AS text) <> ''
        AND NOT EXISTS (SELECT FROM registry_rekeys AS anew
            WHERE anew.registry = :registry AND anew.at > claim.approved_at)
        AND claim.approved_at + interval '{_TOLD_WITHIN}' <= (SELECT min(same.attempted_at)
            FROM current_registration_snapshots JOIN registration_snapshots AS file
                USING (registry, number) JOIN registration_snapshots AS same
                USING (registry, sha256) WHERE registry = :registry)
        AND EXISTS (SELECT FROM registered_ranges AS row WHERE row.snapshot = used.number
            AND row.prefix <<= claim.cidr AND row.holder = :holder
            AND row.status IN ('{"', '".join(sorted(HELD))}'))
        AND EXISTS (SELECT FROM prefix_watches AS watch,
                jsonb_array_elements(nullif(watch.baseline, '')::jsonb -> 0) AS was
            WHERE watch.prefix_id = claim.id AND watch.signal = 'holder'
            AND was ->> 0 = :registry AND was ->> 1 = :holder)
        AND NOT EXISTS (SELECT FROM registered_ranges AS row WHERE row.snapshot = used.number
            AND row.holder = :holder AND (
                row.prefix >>= set_masklen(network(claim.cidr)::inet - 1,
                    CASE family(claim.cidr) WHEN 4 THEN 32 ELSE 128 END)
                OR row.prefix >>= set_masklen(broadcast(claim.cidr) + 1,
                    CASE family(claim.cidr) WHEN 4 THEN 32 ELSE 128 END)))
    ORDER BY claim.cidr LIMIT 1
""")  # noqa: S608 - of constants
# Those of which RDAP may say whose they are: a row lies in one, and none around it, for rows share
# no address. Of a part of a row its holder may have written whose it is. Whom RDAP named for it
# before counts, too: of space that was sold it names the buyer before a file does.
TO_ASK: Final = from_text(f"""
    SELECT claim.cidr, (SELECT baseline FROM prefix_watches AS watch
            WHERE watch.prefix_id = claim.id AND watch.signal = 'holder') AS holder {_PROVES}
        AND EXISTS (SELECT FROM registered_ranges AS row WHERE row.snapshot = used.number
            AND row.prefix <<= claim.cidr AND row.status IN ('{"', '".join(sorted(HELD))}'))
    ORDER BY claim.cidr LIMIT {MOST_ASKED}
""")  # noqa: S608 - of constants
# More than the largest networks have; national registries have thousands.
_A_REGISTRYS: Final = 100
POOLED: Final = from_text(f"""
    SELECT (
        SELECT coalesce(sum(row.last - row.first + 1), 0) > {_A_REGISTRYS}
        FROM current_registration_snapshots AS used
        JOIN registered_asns AS row ON row.snapshot = used.number
        WHERE used.registry = :registry AND row.holder = :holder
    ) OR EXISTS (
        SELECT FROM current_registration_snapshots AS used
        JOIN registered_ranges AS row ON row.snapshot = used.number
        WHERE used.registry = :registry AND row.holder = :holder
            AND row.country = ANY(CAST(:countries AS text[]))
    ) AS pooled
""")  # noqa: S608 - of constants
