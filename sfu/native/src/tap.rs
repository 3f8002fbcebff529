//! The recorder's view of a producer: the packets of its highest flowing layer.
//!
//! A *piece* is one layer's packets from a key frame on; each new piece has the next `switch` number. Within
//! a piece the sequence numbers are the publisher's own, closed up where padding was dropped.

use crate::event::Tapped;
use crate::rtcp::SenderReport;
use crate::rtp::Packet;

/// Gathers packets between two calls of `flush`.
#[derive(Debug)]
pub struct Tap {
    producer: String,
    wall_offset_s: f64,
    layer: Option<usize>,
    /// Joined at its next key frame.
    pub wanted: Option<usize>,
    switch: i64,
    open: Tapped,
    finished: Vec<Tapped>,
}

impl Tap {
    /// `wall_offset_s` turns the forwarder's clock into Unix time.
    #[must_use]
    pub fn new(producer: &str, wall_offset_s: f64) -> Self {
        Self {
            producer: producer.to_owned(),
            wall_offset_s,
            layer: None,
            wanted: None,
            switch: -1,
            open: Tapped::default(),
            finished: Vec::new(),
        }
    }

    /// Follows the highest flowing layer; returns the one that must send a key frame.
    pub fn aim(&mut self, top: Option<usize>) -> Option<usize> {
        if top.is_some() {
            self.wanted = if top == self.layer { None } else { top };
        }
        self.wanted
    }

    /// The producer was muted, or its layer started anew: what follows is a piece of its own.
    pub fn interrupt(&mut self) {
        self.close_piece();
        self.layer = None;
    }

    /// One packet of any layer; `starts` tells whether it begins a key frame.
    pub fn take(&mut self, layer: usize, packet: &Packet, starts: bool, now: f64) {
        if Some(layer) == self.wanted && starts {
            self.close_piece();
            self.switch += 1;
            self.layer = Some(layer);
            self.wanted = None;
        }
        if Some(layer) == self.layer {
            self.open
                .packets
                .push((self.arrived_us(now), packet.to_bytes(packet.index as u16)));
        }
    }

    /// A sender report of any layer.
    pub fn report(&mut self, layer: usize, report: &SenderReport, now: f64) {
        if Some(layer) == self.layer {
            self.open
                .reports
                .push((report.ntp, report.rtp_timestamp, self.arrived_us(now)));
        }
    }

    /// What was gathered, one event per piece.
    pub fn flush(&mut self) -> Vec<Tapped> {
        self.close_piece();
        std::mem::take(&mut self.finished)
    }

    fn close_piece(&mut self) {
        if self.open.packets.is_empty() && self.open.reports.is_empty() {
            return;
        }
        let mut piece = std::mem::take(&mut self.open);
        piece.producer.clone_from(&self.producer);
        piece.switch = self.switch;
        self.finished.push(piece);
    }

    fn arrived_us(&self, now: f64) -> i64 {
        ((now + self.wall_offset_s) * 1e6) as i64
    }
}
