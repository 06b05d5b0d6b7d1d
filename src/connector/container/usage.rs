//! What a container takes of the machine: engines tell it only while it runs, so it is asked for now
//! and then, and what short runs take stays unknown.

use std::time::Duration;

use bollard::Docker;
use bollard::query_parameters::StatsOptionsBuilder;
use futures_util::StreamExt as _;
use tokio::time::sleep;

use crate::connector::Exit;

const FIRST: Duration = Duration::from_secs(1);
const THEN: Duration = Duration::from_secs(10);

/// The last that is known.
#[derive(Debug, Default)]
pub(super) struct Usage {
    cpu: Option<Duration>,
    memory: Option<u64>,
}

impl Usage {
    /// Samples for ever.
    pub(super) async fn sample(&mut self, docker: &Docker, id: &str) {
        let mut pause = FIRST;
        loop {
            sleep(pause).await;
            pause = THEN;
            let options = StatsOptionsBuilder::new()
                .stream(false)
                .one_shot(true)
                .build();
            let Some(Ok(now)) = docker.stats(id, Some(options)).boxed().next().await else {
                continue;
            };
            let cpu = now.cpu_stats.and_then(|cpu| cpu.cpu_usage?.total_usage);
            let memory = now
                .memory_stats
                .and_then(|memory| memory.max_usage.max(memory.usage));
            self.cpu = cpu.map(Duration::from_nanos).or(self.cpu);
            self.memory = self.memory.max(memory);
        }
    }

    /// Adds what is known to the end.
    pub(super) fn tell(self, exit: &mut Exit) {
        exit.cpu = self.cpu;
        exit.memory = self.memory;
    }
}
