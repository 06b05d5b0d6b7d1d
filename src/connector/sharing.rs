//! One run for everybody who asks the same at the same time. A run goes on when those who waited for it
//! have gone, so that whoever asks again finds it further along, or done.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Runs under way, by what they are about.
#[derive(Debug)]
pub struct Sharing<T> {
    runs: Arc<Runs<T>>,
}

type Runs<T> = Mutex<HashMap<String, watch::Receiver<Option<T>>>>;

fn open<T>(runs: &Runs<T>) -> MutexGuard<'_, HashMap<String, watch::Receiver<Option<T>>>> {
    runs.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> Default for Sharing<T> {
    fn default() -> Self {
        Self {
            runs: Arc::default(),
        }
    }
}

/// A place to wait for the outcome.
#[derive(Debug)]
pub struct Seat<T>(watch::Receiver<Option<T>>);

/// The duty to run, for the first who asks. Dropped without an outcome, it sends the others away.
#[derive(Debug)]
pub struct Duty<T> {
    key: String,
    outcome: watch::Sender<Option<T>>,
    runs: Arc<Runs<T>>,
}

impl<T> Sharing<T> {
    /// A seat at the run with this key, and the duty to run it when nobody does.
    pub fn join(&self, key: &str) -> (Seat<T>, Option<Duty<T>>) {
        let mut runs = open(&self.runs);
        if let Some(running) = runs.get(key) {
            return (Seat(running.clone()), None);
        }
        let (outcome, seat) = watch::channel(None);
        runs.insert(key.to_owned(), seat.clone());
        let duty = Duty {
            key: key.to_owned(),
            outcome,
            runs: Arc::clone(&self.runs),
        };
        (Seat(seat), Some(duty))
    }
}

impl<T: Clone> Seat<T> {
    /// Waits for the outcome; `None` when the run was given up.
    pub async fn outcome(mut self) -> Option<T> {
        let value = self.0.wait_for(Option::is_some).await.ok()?;
        value.clone()
    }
}

impl<T> Duty<T> {
    /// Tells everybody. Who asks from now on starts anew.
    pub fn done(self, outcome: T) {
        self.outcome.send_replace(Some(outcome));
    }
}

impl<T> Drop for Duty<T> {
    fn drop(&mut self) {
        open(&self.runs).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everybody_who_asks_at_once_gets_the_outcome_of_one_run() {
        let sharing = Sharing::default();
        let (first, duty) = sharing.join("a");
        let (second, none) = sharing.join("a");
        let (_, other) = sharing.join("b");
        assert!(none.is_none() && other.is_some());
        duty.expect("the first runs").done(7);
        assert_eq!(
            (first.outcome().await, second.outcome().await),
            (Some(7), Some(7))
        );
        assert!(sharing.join("a").1.is_some());
    }

    #[tokio::test]
    async fn a_run_that_is_given_up_sends_everybody_away() {
        let sharing = Sharing::<u8>::default();
        let (seat, duty) = sharing.join("a");
        drop(duty);
        assert_eq!(seat.outcome().await, None);
        assert!(sharing.join("a").1.is_some());
    }
}
