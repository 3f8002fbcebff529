//! What was sent to a viewer, and what became of it.

use std::collections::VecDeque;

use crate::clock::unwrap;
use crate::report::{REFERENCE_BITS, REFERENCE_US, Report};
use crate::{Kind, ProbeId};

/// Sent packets remembered: two seconds of 40 Mbit/s.
const REMEMBERED_MAX: usize = 1 << 13;
/// A packet that no report has spoken of for this long is forgotten.
const REMEMBERED_US: i64 = 10_000_000;

/// What became of one sent packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// When it left, on our clock.
    pub sent_us: i64,
    /// When it came, on the viewer's clock; `None` when it is reported missing.
    pub arrived_us: Option<i64>,
    /// Its size.
    pub bytes: usize,
    /// What it was.
    pub kind: Kind,
    /// The probe that it belongs to.
    pub probe: Option<ProbeId>,
    /// It was reported missing before, and came after all.
    pub late: bool,
}

#[derive(Clone, Copy, Debug)]
struct Departure {
    sent_us: i64,
    bytes: u16,
    kind: Kind,
    probe: Option<ProbeId>,
    verdict: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    None,
    /// May still turn out to be late.
    Missing,
    Arrived,
}

/// Numbers the packets sent to a viewer and matches his reports with them.
#[derive(Debug, Default)]
pub struct Departures {
    sent: VecDeque<Departure>,
    next: i64,
    reference: Option<i64>,
    in_flight_bytes: usize,
}

impl Departures {
    /// The transport-wide sequence number that the next packet carries.
    pub fn number(&self) -> u16 {
        self.next as u16
    }

    /// Bytes sent of which no report has spoken.
    pub fn in_flight_bytes(&self) -> usize {
        self.in_flight_bytes
    }

    /// When the oldest packet left of which no report has spoken.
    pub fn oldest_unheard_us(&self) -> Option<i64> {
        self.sent.front().map(|departure| departure.sent_us)
    }

    /// Notes that the packet with [`Departures::number`] left.
    pub fn add(&mut self, now_us: i64, bytes: usize, kind: Kind, probe: Option<ProbeId>) {
        let bytes = u16::try_from(bytes).unwrap_or(u16::MAX);
        self.sent.push_back(Departure { sent_us: now_us, bytes, kind, probe, verdict: Verdict::None });
        self.next += 1;
        self.in_flight_bytes += usize::from(bytes);
        while self.sent.len() > REMEMBERED_MAX {
            self.forget_first();
        }
        while self.sent.front().is_some_and(|first| now_us - first.sent_us > REMEMBERED_US) {
            self.forget_first();
        }
    }

    /// Appends what a report says to `fates`, in sending order; numbers never sent, forgotten or judged
    /// already are left out.
    pub fn judge(&mut self, report: &Report, fates: &mut Vec<Fate>) {
        let base = unwrap(i64::from(report.base), self.next, 16);
        let shift_us = self.shift_us(report);
        let first = self.next - self.sent.len() as i64;
        for (number, arrival_us) in (base..).zip(&report.arrivals_us) {
            let Some(departure) = usize::try_from(number - first).ok().and_then(|at| self.sent.get_mut(at))
            else {
                continue;
            };
            let verdict = if arrival_us.is_some() { Verdict::Arrived } else { Verdict::Missing };
            if departure.verdict == Verdict::Arrived || departure.verdict == verdict {
                continue;
            }
            if departure.verdict == Verdict::None {
                self.in_flight_bytes -= usize::from(departure.bytes);
            }
            let late = departure.verdict == Verdict::Missing;
            departure.verdict = verdict;
            fates.push(Fate {
                sent_us: departure.sent_us,
                arrived_us: arrival_us.map(|us| us + shift_us),
                bytes: usize::from(departure.bytes),
                kind: departure.kind,
                probe: departure.probe,
                late,
            });
        }
        while self.sent.front().is_some_and(|first| first.verdict == Verdict::Arrived) {
            self.forget_first();
        }
    }

    /// What to add to the report's times so that they never wrap (24 bits of 64 ms: 12 days).
    fn shift_us(&mut self, report: &Report) -> i64 {
        let Some(first_us) = report.arrivals_us.iter().flatten().next() else {
            return 0;
        };
        let reference = first_us.div_euclid(REFERENCE_US);
        let full = unwrap(reference, self.reference.unwrap_or(reference), REFERENCE_BITS);
        // A liar may walk the reference round and round; past a wall the epoch begins anew.
        let full = if full.unsigned_abs() > 1 << 40 { reference } else { full };
        self.reference = Some(full);
        (full - reference) * REFERENCE_US
    }

    fn forget_first(&mut self) {
        if let Some(first) = self.sent.pop_front()
            && first.verdict == Verdict::None
        {
            self.in_flight_bytes -= usize::from(first.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(departures: &mut Departures, base: u16, arrivals_us: &[Option<i64>]) -> Vec<Option<i64>> {
        let mut fates = Vec::new();
        departures.judge(&Report { base, count: 0, arrivals_us: arrivals_us.to_vec() }, &mut fates);
        fates.iter().map(|fate| fate.arrived_us).collect()
    }

    fn sent(packets: i64) -> Departures {
        let mut departures = Departures::default();
        for at in 0..packets {
            departures.add(at * 1_000, 100, Kind::Video, None);
        }
        departures
    }

    #[test]
    fn each_packet_is_judged_once_but_late_ones_may_still_come() {
        let mut departures = sent(4);
        assert_eq!(judged(&mut departures, 0, &[Some(64_000), None]), [Some(64_000), None]);
        assert_eq!(judged(&mut departures, 0, &[Some(64_000), None, Some(65_000)]), [Some(65_000)]);
        assert_eq!(judged(&mut departures, 1, &[Some(66_000)]), [Some(66_000)]);
        assert_eq!(departures.in_flight_bytes(), 100);
    }

    #[test]
    fn numbers_wrap() {
        let mut departures = sent(65_540);
        assert_eq!(departures.number(), 4);
        assert_eq!(judged(&mut departures, 65_534, &[Some(0); 6]).len(), 6);
        assert_eq!(judged(&mut departures, 4, &[Some(0); 6]).len(), 0);
    }

    #[test]
    fn the_viewers_clock_wraps() {
        let mut departures = sent(2);
        let end_us = ((1 << REFERENCE_BITS) - 1) * REFERENCE_US;
        assert_eq!(judged(&mut departures, 0, &[Some(end_us)]), [Some(end_us)]);
        assert_eq!(judged(&mut departures, 1, &[Some(0)]), [Some(end_us + REFERENCE_US)]);
    }

    #[test]
    fn memory_is_bounded() {
        let departures = sent(100_000);
        assert_eq!(departures.sent.len(), REMEMBERED_MAX);
        assert_eq!(departures.in_flight_bytes(), REMEMBERED_MAX * 100);
    }
}
