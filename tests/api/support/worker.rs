//! A worker that does as it is told: it takes jobs and writes what a real one would write.

use chrono::TimeDelta;
use ferrobyte::domain::job::{
    AttemptStatus, FailureReason, FailureType, Failures, JobStatus, LogLine, Origin, StateKind,
};
use ferrobyte::store::attempts::{self, Ended, StreamStatistics};
use ferrobyte::store::jobs::{self, Claimed, Claimer, Settled};
use ferrobyte::store::leases::{Fenced, Lease};
use ferrobyte::store::log_pieces::{self, Piece};
use ferrobyte::store::states::{self, StoredState};

use super::TestServer;

/// A worker at its job.
pub struct Worker<'a> {
    server: &'a TestServer,
    lease: Lease,
    pieces: i32,
    lines: i64,
}

impl<'a> Worker<'a> {
    /// Takes the job that has waited longest.
    pub async fn takes(server: &'a TestServer) -> Self {
        let now = server.app.clock.now();
        let by = Claimer {
            worker: "a test",
            token: server.app.clock.new_id(),
            now,
            until: now + TimeDelta::hours(1),
            by_workspace: 0,
            by_connector: 0,
        };
        let claimed = jobs::claim(&server.app.db, &by).await.expect("a claim");
        let Claimed::Job(_, lease) = claimed else {
            panic!("there is no job to take: {claimed:?}");
        };
        Self {
            server,
            lease,
            pieces: 0,
            lines: 0,
        }
    }

    async fn fence(&self) -> Fenced {
        let until = self.server.app.clock.now() + TimeDelta::hours(1);
        let fenced = self.lease.fence(&self.server.app.db, until).await;
        fenced.expect("a transaction").expect("the lease holds")
    }

    /// Acknowledges rows of a stream with a state.
    pub async fn commits(&self, stream: &str, rows: i64, state: &str) {
        let mut db = self.fence().await;
        let now = self.server.app.clock.now();
        let statistics = StreamStatistics {
            attempt: self.lease.attempt(),
            namespace: String::new(),
            name: stream.to_owned(),
            rows_emitted: rows + 1,
            bytes_emitted: rows * 10 + 10,
            rows_committed: rows,
            bytes_committed: rows * 10,
            rows_estimated: None,
            status: "running".to_owned(),
        };
        let state = StoredState {
            namespace: String::new(),
            name: stream.to_owned(),
            kind: StateKind::Stream,
            state: state.to_owned(),
        };
        attempts::put_statistics(&mut db, &statistics)
            .await
            .expect("statistics");
        states::put(&mut db, &state, now).await.expect("a state");
        jobs::progress(&mut db, rows, rows * 10)
            .await
            .expect("progress");
        db.commit().await.expect("a commit");
    }

    /// Writes a piece of the log.
    pub async fn logs(&mut self, lines: &[(&str, &str)]) {
        let mut db = self.fence().await;
        let now = self.server.app.clock.now();
        let texts: Vec<_> = lines
            .iter()
            .map(|(level, message)| {
                let line = LogLine {
                    at: now.timestamp_millis(),
                    origin: Origin::Source,
                    level: (*level).to_owned(),
                    message: (*message).to_owned(),
                };
                serde_json::to_string(&line).expect("JSON")
            })
            .collect();
        let piece = Piece {
            piece: self.pieces,
            first_line: self.lines,
            lines: texts.join("\n"),
        };
        log_pieces::put(&mut db, &piece, now)
            .await
            .expect("a piece");
        db.commit().await.expect("a commit");
        self.pieces += 1;
        self.lines += i64::try_from(lines.len()).expect("few");
    }

    /// Gives the job out of its hands.
    pub async fn ends(self, status: JobStatus) {
        let mut db = self.fence().await;
        let now = self.server.app.clock.now();
        let failed = matches!(status, JobStatus::Failed | JobStatus::Incomplete);
        let reason = FailureReason::new(
            Origin::Source,
            FailureType::TransientError,
            "the source went away",
        );
        let failures = if failed { vec![reason] } else { Vec::new() };
        let ended = Ended {
            status: match status {
                JobStatus::Succeeded => AttemptStatus::Succeeded,
                JobStatus::Cancelled => AttemptStatus::Cancelled,
                _ => AttemptStatus::Failed,
            },
            failures: serde_json::to_string(&failures).expect("JSON"),
            cpu_time: Some(1_500_000),
            peak_memory: Some(1024),
        };
        attempts::end(&mut db, &ended, now).await.expect("an end");
        let settled = Settled {
            status,
            run_at: now,
            failures: Failures::default(),
            failure: None,
        };
        jobs::settle(&mut db, &settled, now).await.expect("an end");
        db.commit().await.expect("a commit");
    }
}
