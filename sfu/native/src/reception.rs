//! What arrives on one SSRC: order, holes, jitter and loss (RFC 3550 §6.4.1, A.1, A.3, A.8).
//!
//! Two numberings must not be mixed: the *place* of a packet is its sequence number without wrap, as the
//! publisher counts; the *index* is the place less the padding-only packets before it. Those are dropped
//! here, and viewers must not see holes where they were.

use std::collections::{BTreeMap, VecDeque};

use crate::bytes::unwrap16;
use crate::limits;
use crate::rtcp::ReportBlock;

const JUMP_MAX: i64 = 3_000; // A larger step is a new stream under the old SSRC, not loss.

#[derive(Clone, Copy, Debug)]
struct Hole {
    due: f64,
    asked: u32,
    asked_at: f64,
}

/// The receiving side of one SSRC.
#[derive(Debug)]
pub struct Reception {
    clock_hz: f64,
    highest: Option<i64>,
    base: i64,
    received: i64,
    missing: BTreeMap<i64, Hole>,
    padding: VecDeque<i64>,
    padding_before: i64,
    transit: Option<f64>,
    /// In timestamp units.
    pub jitter: f64,
    prior_expected: i64,
    prior_received: i64,
    /// Of 256.
    pub fraction_lost: u8,
    /// From timed repairs.
    pub round_trip_s: f64,
}

impl Reception {
    /// Nothing has come yet.
    #[must_use]
    pub fn new(clock_rate_hz: u32) -> Self {
        Self {
            clock_hz: f64::from(clock_rate_hz),
            highest: None,
            base: 0,
            received: 0,
            missing: BTreeMap::new(),
            padding: VecDeque::new(),
            padding_before: 0,
            transit: None,
            jitter: 0.0,
            prior_expected: 0,
            prior_received: 0,
            fraction_lost: 0,
            round_trip_s: 0.1, // Until a repair has been timed.
        }
    }

    /// Whether something is to be asked for.
    #[must_use]
    pub fn has_holes(&self) -> bool {
        !self.missing.is_empty()
    }

    /// The place of a packet that arrived by itself; `None` for a duplicate or one too old.
    pub fn accept(&mut self, sequence: u16, timestamp: u32, now: f64) -> Option<i64> {
        let place = self.place(sequence, now)?;
        self.received += 1;
        self.measure(timestamp, now);
        Some(place)
    }

    /// The place of a packet that came as retransmission; `None` unless it is missing, because browsers
    /// also pad with retransmissions that nobody asked for.
    pub fn repair(&mut self, sequence: u16, now: f64) -> Option<i64> {
        let place = unwrap16(sequence, self.highest?);
        let hole = self.missing.remove(&place)?;
        if hole.asked == 1 {
            // Of later ones it is unknown which request was answered (Karn).
            self.round_trip_s += ((now - hole.asked_at).min(1.0) - self.round_trip_s) / 4.0;
        }
        Some(place)
    }

    /// Notes a padding-only packet: it closes no hole for viewers that is not there already.
    pub fn skip(&mut self, place: i64) {
        let Some(highest) = self.highest else { return };
        if place == highest {
            self.padding.push_back(place);
        }
        while self
            .padding
            .front()
            .is_some_and(|&oldest| oldest < highest - JUMP_MAX)
        {
            self.padding.pop_front();
            self.padding_before += 1;
        }
    }

    /// The place without padding-only packets.
    #[must_use]
    pub fn index(&self, place: i64) -> i64 {
        let before = self.padding.partition_point(|&padding| padding < place);
        place - self.padding_before - before as i64
    }

    /// Sequence numbers to ask for now; each call moves their next time on.
    pub fn asks(&mut self, now: f64) -> Vec<u16> {
        let pause = (self.round_trip_s * 1.25).max(0.02);
        let mut wanted = Vec::new();
        self.missing.retain(|&place, hole| {
            if hole.due > now {
                return true;
            }
            if hole.asked >= limits::NACK_ATTEMPTS_MAX {
                return false;
            }
            hole.due = now + pause * 1.25_f64.powi(hole.asked as i32);
            hole.asked += 1;
            hole.asked_at = now;
            wanted.push(place as u16);
            true
        });
        wanted
    }

    /// The report block of this stream since the last one; `None` before the first packet.
    pub fn report(&mut self, ssrc: u32, last_report: u32, delay: u32) -> Option<ReportBlock> {
        let highest = self.highest?;
        let expected = highest - self.base + 1;
        let (fresh, came) = (
            expected - self.prior_expected,
            self.received - self.prior_received,
        );
        (self.prior_expected, self.prior_received) = (expected, self.received);
        let lost = (fresh - came).max(0);
        self.fraction_lost = if fresh > 0 {
            (lost * 256 / fresh).min(255) as u8
        } else {
            0
        };
        Some(ReportBlock {
            ssrc,
            fraction_lost: self.fraction_lost,
            packets_lost: expected - self.received,
            highest_sequence: (highest - (1 << 16)) as u32,
            jitter: self.jitter as u32,
            last_report,
            delay,
        })
    }

    fn place(&mut self, sequence: u16, now: f64) -> Option<i64> {
        let Some(highest) = self.highest else {
            let first = i64::from(sequence) + (1 << 16); // Room below for what was reordered.
            self.base = first;
            self.highest = Some(first);
            return Some(first);
        };
        let place = unwrap16(sequence, highest);
        if place <= highest {
            return self.missing.remove(&place).map(|_| place);
        }
        self.open_holes(highest + 1, place, now);
        self.highest = Some(place);
        Some(place)
    }

    fn open_holes(&mut self, start: i64, end: i64, now: f64) {
        if end - start > JUMP_MAX {
            self.missing.clear();
            self.base += end - start; // Not expected, so not lost.
            return;
        }
        let most = limits::MISSING_PACKETS_MAX as i64;
        for place in start.max(end - most)..end {
            self.missing.insert(
                place,
                Hole {
                    due: now + limits::NACK_WAIT_S,
                    asked: 0,
                    asked_at: now,
                },
            );
        }
        while self.missing.len() > limits::MISSING_PACKETS_MAX {
            self.missing.pop_first();
        }
    }

    fn measure(&mut self, timestamp: u32, now: f64) {
        let transit = now * self.clock_hz - f64::from(timestamp);
        if let Some(before) = self.transit {
            let difference = (transit - before).abs();
            if difference < self.clock_hz {
                // A wrapped or restarted media clock is no jitter.
                self.jitter += (difference - self.jitter) / 16.0;
            }
        }
        self.transit = Some(transit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_is_asked_for_and_filled_once() {
        let mut reception = Reception::new(90_000);
        reception.accept(65_535, 0, 0.0);
        reception.accept(1, 0, 0.0);
        assert!(reception.asks(0.0).is_empty());
        assert_eq!(reception.asks(0.02), [0]);
        assert!(reception.repair(0, 0.05).is_some());
        assert!(reception.repair(0, 0.05).is_none());
        assert!(reception.accept(0, 0, 0.06).is_none());
    }

    #[test]
    fn padding_leaves_no_hole_for_viewers() {
        let mut reception = Reception::new(90_000);
        let first = reception.accept(10, 0, 0.0).unwrap();
        let padding = reception.accept(11, 0, 0.0).unwrap();
        reception.skip(padding);
        let after = reception.accept(12, 0, 0.0).unwrap();
        assert_eq!(reception.index(after), reception.index(first) + 1);
    }
}
