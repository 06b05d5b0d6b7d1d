-- Who there is: organizations, their regions and workspaces, the people and what they may do,
-- and the applications by which their programs sign in. One text for PostgreSQL and SQLite.

CREATE TABLE organizations (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    deleted_at TIMESTAMPTZ
);
CREATE INDEX organizations_by_name ON organizations (name, id) WHERE deleted_at IS NULL;

CREATE TABLE regions (
    id UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    deleted_at TIMESTAMPTZ
);
CREATE INDEX regions_by_organization ON regions (organization_id, created_at, id) WHERE deleted_at IS NULL;

CREATE TABLE workspaces (
    id UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    region_id UUID NOT NULL REFERENCES regions (id),
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    notifications TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    deleted_at TIMESTAMPTZ
);
CREATE INDEX workspaces_in_order ON workspaces (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX workspaces_by_organization ON workspaces (organization_id, created_at, id) WHERE deleted_at IS NULL;

-- An e-mail is stored in lower case. A user without a password cannot sign in to the pages.
CREATE TABLE users (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    password_hash TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    deleted_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX users_by_email ON users (email) WHERE deleted_at IS NULL;

-- One grant: at most one of the two scopes is set; neither means the whole instance.
CREATE TABLE permissions (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    permission_type TEXT NOT NULL,
    organization_id UUID REFERENCES organizations (id),
    workspace_id UUID REFERENCES workspaces (id),
    created_at TIMESTAMPTZ NOT NULL,
    CHECK (organization_id IS NULL OR workspace_id IS NULL)
);
CREATE UNIQUE INDEX permissions_on_organizations ON permissions (user_id, organization_id, permission_type)
    WHERE organization_id IS NOT NULL;
CREATE UNIQUE INDEX permissions_on_workspaces ON permissions (user_id, workspace_id, permission_type)
    WHERE workspace_id IS NOT NULL;
CREATE UNIQUE INDEX permissions_on_the_instance ON permissions (user_id, permission_type)
    WHERE organization_id IS NULL AND workspace_id IS NULL;
CREATE INDEX permissions_by_user ON permissions (user_id, created_at, id);
CREATE INDEX permissions_by_organization ON permissions (organization_id) WHERE organization_id IS NOT NULL;
CREATE INDEX permissions_by_workspace ON permissions (workspace_id) WHERE workspace_id IS NOT NULL;

-- The secret is kept as SHA-256 only. A rotation raises the generation; the generation before it
-- stays good until previous_secret_expires_at, and so do the tokens that it bought.
CREATE TABLE applications (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    client_id TEXT NOT NULL,
    secret_hash BYTEA NOT NULL,
    secret_generation BIGINT NOT NULL,
    previous_secret_hash BYTEA,
    previous_secret_expires_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ,
    deleted_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX applications_by_client_id ON applications (client_id) WHERE deleted_at IS NULL;
CREATE INDEX applications_by_user ON applications (user_id, created_at, id) WHERE deleted_at IS NULL;

-- Browser sessions; the cookie's value is kept as SHA-256 only.
CREATE TABLE sessions (
    token_hash BYTEA PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- The keys that sign access tokens, unless the operator gives one. The newest live one signs.
CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    secret BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    retired_at TIMESTAMPTZ
);

-- Numbers that only grow, each raised by the statement that needs it.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('workspaces_removed', 0);
