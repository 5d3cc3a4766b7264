//! [`Slots`]: how many requests a caller lets run at once, where one that pauses before a retry does
//! not count.
//!
//! A request that failed among others that did not waits a moment and is sent again. Were its slot
//! kept meanwhile, a server that fails one request in ten would leave most slots asleep. The slot is
//! given back for the pause and taken again before the next try, in the order in which the pauses
//! ended, so that never more requests than slots run. How many may pause at once is limited too: on
//! a server that fails everything a caller must not put its whole work to sleep and wake it together.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

/// Requests that may pause at once without a slot, for each slot.
const PAUSING_PER_SLOT: usize = 4;

tokio::task_local! {
    /// The slot of the work that this task does.
    static SLOT: Slot;
    /// Set in [`Slot::keep`].
    static KEPT: ();
}

/// A fixed number of slots. Clones share them.
#[derive(Clone, Debug)]
pub struct Slots {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    free: Arc<Semaphore>,
    given_back: Notify,
    pausing: AtomicUsize,
    most_pausing: usize,
}

/// One slot, free again when dropped.
#[derive(Debug)]
pub struct Slot {
    slots: Slots,
    /// `None` while the request pauses.
    held: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Slots {
    /// So many slots, all free.
    pub fn new(count: usize) -> Self {
        let inner = Inner {
            free: Arc::new(Semaphore::new(count)),
            given_back: Notify::new(),
            pausing: AtomicUsize::new(0),
            most_pausing: count.saturating_mul(PAUSING_PER_SLOT),
        };
        Self { inner: Arc::new(inner) }
    }

    /// A slot, if one is free that no request waits for whose pause is over.
    pub fn try_take(&self) -> Option<Slot> {
        let permit = Arc::clone(&self.inner.free).try_acquire_owned().ok()?;
        Some(Slot { slots: self.clone(), held: Mutex::new(Some(permit)) })
    }

    /// Waits until a pausing request has given its slot back since the last call.
    pub async fn given_back(&self) {
        self.inner.given_back.notified().await;
    }
}

impl Slot {
    /// Does the work in this slot: the requests that it sends, one after the other, give it back
    /// while they pause.
    pub async fn hold<F: Future>(self, work: F) -> F::Output {
        SLOT.scope(self, work).await
    }

    /// Does a part of such work with the slot kept through all pauses. For what is done under a lock:
    /// those who took the slot meanwhile might wait for the lock, and it for their slot.
    pub async fn keep<F: Future>(work: F) -> F::Output {
        KEPT.scope((), work).await
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the slot back, unless too many pause already.
    fn lend(&self) -> Option<Lent> {
        let inner = &self.slots.inner;
        let permit = self.held().take()?;
        let count = |pausing: usize| (pausing < inner.most_pausing).then_some(pausing + 1);
        if inner.pausing.fetch_update(Ordering::Relaxed, Ordering::Relaxed, count).is_err() {
            *self.held() = Some(permit);
            return None;
        }
        drop(permit);
        inner.given_back.notify_one();
        Some(Lent { slots: self.slots.clone() })
    }
}

/// A slot given back, to be taken again. Dropped when its request is given up.
#[derive(Debug)]
struct Lent {
    slots: Slots,
}

impl Lent {
    async fn take_again(self) {
        // Slots are never closed; without one the request would only run beside the others.
        if let Ok(permit) = Arc::clone(&self.slots.inner.free).acquire_owned().await {
            let _ = SLOT.try_with(|slot| *slot.held() = Some(permit));
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.slots.inner.pausing.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Sleeps without the slot of this task, if it has one, and takes it again.
pub(super) async fn pause_without_slot(length: Duration) {
    let is_kept = KEPT.try_with(|()| ()).is_ok();
    let lent = if is_kept { None } else { SLOT.try_with(Slot::lend).ok().flatten() };
    sleep(length).await;
    if let Some(lent) = lent {
        lent.take_again().await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const PAUSE: Duration = Duration::from_secs(1);

    /// Starts work in a slot that pauses and then runs for so long; tells when it ended.
    fn pausing(slot: Slot, runs: Duration) -> tokio::task::JoinHandle<Instant> {
        tokio::spawn(slot.hold(async move {
            pause_without_slot(PAUSE).await;
            sleep(runs).await;
            Instant::now()
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_lets_others_run_and_waits_for_a_slot_in_the_end() {
        let slots = Slots::new(1);
        let begin = Instant::now();
        let first = pausing(slots.try_take().expect("a free slot"), Duration::ZERO);
        assert!(slots.try_take().is_none());
        slots.given_back().await;
        let other = slots.try_take().expect("the slot of the one that pauses");
        assert!(slots.try_take().is_none());
        sleep(PAUSE * 3).await;
        assert!(!first.is_finished(), "it ran beside the only slot's holder");
        drop(other);
        assert!(slots.try_take().is_none(), "the one that waits is served before new work");
        assert_eq!(first.await.expect("its end") - begin, PAUSE * 3);
        assert!(slots.try_take().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn when_many_pause_the_next_keep_their_slots() {
        let slots = Slots::new(2);
        let mut begun = Vec::new();
        while let Some(slot) = slots.try_take() {
            begun.push(pausing(slot, Duration::ZERO));
            // Time stands still as long as something can run.
            tokio::task::yield_now().await;
        }
        assert_eq!(begun.len(), 2 * PAUSING_PER_SLOT + 2);
        for work in begun {
            work.await.expect("its end");
        }
        assert_eq!(slots.inner.pausing.load(Ordering::Relaxed), 0);
        assert_eq!(slots.inner.free.available_permits(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn giving_up_a_pausing_request_leaves_nothing_taken() {
        let slots = Slots::new(1);
        let first = pausing(slots.try_take().expect("a free slot"), Duration::ZERO);
        slots.given_back().await;
        first.abort();
        assert!(first.await.expect_err("given up").is_cancelled());
        assert_eq!(slots.inner.pausing.load(Ordering::Relaxed), 0);
        assert_eq!(slots.inner.free.available_permits(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_done_under_a_lock_keeps_its_slot() {
        let slots = Slots::new(1);
        let slot = slots.try_take().expect("a free slot");
        let work = tokio::spawn(slot.hold(Slot::keep(pause_without_slot(PAUSE))));
        sleep(PAUSE / 2).await;
        assert!(slots.try_take().is_none());
        work.await.expect("its end");
        assert!(slots.try_take().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_slot_a_pause_is_a_pause() {
        let begin = Instant::now();
        pause_without_slot(PAUSE).await;
        assert_eq!(begin.elapsed(), PAUSE);
    }
}
