//! The packet path without socket and timers: what happens to one datagram.
//!
//! Time is an argument, in seconds of one monotonic clock. The invariants:
//!
//! * What a peer did wrong is counted by reason, on his transport where one is known; nothing panics.
//! * Nothing is sent but to an address that consented, with keys that DTLS agreed on.
//! * Each packet of a producer is, for each of his consumers, exactly one of: sent, dropped with a reason,
//!   not selected.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;

use classwire_congestion::Kind;
use ring::rand::{SecureRandom, SystemRandom};
use slab::Slab;

use crate::bytes::{distance32, u16_at, u32_at};
use crate::duties::Timetable;
use crate::error::{Read, Refused, refuse};
use crate::event::{Event, Events};
use crate::incoming::Incoming;
use crate::limits;
use crate::outbox::Outbox;
use crate::outgoing::Outgoing;
use crate::peer::{Drops, LayerKey, Peer, micros};
use crate::rtcp::{self, Message, ReportBlock, SenderReport};
use crate::rtp::{Packet, Stamp, header_bytes};
use crate::stun;

// What a datagram takes from its peer's allowance, by what it makes us do.
const RTP_COST: f64 = 1.0;
const RTCP_COST: f64 = 4.0;
const DTLS_COST: f64 = 20.0;

/// The largest packet that is sent on: what the Python path's SRTP can hold, so that both drop the same.
const PROTECT_BYTES_MAX: usize = limits::RTP_PACKET_BYTES_MAX - 148;

/// The tables, and the way of a datagram through them.
pub struct Path {
    pub peers: Slab<Peer>,
    pub peer_names: HashMap<String, usize>,
    pub by_address: HashMap<SocketAddr, usize>,
    pub by_fragment: HashMap<Vec<u8>, usize>,
    pub incoming: Slab<Incoming>,
    pub incoming_names: HashMap<String, usize>,
    pub outgoing: Slab<Outgoing>,
    pub outgoing_names: HashMap<String, usize>,
    /// Of datagrams that belong to no transport.
    pub drops: Drops,
    pub events: Events,
    pub outbox: Outbox,
    /// Publishers with packets to report back.
    pub heard: BTreeSet<usize>,
    /// Layers with holes to ask for.
    pub torn: BTreeSet<LayerKey>,
    /// Layers that owe a key frame.
    pub dark: BTreeSet<LayerKey>,
    pub timetable: Timetable,
    /// The last packet taken ended a frame, or was none: nothing to gather for.
    pub frame_ended: bool,
    /// A line is being probed: ticks are wanted every few milliseconds.
    pub probing: bool,
    random: SystemRandom,
    scratch: Vec<u8>,
}

impl Path {
    /// Nobody is there yet.
    #[must_use]
    pub fn new(now: f64) -> Self {
        Self {
            peers: Slab::new(),
            peer_names: HashMap::new(),
            by_address: HashMap::new(),
            by_fragment: HashMap::new(),
            incoming: Slab::new(),
            incoming_names: HashMap::new(),
            outgoing: Slab::new(),
            outgoing_names: HashMap::new(),
            drops: Drops::new(),
            events: Events::default(),
            outbox: Outbox::default(),
            heard: BTreeSet::new(),
            torn: BTreeSet::new(),
            dark: BTreeSet::new(),
            timetable: Timetable::new(now),
            frame_ended: true,
            probing: false,
            random: SystemRandom::new(),
            scratch: Vec::new(),
        }
    }

    /// A random number.
    #[must_use]
    pub fn draw(&self) -> u32 {
        let mut bytes = [0; 4];
        // Without randomness a number is only easier to guess; nothing secret is made of it.
        let _ = self.random.fill(&mut bytes);
        u32::from_be_bytes(bytes)
    }

