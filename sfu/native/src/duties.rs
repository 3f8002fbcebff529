//! What the packet path does by the clock: asks, reports, chooses layers, hands over.
//!
//! One tick serves all transports; each duty has its interval and visits only what has something to do.

use crate::choice::{Want, choose};
use crate::event::Event;
use crate::limits;
use crate::path::Path;
use crate::peer::{Padding, micros};
use crate::rtcp::{self, ReportBlock, SenderReport};

/// Half the feedback interval; the slowest pace of repairs.
pub const TICK_S: f64 = 0.025;
const CHOICE_INTERVAL_S: f64 = 0.2;
const PAD_PACKETS_MAX: usize = 50; // Per tick and viewer: 20 Mbit/s of full packets at the slowest tick.
const PROBE_MARGIN: f64 = 1.3; // Above what is wanted, as choosing a layer needs room too.
const SILENT_S: f64 = 3.0; // A publisher that sent nothing for so long is not asked for key frames.
const DATAGRAM_BYTES: usize = 1_200;

/// Says when an interval has passed; after a stall it skips instead of catching up.
#[derive(Debug)]
struct Pace {
    interval_s: f64,
    due: f64,
}

impl Pace {
    fn new(interval_s: f64, now: f64) -> Self {
        Self {
            interval_s,
            due: now + interval_s,
        }
    }

    fn due(&mut self, now: f64) -> bool {
        if now < self.due - TICK_S / 4.0 {
            return false;
        }
        self.due = self.due.max(now - self.interval_s) + self.interval_s;
        true
    }
}

/// When what is due.
#[derive(Debug)]
pub struct Timetable {
    feedback: Pace,
    tap: Pace,
    choice: Pace,
    levels: Pace,
    second: Pace,
}

impl Timetable {
    /// Begins now.
    #[must_use]
    pub fn new(now: f64) -> Self {
        Self {
            feedback: Pace::new(limits::FEEDBACK_INTERVAL_S, now),
            tap: Pace::new(limits::TAP_INTERVAL_S, now),
            choice: Pace::new(CHOICE_INTERVAL_S, now),
            levels: Pace::new(limits::LEVELS_INTERVAL_S, now),
            second: Pace::new(1.0, now),
        }
    }
}

impl Path {
    /// Does what is due; call it at least every `TICK_S`.
    pub fn tick(&mut self, now: f64) {
        self.pad(now);
        self.ask_for_repairs(now);
        self.ask_for_key_frames(now);
        if self.timetable.feedback.due(now) {
            self.send_feedback();
        }
        if self.timetable.tap.due(now) {
            self.hand_over_taps(now);
        }
        let all = self.timetable.choice.due(now);
        self.choose_layers(all, now);
        if self.timetable.levels.due(now) {
            self.measure_levels();
        }
        if self.timetable.second.due(now) {
            self.send_reports(now);
            self.expire(now);
        }
    }

    // --- towards publishers ---
    fn ask_for_repairs(&mut self, now: f64) {
        for key in self.torn.iter().copied().collect::<Vec<_>>() {
            let producer = &mut self.incoming[key.0];
            let at = producer.peer;
            let layer = &mut producer.layers[key.1];
            if !layer.reception.has_holes() {
                self.torn.remove(&key);
                continue;
            }
            let wanted = layer.reception.asks(now);
            let Some(ssrc) = layer.ssrc.filter(|_| !wanted.is_empty()) else {
                continue;
            };
            layer.nacks += wanted.len() as u64;
            let reporter = self.peers[at].reporter;
            self.send_report(at, |out| rtcp::write_nack(reporter, ssrc, &wanted, out));
        }
    }

    fn ask_for_key_frames(&mut self, now: f64) {
        for key in self.dark.iter().copied().collect::<Vec<_>>() {
            let layer = &self.incoming[key.0].layers[key.1];
            if !layer.key_frame_wanted {
                self.dark.remove(&key);
            } else if now - layer.key_frame_asked_at >= limits::KEY_FRAME_REQUEST_INTERVAL_S
                && now - layer.heard_at < SILENT_S
            {
                self.send_key_frame_request(key, now);
            }
        }
    }

    fn send_feedback(&mut self) {
        for at in std::mem::take(&mut self.heard) {
            let peer = &mut self.peers[at];
            let (reporter, ssrc) = (peer.reporter, peer.feedback_ssrc);
            for report in peer.arrivals.reports() {
                let mut body = Vec::new();
                report.write(&mut body);
                self.send_report(at, |out| {
                    rtcp::write_transport_feedback(reporter, ssrc, &body, out);
                });
            }
        }
    }

