//! When more than what is sent is tried, and what the trial showed.
//!
//! Video is sent in layers, so mostly less is sent than would fit, and what is never tried is never
//! known. The first probes grow exponentially while they succeed; later ones follow a fall of the line or
//! a wish that the estimate does not meet.

use crate::departures::Fate;
use crate::{BPS_MAX, Probe, ProbeId};

/// The first probe tries this multiple (`WebRTC` tries 3 and 6) …
const GROWTH_FIRST: f64 = 3.0;
/// … and each later one this.
const GROWTH: f64 = 2.0;
/// A probe lasts this long, but no fewer packets than `PACKETS` (`WebRTC`: 15 ms, 5 packets).
const LASTS_US: i64 = 20_000;
const PACKETS: usize = 5;
const BYTES_MIN: usize = 1_000;
/// After one that failed: a short line is short for a while. Three growing probes must fit into the ten
/// seconds within which a viewer's picture is back (reliability F14).
const RETRY_US: i64 = 4_000_000;
/// A probe of which nothing is heard is given up after this.
const UNHEARD_US: i64 = 1_500_000;
/// A probe has succeeded with this share of what it tried.
const SUCCEEDED: f64 = 0.7;
/// Arriving slower than this share of how it left, it filled the line …
const FILLED: f64 = 0.9;
/// … and this share of the arrival rate is believed.
const BELIEVED_FILLED: f64 = 0.95;
/// A cluster that arrives more than this much faster than it left was bunched up on the way.
const BUNCHED: f64 = 2.0;
/// A cluster is over when it has not grown for this long.
const CLUSTER_MAX_US: i64 = 1_000_000;

#[derive(Debug)]
pub(crate) struct Prober {
    next_id: u16,
    next_us: i64,
    succeeded: bool,
    began: bool,
    open: Option<Cluster>,
}

#[derive(Debug)]
struct Cluster {
    probe: Probe,
    began_us: i64,
    packets: usize,
    bytes: u64,
    first_sent: (i64, u64),
    last_sent: (i64, u64),
    first_arrived: (i64, u64),
    last_arrived: (i64, u64),
}

impl Prober {
    pub(crate) fn new(now_us: i64) -> Self {
        Self { next_id: 0, next_us: now_us, succeeded: false, began: false, open: None }
    }

    /// The probe to begin now, if more is wanted than is known to fit.
    pub(crate) fn poll(&mut self, now_us: i64, bps: f64, wanted_bps: f64) -> Option<Probe> {
        if let Some(open) = &self.open {
            if now_us - open.began_us <= UNHEARD_US {
                return None;
            }
            self.open = None;
            self.next_us = now_us + RETRY_US;
        }
        let growth = if self.began { GROWTH } else { GROWTH_FIRST };
        let tried = wanted_bps.min(bps * growth).min(BPS_MAX as f64);
        if tried < bps * 1.05 || (now_us < self.next_us && !self.succeeded) {
            return None;
        }
        self.began = true;
        self.succeeded = false;
        self.next_us = now_us + RETRY_US;
        self.next_id = self.next_id.wrapping_add(1);
        let bytes = ((tried * LASTS_US as f64 / 8e6) as usize).max(BYTES_MIN);
        let probe = Probe { id: ProbeId(self.next_id), bps: tried as u64, bytes, packets: PACKETS };
        let none = (0, 0);
        self.open = Some(Cluster {
            probe,
            began_us: now_us,
            packets: 0,
            bytes: 0,
            first_sent: none,
            last_sent: none,
            first_arrived: none,
            last_arrived: none,
        });
        Some(probe)
    }

    /// The line was found full, or fell silent: what runs proves nothing.
    pub(crate) fn cancel(&mut self, now_us: i64) {
        self.open = None;
        self.succeeded = false;
        self.next_us = self.next_us.max(now_us + RETRY_US);
    }

    /// The line is back: try at once.
    pub(crate) fn hurry(&mut self, now_us: i64) {
        self.open = None;
        self.next_us = now_us;
    }