    /// Takes one datagram, which is decrypted in place; answers wait in the outbox.
    ///
    /// `waited_s` is how long it lay in the socket: the publisher shall not take our being busy for a queue
    /// on his line.
    pub fn receive(&mut self, data: &mut [u8], from: SocketAddr, now: f64, waited_s: f64) {
        let peer = self.by_address.get(&from).copied();
        self.frame_ended = true;
        let outcome = match (data.first().copied().unwrap_or(255), peer) {
            (0..4, _) => self.stun(data, from, now),
            (_, None) => refuse("address_unknown"),
            (128..192, Some(peer)) if data.len() >= 12 => {
                if (192..=208).contains(&data[1]) {
                    self.reports(peer, data, now)
                } else {
                    self.frame_ended = data[1] & 0x80 != 0;
                    self.rtp(peer, data, now, waited_s)
                }
            }
            (20..64, Some(peer)) => self.dtls(peer, data, now),
            _ => refuse("protocol_unknown"),
        };
        if let Err(Refused(reason)) = outcome {
            match peer.and_then(|peer| self.peers.get_mut(peer)) {
                Some(peer) => peer.drop_one(reason),
                None => *self.drops.entry(reason).or_default() += 1,
            }
        }
    }

    fn dtls(&mut self, peer: usize, data: &[u8], now: f64) -> Read<()> {
        let peer = &mut self.peers[peer];
        peer.admit(now, DTLS_COST)?;
        self.events.push(Event::Dtls {
            transport: peer.id.clone(),
            data: data.to_vec(),
        });
        Ok(())
    }

    // --- STUN ---
    fn stun(&mut self, data: &[u8], from: SocketAddr, now: f64) -> Read<()> {
        let request = stun::read_request(data)?;
        let peer = *self
            .by_fragment
            .get(request.username_fragment)
            .ok_or(Refused("stun_unknown_user"))?;
        let credentials = &self.peers[peer].ice.credentials;
        let found = credentials
            .iter()
            .position(|(fragment, _)| fragment == request.username_fragment);
        let place = found.ok_or(Refused("stun_unknown_user"))?;
        let newest = place + 1 == credentials.len();
        let key = credentials[place].1.clone();
        if !request.has_integrity(&key) {
            return refuse("stun_integrity");
        }
        self.validate(peer, from, now);
        if request.nominates && newest && self.nominate(peer, from) {
            let transport = self.peers[peer].id.clone();
            self.events.push(Event::IceSelected {
                transport,
                address: from,
            });
        }
        let start = self.outbox.bytes.len();
        stun::write_success(&request, from, &key, &mut self.outbox.bytes);
        self.outbox.push(start, from, None, false);
        Ok(())
    }

    /// Accepts datagrams from an address that passed integrity.
    fn validate(&mut self, peer: usize, from: SocketAddr, now: f64) {
        if let Some(&holder) = self.by_address.get(&from).filter(|&&holder| holder != peer) {
            // The browser reused its port for another transport; the newest valid check is right.
            let ice = &mut self.peers[holder].ice;
            ice.addresses.retain(|(known, _)| *known != from);
            if ice.send_address == Some(from) {
                ice.send_address = None;
            }
        }
        self.by_address.insert(from, peer);
        let ice = &mut self.peers[peer].ice;
        ice.addresses.retain(|(known, _)| *known != from);
        ice.addresses.push((from, now)); // Newest last.
        ice.consent_until = Some(now + limits::ICE_CONSENT_S);
        if !ice.nominated {
            ice.send_address = Some(from);
        }
        while ice.addresses.len() > limits::ICE_ADDRESSES_PER_TRANSPORT_MAX {
            let oldest = ice
                .addresses
                .iter()
                .position(|(known, _)| Some(*known) != ice.send_address);
            let (gone, _) = ice.addresses.remove(oldest.unwrap_or(0));
            self.by_address.remove(&gone);
        }
    }

    /// The address *we* send to moves only by USE-CANDIDATE under the newest credentials.
    fn nominate(&mut self, peer: usize, from: SocketAddr) -> bool {
        let ice = &mut self.peers[peer].ice;
        while ice.credentials.len() > 1 {
            let (fragment, _) = ice.credentials.remove(0);
            self.by_fragment.remove(&fragment);
        }
        if ice.nominated && ice.send_address == Some(from) {
            return false;
        }
        ice.nominated = true;
        ice.send_address = Some(from);
        true
    }

