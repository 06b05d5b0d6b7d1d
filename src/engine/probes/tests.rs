use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use uuid::Uuid;

use super::*;
use crate::clock::Timestamp;
use crate::protocol::message::CheckStatus;

const SOON: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(20);

fn clock() -> Clock {
    Clock::by_hand(Timestamp::UNIX_EPOCH)
}

fn probes(lanes: usize) -> Probes {
    probes_by(clock(), lanes)
}

fn probes_by(clock: Clock, lanes: usize) -> Probes {
    let limits = Limits {
        lanes,
        of_one_tenant: 100,
    };
    Probes {
        abandoned: SOON,
        ..Probes::new(clock, Shutdown::default(), limits)
    }
}

fn errand(asked: Asked, number: u8) -> Errand {
    Errand {
        subject: Subject {
            asked,
            edition: "native:source:faker@1".to_owned(),
            fingerprint: vec![number],
        },
        tenant: Uuid::nil().into(),
        deadline: LONG,
        afresh: false,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of every outcome")]
fn passed() -> Outcome {
    Ok(Finding::Status(ConnectionStatus {
        status: CheckStatus::Succeeded,
        message: None,
    }))
}

fn broken() -> Outcome {
    Err(Failure::missing("there is no bread"))
}

fn says(answer: &Result<Outcome, NoOutcome>) -> String {
    match answer {
        Ok(Ok(_)) => "passed".to_owned(),
        Ok(Err(failure)) => failure.message.clone(),
        Err(why) => format!("{why:?}"),
    }
}

/// Waits until nothing is under way.
async fn settled(probes: &Probes) {
    while !probes.desk.board().under_way.is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn callers_at_the_same_time_share_one_probe() {
    let (probes, runs) = (probes(4), Arc::new(AtomicUsize::new(0)));
    let ask = || {
        let runs = Arc::clone(&runs);
        probes.ask(errand(Asked::Discover, 1), LONG, move || async move {
            runs.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(SOON).await;
            passed()
        })
    };
    let (one, two, three) = tokio::join!(ask(), ask(), ask());
    for answer in [one, two, three] {
        assert_eq!(says(&answer), "passed");
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert_eq!(says(&ask().await), "passed");
    assert_eq!(runs.load(Ordering::SeqCst), 2, "what was heard is not kept");
}

#[tokio::test]
async fn a_probe_goes_on_when_its_callers_leave_and_the_next_one_hears_what_came_of_it() {
    for (asked, outcome) in [(Asked::Discover, "passed"), (Asked::Check, "passed")] {
        let (probes, ripe) = (probes(4), Arc::new(Notify::new()));
        let ripe_at_last = Arc::clone(&ripe);
        let work = move || async move {
            ripe_at_last.notified().await;
            passed()
        };
        let first = probes.ask(errand(asked, 1), SOON, work).await;
        assert_eq!(first.expect_err("nothing yet"), NoOutcome::Yet);
        ripe.notify_one();
        settled(&probes).await;
        let afresh = Errand {
            afresh: true,
            ..errand(asked, 1)
        };
        let next = probes.ask(afresh, SOON, || async { broken() }).await;
        assert_eq!(says(&next), outcome, "even for those who want it afresh");
        let last = probes
            .ask(errand(asked, 1), SOON, || async { broken() })
            .await;
        assert_eq!(says(&last), "there is no bread", "it was told once");
    }
}

#[tokio::test]
async fn a_failed_discovery_is_remembered_for_a_minute_unless_it_is_wanted_afresh() {
    let clock = clock();
    let probes = probes_by(clock.clone(), 4);
    let ask = |asked, afresh, outcome: fn() -> Outcome| {
        let errand = Errand {
            afresh,
            ..errand(asked, 1)
        };
        probes.ask(errand, LONG, move || async move { outcome() })
    };
    let discover = |afresh, outcome| ask(Asked::Discover, afresh, outcome);
    assert_eq!(says(&discover(false, broken).await), "there is no bread");
    assert_eq!(says(&discover(false, passed).await), "there is no bread");
    assert_eq!(says(&discover(true, passed).await), "passed");
    assert_eq!(says(&discover(true, broken).await), "there is no bread");
    clock.advance(super::board::KEPT);
    assert_eq!(says(&discover(false, passed).await), "passed");
    assert_eq!(
        says(&ask(Asked::Check, false, broken).await),
        "there is no bread"
    );
    assert_eq!(says(&ask(Asked::Check, false, passed).await), "passed");
}

#[tokio::test]
async fn a_hundred_hanging_connectors_of_one_tenant_leave_room_for_another() {
    let probes = probes(4);
    let hanging = (0..100).map(|number| {
        probes.ask(errand(Asked::Discover, number), SOON, || {
            std::future::pending::<Outcome>()
        })
    });
    for answer in futures_util::future::join_all(hanging).await {
        assert_eq!(says(&answer), "Yet");
    }
    let crowded = probes
        .ask(errand(Asked::Check, 0), SOON, || async { passed() })
        .await;
    assert_eq!(says(&crowded), "Crowded");
    let other = Errand {
        tenant: Uuid::max().into(),
        ..errand(Asked::Check, 0)
    };
    let answer = probes.ask(other, LONG, || async { passed() }).await;
    assert_eq!(says(&answer), "passed");
}

#[tokio::test]
async fn what_has_no_lane_yet_is_given_up_when_nobody_waits_for_it() {
    let probes = probes(1);
    let hang = || std::future::pending::<Outcome>();
    assert_eq!(
        says(&probes.ask(errand(Asked::Discover, 1), SOON, hang).await),
        "Yet"
    );
    assert_eq!(
        says(&probes.ask(errand(Asked::Discover, 2), SOON, hang).await),
        "Yet"
    );
    let under_way = || probes.desk.board().under_way.len();
    assert_eq!(under_way(), 2);
    while under_way() > 1 {
        tokio::time::sleep(SOON).await;
    }
    let board = probes.desk.board();
    assert!(board.under_way.keys().all(|one| one.fingerprint == [1]));
}

#[tokio::test]
async fn a_probe_ends_at_its_deadline_and_a_panic_gives_its_place_back() {
    let probes = probes(1);
    let short = Errand {
        deadline: SOON,
        ..errand(Asked::Check, 1)
    };
    let answer = probes
        .ask(short, LONG, std::future::pending::<Outcome>)
        .await;
    assert!(says(&answer).contains("did not finish"), "{answer:?}");
    let answer = probes
        .ask(errand(Asked::Check, 1), LONG, || async {
            panic!("the canary died")
        })
        .await;
    assert_eq!(says(&answer), "Yet");
    let answer = probes
        .ask(errand(Asked::Check, 1), LONG, || async { passed() })
        .await;
    assert_eq!(says(&answer), "passed");
}

#[tokio::test]
async fn stopping_ends_what_nobody_waits_for() {
    let shutdown = Shutdown::default();
    let limits = Limits {
        lanes: 2,
        of_one_tenant: 9,
    };
    let probes = Probes::new(clock(), shutdown.clone(), limits);
    let hang = || std::future::pending::<Outcome>();
    assert_eq!(
        says(&probes.ask(errand(Asked::Discover, 1), SOON, hang).await),
        "Yet"
    );
    assert!(shutdown.finish(LONG, std::future::pending()).await);
    assert!(probes.desk.board().under_way.is_empty());
}
