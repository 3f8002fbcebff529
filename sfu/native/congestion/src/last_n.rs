//! Whose cameras a large room shows: those who spoke last.

use crate::clock::Monotonic;

/// Who spoke this lately keeps the place: two who talk to each other do not push a third out and in.
const KEPT_US: i64 = 3_000_000;
/// More are never shown by speech: a wall of 25.
pub const PLACES_MAX: usize = 25;

/// Who gave place to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Shown from now on.
    pub entered: u64,
    /// Shown no longer.
    pub left: Option<u64>,
}

/// The last speakers of one room. Screens and pinned people are shown besides.
#[derive(Debug)]
pub struct LastN {
    clock: Monotonic,
    places: usize,
    /// Who, and when last.
    speakers: Vec<(u64, i64)>,
}

impl LastN {
    /// A room that shows `places` speakers, at most [`PLACES_MAX`].
    pub fn new(places: usize, now_us: i64) -> Self {
        Self { clock: Monotonic::new(now_us), places: places.min(PLACES_MAX), speakers: Vec::new() }
    }

    /// Somebody is the dominant speaker; call again while this goes on.
    pub fn spoke(&mut self, who: u64, now_us: i64) -> Option<Changed> {
        let now_us = self.clock.advance(now_us);
        if let Some(speaker) = self.speakers.iter_mut().find(|speaker| speaker.0 == who) {
            speaker.1 = now_us;
            return None;
        }
        if self.speakers.len() < self.places {
            self.speakers.push((who, now_us));
            return Some(Changed { entered: who, left: None });
        }
        let longest_silent = self.speakers.iter_mut().min_by_key(|speaker| speaker.1)?;
        if now_us - longest_silent.1 < KEPT_US {
            return None;
        }
        let left = longest_silent.0;
        *longest_silent = (who, now_us);
        Some(Changed { entered: who, left: Some(left) })
    }

    /// Somebody went, or has no camera any more.
    pub fn remove(&mut self, who: u64) {
        self.speakers.retain(|speaker| speaker.0 != who);
    }

    /// Whether this camera is among those shown.
    pub fn contains(&self, who: u64) -> bool {
        self.speakers.iter().any(|speaker| speaker.0 == who)
    }

    /// All that are shown; a place is kept as long as it is held.
    pub fn members(&self) -> impl Iterator<Item = u64> + '_ {
        self.speakers.iter().map(|speaker| speaker.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_silent_gives_place_but_not_at_once() {
        let mut last = LastN::new(2, 0);
        assert_eq!(last.spoke(1, 0), Some(Changed { entered: 1, left: None }));
        assert!(last.spoke(2, 1_000_000).is_some());
        assert_eq!(last.spoke(3, 2_000_000), None);
        assert_eq!(last.spoke(1, 3_500_000), None);
        assert_eq!(last.spoke(3, 4_000_000), Some(Changed { entered: 3, left: Some(2) }));
        assert_eq!(last.members().collect::<Vec<_>>(), [1, 3]);
        last.remove(1);
        assert!(!last.contains(1));
    }

    #[test]
    fn a_room_without_places_shows_nobody() {
        assert_eq!(LastN::new(0, 0).spoke(1, 0), None);
    }
}
