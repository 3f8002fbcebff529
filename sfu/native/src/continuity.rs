//! One unbroken stream for a viewer, made of pieces of several layers.
//!
//! A *segment* is a piece of one layer, from a key frame on. Inside it the viewer's numbers are the layer's
//! index plus a constant, so order, holes and repairs mean for him what they mean for us. Outgoing numbers
//! of a later segment are above all of an earlier one; the timestamp moves forward at a switch, by the time
//! that passed.

use std::collections::VecDeque;

use crate::bytes::{distance32, unwrap16};

const SEGMENTS_MAX: usize = 8; // Older ones are beyond the repair cache.
const TRUST_S: f64 = 1.0; // A mapped timestamp further than this from the passed time is a broken report.

/// From outgoing number `start` on, the source is `layer` with these offsets.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    start: i64,
    /// The source.
    pub layer: usize,
    /// Add it to the layer's index.
    pub index_offset: i64,
    /// Add it to the layer's timestamp.
    pub timestamp_offset: u32,
}

/// Numbers of one outgoing stream.
#[derive(Debug)]
pub struct Continuity {
    clock_hz: f64,
    highest: i64,
    highest_timestamp: Option<u32>,
    highest_at: f64,
    /// The first number of the current segment.
    pub start: i64,
    /// Of the current segment.
    pub index_offset: i64,
    /// Of the current segment.
    pub timestamp_offset: u32,
    segments: VecDeque<Segment>,
}

impl Continuity {
    /// `first` is the first outgoing number.
    #[must_use]
    pub fn new(clock_rate_hz: u32, first: i64) -> Self {
        Self {
            clock_hz: f64::from(clock_rate_hz),
            highest: first - 1,
            highest_timestamp: None,
            highest_at: 0.0,
            start: first,
            index_offset: 0,
            timestamp_offset: 0,
            segments: VecDeque::new(),
        }
    }

    /// Starts a segment at this packet. `mapped` is where sender reports of both layers place it on the
    /// outgoing clock, if both are known.
    pub fn begin(
        &mut self,
        layer: usize,
        index: i64,
        timestamp: u32,
        now: f64,
        mapped: Option<u32>,
    ) {
        self.start = self.highest + 1;
        self.index_offset = self.start - index;
        self.timestamp_offset = self
            .next_timestamp(timestamp, now, mapped)
            .wrapping_sub(timestamp);
        self.segments.push_back(Segment {
            start: self.start,
            layer,
            index_offset: self.index_offset,
            timestamp_offset: self.timestamp_offset,
        });
        if self.segments.len() > SEGMENTS_MAX {
            self.segments.pop_front();
        }
    }

    /// The outgoing number of a packet of the current segment; `None` if it is from before its start.
    pub fn place(&mut self, index: i64, timestamp: u32, now: f64) -> Option<i64> {
        let out = index + self.index_offset;
        if out < self.start {
            return None;
        }
        if out > self.highest {
            self.highest = out;
            self.highest_timestamp = Some(timestamp.wrapping_add(self.timestamp_offset));
            self.highest_at = now;
        }
        Some(out)
    }

    /// Full outgoing number and segment of a number that the viewer names in a NACK.
    #[must_use]
    pub fn source(&self, sequence: u16) -> Option<(i64, Segment)> {
        let out = unwrap16(sequence, self.highest);
        if out > self.highest {
            return None;
        }
        self.segments
            .iter()
            .rev()
            .find(|segment| out >= segment.start)
            .map(|segment| (out, *segment))
    }

    fn next_timestamp(&self, timestamp: u32, now: f64, mapped: Option<u32>) -> u32 {
        let Some(last) = self.highest_timestamp else {
            return timestamp;
        };
        let passed = ((now - self.highest_at) * self.clock_hz).round().max(1.0);
        if let Some(mapped) = mapped {
            let step = distance32(last, mapped);
            if step > 0 && (step as f64 - passed).abs() < TRUST_S * self.clock_hz {
                return mapped;
            }
        }
        last.wrapping_add(passed as i64 as u32)
    }
}