    // --- RTP ---
    fn rtp(&mut self, at: usize, data: &mut [u8], now: f64, waited_s: f64) -> Read<()> {
        let peer = &mut self.peers[at];
        if peer.srtp.is_none() {
            return refuse("no_keys");
        }
        let ssrc = u32_at(data, 8).ok_or(Refused("rtp_malformed"))?;
        peer.admit(now, RTP_COST)?;
        peer.admit_ssrc(ssrc)?;
        let head = header_bytes(data).map_err(|_| Refused("srtp_refused"))?;
        let wire = data.len();
        let srtp = peer.srtp.as_mut().ok_or(Refused("no_keys"))?;
        let size = srtp.open_rtp(data, head)?;
        let packet = Packet::read(&data[..size])?;
        peer.ssrcs.insert(ssrc);
        peer.packets_received += 1;
        peer.bytes_received += wire as u64;
        if let Some(number) = packet
            .element(peer.transport_cc)
            .filter(|value| value.len() == 2)
        {
            peer.arrivals
                .add(u16_at(number, 0).unwrap_or(0), micros(now - waited_s));
            peer.feedback_ssrc = ssrc;
            self.heard.insert(at);
        }
        if let Some(&layer) = peer.layers.get(&ssrc) {
            self.media(layer, packet, size, now)
        } else if let Some(&layer) = peer.repairs.get(&ssrc) {
            self.repair(layer, packet, now)
        } else {
            self.learn(at, packet, size, now)
        }
    }

    fn media(&mut self, key: LayerKey, mut packet: Packet, size: usize, now: f64) -> Read<()> {
        let producer = &mut self.incoming[key.0];
        if packet.payload_type != producer.config.payload_type {
            return refuse("payload_type_unknown");
        }
        let reception = &mut producer.layers[key.1].reception;
        let place = reception.accept(packet.sequence, packet.timestamp, now);
        let place = place.ok_or(Refused("duplicate_or_late"))?;
        if producer.config.nack && reception.has_holes() {
            self.torn.insert(key);
        }
        let level = packet
            .element(producer.config.extensions.audio_level)
            .and_then(|value| value.first());
        if let Some(&level) = level.filter(|_| !producer.paused && !packet.payload.is_empty()) {
            producer.loudness.add(level);
        }
        packet.arrived_at = now;
        self.take(key, packet, place, size)
    }

    fn repair(&mut self, key: LayerKey, mut packet: Packet, now: f64) -> Read<()> {
        let producer = &mut self.incoming[key.0];
        if Some(packet.payload_type) != producer.config.rtx_payload_type {
            return refuse("payload_type_unknown");
        }
        let layer = &mut producer.layers[key.1];
        let ssrc = layer.ssrc.ok_or(Refused("rtx_unasked"))?;
        let sequence = u16_at(&packet.payload, 0).ok_or(Refused("rtx_padding"))?;
        let place = layer
            .reception
            .repair(sequence, now)
            .ok_or(Refused("rtx_unasked"))?;
        layer.repairs += 1;
        packet.payload.drain(..2);
        packet.payload_type = producer.config.payload_type;
        packet.ssrc = ssrc;
        packet.sequence = sequence;
        packet.arrived_at = now;
        let size = 12 + packet.payload.len();
        self.take(key, packet, place, size)
    }

    /// Finds the layer of a new SSRC by mid and rid (RFC 8852, RFC 9143 §9.2).
    fn learn(&mut self, at: usize, packet: Packet, size: usize, now: f64) -> Read<()> {
        for place in 0..self.peers[at].producers.len() {
            let number = self.peers[at].producers[place];
            let producer = &self.incoming[number];
            let config = &producer.config;
            if packet.element(config.extensions.mid) != Some(config.mid.as_bytes()) {
                continue;
            }
            if packet.payload_type == config.payload_type {
                if let Some(layer) = named_layer(producer, packet.element(config.extensions.rid)) {
                    self.bind(at, (number, layer), packet.ssrc, now);
                    return self.media((number, layer), packet, size, now);
                }
            } else if Some(packet.payload_type) == config.rtx_payload_type
                && let Some(layer) =
                    named_layer(producer, packet.element(config.extensions.repaired_rid))
            {
                self.bind_repairs(at, (number, layer), packet.ssrc);
                return self.repair((number, layer), packet, now);
            }
        }
        refuse("ssrc_unknown")
    }

