-- A token that a person made for themselves: it may do what their role allows, and falls with them.
ALTER TABLE credentials ADD COLUMN person_id uuid
    CONSTRAINT fk_credentials_person_id REFERENCES credentials (id) ON DELETE RESTRICT;
CREATE INDEX ix_credentials_person_id ON credentials (person_id) WHERE person_id IS NOT NULL;
