-- What organizations are run with: regions that can be switched off, the data planes in them, and groups
-- of people.

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

-- What a group is granted counts for its members, as long as they hold something on the organization
-- themselves. A name is there once in an organization, whatever its case.
CREATE TABLE user_groups (
    id UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    description TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    deleted_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX user_groups_by_name ON user_groups (organization_id, folded_name) WHERE deleted_at IS NULL;

CREATE TABLE group_members (
    id UUID PRIMARY KEY,
    group_id UUID NOT NULL REFERENCES user_groups (id),
    user_id UUID NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (user_id, group_id)
);
CREATE INDEX group_members_in_order ON group_members (group_id, created_at, id);

-- As `permissions`, but never on the whole instance.
CREATE TABLE group_permissions (
    id UUID PRIMARY KEY,
    group_id UUID NOT NULL REFERENCES user_groups (id),
    permission_type TEXT NOT NULL,
    organization_id UUID REFERENCES organizations (id),
    workspace_id UUID REFERENCES workspaces (id),
    created_at TIMESTAMPTZ NOT NULL,
    CHECK ((organization_id IS NULL) <> (workspace_id IS NULL))
);
CREATE UNIQUE INDEX group_permissions_on_organizations ON group_permissions (group_id, organization_id, permission_type)
    WHERE organization_id IS NOT NULL;
CREATE UNIQUE INDEX group_permissions_on_workspaces ON group_permissions (group_id, workspace_id, permission_type)
    WHERE workspace_id IS NOT NULL;
CREATE INDEX group_permissions_in_order ON group_permissions (group_id, created_at, id);

-- Whom a program acts as that embeds us for people of its own: one account for a workspace, which may edit
-- the sources there and nothing else. It is made when a token for it is asked for first.
CREATE TABLE embedded_accounts (
    workspace_id UUID PRIMARY KEY REFERENCES workspaces (id),
    account_id UUID NOT NULL UNIQUE REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL
);