    fn bind(&mut self, at: usize, key: LayerKey, ssrc: u32, now: f64) {
        let before = self.incoming[key.0].layers[key.1].ssrc;
        if before.is_some() {
            // The browser began anew: nothing of the old numbering holds.
            self.restart(key);
        }
        let peer = &mut self.peers[at];
        if let Some(before) = before
            && peer.layers.remove(&before).is_some()
        {
            peer.forget_ssrc(before);
        }
        peer.layers.insert(ssrc, key);
        peer.ssrcs.insert(ssrc);
        let layer = &mut self.incoming[key.0].layers[key.1];
        layer.ssrc = Some(ssrc);
        if !layer.waiting.is_empty() || layer.key_frame_wanted {
            self.ask_key_frame(key, now);
        }
    }

    fn bind_repairs(&mut self, at: usize, key: LayerKey, ssrc: u32) {
        let layer = &mut self.incoming[key.0].layers[key.1];
        let before = layer.rtx_ssrc.replace(ssrc);
        let peer = &mut self.peers[at];
        if let Some(before) = before
            && peer.repairs.remove(&before).is_some()
        {
            peer.forget_ssrc(before);
        }
        peer.repairs.insert(ssrc, key);
        peer.ssrcs.insert(ssrc);
    }

    /// The layer goes on under another SSRC. Viewers stay, but their offsets were for the old numbers: they
    /// join anew.
    fn restart(&mut self, key: LayerKey) {
        let producer = &mut self.incoming[key.0];
        let layer = &mut producer.layers[key.1];
        layer.reception = crate::reception::Reception::new(producer.config.clock_rate_hz);
        layer.cache = crate::retransmit::Cache::default();
        layer.report = None;
        if let Some(tap) = &mut producer.tap {
            tap.interrupt();
        }
        for viewer in self.incoming[key.0].layers[key.1].subscribers.clone() {
            self.leave(viewer);
            if self.outgoing[viewer].target == Some(key.1) {
                self.incoming[key.0].layers[key.1].waiting.push(viewer);
            }
        }
    }

    /// Judges and forwards one packet in its place; padding goes no further.
    fn take(&mut self, key: LayerKey, mut packet: Packet, place: i64, size: usize) -> Read<()> {
        let now = packet.arrived_at;
        let producer = &mut self.incoming[key.0];
        let layer = &mut producer.layers[key.1];
        if packet.payload.is_empty() {
            layer.reception.skip(place);
            return refuse("padding");
        }
        packet.index = layer.reception.index(place);
        layer.heard_at = now;
        layer.accepted += 1;
        layer.rate.bytes += size as u64;
        producer.accepted += 1;
        if !producer.paused {
            self.forward(key, &mut packet, now);
        }
        let producer = &mut self.incoming[key.0];
        if producer.config.nack {
            producer.layers[key.1].cache.add(packet);
        }
        Ok(())
    }

    fn forward(&mut self, key: LayerKey, packet: &mut Packet, now: f64) {
        let layer = &self.incoming[key.0].layers[key.1];
        if !layer.waiting.is_empty() || layer.key_frame_wanted {
            self.join(key, packet, now);
        }
        let subscribers = std::mem::take(&mut self.incoming[key.0].layers[key.1].subscribers);
        let kind = if self.incoming[key.0].is_video {
            Kind::Video
        } else {
            Kind::Audio
        };
        for &viewer in &subscribers {
            self.send_media(viewer, packet, kind, now);
        }
        let producer = &mut self.incoming[key.0];
        producer.layers[key.1].subscribers = subscribers;
        if let Some(mut tap) = producer.tap.take() {
            let starts = tap.wanted == Some(key.1) && producer.starts_key_frame(packet);
            tap.take(key.1, packet, starts, now);
            producer.tap = Some(tap);
        }
    }

