-- What an account has removed and can bring back, newest end first; others of its past are passed over.
CREATE INDEX ix_prefixes_removed ON prefixes (account_id, restorable_until)
    WHERE restorable_until IS NOT NULL;
