-- Syncs: connections, the queue of jobs with their attempts, what was committed, and who was told.

-- `streams` is what was asked for, in the order in which it was sent, and what readers see; `catalog` is
-- what the connectors are given, with the schemas. `schedule` is JSON, see domain/schedule.rs; `next_run_at`
-- follows from it and is empty for manual and inactive connections. `organization_id` repeats what the
-- workspace says and never changes; `tagged` says whether there may be tags: so a list reads one table.
CREATE TABLE connections (
    id UUID PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    source_id UUID NOT NULL REFERENCES actors (id),
    destination_id UUID NOT NULL REFERENCES actors (id),
    name TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'inactive', 'deprecated', 'locked')),
    -- Why the server itself switched it off; empty otherwise.
    status_reason TEXT NOT NULL,
    schedule TEXT NOT NULL,
    next_run_at TIMESTAMPTZ,
    namespace_definition TEXT NOT NULL,
    namespace_format TEXT,
    prefix TEXT NOT NULL,
    non_breaking_changes TEXT NOT NULL,
    streams TEXT NOT NULL,
    catalog TEXT NOT NULL,
    tagged BOOLEAN NOT NULL DEFAULT FALSE,
    -- When the source's schema was last compared with the catalog.
    refreshed_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    deleted_at TIMESTAMPTZ
);
CREATE INDEX connections_in_order ON connections (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX connections_by_organization ON connections (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX connections_by_workspace ON connections (workspace_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX connections_by_source ON connections (source_id) WHERE deleted_at IS NULL;
CREATE INDEX connections_by_destination ON connections (destination_id) WHERE deleted_at IS NULL;
CREATE INDEX connections_due ON connections (next_run_at) WHERE next_run_at IS NOT NULL AND deleted_at IS NULL;
-- For lists that show what is gone, too: they merge two orders.
CREATE INDEX connections_gone_in_order ON connections (created_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX connections_gone_by_organization ON connections (organization_id, created_at, id)
    WHERE deleted_at IS NOT NULL;
CREATE INDEX connections_gone_by_workspace ON connections (workspace_id, created_at, id)
    WHERE deleted_at IS NOT NULL;

CREATE TABLE tags (
    id UUID PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    color TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (workspace_id, name)
);
CREATE TABLE connection_tags (
    connection_id UUID NOT NULL REFERENCES connections (id),
    tag_id UUID NOT NULL REFERENCES tags (id),
    -- Tags come back in the order in which they were sent.
    position INTEGER NOT NULL,
    PRIMARY KEY (connection_id, tag_id)
);
CREATE INDEX connection_tags_by_tag ON connection_tags (tag_id);

-- The queue, and the history of it. A live job is one that has not ended; there is at most one for a
-- connection. A worker holds a job by its lease: every write of the worker names the token, and a job
-- whose lease has run out belongs to nobody. `streams` limits a refresh or a clear; empty means all.
CREATE TABLE jobs (
    id BIGINT PRIMARY KEY,
    connection_id UUID NOT NULL REFERENCES connections (id),
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    job_type TEXT NOT NULL CHECK (job_type IN ('sync', 'reset', 'clear', 'refresh')),
    status TEXT NOT NULL CHECK (status IN ('pending', 'running', 'incomplete', 'succeeded', 'failed', 'cancelled')),
    streams TEXT,
    -- Nobody takes it before: the wait between attempts.
    run_at TIMESTAMPTZ NOT NULL,
    cancel_requested_at TIMESTAMPTZ,
    lease_owner TEXT,
    lease_token UUID,
    lease_until TIMESTAMPTZ,
    attempts INTEGER NOT NULL,
    complete_failures INTEGER NOT NULL,
    complete_failures_in_a_row INTEGER NOT NULL,
    partial_failures INTEGER NOT NULL,
    partial_failures_in_a_row INTEGER NOT NULL,
    rows_committed BIGINT NOT NULL,
    bytes_committed BIGINT NOT NULL,
    -- JSON, the reason of the last failed attempt.
    failure TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX jobs_one_live ON jobs (connection_id) WHERE status IN ('pending', 'running', 'incomplete');
CREATE INDEX jobs_ready ON jobs (run_at, id) WHERE status IN ('pending', 'incomplete');
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE status = 'running';
CREATE INDEX jobs_by_creation ON jobs (created_at, id);
CREATE INDEX jobs_by_change ON jobs (updated_at, id);
CREATE INDEX jobs_by_connection ON jobs (connection_id, created_at, id);
CREATE INDEX jobs_by_workspace ON jobs (workspace_id, created_at, id);
CREATE INDEX jobs_by_workspace_and_change ON jobs (workspace_id, updated_at, id);
CREATE INDEX jobs_by_status ON jobs (status, created_at, id);
-- Nearly all jobs are syncs; the others are few enough to be found at once.
CREATE INDEX jobs_not_syncs ON jobs (job_type, created_at, id) WHERE job_type <> 'sync';
INSERT INTO counters (name, value) VALUES ('jobs', 0), ('claims', 0), ('longest_job_seconds', 0);

-- Numbered from 0 within a job. `failures` is a JSON list, the first one counts.
CREATE TABLE attempts (
    job_id BIGINT NOT NULL REFERENCES jobs (id),
    number INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('running', 'succeeded', 'failed', 'cancelled')),
    worker TEXT NOT NULL,
    failures TEXT NOT NULL,
    -- Of connector processes, when known: microseconds of processor time, bytes.
    cpu_time BIGINT,
    peak_memory BIGINT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    PRIMARY KEY (job_id, number)
);

-- Counts of one stream in one attempt: read from the source, and acknowledged by the destination.
CREATE TABLE stream_statistics (
    job_id BIGINT NOT NULL,
    attempt INTEGER NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    rows_emitted BIGINT NOT NULL,
    bytes_emitted BIGINT NOT NULL,
    rows_committed BIGINT NOT NULL,
    bytes_committed BIGINT NOT NULL,
    rows_estimated BIGINT,
    -- started, running, complete, incomplete
    status TEXT NOT NULL,
    PRIMARY KEY (job_id, attempt, namespace, name)
);

-- What was acknowledged: a row for each stream, or one row with kind `global` or `legacy` and no name.
CREATE TABLE states (
    connection_id UUID NOT NULL REFERENCES connections (id),
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('stream', 'global', 'legacy')),
    state TEXT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (connection_id, namespace, name)
);

CREATE TABLE generations (
    connection_id UUID NOT NULL REFERENCES connections (id),
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    generation BIGINT NOT NULL,
    -- The job that raised it last, so that a retry does not raise it again.
    job_id BIGINT NOT NULL,
    PRIMARY KEY (connection_id, namespace, name)
);

-- The log of an attempt, in pieces of some hundred lines each.
CREATE TABLE log_pieces (
    job_id BIGINT NOT NULL,
    attempt INTEGER NOT NULL,
    piece INTEGER NOT NULL,
    first_line BIGINT NOT NULL,
    lines TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (job_id, attempt, piece)
);

-- Who works: a row for each process that takes jobs.
CREATE TABLE workers (
    id TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    slots INTEGER NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL
);

-- Webhooks on their way, and what became of them.
CREATE TABLE deliveries (
    id UUID PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    event TEXT NOT NULL,
    url TEXT NOT NULL,
    body TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('waiting', 'delivered', 'failed')),
    attempts INTEGER NOT NULL,
    next_at TIMESTAMPTZ NOT NULL,
    outcome TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX deliveries_waiting ON deliveries (next_at) WHERE status = 'waiting';
CREATE INDEX deliveries_by_workspace ON deliveries (workspace_id, created_at, id);

-- Answers to requests that may be sent again: the same key gets the same answer for a day.
CREATE TABLE idempotency_keys (
    user_id UUID NOT NULL REFERENCES users (id),
    operation TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    -- The id of what was made.
    result TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, operation, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