    fn join(&mut self, key: LayerKey, packet: &mut Packet, now: f64) {
        let producer = &mut self.incoming[key.0];
        if !producer.starts_key_frame(packet) {
            return;
        }
        let layer = &mut producer.layers[key.1];
        layer.key_frame_wanted = false;
        for viewer in std::mem::take(&mut layer.waiting) {
            self.begin(viewer, key, packet, now);
        }
    }

    /// A viewer joins a layer at this packet, leaving the one before.
    fn begin(&mut self, viewer: usize, key: LayerKey, packet: &Packet, now: f64) {
        let mapped = self.mapped_timestamp(viewer, key, packet.timestamp);
        self.leave(viewer);
        let layer = &mut self.incoming[key.0].layers[key.1];
        layer.subscribers.push(viewer);
        let outgoing = &mut self.outgoing[viewer];
        outgoing.current = Some(key.1);
        outgoing.joined_at = layer.accepted - 1; // This packet is accepted already, and ours.
        outgoing
            .continuity
            .begin(key.1, packet.index, packet.timestamp, now, mapped);
        let consumer = outgoing.config.id.clone();
        self.events.push(Event::LayerSelected {
            consumer,
            layer: Some(key.1),
        });
    }

    /// Where both layers' sender reports place this packet on the outgoing media clock.
    fn mapped_timestamp(&self, viewer: usize, key: LayerKey, timestamp: u32) -> Option<u32> {
        let outgoing = &self.outgoing[viewer];
        let producer = &self.incoming[key.0];
        let before = producer.layers[outgoing.current?].report?;
        let after = producer.layers[key.1].report?;
        let clock_hz = f64::from(producer.config.clock_rate_hz);
        // Between both reports on the wall clock, in seconds; the difference of the wholes is exact.
        let between = after.ntp.wrapping_sub(before.ntp) as i64 as f64 / 4_294_967_296.0;
        let ticks = between * clock_hz + distance32(after.rtp_timestamp, timestamp) as f64;
        let at_layer = before
            .rtp_timestamp
            .wrapping_add(ticks.round() as i64 as u32);
        Some(at_layer.wrapping_add(outgoing.continuity.timestamp_offset))
    }

    /// A viewer leaves his current layer.
    pub fn leave(&mut self, viewer: usize) {
        let outgoing = &mut self.outgoing[viewer];
        if let Some(current) = outgoing.current.take() {
            let layer = &mut self.incoming[outgoing.producer].layers[current];
            layer.subscribers.retain(|&other| other != viewer);
            outgoing.passed += layer.accepted - outgoing.joined_at;
        }
    }

    /// Rewrites, seals and queues one packet. This is where cost multiplies: once per packet and viewer.
    fn send_media(&mut self, viewer: usize, packet: &mut Packet, kind: Kind, now: f64) {
        let Self {
            outgoing,
            peers,
            outbox,
            ..
        } = self;
        let outgoing = &mut outgoing[viewer];
        let at = outgoing.peer;
        let peer = &mut peers[at];
        let Some(place) = outgoing
            .continuity
            .place(packet.index, packet.timestamp, now)
        else {
            peer.drop_one("before_start");
            return;
        };
        let (Some(srtp), Some(to)) = (&peer.srtp, peer.ice.send_address) else {
            peer.drop_one("not_connected");
            return;
        };
        let start = outbox.bytes.len();
        let stamp = Stamp {
            sequence: place as u16,
            timestamp: packet
                .timestamp
                .wrapping_add(outgoing.continuity.timestamp_offset),
            send_time: (now * 262_144.0) as u64 as u32 & 0xFF_FFFF,
            number: peer.estimator.number(),
            prefix: b"",
        };
        let head = outgoing.writer.write(packet, stamp, &mut outbox.bytes);
        let size = outbox.bytes.len() - start;
        if size > PROTECT_BYTES_MAX {
            outbox.bytes.truncate(start);
            peer.drop_one("too_large");
            return;
        }
        let index = outgoing.seal.index(place);
        srtp.seal_rtp(&mut outbox.bytes, start, head, outgoing.config.ssrc, index);
        let wire = outbox.push(start, to, Some(at), true);
        let probe = peer.padding.as_mut().map(|padding| {
            padding.spend(wire);
            padding.id
        });
        note_sent(
            peer,
            outgoing.config.extensions.transport_cc != 0,
            wire,
            now,
            kind,
            probe,
        );
        outgoing.sent += 1;
        outgoing.octets += packet.payload.len() as u64;
        outgoing.rate.bytes += size as u64;
        outgoing.budget.earn(size);
    }

