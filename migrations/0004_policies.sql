-- What happens around jobs: switching off what always fails, following the source's schema, keeping logs
-- within bounds.

-- Failures before this moment do not count: somebody has switched the connection on again.
ALTER TABLE connections ADD COLUMN counted_from TIMESTAMPTZ;
-- When it was said that the connection will be switched off if it goes on like this.
ALTER TABLE connections ADD COLUMN warned_at TIMESTAMPTZ;
-- With which configuration of the source the catalog was compared at `refreshed_at`, and the names of the
-- streams on offer then, as JSON: only what is not among them is new.
ALTER TABLE connections ADD COLUMN refreshed_with BYTEA;
ALTER TABLE connections ADD COLUMN offered TEXT;
-- When the source was last asked for its schema in vain.
ALTER TABLE connections ADD COLUMN refresh_tried_at TIMESTAMPTZ;
-- A digest of the change of the schema that was told and not applied: it is told once.
ALTER TABLE connections ADD COLUMN told_change TEXT;

-- The size of a piece, so that the whole can be summed up from an index.
ALTER TABLE log_pieces ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0;
CREATE INDEX log_pieces_by_size ON log_pieces (job_id, bytes);
