//! When each packet to a viewer leaves.
//!
//! A token bucket above the estimate keeps a key frame from filling the line's queue. Sound never waits,
//! packets sent again have a share of the rate and no more, padding leaves only as part of a probe and
//! when nothing else does.

use std::collections::VecDeque;

use crate::clock::Monotonic;
use crate::{BPS_MAX, BPS_MIN, BPS_START, BYTES_MAX, Kind, Probe, ProbeId};

/// Media may leave this much faster than the estimate: a frame is not spread over the time to the next.
const PACE: f64 = 1.6;
/// What may leave at once.
const BURST_US: f64 = 10_000.0;
const BURST_BYTES_MIN: f64 = 2_500.0;
/// What sound and a frame's rest may overdraw.
const DEBT_BYTES_MAX: f64 = 20_000.0;
/// Of each byte of media, what may be sent again (reliability S7) …
const REPAIR_SHARE: f64 = 0.25;
/// … saved up for this long, and enough for a burst of loss at the beginning.
const REPAIR_SAVED_US: f64 = 1_000_000.0;
const REPAIR_BYTES_MIN: f64 = 15_000.0;
/// No queue outlives this: then the pace rises.
const WAIT_MAX_US: f64 = 500_000.0;
/// What waits at most: two seconds of a top layer, a key frame of a large screen.
const QUEUED_BYTES_MAX: usize = 1 << 20;
const QUEUED_PACKETS_MAX: usize = 1 << 11;
/// Sizes of padding.
const PADDING_MIN: usize = 100;
const PADDING_MAX: usize = 1_100;
/// A probe that takes longer than this is given up.
const PROBE_LONGEST_US: i64 = 500_000;

/// Why a packet was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Too much waits: drop until the next key frame.
    Full,
    /// Enough was sent again.
    RepairSpent,
}

/// A packet that leaves now.
#[derive(Debug, PartialEq, Eq)]
pub struct Due<T> {
    /// What it is.
    pub kind: Kind,
    /// Its size.
    pub bytes: usize,
    /// The probe that it is part of: hand it to `Estimator::sent`.
    pub probe: Option<ProbeId>,
    /// The caller's.
    pub item: T,
}

/// Padding that leaves now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padding {
    /// About this much; what is really sent goes to [`Pacer::padded`].
    pub bytes: usize,
    /// The probe that it is part of.
    pub probe: ProbeId,
}

/// The queues of one viewer. `T` is whatever finds the packet again.
#[derive(Debug)]
pub struct Pacer<T> {
    clock: Monotonic,
    bps: f64,
    /// Bytes that may leave; below zero they are owed.
    tokens: f64,
    filled_us: i64,
    repair_bytes: f64,
    audio: VecDeque<(usize, T)>,
    repairs: VecDeque<(usize, T)>,
    video: VecDeque<(usize, T)>,
    queued_bytes: usize,
    probe: Option<Running>,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    probe: Probe,
    began_us: i64,
    bytes: usize,
    packets: usize,
}

impl Running {
    /// When its next packet is due.
    fn due_us(&self) -> i64 {
        self.began_us + (self.bytes as f64 * 8e6 / self.probe.bps.max(1) as f64) as i64
    }
}

impl<T> Pacer<T> {
    /// Begins at [`BPS_START`] with an empty queue.
    pub fn new(now_us: i64) -> Self {
        let clock = Monotonic::new(now_us);
        Self {
            clock,
            bps: BPS_START as f64,
            tokens: BURST_BYTES_MIN,
            filled_us: clock.now_us(),
            repair_bytes: REPAIR_BYTES_MIN,
            audio: VecDeque::new(),
            repairs: VecDeque::new(),
            video: VecDeque::new(),
            queued_bytes: 0,
            probe: None,
        }
    }

    /// The estimate changed.
    pub fn set_rate(&mut self, now_us: i64, bps: u64) {
        self.fill(now_us);
        self.bps = bps.clamp(BPS_MIN, BPS_MAX) as f64;
    }

    /// Whether a packet of media may leave at once, without being queued: nothing waits and the bucket
    /// is not empty. When it may, it is accounted for; send it. Not for packets sent again.
    ///
    /// This is the fast path: on a line with room every packet takes it. Returns the probe to note.
    pub fn pass(&mut self, now_us: i64, kind: Kind, bytes: usize) -> Option<Option<ProbeId>> {
        self.fill(now_us);
        let waits = !self.video.is_empty() || !self.repairs.is_empty();
        if kind == Kind::Audio || (kind == Kind::Video && !waits && self.tokens > 0.0) {
            return Some(self.leave(kind, bytes));
        }
        None
    }

