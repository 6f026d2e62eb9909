-- Who listens, as last found: so that one that is gone can be told from one that is silent.

CREATE TABLE listeners (
    name TEXT NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_listeners PRIMARY KEY (name)
);
