//! What really arrived (`R_hat` of draft-ietf-rmcat-gcc-02 §5.5), on the viewer's clock.

use std::collections::VecDeque;

/// The draft measures over half a second, too.
const WINDOW_US: i64 = 500_000;
/// Nothing is said about less than this.
const SPAN_MIN_US: i64 = 150_000;
/// 80 Mbit/s in the window; a viewer whose clock runs backwards reaches it.
const PACKETS_MAX: usize = 4_096;

#[derive(Debug, Default)]
pub(crate) struct Acknowledged {
    arrivals: VecDeque<(i64, u32)>,
    bytes: u64,
    first_us: Option<i64>,
}

impl Acknowledged {
    pub(crate) fn add(&mut self, arrived_us: i64, bytes: usize) {
        self.first_us.get_or_insert(arrived_us);
        self.arrivals.push_back((arrived_us, bytes as u32));
        self.bytes += bytes as u64;
        let oldest_us = arrived_us - WINDOW_US;
        while let Some(&(us, size)) = self.arrivals.front() {
            if us >= oldest_us && self.arrivals.len() <= PACKETS_MAX {
                break;
            }
            self.bytes -= u64::from(size);
            self.arrivals.pop_front();
        }
    }

    pub(crate) fn bps(&self) -> Option<f64> {
        let span_us = self.arrivals.back()?.0 - self.first_us?;
        if span_us < SPAN_MIN_US {
            return None;
        }
        Some(self.bytes as f64 * 8e6 / span_us.min(WINDOW_US) as f64)
    }

    /// The rate over the last stretch only: after a sudden fall of the line the whole window still
    /// remembers the better time.
    pub(crate) fn latest_bps(&self) -> Option<f64> {
        let newest_us = self.arrivals.back()?.0;
        self.bps()?;
        let bytes: u64 = self
            .arrivals
            .iter()
            .rev()
            .take_while(|(us, _)| newest_us - us < SPAN_MIN_US)
            .map(|&(_, size)| u64::from(size))
            .sum();
        Some(bytes as f64 * 8e6 / SPAN_MIN_US as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_half_second() {
        let mut acknowledged = Acknowledged::default();
        for i in 0..15 {
            acknowledged.add(i * 10_000, 1_250);
            assert_eq!(acknowledged.bps(), None);
        }
        for i in 15..200 {
            acknowledged.add(i * 10_000, 1_250);
        }
        let bps = acknowledged.bps().unwrap();
        assert!((bps / 1e6 - 1.0).abs() < 0.05, "{bps}");
        assert!((acknowledged.latest_bps().unwrap() / 1e6 - 1.0).abs() < 0.05);
    }

    #[test]
    fn memory_is_bounded_whatever_the_clock_does() {
        let mut acknowledged = Acknowledged::default();
        for i in 0..100_000 {
            acknowledged.add(-i, 1_000);
        }
        assert!(acknowledged.arrivals.len() <= PACKETS_MAX);
    }
}
