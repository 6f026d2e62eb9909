-- Marks of contests that were left behind when the last rival went go now, each with its event; from
-- this version on they go in the transaction in which the rival does. Rivals are what
-- store/claims/contests.py says.

WITH unrivalled AS (
    UPDATE prefixes AS p SET standing = 'ok', modified_at = now()
    WHERE p.live AND p.standing = 'contested'
        AND NOT EXISTS (
            SELECT FROM prefixes AS rival
            WHERE rival.cidr && p.cidr AND rival.id <> p.id AND rival.live AND (
                rival.state = 'approved'
                OR p.state = 'approved' AND rival.state = 'pending' AND (
                    rival.standing = 'contested'
                    OR rival.standing IN ('suspended', 'offboarding')
                        AND rival.ownership_state = 'valid'
                )
            )
        )
        AND (p.state = 'approved' OR NOT EXISTS (
            SELECT FROM reservations AS r
            WHERE r.cidr && p.cidr AND r.live AND r.account_id IS DISTINCT FROM p.account_id
        ))
    RETURNING p.id, p.account_id
), numbered AS (
    SELECT id, account_id, row_number() OVER (PARTITION BY account_id ORDER BY id) AS nth,
        count(*) OVER (PARTITION BY account_id) AS of_account
    FROM unrivalled
), of_prefix AS (
    INSERT INTO event_counters AS kept (prefix_id, last) SELECT id, 1 FROM numbered ORDER BY id
    ON CONFLICT (prefix_id) DO UPDATE SET last = kept.last + 1
    RETURNING prefix_id, last
), of_account AS (
    INSERT INTO account_event_counters AS kept (account_id, last)
    SELECT account_id, count(*) FROM numbered GROUP BY account_id ORDER BY account_id
    ON CONFLICT (account_id) DO UPDATE SET last = kept.last + excluded.last
    RETURNING account_id, last
)
INSERT INTO events
    (prefix_id, number, account_id, account_number, kind, actor, request_id, at, before, after)
SELECT numbered.id, of_prefix.last, numbered.account_id,
    of_account.last - numbered.of_account + numbered.nth,
    'prefix.ok', 'worker', 'last-rival-gone', now(),
    '{"standing": "contested"}', '{"standing": "ok", "because": "no rival is left"}'
FROM numbered
JOIN of_prefix ON of_prefix.prefix_id = numbered.id
JOIN of_account ON of_account.account_id = numbered.account_id;