    // --- repairs towards viewers ---
    fn answer_nack(&mut self, viewer: usize, sequences: &[u16], now: f64) {
        let outgoing = &mut self.outgoing[viewer];
        let at = outgoing.peer;
        outgoing.nacks += sequences.len() as u64;
        let pause_s = self.peers[at].rtt_s.unwrap_or(0.02);
        for (place, &sequence) in sequences.iter().enumerate() {
            if self.outgoing[viewer].budget.is_spent() {
                *self.peers[at].drops.entry("repair_refused").or_default() +=
                    (sequences.len() - place) as u64;
                return;
            }
            let outcome = self.repair_for(viewer, sequence, now, pause_s);
            if let Err(Refused(reason)) = outcome {
                self.peers[at].drop_one(reason);
            }
        }
    }

    fn repair_for(&mut self, viewer: usize, sequence: u16, now: f64, pause_s: f64) -> Read<()> {
        let outgoing = &mut self.outgoing[viewer];
        let unknown = Refused("repair_unknown");
        let (place, segment) = outgoing.continuity.source(sequence).ok_or(unknown)?;
        let layer = &mut self.incoming[outgoing.producer].layers[segment.layer];
        let index = place - segment.index_offset;
        let size = layer
            .cache
            .get(index)
            .filter(|_| outgoing.repair_writer.is_some())
            .ok_or(unknown)?
            .payload
            .len();
        if !outgoing.budget.spend(sequence, size + 40, now, pause_s) {
            return refuse("repair_refused");
        }
        let source = (segment.layer, index, segment.timestamp_offset);
        self.send_repair(viewer, source, sequence, now, None)?;
        self.outgoing[viewer].retransmits += 1;
        Ok(())
    }

    /// Sends a kept packet as RTX: `source` is its layer, its index and what to add to its media time. The
    /// answer is its size.
    pub fn send_repair(
        &mut self,
        viewer: usize,
        (layer, index, timestamp_offset): (usize, i64, u32),
        sequence: u16,
        now: f64,
        probe: Option<classwire_congestion::ProbeId>,
    ) -> Read<usize> {
        let Self {
            outgoing,
            peers,
            outbox,
            incoming,
            ..
        } = self;
        let outgoing = &mut outgoing[viewer];
        let at = outgoing.peer;
        let peer = &mut peers[at];
        let packet = incoming[outgoing.producer].layers[layer].cache.get(index);
        let packet = packet.ok_or(Refused("repair_unknown"))?;
        let (ssrc, writer) = outgoing
            .repair_writer
            .as_ref()
            .ok_or(Refused("repair_unknown"))?;
        let closed = Refused("repair_not_connected");
        let srtp = peer.srtp.as_ref().ok_or(closed)?;
        let to = peer.ice.send_address.ok_or(closed)?;
        let start = outbox.bytes.len();
        let prefix = sequence.to_be_bytes();
        let stamp = Stamp {
            sequence: outgoing.rtx_sequence as u16,
            timestamp: packet.timestamp.wrapping_add(timestamp_offset),
            send_time: (now * 262_144.0) as u64 as u32 & 0xFF_FFFF,
            number: peer.estimator.number(),
            prefix: &prefix,
        };
        let head = writer.write(packet, stamp, &mut outbox.bytes);
        if outbox.bytes.len() - start > PROTECT_BYTES_MAX {
            outbox.bytes.truncate(start);
            return refuse("repair_too_large");
        }
        let sealed = outgoing.repair_seal.index(outgoing.rtx_sequence);
        srtp.seal_rtp(&mut outbox.bytes, start, head, *ssrc, sealed);
        outgoing.rtx_sequence += 1;
        let wire = outbox.push(start, to, Some(at), true);
        let kind = if probe.is_some() {
            Kind::Padding
        } else {
            Kind::Retransmit
        };
        note_sent(
            peer,
            outgoing.config.extensions.transport_cc != 0,
            wire,
            now,
            kind,
            probe,
        );
        Ok(wire)
    }

