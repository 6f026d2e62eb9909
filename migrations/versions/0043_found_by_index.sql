-- What nobody comes in by any more is deleted in pages; what operators were told of an account's
-- webhooks is looked up before they are told the same again; who else has claimed a space is looked
-- up among all claims, live or closed: with a million of them that read the whole table.

CREATE INDEX ix_sign_in_links_expires_at ON sign_in_links (expires_at);
CREATE INDEX ix_browser_sessions_expires_at ON browser_sessions (expires_at);
CREATE INDEX ix_operator_events_webhooks ON operator_events ((after ->> 'account_id'), at)
    WHERE kind = 'webhook.disabled';
CREATE INDEX ix_prefixes_space ON prefixes USING gist (cidr inet_ops);
