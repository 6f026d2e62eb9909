-- People who sign in at an identity provider. A process of the version before knows no such session
-- as one to be checked again: it ends after twelve hours.

ALTER TABLE browser_sessions ADD COLUMN provider_sid TEXT,
    ADD COLUMN checked_at TIMESTAMP WITH TIME ZONE;

CREATE TABLE identities (
    person_id UUID NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    granted TEXT,
    most TEXT,
    ended_at TIMESTAMP WITH TIME ZONE,
    live BOOLEAN GENERATED ALWAYS AS (ended_at IS NULL) STORED NOT NULL,
    CONSTRAINT pk_identities PRIMARY KEY (person_id),
    CONSTRAINT fk_identities_person_id FOREIGN KEY (person_id)
        REFERENCES people (id) ON DELETE RESTRICT,
    CONSTRAINT ck_identities_granted CHECK (
        granted IN ('viewer', 'editor', 'admin', 'operator_viewer', 'operator')
    ),
    CONSTRAINT ck_identities_most CHECK (
        most IN ('viewer', 'editor', 'admin', 'operator_viewer', 'operator')
    )
);
CREATE UNIQUE INDEX uq_identities_live ON identities (issuer, subject) WHERE live;

CREATE TABLE logout_tokens (
    token_sha256 BYTEA NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_logout_tokens PRIMARY KEY (token_sha256),
    CONSTRAINT ck_logout_tokens_token_sha256 CHECK (octet_length(token_sha256) = 32)
);
CREATE INDEX ix_logout_tokens_expires_at ON logout_tokens (expires_at);
