-- Edges, the numbered changes that they carry out, and what answers until they have.

CREATE TABLE edges (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    acknowledged BIGINT NOT NULL,
    joins_at BIGINT,
    counts BOOLEAN NOT NULL,
    drained BOOLEAN NOT NULL,
    registered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    heard_at TIMESTAMP WITH TIME ZONE,
    removed_at TIMESTAMP WITH TIME ZONE,
    live BOOLEAN GENERATED ALWAYS AS (removed_at IS NULL) STORED NOT NULL,
    CONSTRAINT pk_edges PRIMARY KEY (id),
    CONSTRAINT ck_edges_acknowledged CHECK (acknowledged >= 0),
    CONSTRAINT ck_edges_heard CHECK ((joins_at IS NULL) = (heard_at IS NULL)),
    CONSTRAINT ck_edges_counts CHECK (NOT counts OR joins_at IS NOT NULL),
    CONSTRAINT ck_edges_has_full_state CHECK (NOT counts OR acknowledged >= joins_at)
);
CREATE UNIQUE INDEX uq_edges_live_name ON edges (name) WHERE live;
CREATE INDEX ix_edges_name ON edges (name);

CREATE TABLE edge_changes (
    number BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    kind TEXT NOT NULL,
    prefix_id UUID NOT NULL,
    prefix_cidr CIDR NOT NULL,
    cidr CIDR NOT NULL,
    binding_id UUID NOT NULL,
    service_id UUID,
    previous_service_id UUID,
    answering_service_id UUID,
    answering_cidr CIDR,
    CONSTRAINT pk_edge_changes PRIMARY KEY (number),
    CONSTRAINT ck_edge_changes_kind CHECK (kind IN ('bound', 'swapped', 'unbound')),
    CONSTRAINT ck_edge_changes_number CHECK (number >= 1),
    CONSTRAINT ck_edge_changes_service CHECK ((kind = 'unbound') = (service_id IS NULL)),
    CONSTRAINT ck_edge_changes_previous_service CHECK ((kind = 'bound') = (previous_service_id IS NULL)),
    CONSTRAINT ck_edge_changes_answering_itself CHECK (kind = 'unbound' OR (answering_service_id IS NOT DISTINCT FROM service_id AND answering_cidr IS NOT DISTINCT FROM cidr)),
    CONSTRAINT ck_edge_changes_answering CHECK (num_nulls(answering_service_id, answering_cidr) IN (0, 2)),
    CONSTRAINT fk_edge_changes_prefix_id FOREIGN KEY(prefix_id) REFERENCES prefixes (id) ON DELETE RESTRICT,
    CONSTRAINT fk_edge_changes_binding_id FOREIGN KEY(binding_id) REFERENCES bindings (id) ON DELETE RESTRICT,
    CONSTRAINT fk_edge_changes_service_id FOREIGN KEY(service_id) REFERENCES services (id) ON DELETE RESTRICT,
    CONSTRAINT fk_edge_changes_previous_service_id FOREIGN KEY(previous_service_id) REFERENCES services (id) ON DELETE RESTRICT,
    CONSTRAINT fk_edge_changes_answering_service_id FOREIGN KEY(answering_service_id) REFERENCES services (id) ON DELETE RESTRICT
);
CREATE INDEX ix_edge_changes_service ON edge_changes (service_id, number);
CREATE INDEX ix_edge_changes_previous_service ON edge_changes (previous_service_id, number);
CREATE INDEX ix_edge_changes_binding ON edge_changes (binding_id, number);

CREATE TABLE edge_change_counter (
    singleton BOOLEAN DEFAULT true NOT NULL,
    last BIGINT NOT NULL,
    CONSTRAINT pk_edge_change_counter PRIMARY KEY (singleton),
    CONSTRAINT ck_edge_change_counter_one_row CHECK (singleton)
);

ALTER TABLE bindings
    ADD COLUMN change BIGINT DEFAULT '0' NOT NULL,
    ADD COLUMN settled BIGINT DEFAULT '0' NOT NULL,
    ADD COLUMN answering_service_id UUID,
    ADD COLUMN answers BOOLEAN GENERATED ALWAYS AS (nullif(answering_service_id IS NOT NULL, false)) STORED;

-- What is bound already is the beginning of the feed; there are no edges yet that could lack it.
WITH numbered AS (
    SELECT id, row_number() OVER (ORDER BY created_at, prefix_id, masklen(cidr), id) AS number
    FROM bindings WHERE live
)
UPDATE bindings
SET change = number, settled = number, answering_service_id = service_id, state = 'active'
FROM numbered WHERE numbered.id = bindings.id;

INSERT INTO edge_changes (number, at, kind, prefix_id, prefix_cidr, cidr, binding_id, service_id,
    answering_service_id, answering_cidr)
SELECT change, created_at, 'bound', prefix_id, prefix_cidr, cidr, id, service_id, service_id, cidr
FROM bindings WHERE change > 0;

INSERT INTO edge_change_counter (last) SELECT max(change) FROM bindings HAVING max(change) > 0;

ALTER TABLE bindings
    ADD CONSTRAINT fk_bindings_answering_service_id FOREIGN KEY(answering_service_id) REFERENCES services (id) ON DELETE RESTRICT,
    ADD CONSTRAINT fk_bindings_answering_service FOREIGN KEY(answering_service_id, answers) REFERENCES services (id, live),
    ADD CONSTRAINT ck_bindings_settled CHECK (settled BETWEEN 0 AND change),
    ADD CONSTRAINT ck_bindings_active_answers CHECK (state <> 'active' OR removed_at IS NOT NULL OR answering_service_id IS NOT DISTINCT FROM service_id);
ALTER TABLE bindings ADD CONSTRAINT ex_bindings_default_overlap EXCLUDE USING gist (prefix_cidr inet_ops WITH &&) WHERE (live AND is_default);

CREATE INDEX ix_bindings_answering_service_id ON bindings (answering_service_id);
CREATE INDEX ix_bindings_unsettled ON bindings (prefix_id) WHERE settled < change;

CREATE TRIGGER edges_never_deleted BEFORE DELETE ON edges
FOR EACH ROW EXECUTE FUNCTION refuse_change('rows end, they are not deleted');

CREATE TRIGGER edges_never_step_back BEFORE UPDATE ON edges
FOR EACH ROW WHEN (new.acknowledged < old.acknowledged OR old.counts AND NOT new.counts
    OR new.name <> old.name OR old.removed_at IS NOT NULL)
EXECUTE FUNCTION refuse_change('what an edge has acknowledged stays so');

CREATE TRIGGER bindings_never_step_back BEFORE UPDATE ON bindings
FOR EACH ROW WHEN (new.change < old.change OR new.settled < old.settled)
EXECUTE FUNCTION refuse_change('what edges have agreed on stays so');

CREATE TRIGGER edge_changes_append_only BEFORE UPDATE OR DELETE ON edge_changes
FOR EACH ROW EXECUTE FUNCTION refuse_change('history is only ever added to');

CREATE TRIGGER edge_changes_never_emptied BEFORE TRUNCATE ON edge_changes
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('history is only ever added to');
