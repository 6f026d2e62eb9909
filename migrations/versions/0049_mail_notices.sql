-- What addresses of mail are told that is about no prefix, and so stands in no feed: webhooks that
-- were disabled, API tokens that are about to end. A process of the version before tells of neither.

ALTER TABLE credentials ADD COLUMN told_expiring_at TIMESTAMP WITH TIME ZONE;
CREATE INDEX ix_credentials_expiring ON credentials (expires_at)
    WHERE revoked_at IS NULL AND account_id IS NOT NULL;

CREATE TABLE mail_notices (
    id UUID NOT NULL,
    address_id UUID NOT NULL,
    kind TEXT NOT NULL,
    about UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    after JSONB NOT NULL,
    mailing UUID,
    CONSTRAINT pk_mail_notices PRIMARY KEY (id),
    CONSTRAINT fk_mail_notices_address_id FOREIGN KEY (address_id)
        REFERENCES mail_addresses (id) ON DELETE RESTRICT,
    CONSTRAINT ck_mail_notices_kind CHECK (kind IN ('webhook.disabled', 'credential.expiring'))
);
CREATE INDEX ix_mail_notices_address_id ON mail_notices (address_id);
CREATE UNIQUE INDEX uq_mail_notices_untold ON mail_notices (address_id, kind, about)
    WHERE mailing IS NULL;
