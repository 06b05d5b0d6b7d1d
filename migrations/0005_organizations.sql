-- What organizations are run with: regions that can be switched off, and the data planes in them.

-- A region that is not enabled takes no new workspaces; those in it stay.
ALTER TABLE regions ADD COLUMN enabled BOOLEAN NOT NULL DEFAULT TRUE;
CREATE INDEX workspaces_by_region ON workspaces (region_id) WHERE deleted_at IS NULL;

-- A data plane's credentials are the one application of an account of its own, which goes with it.
CREATE TABLE dataplanes (
    id UUID PRIMARY KEY,
    region_id UUID NOT NULL REFERENCES regions (id),
    account_id UUID NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    deleted_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX dataplanes_by_name ON dataplanes (region_id, name) WHERE deleted_at IS NULL;
