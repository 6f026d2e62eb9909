-- A question more that registries are asked: for the route objects of a prefix and around it.

ALTER TABLE registry_answers DROP CONSTRAINT ck_registry_answers_lookup,
    ADD CONSTRAINT ck_registry_answers_lookup CHECK
        (lookup in ('exact_routes', 'more_specific_routes', 'smallest_holder', 'aut_num', 'covering_routes'));
