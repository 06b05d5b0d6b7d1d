-- Running an organization: who changed what, and people who are kept out without being forgotten.

-- One row for each change that was made, in the transaction that made it. Nothing updates or deletes one.
-- Without an organization it regards a person: a sign-in, a password, an application.
CREATE TABLE audit_log (
    id UUID PRIMARY KEY,
    at TIMESTAMPTZ NOT NULL,
    user_id UUID,
    application_id UUID,
    operation TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    organization_id UUID,
    address TEXT NOT NULL,
    request_id TEXT NOT NULL,
    outcome TEXT NOT NULL
);
CREATE INDEX audit_log_by_organization ON audit_log (organization_id, at, id);
CREATE INDEX audit_log_by_user ON audit_log (user_id, at, id);

-- A link that lets somebody choose their password, once; the newest one of each. Kept as SHA-256 only.
CREATE TABLE invitations (
    user_id UUID PRIMARY KEY REFERENCES users (id),
    token_hash BYTEA NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX invitations_by_token ON invitations (token_hash);

-- Somebody who is disabled keeps everything, and nothing of it works.
ALTER TABLE users ADD COLUMN disabled_at TIMESTAMPTZ;
-- The same, where every token is bought: one row tells all.
ALTER TABLE applications ADD COLUMN owner_disabled BOOLEAN NOT NULL DEFAULT FALSE;
-- An account of a program, which owns applications and cannot sign in to the pages.
ALTER TABLE users ADD COLUMN service BOOLEAN NOT NULL DEFAULT FALSE;
