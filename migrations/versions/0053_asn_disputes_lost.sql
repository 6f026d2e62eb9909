-- Read while all rows of the number are locked.
CREATE INDEX ix_asn_disputes_ended ON asn_disputes (asn, ended_at);
