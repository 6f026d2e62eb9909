-- People who sign in on pages. Each acts by a credential, whose token nobody has, so that keys of
-- repeated writes, limits and histories know people as they know programs.

CREATE TABLE people (
    id UUID NOT NULL,
    role TEXT NOT NULL,
    CONSTRAINT pk_people PRIMARY KEY (id),
    CONSTRAINT fk_people_id FOREIGN KEY (id) REFERENCES credentials (id) ON DELETE RESTRICT,
    CONSTRAINT ck_people_role CHECK (
        role IN ('viewer', 'editor', 'admin', 'operator_viewer', 'operator')
    )
);

CREATE TABLE sign_in_links (
    id UUID NOT NULL,
    person_id UUID NOT NULL,
    token_sha256 BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_sign_in_links PRIMARY KEY (id),
    CONSTRAINT fk_sign_in_links_person_id
        FOREIGN KEY (person_id) REFERENCES people (id) ON DELETE RESTRICT,
    CONSTRAINT uq_sign_in_links_token_sha256 UNIQUE (token_sha256),
    CONSTRAINT ck_sign_in_links_token_sha256 CHECK (octet_length(token_sha256) = 32)
);
CREATE INDEX ix_sign_in_links_person_id ON sign_in_links (person_id);

CREATE TABLE browser_sessions (
    id UUID NOT NULL,
    person_id UUID NOT NULL,
    token_sha256 BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    agent TEXT NOT NULL,
    address TEXT NOT NULL,
    CONSTRAINT pk_browser_sessions PRIMARY KEY (id),
    CONSTRAINT fk_browser_sessions_person_id
        FOREIGN KEY (person_id) REFERENCES people (id) ON DELETE RESTRICT,
    CONSTRAINT uq_browser_sessions_token_sha256 UNIQUE (token_sha256),
    CONSTRAINT ck_browser_sessions_token_sha256 CHECK (octet_length(token_sha256) = 32)
);
CREATE INDEX ix_browser_sessions_person_id ON browser_sessions (person_id);