    /// Takes a packet.
    ///
    /// # Errors
    /// The packet comes back with the reason. Sound is refused only when something is badly wrong.
    pub fn push(&mut self, now_us: i64, kind: Kind, bytes: usize, item: T) -> Result<(), (Refusal, T)> {
        self.fill(now_us);
        let packets = self.audio.len() + self.repairs.len() + self.video.len();
        if packets >= QUEUED_PACKETS_MAX || self.queued_bytes.saturating_add(bytes) > QUEUED_BYTES_MAX {
            return Err((Refusal::Full, item));
        }
        let queue = match kind {
            Kind::Audio => &mut self.audio,
            Kind::Retransmit => {
                if self.repair_bytes < bytes as f64 {
                    return Err((Refusal::RepairSpent, item));
                }
                self.repair_bytes -= bytes as f64;
                &mut self.repairs
            }
            Kind::Video | Kind::Padding => &mut self.video,
        };
        queue.push_back((bytes, item));
        self.queued_bytes += bytes;
        Ok(())
    }

    /// The next packet that leaves now, if any.
    pub fn pop(&mut self, now_us: i64) -> Option<Due<T>> {
        self.fill(now_us);
        let (kind, (bytes, item)) = if let Some(packet) = self.audio.pop_front() {
            (Kind::Audio, packet)
        } else if self.tokens <= 0.0 {
            return None;
        } else if let Some(packet) = self.repairs.pop_front() {
            (Kind::Retransmit, packet)
        } else {
            (Kind::Video, self.video.pop_front()?)
        };
        self.queued_bytes -= bytes;
        let probe = self.leave(kind, bytes);
        Some(Due { kind, bytes, probe, item })
    }

    /// When to call [`Pacer::pop`] and [`Pacer::padding`] next; None: nothing waits.
    pub fn next_at(&self) -> Option<i64> {
        let now_us = self.clock.now_us();
        if !self.audio.is_empty() {
            return Some(now_us);
        }
        let media_us = (!self.repairs.is_empty() || !self.video.is_empty()).then(|| {
            let owed_bytes = (1.0 - self.tokens).max(0.0);
            self.filled_us + (owed_bytes * 8e6 / self.pace_bps()).ceil() as i64
        });
        let probe_us = self.probe.map(|running| running.due_us().max(now_us));
        match (media_us, probe_us) {
            (Some(media_us), Some(probe_us)) => Some(media_us.min(probe_us).max(now_us)),
            (one, other) => one.or(other).map(|us| us.max(now_us)),
        }
    }

    /// Begins a probe; media that leaves while it runs is part of it.
    pub fn probe(&mut self, now_us: i64, probe: Probe) {
        let now_us = self.fill(now_us);
        self.probe = Some(Running { probe, began_us: now_us, bytes: 0, packets: 0 });
    }

    /// Padding that is due now: send it, note it with [`Pacer::padded`], ask again.
    pub fn padding(&mut self, now_us: i64) -> Option<Padding> {
        let now_us = self.fill(now_us);
        let running = self.probe?;
        if now_us - running.began_us > PROBE_LONGEST_US {
            self.probe = None;
            return None;
        }
        let waits = !self.repairs.is_empty() || !self.video.is_empty();
        if running.due_us() > now_us || (waits && self.tokens > 0.0) {
            return None;
        }
        let share = running.probe.bytes / running.probe.packets.max(1);
        Some(Padding { bytes: share.clamp(PADDING_MIN, PADDING_MAX), probe: running.probe.id })
    }

    /// Padding left. 0 bytes: there is nothing to pad with; the probe is given up.
    pub fn padded(&mut self, now_us: i64, bytes: usize) {
        self.fill(now_us);
        if bytes == 0 {
            self.probe = None;
        } else {
            self.leave(Kind::Padding, bytes);
        }
    }

