-- Letters first, which takes longer, and is the order in which they are written.
-- Computed, so that what a process of the version before still writes is found as well.
ALTER TABLE letters ADD COLUMN misnames_rdns BOOLEAN GENERATED ALWAYS AS (
    jsonb_path_exists(facts, '$.checks[*] ? (@.check == "ownership_rdns" && @.of like_regex "(validating resolver|network reaches|:[0-9]+)(,| and )")')
) STORED NOT NULL;

-- Pairs of zones and the name servers that showed the token there, of none a signed zone. Null: a
-- process of the version before has kept the answer, and what it was rests on raw answers.
ALTER TABLE findings ADD COLUMN shown_by JSONB;