    /// One arrived packet.
    pub(crate) fn add(&mut self, fate: &Fate, arrived_us: i64) {
        let Some(open) = &mut self.open else {
            return;
        };
        if fate.probe != Some(open.probe.id) {
            return;
        }
        let bytes = fate.bytes as u64;
        if open.packets == 0 {
            open.first_sent = (fate.sent_us, bytes);
            open.first_arrived = (arrived_us, bytes);
            open.last_sent = open.first_sent;
            open.last_arrived = open.first_arrived;
        } else {
            if fate.sent_us >= open.last_sent.0 {
                open.last_sent = (fate.sent_us, bytes);
            }
            if arrived_us >= open.last_arrived.0 {
                open.last_arrived = (arrived_us, bytes);
            }
            if arrived_us < open.first_arrived.0 {
                open.first_arrived = (arrived_us, bytes);
            }
        }
        open.packets += 1;
        open.bytes += bytes;
    }

    /// After a report: the rate that a finished probe proved.
    pub(crate) fn finish(&mut self, now_us: i64) -> Option<f64> {
        let open = self.open.as_ref()?;
        // Four fifths of what was sent are enough, as in `WebRTC`: packets get lost.
        let enough =
            open.packets * 5 >= open.probe.packets * 4 && open.bytes * 5 >= open.probe.bytes as u64 * 4;
        if !enough {
            return None;
        }
        let proven = open.proven_bps();
        let tried = open.probe.bps as f64;
        self.open = None;
        self.succeeded = proven.is_some_and(|bps| bps > SUCCEEDED * tried);
        self.next_us = now_us + RETRY_US;
        proven
    }
}

impl Cluster {
    /// The last packet sent and the first that came bound the intervals, so their bytes do not count.
    fn proven_bps(&self) -> Option<f64> {
        let sent_us = self.last_sent.0 - self.first_sent.0;
        let arrived_us = self.last_arrived.0 - self.first_arrived.0;
        if !(1..=CLUSTER_MAX_US).contains(&sent_us) || !(1..=CLUSTER_MAX_US).contains(&arrived_us) {
            return None;
        }
        let sent_bps = (self.bytes - self.last_sent.1) as f64 * 8e6 / sent_us as f64;
        let arrived_bps = (self.bytes - self.first_arrived.1) as f64 * 8e6 / arrived_us as f64;
        if arrived_bps > BUNCHED * sent_bps {
            return None;
        }
        if arrived_bps < FILLED * sent_bps {
            return Some(arrived_bps * BELIEVED_FILLED);
        }
        Some(arrived_bps.min(sent_bps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn arrive(prober: &mut Prober, probe: Probe, packets: i64, sent_gap_us: i64, arrived_gap_us: i64) {
        for i in 0..packets {
            let fate = Fate {
                sent_us: i * sent_gap_us,
                arrived_us: None,
                bytes: 1_000,
                kind: Kind::Padding,
                probe: Some(probe.id),
                late: false,
            };
            prober.add(&fate, 7_000 + i * arrived_gap_us);
        }
    }

    #[test]
    fn successful_probes_follow_each_other_and_failed_ones_wait() {
        let mut prober = Prober::new(0);
        let first = prober.poll(0, 600e3, 5e6).unwrap();
        assert_eq!(first.bps, 1_800_000);
        assert_eq!(prober.poll(10_000, 600e3, 5e6), None);
        arrive(&mut prober, first, 6, 4_400, 4_400);
        assert!((prober.finish(100_000).unwrap() / 1.818e6 - 1.0).abs() < 0.01);
        let second = prober.poll(100_000, 1.8e6, 5e6).unwrap();
        assert_eq!(second.bps, 3_600_000);
        arrive(&mut prober, second, 10, 2_200, 4_400);
        assert!((prober.finish(200_000).unwrap() / 1.727e6 - 1.0).abs() < 0.01);
        assert_eq!(prober.poll(1_000_000, 1.8e6, 5e6), None);
        assert!(prober.poll(4_300_000, 1.8e6, 5e6).is_some());
    }

    #[test]
    fn nothing_is_tried_that_nobody_wants() {
        assert_eq!(Prober::new(0).poll(0, 600e3, 500e3), None);
    }

    #[test]
    fn a_bunched_cluster_proves_nothing() {
        let mut prober = Prober::new(0);
        let probe = prober.poll(0, 600e3, 5e6).unwrap();
        arrive(&mut prober, probe, 6, 4_400, 100);
        assert_eq!(prober.finish(100_000), None);
    }
}