    fn measure_levels(&mut self) {
        let mut levels = Vec::new();
        for (_, producer) in self
            .incoming
            .iter_mut()
            .filter(|(_, producer)| !producer.is_video)
        {
            if let Some(level) = producer.loudness.take() {
                levels.push((producer.config.id.clone(), level));
            }
        }
        if !levels.is_empty() {
            self.events.push(Event::Levels(levels));
        }
    }

    fn hand_over_taps(&mut self, now: f64) {
        let tapped = self
            .incoming
            .iter()
            .filter(|(_, producer)| producer.tap.is_some());
        for at in tapped.map(|(at, _)| at).collect::<Vec<_>>() {
            let producer = &mut self.incoming[at];
            let top = producer.top_layer();
            let Some(tap) = producer.tap.as_mut() else {
                continue;
            };
            let wanted = if producer.paused { None } else { tap.aim(top) };
            for piece in tap.flush() {
                self.events.push(Event::Tapped(piece));
            }
            if let Some(wanted) = wanted.filter(|&wanted| !producer.layers[wanted].key_frame_wanted)
            {
                self.ask_key_frame((at, wanted), now);
            }
        }
    }

    // --- towards viewers ---
    fn choose_layers(&mut self, all: bool, now: f64) {
        if all {
            for (_, producer) in &mut self.incoming {
                producer.measure(now);
            }
            for (_, outgoing) in &mut self.outgoing {
                outgoing.rate.measure(now);
            }
        }
        let peers = self
            .peers
            .iter()
            .filter(|(_, peer)| (all || peer.unsettled) && !peer.consumers.is_empty());
        for at in peers.map(|(at, _)| at).collect::<Vec<_>>() {
            self.choose_for(at, now);
        }
    }

    /// Shares one viewer's line among what he watches. Sound is never weighed: it goes first.
    fn choose_for(&mut self, at: usize, now: f64) {
        let peer = &mut self.peers[at];
        peer.unsettled = false;
        let mut videos = Vec::new();
        let mut wants = Vec::new();
        let mut sound_bps = 0;
        let mut numbered = false;
        for &viewer in &peer.consumers {
            let outgoing = &self.outgoing[viewer];
            let producer = &self.incoming[outgoing.producer];
            if !producer.is_video {
                sound_bps += outgoing.rate.bps;
                continue;
            }
            numbered |= outgoing.config.extensions.transport_cc != 0;
            videos.push(viewer);
            wants.push(Want {
                priority: outgoing.priority,
                layer_max: outgoing
                    .layer_max
                    .filter(|_| !outgoing.paused && !producer.paused),
                current: outgoing.current,
                offers: producer.offers.clone(),
                may_rise: outgoing.may_rise(now),
            });
        }
        if videos.is_empty() {
            return;
        }
        let budget = (numbered || peer.limited).then(|| peer.estimator.bps());
        let wanted_bps = sound_bps + wants.iter().map(wish_bps).sum::<u64>();
        peer.estimator
            .want((wanted_bps as f64 * PROBE_MARGIN) as u64);
        let chosen = choose(
            &wants,
            budget.map(|budget| budget.saturating_sub(sound_bps)),
        );
        for (viewer, layer) in videos.into_iter().zip(chosen) {
            if let Some(key) = self.aim(viewer, layer, now) {
                self.ask_key_frame(key, now);
            }
        }
    }

    /// Repeats late packets to see what the lines carry, where the estimators ask for it.
    fn pad(&mut self, now: f64) {
        self.probing = false;
        let watching = self
            .peers
            .iter()
            .filter(|(_, peer)| !peer.consumers.is_empty());
        for at in watching.map(|(at, _)| at).collect::<Vec<_>>() {
            let peer = &mut self.peers[at];
            if let Some(probe) = peer.estimator.poll(micros(now)).filter(|_| peer.heard) {
                peer.padding = Some(Padding::new(probe, now));
            }
            if let Some(padding) = &mut peer.padding {
                padding.advance(now);
                self.pad_one(at, now);
            }
        }
    }

    fn pad_one(&mut self, at: usize, now: f64) {
        let viewers = self.peers[at].consumers.clone();
        for _ in 0..PAD_PACKETS_MAX {
            let Some(padding) = self.peers[at].padding else {
                return;
            };
            if padding.is_done() || !viewers.iter().any(|&viewer| self.has_padding(viewer)) {
                self.peers[at].padding = None;
                return;
            }
            if !padding.is_due() {
                break;
            }
            let sent = viewers
                .iter()
                .find_map(|&viewer| self.pad_packet(viewer, padding, now));
            let Some(size) = sent else { break };
            if let Some(padding) = &mut self.peers[at].padding {
                padding.spend(size);
            }
        }
        self.probing = true;
    }

