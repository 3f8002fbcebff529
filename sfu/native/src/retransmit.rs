//! Repairs: the packets kept for viewers who lost them, and how many may be sent (RFC 4588).

use std::collections::{HashMap, VecDeque};

use crate::limits;
use crate::rtp::Packet;

const LATEST: usize = 8;

/// The last packets of one layer by index, shared by all its viewers.
#[derive(Debug, Default)]
pub struct Cache {
    packets: VecDeque<Packet>,
    by_index: HashMap<i64, u64>,
    first: u64,
}

impl Cache {
    /// Keeps a packet; those that are too old or too many go.
    pub fn add(&mut self, packet: Packet) {
        let too_old = packet.arrived_at - limits::RETRANSMIT_CACHE_S;
        self.by_index
            .insert(packet.index, self.first + self.packets.len() as u64);
        self.packets.push_back(packet);
        while self.packets.len() > limits::RETRANSMIT_CACHE_PACKETS
            || self
                .packets
                .front()
                .is_some_and(|oldest| oldest.arrived_at < too_old)
        {
            if let Some(gone) = self.packets.pop_front() {
                if self.by_index.get(&gone.index) == Some(&self.first) {
                    self.by_index.remove(&gone.index);
                }
                self.first += 1;
            }
        }
    }

    /// The packet, if it is still kept.
    pub fn get(&mut self, index: i64) -> Option<&mut Packet> {
        let at = self.by_index.get(&index)?.checked_sub(self.first)?;
        self.packets.get_mut(usize::try_from(at).ok()?)
    }

    /// The index of the largest of the packets kept last: padding in few pieces.
    #[must_use]
    pub fn largest_of_latest(&self) -> Option<i64> {
        let latest = self.packets.iter().rev().take(LATEST);
        latest
            .max_by_key(|packet| packet.payload.len())
            .map(|packet| packet.index)
    }
}

/// Keeps repairs below a share of the media, so that asking cannot become an attack.
///
/// A short burst is always allowed: the first lost key frame must be repaired before any share of nothing
/// is worth something.
#[derive(Debug)]
pub struct RepairBudget {
    bytes: f64,
    sent_at: HashMap<u16, f64>,
    order: VecDeque<u16>,
}

const BURST_BYTES: f64 = 60_000.0; // One key frame of a top layer.

impl Default for RepairBudget {
    fn default() -> Self {
        Self {
            bytes: BURST_BYTES,
            sent_at: HashMap::new(),
            order: VecDeque::new(),
        }
    }
}

impl RepairBudget {
    /// Media was sent: repairs may follow in proportion.
    pub fn earn(&mut self, media_bytes: usize) {
        self.bytes =
            BURST_BYTES.min(self.bytes + media_bytes as f64 * limits::RETRANSMIT_SHARE_MAX);
    }

    /// Nothing can be repaired now.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.bytes < limits::RTP_PACKET_BYTES_MAX as f64
    }

    /// Tells whether this repair may be sent now, and counts it. The same packet is not repeated within
    /// `pause_s`.
    pub fn spend(&mut self, sequence: u16, size: usize, now: f64, pause_s: f64) -> bool {
        if self.is_spent()
            || self
                .sent_at
                .get(&sequence)
                .is_some_and(|at| now - at < pause_s)
        {
            return false;
        }
        self.bytes -= size as f64;
        if self.sent_at.insert(sequence, now).is_none() {
            self.order.push_back(sequence);
        }
        if self.order.len() > limits::RETRANSMIT_CACHE_PACKETS
            && let Some(oldest) = self.order.pop_front()
        {
            self.sent_at.remove(&oldest);
        }
        true
    }
}
