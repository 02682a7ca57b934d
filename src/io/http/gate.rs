//! Who may send a request, and when: a cap on open connections, and turns for each host.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The gate that all requests of a client pass.
#[derive(Debug)]
pub(super) struct Gate {
    connections_max: NonZeroUsize,
    open: Mutex<usize>,
    closed: Condvar,
    /// Time between the starts of two requests to a host.
    interval: Duration,
    /// When the next request to a host may start.
    next: Mutex<BTreeMap<String, Instant>>,
}

/// The right to hold one connection, given back when dropped.
#[derive(Debug)]
pub(super) struct Permit(Arc<Gate>);

impl Gate {
    pub(super) fn new(connections_max: NonZeroUsize, requests_per_second: Option<f64>) -> Self {
        let interval = requests_per_second.and_then(|rate| Duration::try_from_secs_f64(1.0 / rate).ok());
        Self {
            connections_max,
            open: Mutex::new(0),
            closed: Condvar::new(),
            interval: interval.unwrap_or_default(),
            next: Mutex::new(BTreeMap::new()),
        }
    }

    /// Waits until fewer than the allowed connections are open, and for the host's turn.
    pub(super) fn pass(self: &Arc<Self>, host: &str) -> Permit {
        let mut open = lock(&self.open);
        while *open >= self.connections_max.get() {
            open = self.closed.wait(open).unwrap_or_else(PoisonError::into_inner);
        }
        *open += 1;
        drop(open);
        let permit = Permit(Arc::clone(self));
        thread::sleep(self.reserve(host, Instant::now()));
        permit
    }

    /// Keeps every further request to a host back for this long: it said so.
    pub(super) fn hold_back(&self, host: &str, now: Instant, pause: Duration) {
        let mut next = lock(&self.next);
        let turn = next.entry(host.to_owned()).or_insert(now);
        *turn = (*turn).max(now + pause);
    }

    /// Takes the host's next turn and says how far off it is.
    fn reserve(&self, host: &str, now: Instant) -> Duration {
        let mut next = lock(&self.next);
        let turn = next.get(host).copied().unwrap_or(now).max(now);
        next.insert(host.to_owned(), turn + self.interval);
        turn - now
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        *lock(&self.0.open) -= 1;
        self.0.closed.notify_one();
    }
}

/// A panic elsewhere leaves a count or a time behind, both still good.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn gate(rate: Option<f64>) -> Gate {
        Gate::new(NonZeroUsize::MIN, rate)
    }

    #[test]
    fn turns_of_one_host_keep_their_distance() {
        let (gate, now) = (gate(Some(2.0)), Instant::now());
        let waits: Vec<_> = (0..3).map(|_| gate.reserve("a", now)).collect();
        assert_eq!(waits, [Duration::ZERO, SECOND / 2, SECOND]);
        assert_eq!(gate.reserve("b", now), Duration::ZERO);
        assert_eq!(gate.reserve("a", now + 9 * SECOND), Duration::ZERO);
    }

    #[test]
    fn a_host_held_back_holds_back_everybody() {
        let (gate, now) = (gate(None), Instant::now());
        gate.hold_back("a", now, 3 * SECOND);
        gate.hold_back("a", now, SECOND);
        assert_eq!(gate.reserve("a", now), 3 * SECOND);
        assert_eq!(gate.reserve("b", now), Duration::ZERO);
    }

    #[test]
    fn permits_come_back() {
        let gate = Arc::new(gate(None));
        drop(gate.pass("a"));
        drop(gate.pass("a"));
        assert_eq!(*lock(&gate.open), 0);
    }
}
