-- Computed, so that what a process of the version before still writes is found as well. Such a
-- letter is renewed, and superseded by the one that names the parties that were asked.

ALTER TABLE letters ADD COLUMN misnames BOOLEAN GENERATED ALWAYS AS (
    jsonb_path_exists(facts, '$.checks[*] ? (@.of == "" || @.of like_regex "snapshot [0-9]" || @.check != "ownership_rdns" && @.of like_regex "validating resolver")')
) STORED NOT NULL;

-- To find the claims around one that leaves: few are not ok.
CREATE INDEX ix_prefixes_not_ok ON prefixes USING gist (cidr inet_ops) WHERE live AND standing <> 'ok';
