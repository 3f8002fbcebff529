//! What came from a publisher, for the reports that we owe him.

use std::collections::BTreeMap;

use crate::clock::unwrap;
use crate::report::{Report, SPAN_MAX};

/// Packets reported at once on a badly jittered link: two bytes of delta each, one datagram.
const RECEIVED_MAX: usize = 400;
/// Packets remembered between two reports; beyond it they go unreported (80 Mbit/s at 100 ms).
const REMEMBERED_MAX: usize = 1 << 12;
/// A delta has 16 bits of 250 µs.
const DELTA_MAX_US: i64 = 8_000_000;

/// Collects when a publisher's packets came and turns them into reports, one call per 50 to 100 ms.
#[derive(Debug, Default)]
pub struct Arrivals {
    times_us: BTreeMap<i64, i64>,
    highest: Option<i64>,
    /// The first number that no report has covered.
    next: Option<i64>,
    count: u8,
}

impl Arrivals {
    /// Notes one packet with its transport-wide number.
    pub fn add(&mut self, number: u16, now_us: i64) {
        let number = i64::from(number);
        let full = self.highest.map_or(number, |highest| unwrap(number, highest, 16));
        self.highest = Some(self.highest.map_or(full, |highest| highest.max(full)));
        if self.times_us.len() < REMEMBERED_MAX {
            self.times_us.entry(full).or_insert(now_us.clamp(0, 1 << 60));
        }
    }

    /// What came since the last call: each number once, late ones in a report of their own. Holes are
    /// losses and are reported, but not beyond a wild jump.
    pub fn reports(&mut self) -> Vec<Report> {
        let mut late = std::mem::take(&mut self.times_us);
        let Some((&lowest, _)) = late.first_key_value() else {
            return Vec::new();
        };
        let first = self.next.unwrap_or(lowest);
        let fresh = late.split_off(&first);
        let mut reports = Vec::new();
        if let Some((&base, _)) = late.first_key_value() {
            self.pack(base, &late, &mut reports);
        }
        if let (Some((&lowest, _)), Some((&highest, _))) = (fresh.first_key_value(), fresh.last_key_value()) {
            let base = if lowest - first < SPAN_MAX as i64 { first } else { lowest };
            self.pack(base, &fresh, &mut reports);
            self.next = Some(highest + 1);
        }
        reports
    }

    fn pack(&mut self, mut base: i64, times_us: &BTreeMap<i64, i64>, reports: &mut Vec<Report>) {
        let mut arrivals_us: Vec<Option<i64>> = Vec::new();
        let mut received = 0;
        let mut before_us = None;
        for (&number, &us) in times_us {
            let strange = before_us.is_some_and(|before: i64| (us - before).abs() > DELTA_MAX_US);
            let span = usize::try_from(number - base + 1).unwrap_or(usize::MAX);
            if received > 0 && (span > SPAN_MAX || received >= RECEIVED_MAX || strange) {
                reports.push(self.report(base, std::mem::take(&mut arrivals_us)));
                (base, received) = (number, 0);
            }
            arrivals_us.resize(usize::try_from(number - base).unwrap_or(0), None);
            arrivals_us.push(Some(us));
            received += 1;
            before_us = Some(us);
        }
        reports.push(self.report(base, arrivals_us));
    }

    fn report(&mut self, base: i64, arrivals_us: Vec<Option<i64>>) -> Report {
        let count = self.count;
        self.count = count.wrapping_add(1);
        Report { base: base as u16, count, arrivals_us }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_reported_and_late_packets_on_their_own() {
        let mut arrivals = Arrivals::default();
        for (number, us) in [(65_534, 1_000), (65_535, 2_000), (1, 3_000)] {
            arrivals.add(number, us);
        }
        let reports = arrivals.reports();
        assert_eq!(reports.len(), 1);
        assert_eq!(reports[0].base, 65_534);
        assert_eq!(reports[0].arrivals_us, [Some(1_000), Some(2_000), None, Some(3_000)]);
        arrivals.add(0, 4_000);
        arrivals.add(3, 5_000);
        let reports = arrivals.reports();
        assert_eq!((reports[0].base, &reports[0].arrivals_us), (0, &vec![Some(4_000)]));
        assert_eq!((reports[1].base, &reports[1].arrivals_us), (2, &vec![None, Some(5_000)]));
        assert_eq!((reports[0].count, reports[1].count), (1, 2));
        assert!(arrivals.reports().is_empty());
    }

    #[test]
    fn reports_stay_within_a_datagram() {
        let mut arrivals = Arrivals::default();
        for number in 0..60_000 {
            arrivals.add(number, i64::from(number) * 9_000_000);
        }
        let mut body = Vec::new();
        for report in arrivals.reports() {
            body.clear();
            report.write(&mut body);
            assert!(body.len() < 1_200);
        }
    }
}
