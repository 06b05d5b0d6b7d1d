-- Connectors: what there is to choose from, what was chosen and configured, and the secrets of it.

-- A definition without a workspace is public: it comes from the registry. `runtime` is JSON, see
-- domain/definition.rs; a pinned one was chosen by the operator, and nothing else changes it.
-- `manifest_version` is the active version of a low-code definition.
CREATE TABLE definitions (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('source', 'destination')),
    workspace_id UUID REFERENCES workspaces (id),
    name TEXT NOT NULL,
    -- The short name, as in configuration.sourceType; empty for definitions that people bring.
    short_name TEXT NOT NULL,
    repository TEXT NOT NULL,
    tag TEXT NOT NULL,
    documentation_url TEXT NOT NULL,
    runtime TEXT NOT NULL,
    runtime_pinned BOOLEAN NOT NULL DEFAULT FALSE,
    manifest_version BIGINT,
    -- What only the registry knows, JSON: support level, licence, allowed hosts and the like.
    facts TEXT NOT NULL,
    -- Whether a refresh of the registry brought it: the snapshot in the program leaves it alone then.
    refreshed BOOLEAN NOT NULL DEFAULT FALSE,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    deleted_at TIMESTAMPTZ
);
CREATE INDEX definitions_in_order ON definitions (workspace_id, kind, name, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX definitions_by_short_name ON definitions (kind, short_name)
    WHERE workspace_id IS NULL AND short_name <> '' AND deleted_at IS NULL;

-- Which snapshot of the registry the public definitions were last brought up to, and the order of
-- runtimes by which theirs were decided. One row, held while they change.
CREATE TABLE registry (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    digest TEXT NOT NULL,
    runtimes TEXT NOT NULL
);
INSERT INTO registry (id, digest, runtimes) VALUES (1, '', '');

-- Specifications, one for each thing that can be run (see Definition::edition): as the connector prints
-- it, or the outline that our snapshot has until then.
CREATE TABLE specifications (
    edition TEXT PRIMARY KEY,
    specification TEXT NOT NULL,
    printed BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

-- The versions of low-code definitions, counted from 1.
CREATE TABLE manifests (
    definition_id UUID NOT NULL REFERENCES definitions (id),
    version BIGINT NOT NULL,
    manifest TEXT NOT NULL,
    components TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (definition_id, version)
);

-- Sources and destinations. In `configuration` every secret is replaced by the mask that readers see;
-- the values are in `secrets`, found by their JSON pointer. `fingerprint` is a keyed hash of the whole
-- configuration, secrets included, and changes whenever it changes. `organization_id` and `short_name`
-- repeat what workspace and definition say and never change; so a list reads one table.
CREATE TABLE actors (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('source', 'destination')),
    organization_id UUID NOT NULL REFERENCES organizations (id),
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    definition_id UUID NOT NULL REFERENCES definitions (id),
    name TEXT NOT NULL,
    short_name TEXT NOT NULL,
    configuration TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    resource_allocation TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    deleted_at TIMESTAMPTZ
);
CREATE INDEX actors_in_order ON actors (kind, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX actors_by_organization ON actors (organization_id, kind, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX actors_by_workspace ON actors (workspace_id, kind, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX actors_by_definition ON actors (definition_id) WHERE deleted_at IS NULL;
CREATE INDEX actors_by_fingerprint ON actors (fingerprint) WHERE deleted_at IS NULL;
-- For lists that show what is gone, too: they merge two orders.
CREATE INDEX actors_gone_in_order ON actors (kind, created_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX actors_gone_by_organization ON actors (organization_id, kind, created_at, id)
    WHERE deleted_at IS NOT NULL;
CREATE INDEX actors_gone_by_workspace ON actors (workspace_id, kind, created_at, id)
    WHERE deleted_at IS NOT NULL;

-- Sealed values (XChaCha20-Poly1305, bound to owner and field) and the keys that seal them, themselves
-- sealed by the operator's key. `owner_id` is the row that a secret belongs to, `field` a JSON pointer
-- into its configuration. A value may be a reference (`secret_coordinate::…`) to a store of the operator's.
CREATE TABLE secret_keys (
    id TEXT PRIMARY KEY,
    sealed BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    retired_at TIMESTAMPTZ
);
CREATE TABLE secrets (
    owner_id UUID NOT NULL,
    field TEXT NOT NULL,
    key_id TEXT NOT NULL REFERENCES secret_keys (id),
    sealed BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (owner_id, field)
);
CREATE INDEX secrets_by_key ON secrets (key_id);

-- What discovery found, by what was run and with which configuration. `streams` is the part of it that
-- GET /streams shows, see domain/offer.rs: a catalog may have megabytes.
CREATE TABLE catalogs (
    edition TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    catalog TEXT NOT NULL,
    streams TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (edition, fingerprint)
);
CREATE INDEX catalogs_by_fingerprint ON catalogs (fingerprint);

-- OAuth: an owner's own client for a connector, the flows that wait for a browser to come back, and
-- what they brought, to be picked up once by `secretId`. The values are in `secrets`, by these ids.
CREATE TABLE oauth_overrides (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL,
    definition_id UUID NOT NULL REFERENCES definitions (id),
    organization_id UUID REFERENCES organizations (id),
    workspace_id UUID REFERENCES workspaces (id),
    created_at TIMESTAMPTZ NOT NULL,
    CHECK ((organization_id IS NULL) <> (workspace_id IS NULL))
);
CREATE UNIQUE INDEX oauth_overrides_of_organizations ON oauth_overrides (organization_id, definition_id)
    WHERE organization_id IS NOT NULL;
CREATE UNIQUE INDEX oauth_overrides_of_workspaces ON oauth_overrides (workspace_id, definition_id)
    WHERE workspace_id IS NOT NULL;
CREATE TABLE oauth_flows (
    state_hash BYTEA PRIMARY KEY,
    id UUID NOT NULL,
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    definition_id UUID NOT NULL REFERENCES definitions (id),
    user_id UUID NOT NULL REFERENCES users (id),
    redirect_url TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ
);
CREATE INDEX oauth_flows_by_expiry ON oauth_flows (expires_at);
CREATE UNIQUE INDEX oauth_flows_by_id ON oauth_flows (id);
