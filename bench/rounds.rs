//! The rounds of one case. A round gives both sides their time in many short turns, so that both
//! meet the same machine: what other programs do to caches and idle processors changes the cost of
//! a request by half, and changes from second to second.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::cases::{Case, Side};
use super::cpu;
use super::load::Crowd;
use super::report::{Round, Sample};
use super::settings::Settings;
use super::stage::{Account, Stage, Who};

pub(crate) const WARM_UP: Duration = Duration::from_millis(500);
pub(crate) const TURN: Duration = Duration::from_millis(250);

pub(crate) async fn play(
    settings: &Settings,
    stage: &Stage<'_>,
    case: &Case,
) -> Result<Vec<Round>> {
    let ours = Player::new(settings, stage, &case.ours);
    let against = Player::new(settings, stage, &case.against);
    for player in [&ours, &against] {
        player.crowd.ask(WARM_UP).await.context("warming up")?;
    }
    let mut rounds = Vec::new();
    for _ in 0..settings.rounds {
        let round = round(settings, &ours, &against).await?;
        eprintln!(
            "  {:.1} µs against {:.1} µs; others used {:.0} % of the machine",
            round.ours.total(),
            round.against.total(),
            round.others * 100.0
        );
        rounds.push(round);
    }
    Ok(rounds)
}

/// A B, B A, A B … until each side has had its time.
async fn round(settings: &Settings, ours: &Player<'_>, against: &Player<'_>) -> Result<Round> {
    let begun = (
        cpu::of_machine()?,
        Instant::now(),
        cpu::of_program(std::process::id())?,
    );
    let (mut first, mut second) = (Tally::default(), Tally::default());
    let mut turned = false;
    while first.time < settings.length {
        if turned {
            against.take_turn(&mut second).await?;
            ours.take_turn(&mut first).await?;
        } else {
            ours.take_turn(&mut first).await?;
            against.take_turn(&mut second).await?;
        }
        turned = !turned;
    }
    let load = cpu::of_program(std::process::id())?.saturating_sub(begun.2);
    let known = load + first.spent() + second.spent();
    let unknown = cpu::of_machine()?
        .saturating_sub(begun.0)
        .saturating_sub(known);
    let processors = std::thread::available_parallelism()?.get();
    let whole = begun.1.elapsed().as_secs_f64() * f64::from(u32::try_from(processors)?);
    Ok(Round {
        ours: first.per_request(),
        against: second.per_request(),
        others: unknown.as_secs_f64() / whole,
    })
}

/// One side with its connections.
struct Player<'a> {
    stage: &'a Stage<'a>,
    who: Who,
    crowd: Crowd,
}

impl<'a> Player<'a> {
    fn new(settings: &Settings, stage: &'a Stage<'a>, side: &Side) -> Self {
        let address = stage.program(side.who).address;
        let crowd = Crowd::gather(address, &side.request, settings.connections);
        Self {
            stage,
            who: side.who,
            crowd,
        }
    }

    async fn take_turn(&self, tally: &mut Tally) -> Result<()> {
        let before = self.stage.account(self.who)?;
        let begun = Instant::now();
        tally.requests += self.crowd.ask(TURN).await?.len() as u64;
        tally.time += begun.elapsed();
        let Account { program, database } = self.stage.account(self.who)?;
        tally.program += program.saturating_sub(before.program);
        tally.database += database.saturating_sub(before.database);
        Ok(())
    }
}

/// What one side has done and spent in the turns of a round.
#[derive(Default)]
struct Tally {
    requests: u64,
    time: Duration,
    program: Duration,
    database: Duration,
}

impl Tally {
    fn spent(&self) -> Duration {
        self.program + self.database
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 requests")]
    fn per_request(&self) -> Sample {
        let requests = self.requests as f64;
        Sample {
            program_us: self.program.as_secs_f64() * 1e6 / requests,
            database_us: self.database.as_secs_f64() * 1e6 / requests,
            per_second: requests / self.time.as_secs_f64(),
        }
    }
}
