-- Few jobs end so, and whoever looks for them wants the last ones.
CREATE INDEX jobs_gone_wrong_by_change ON jobs (status, updated_at, id) WHERE status IN ('failed', 'cancelled');