    // --- reports ---
    fn reports(&mut self, at: usize, data: &mut [u8], now: f64) -> Read<()> {
        let peer = &mut self.peers[at];
        if peer.srtp.is_none() {
            return refuse("no_keys");
        }
        let ssrc = u32_at(data, 4).ok_or(Refused("rtcp_malformed"))?;
        peer.admit(now, RTCP_COST)?;
        peer.admit_ssrc(ssrc)?;
        let size = peer
            .srtp
            .as_mut()
            .ok_or(Refused("no_keys"))?
            .open_rtcp(data)?;
        let (messages, malformed) = rtcp::read(&data[..size])?;
        peer.ssrcs.insert(ssrc);
        if malformed > 0 {
            *peer.drops.entry("rtcp_malformed").or_default() += malformed;
        }
        for message in messages {
            self.obey(at, message, now)?;
        }
        Ok(())
    }

    fn obey(&mut self, at: usize, message: Message<'_>, now: f64) -> Read<()> {
        match message {
            Message::SenderReport(report, blocks) => {
                self.sender_reported(at, report, now);
                self.receiver_reported(at, &blocks, now);
            }
            Message::ReceiverReport(blocks) => self.receiver_reported(at, &blocks, now),
            Message::Nack(ssrc, sequences) => {
                if let Some(&viewer) = self.peers[at].by_ssrc.get(&ssrc) {
                    self.answer_nack(viewer, &sequences, now);
                }
            }
            Message::KeyFrameRequest(ssrc) => {
                if let Some(&viewer) = self.peers[at].by_ssrc.get(&ssrc) {
                    let outgoing = &mut self.outgoing[viewer];
                    outgoing.key_frame_requests += 1;
                    if let Some(layer) = outgoing.current {
                        let key = (outgoing.producer, layer);
                        self.ask_key_frame(key, now);
                    }
                }
            }
            Message::BitrateLimit(bps) => {
                let peer = &mut self.peers[at];
                peer.limited = true;
                peer.estimator.remb(bps.max(limits::ESTIMATE_MIN_BPS));
            }
            Message::TransportFeedback(body) => {
                let peer = &mut self.peers[at];
                let heard = peer.estimator.feedback(micros(now), body);
                let heard = heard.map_err(|_| Refused("transport_cc_malformed"))?;
                peer.heard = true;
                peer.unsettled |= heard.fell || heard.recovered;
            }
        }
        Ok(())
    }

    fn sender_reported(&mut self, at: usize, report: SenderReport, now: f64) {
        let Some(&key) = self.peers[at].layers.get(&report.ssrc) else {
            return;
        };
        let producer = &mut self.incoming[key.0];
        let layer = &mut producer.layers[key.1];
        layer.report = Some(report);
        layer.report_at = now;
        if let Some(tap) = producer.tap.as_mut().filter(|_| !producer.paused) {
            tap.report(key.1, &report, now);
        }
    }

    fn receiver_reported(&mut self, at: usize, blocks: &[ReportBlock], now: f64) {
        let peer = &mut self.peers[at];
        let mut worst = None;
        for block in blocks {
            let Some(&viewer) = peer.by_ssrc.get(&block.ssrc) else {
                continue;
            };
            let outgoing = &mut self.outgoing[viewer];
            let clock_hz = f64::from(self.incoming[outgoing.producer].config.clock_rate_hz);
            outgoing.loss = f64::from(block.fraction_lost) / 256.0;
            outgoing.jitter_s = f64::from(block.jitter) / clock_hz;
            worst = worst.max(Some(block.fraction_lost));
            let sent = outgoing
                .report_times
                .iter()
                .find(|(middle, _)| *middle == block.last_report);
            if let Some((_, sent_at)) = sent {
                let round_trip = (now - sent_at - f64::from(block.delay) / 65_536.0).max(0.0);
                let smoothed = peer
                    .rtt_s
                    .map_or(round_trip, |before| before + (round_trip - before) / 4.0);
                peer.rtt_s = Some(smoothed);
                peer.estimator.round_trip(micros(smoothed));
            }
        }
        if let Some(worst) = worst {
            peer.estimator.receiver_report(micros(now), worst);
        }
    }

