-- Whom a block lets write routes for a while, after a look without strangers, it does not name any
-- more when the token is found: so it must not have been changed since. NULL: noted by a version
-- that did not ask, or not noted yet; empty: the registry does not say.

ALTER TABLE validation_tokens ADD COLUMN absent_block TEXT;