    /// Drops waiting pictures for which `keep` says no: those of a layer that the viewer left.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        let mut dropped = 0;
        self.video.retain(|(bytes, item)| {
            let kept = keep(item);
            dropped += if kept { 0 } else { *bytes };
            kept
        });
        self.queued_bytes -= dropped;
    }

    /// What waits.
    pub fn queued_bytes(&self) -> usize {
        self.queued_bytes
    }

    /// How long the last of it will wait.
    pub fn wait_us(&self) -> i64 {
        (self.queued_bytes as f64 * 8e6 / self.pace_bps()) as i64
    }

    fn pace_bps(&self) -> f64 {
        (PACE * self.bps).max(self.queued_bytes as f64 * 8e6 / WAIT_MAX_US)
    }

    fn fill(&mut self, now_us: i64) -> i64 {
        let now_us = self.clock.advance(now_us);
        let bytes_per_us = self.pace_bps() / 8e6;
        let burst = (BURST_US * bytes_per_us).max(BURST_BYTES_MIN);
        self.tokens = (self.tokens + (now_us - self.filled_us) as f64 * bytes_per_us).min(burst);
        self.filled_us = now_us;
        now_us
    }

    /// Accounts for a packet that leaves.
    fn leave(&mut self, kind: Kind, bytes: usize) -> Option<ProbeId> {
        let bytes = bytes.min(BYTES_MAX);
        self.tokens = (self.tokens - bytes as f64).max(-DEBT_BYTES_MAX);
        if matches!(kind, Kind::Audio | Kind::Video) {
            let saved = (REPAIR_SHARE * self.bps / 8e6 * REPAIR_SAVED_US).max(REPAIR_BYTES_MIN);
            self.repair_bytes = (self.repair_bytes + REPAIR_SHARE * bytes as f64).min(saved);
        }
        let mut running = self.probe?;
        let id = running.probe.id;
        running.bytes += bytes;
        running.packets += 1;
        let ended = running.bytes >= running.probe.bytes && running.packets >= running.probe.packets;
        self.probe = (!ended).then_some(running);
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What left until `until_us`, asked every millisecond.
    fn drained(pacer: &mut Pacer<u32>, until_us: i64) -> Vec<(i64, Kind, usize)> {
        let mut left = Vec::new();
        for now_us in (0..until_us).step_by(1_000) {
            while let Some(due) = pacer.pop(now_us) {
                left.push((now_us, due.kind, due.bytes));
            }
        }
        left
    }

    #[test]
    fn sound_never_waits() {
        let mut pacer = Pacer::new(0);
        for i in 0..200 {
            pacer.push(0, Kind::Video, 1_000, i).unwrap();
        }
        while pacer.pop(0).is_some() {}
        pacer.push(0, Kind::Audio, 160, 0).unwrap();
        assert_eq!(pacer.next_at(), Some(0));
        assert_eq!(pacer.pop(0).map(|due| due.kind), Some(Kind::Audio));
        assert!(pacer.pass(0, Kind::Audio, 160).is_some());
        assert!(pacer.pass(0, Kind::Video, 160).is_none());
    }

    #[test]
    fn a_key_frame_is_spread_at_the_pace() {
        let mut pacer = Pacer::new(0);
        pacer.set_rate(0, 800_000);
        for i in 0..40 {
            pacer.push(0, Kind::Video, 1_000, i).unwrap();
        }
        let left = drained(&mut pacer, 1_000_000);
        assert_eq!(left.len(), 40);
        // 40,000 bytes at 1.6 times 800 kbit/s take 250 ms, less the bucket.
        let last_us = left.last().unwrap().0;
        assert!((220_000..=250_000).contains(&last_us), "{last_us}");
    }

    #[test]
    fn no_queue_outlives_half_a_second() {
        let mut pacer = Pacer::new(0);
        pacer.set_rate(0, 50_000);
        for i in 0..400 {
            pacer.push(0, Kind::Video, 1_000, i).unwrap();
        }
        // The pace rises with what waits, so the queue melts like snow: half in 350 ms.
        let left = drained(&mut pacer, 500_000);
        assert!(left.len() > 200, "{}", left.len());
    }

    #[test]
    fn what_is_sent_again_is_a_quarter_at_most() {
        let mut pacer = Pacer::new(0);
        let (mut media, mut again) = (0, 0);
        for i in 0..20_000_u32 {
            let now_us = i64::from(i) * 5_000;
            pacer.push(now_us, Kind::Video, 1_000, i).unwrap();
            for _ in 0..3 {
                let _ = pacer.push(now_us, Kind::Retransmit, 1_000, i);
            }
            while let Some(due) = pacer.pop(now_us) {
                match due.kind {
                    Kind::Retransmit => again += due.bytes,
                    _ => media += due.bytes,
                }
            }
        }
        assert!(again as f64 <= 0.25 * f64::from(20_000 * 1_000) + 15_000.0, "{again} of {media}");
        assert!(again as f64 > 0.2 * media as f64);
    }

    #[test]
    fn a_probe_leaves_at_its_rate() {
        let mut pacer: Pacer<u32> = Pacer::new(0);
        let probe = Probe { id: ProbeId(3), bps: 2_000_000, bytes: 5_000, packets: 5 };
        pacer.probe(0, probe);
        let mut sent = Vec::new();
        for now_us in (0..100_000).step_by(500) {
            while let Some(padding) = pacer.padding(now_us) {
                sent.push(now_us);
                pacer.padded(now_us, padding.bytes);
            }
        }
        assert_eq!(sent, [0, 4_000, 8_000, 12_000, 16_000]);
        assert_eq!(pacer.next_at(), None);
    }

    #[test]
    fn a_full_queue_gives_the_packet_back() {
        let mut pacer = Pacer::new(0);
        let refused = (0..5_000).find_map(|i| pacer.push(0, Kind::Video, 1_000, i).err());
        assert!(matches!(refused, Some((Refusal::Full, 1_048))));
    }

    #[test]
    fn a_layer_that_was_left_is_forgotten() {
        let mut pacer = Pacer::new(0);
        for i in 0..10 {
            pacer.push(0, Kind::Video, 1_000, i).unwrap();
        }
        pacer.retain(|item| item % 2 == 0);
        assert_eq!(pacer.queued_bytes(), 5_000);
    }
}