    fn has_padding(&self, viewer: usize) -> bool {
        let outgoing = &self.outgoing[viewer];
        let Some(layer) = outgoing
            .current
            .filter(|_| outgoing.repair_writer.is_some())
        else {
            return false;
        };
        self.incoming[outgoing.producer].layers[layer]
            .cache
            .largest_of_latest()
            .is_some()
    }

    fn pad_packet(&mut self, viewer: usize, padding: Padding, now: f64) -> Option<usize> {
        let outgoing = &self.outgoing[viewer];
        let layer = outgoing.current?;
        let index = self.incoming[outgoing.producer].layers[layer]
            .cache
            .largest_of_latest()?;
        let place = index + outgoing.continuity.index_offset;
        if place < outgoing.continuity.start {
            return None;
        }
        let source = (layer, index, outgoing.continuity.timestamp_offset);
        self.send_repair(viewer, source, place as u16, now, Some(padding.id))
            .ok()
    }

    // --- reports ---
    fn send_reports(&mut self, now: f64) {
        let open = self.peers.iter().filter(|(_, peer)| peer.is_open());
        for at in open.map(|(at, _)| at).collect::<Vec<_>>() {
            self.report_to_publisher(at, now);
            self.report_to_viewer(at, now);
        }
    }

    fn report_to_publisher(&mut self, at: usize, now: f64) {
        let peer = &self.peers[at];
        let reporter = peer.reporter;
        let mut blocks: Vec<ReportBlock> = Vec::new();
        for (&ssrc, key) in &peer.layers {
            let layer = &mut self.incoming[key.0].layers[key.1];
            let (last_report, delay) = layer.report.map_or((0, 0), |report| {
                (
                    (report.ntp >> 16) as u32,
                    ((now - layer.report_at).max(0.0) * 65_536.0) as u32,
                )
            });
            blocks.extend(layer.reception.report(ssrc, last_report, delay));
        }
        for some in blocks.chunks(31) {
            self.send_report(at, |out| rtcp::write_receiver_report(reporter, some, out));
        }
    }

    fn report_to_viewer(&mut self, at: usize, now: f64) {
        let mut gathered = Vec::new();
        for viewer in self.peers[at].consumers.clone() {
            let Some(report) = self.sender_report(viewer, now) else {
                continue;
            };
            let start = gathered.len();
            rtcp::write_sender_report(&report, &mut gathered);
            rtcp::write_description(
                report.ssrc,
                &self.outgoing[viewer].config.cname,
                &mut gathered,
            );
            if gathered.len() > DATAGRAM_BYTES && start > 0 {
                let rest = gathered.split_off(start);
                self.send_report(at, |out| out.extend_from_slice(&gathered));
                gathered = rest;
            }
        }
        if !gathered.is_empty() {
            self.send_report(at, |out| out.extend_from_slice(&gathered));
        }
    }

    /// A sender report on the publisher's wall clock, so that his sound and picture stay together.
    fn sender_report(&mut self, viewer: usize, now: f64) -> Option<SenderReport> {
        let outgoing = &mut self.outgoing[viewer];
        let producer = &self.incoming[outgoing.producer];
        let clock_hz = f64::from(producer.config.clock_rate_hz);
        let (ntp, timestamp) = producer.layers[outgoing.current?].timestamp_at(now, clock_hz)?;
        if outgoing.sent == 0 {
            return None;
        }
        outgoing.note_report(ntp, now);
        Some(SenderReport {
            ssrc: outgoing.config.ssrc,
            ntp,
            rtp_timestamp: timestamp.wrapping_add(outgoing.continuity.timestamp_offset),
            packets: outgoing.sent as u32,
            octets: outgoing.octets as u32,
        })
    }

    /// Drops addresses that are no longer checked, and tells who lost consent (RFC 7675).
    fn expire(&mut self, now: f64) {
        for (_, peer) in &mut self.peers {
            let ice = &mut peer.ice;
            let send_address = ice.send_address;
            ice.addresses.retain(|(address, checked_at)| {
                let kept =
                    Some(*address) == send_address || *checked_at >= now - limits::ICE_CONSENT_S;
                if !kept {
                    self.by_address.remove(address);
                }
                kept
            });
            if ice.consent_until.is_some_and(|until| until < now) {
                ice.consent_until = None;
                ice.send_address = None;
                ice.nominated = false;
                self.events.push(Event::ConsentLost {
                    transport: peer.id.clone(),
                });
            }
        }
    }
}

fn wish_bps(want: &Want) -> u64 {
    let Some(layer_max) = want.layer_max else {
        return 0;
    };
    let mut shown = want
        .offers
        .iter()
        .take(layer_max + 1)
        .filter(|offer| offer.flowing);
    shown.next_back().map_or(0, |offer| offer.bps)
}