    // --- asking publishers ---
    /// Wants a key frame; the publisher is asked at most once per interval and until it comes.
    pub fn ask_key_frame(&mut self, key: LayerKey, now: f64) {
        let producer = &mut self.incoming[key.0];
        if !producer.is_video {
            return;
        }
        let layer = &mut producer.layers[key.1];
        layer.key_frame_wanted = true;
        self.dark.insert(key);
        if now - layer.key_frame_asked_at >= limits::KEY_FRAME_REQUEST_INTERVAL_S {
            self.send_key_frame_request(key, now);
        }
    }

    /// Sends the PLI, if the stream and its way back are known.
    pub fn send_key_frame_request(&mut self, key: LayerKey, now: f64) {
        let producer = &mut self.incoming[key.0];
        let at = producer.peer;
        let layer = &mut producer.layers[key.1];
        let Some(ssrc) = layer.ssrc.filter(|_| self.peers[at].is_open()) else {
            return;
        };
        layer.key_frame_asked_at = now;
        layer.key_frame_requests += 1;
        let reporter = self.peers[at].reporter;
        self.send_report(at, |out| rtcp::write_picture_loss(reporter, ssrc, out));
    }

    /// Seals and queues reports and requests; they are repeated by nature, so a loss is only counted.
    pub fn send_report(&mut self, at: usize, write: impl FnOnce(&mut Vec<u8>)) {
        let peer = &mut self.peers[at];
        let (Some(srtp), Some(to)) = (&mut peer.srtp, peer.ice.send_address) else {
            return;
        };
        self.scratch.clear();
        write(&mut self.scratch);
        if self.scratch.len() > PROTECT_BYTES_MAX {
            peer.drop_one("rtcp_unsent");
            return;
        }
        let start = self.outbox.bytes.len();
        self.outbox.bytes.extend_from_slice(&self.scratch);
        srtp.seal_rtcp(&mut self.outbox.bytes, start);
        self.outbox.push(start, to, Some(at), false);
    }

    /// The socket would not take this datagram: nothing of it counts as sent.
    pub fn unsent(&mut self, at: usize, is_media: bool, size: usize, ssrc: Option<u32>) {
        let Some(peer) = self.peers.get_mut(at) else {
            return;
        };
        if !is_media {
            peer.drop_one("rtcp_unsent");
            return;
        }
        peer.packets_sent = peer.packets_sent.saturating_sub(1);
        peer.bytes_sent = peer.bytes_sent.saturating_sub(size as u64);
        let viewer = ssrc.and_then(|ssrc| peer.by_ssrc.get(&ssrc).copied());
        peer.drop_one(if viewer.is_some() {
            "socket_full"
        } else {
            "repair_socket_full"
        });
        if let Some(outgoing) = viewer.and_then(|viewer| self.outgoing.get_mut(viewer)) {
            outgoing.sent = outgoing.sent.saturating_sub(1);
        }
    }
}

fn note_sent(
    peer: &mut Peer,
    numbered: bool,
    wire: usize,
    now: f64,
    kind: Kind,
    probe: Option<classwire_congestion::ProbeId>,
) {
    peer.packets_sent += 1;
    peer.bytes_sent += wire as u64;
    if numbered {
        peer.estimator.sent(micros(now), wire, kind, probe);
    } else {
        peer.estimator.sent_unnumbered(micros(now), wire);
    }
}

/// The layer that a rid names; without rid the only one, unless its SSRC was signalled.
fn named_layer(producer: &Incoming, rid: Option<&[u8]>) -> Option<usize> {
    match rid {
        None => {
            (producer.layers.len() == 1 && producer.layers[0].encoding.ssrc.is_none()).then_some(0)
        }
        Some(rid) => producer.layers.iter().position(|layer| {
            layer
                .encoding
                .rid
                .as_ref()
                .is_some_and(|name| name.as_bytes() == rid)
        }),
    }
}
