//! Desired state into the tables of the path: who exists, and who closes whom.

use std::fmt;

use crate::config::{ConsumerConfig, ProducerConfig};
use crate::event::Event;
use crate::incoming::Incoming;
use crate::outgoing::Outgoing;
use crate::path::Path;
use crate::peer::{LayerKey, Peer};
use crate::srtp::{Keys, Srtp};
use crate::stun;
use crate::tap::Tap;

/// Control asked for what cannot be: its mistake, not a peer's.
#[derive(Debug)]
pub struct Mistake(pub String);

impl fmt::Display for Mistake {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

fn mistake<T>(text: impl Into<String>) -> Result<T, Mistake> {
    Err(Mistake(text.into()))
}

impl Path {
    fn peer_named(&self, transport: &str) -> Result<usize, Mistake> {
        self.peer_names
            .get(transport)
            .copied()
            .ok_or_else(|| Mistake(format!("no transport {transport}")))
    }

    // --- transports ---
    /// Answers STUN for these credentials from now on.
    pub fn add_transport(
        &mut self,
        id: &str,
        fragment: &str,
        password: &str,
        now: f64,
    ) -> Result<(), Mistake> {
        if self.peer_names.contains_key(id) {
            return mistake("transport ids are unique");
        }
        if self.by_fragment.contains_key(fragment.as_bytes()) {
            return mistake("username fragments are unique on a node");
        }
        let reporter = self.draw().max(1);
        let key = stun::key(password.as_bytes());
        let at = self
            .peers
            .insert(Peer::new(id.to_owned(), reporter, fragment, key, now));
        self.peer_names.insert(id.to_owned(), at);
        self.by_fragment.insert(fragment.as_bytes().to_vec(), at);
        Ok(())
    }

    /// ICE restart: new credentials; the old ones keep working until the new ones are nominated.
    pub fn set_credentials(
        &mut self,
        id: &str,
        fragment: &str,
        password: &str,
    ) -> Result<(), Mistake> {
        let at = self.peer_named(id)?;
        let credentials = &mut self.peers[at].ice.credentials;
        if credentials
            .last()
            .is_some_and(|(newest, _)| newest == fragment.as_bytes())
        {
            return Ok(());
        }
        if self.by_fragment.contains_key(fragment.as_bytes()) {
            return mistake("username fragments are unique on a node");
        }
        while credentials.len() > 1 {
            // A restart during a restart replaces the unfinished one.
            if let Some((unfinished, _)) = credentials.pop() {
                self.by_fragment.remove(&unfinished);
            }
        }
        credentials.push((fragment.as_bytes().to_vec(), stun::key(password.as_bytes())));
        self.by_fragment.insert(fragment.as_bytes().to_vec(), at);
        Ok(())
    }

    /// Media flows on this transport from now on; the same keys again change nothing, as new sessions would
    /// forget which packets were seen and let them be replayed.
    pub fn set_keys(&mut self, id: &str, keys: Keys) -> Result<(), Mistake> {
        let at = self.peer_named(id)?;
        let peer = &mut self.peers[at];
        if peer.srtp.as_ref().is_some_and(|srtp| srtp.keys == keys) {
            return Ok(());
        }
        let Some(srtp) = Srtp::new(keys) else {
            return mistake("keys have the length of their profile");
        };
        peer.srtp = Some(srtp);
        peer.unsettled = true;
        for &viewer in &peer.consumers {
            self.outgoing[viewer].seal.reset();
            self.outgoing[viewer].repair_seal.reset();
        }
        Ok(())
    }

    /// Sends a DTLS record to the peer's current address; dropped when there is none yet.
    pub fn send_dtls(&mut self, id: &str, data: &[u8]) {
        let Some(&at) = self.peer_names.get(id) else {
            return;
        };
        if let Some(to) = self.peers[at].ice.send_address {
            let start = self.outbox.bytes.len();
            self.outbox.bytes.extend_from_slice(data);
            self.outbox.push(start, to, None, false);
        }
    }

    /// Removes a transport and everything on it.
    pub fn remove_transport(&mut self, id: &str) {
        let Some(&at) = self.peer_names.get(id) else {
            return;
        };
        for producer in self.peers[at].producers.clone() {
            let name = self.incoming[producer].config.id.clone();
            self.remove_producer(&name);
        }
        for viewer in self.peers[at].consumers.clone() {
            let name = self.outgoing[viewer].config.id.clone();
            self.remove_consumer(&name);
        }
        let peer = self.peers.remove(at);
        for (fragment, _) in &peer.ice.credentials {
            self.by_fragment.remove(fragment);
        }
        for (address, _) in &peer.ice.addresses {
            self.by_address.remove(address);
        }
        self.heard.remove(&at);
        self.peer_names.remove(id);
        for datagram in &mut self.outbox.datagrams {
            if datagram.peer == Some(at) {
                datagram.peer = None; // Another peer may get this place before it is sent.
            }
        }
    }

    // --- producers ---
    /// Accepts this stream.
    pub fn add_producer(&mut self, config: ProducerConfig) -> Result<(), Mistake> {
        if self.incoming_names.contains_key(&config.id) {
            return mistake("producer ids are unique");
        }
        if config.encodings.is_empty() || config.encodings.len() > 16 || config.clock_rate_hz == 0 {
            return mistake("a producer has encodings and a clock");
        }
        let at = self.peer_named(&config.transport)?;
        let id = config.id.clone();
        let transport_cc = config.extensions.transport_cc;
        let producer = self.incoming.insert(Incoming::new(config, at));
        self.incoming_names.insert(id, producer);
        let peer = &mut self.peers[at];
        peer.producers.push(producer);
        if transport_cc != 0 {
            peer.transport_cc = transport_cc;
        }
        for (number, layer) in self.incoming[producer].layers.iter().enumerate() {
            // A later producer of the same browser wins an SSRC: the one before is being closed.
            if let Some(ssrc) = layer.ssrc {
                peer.layers.insert(ssrc, (producer, number));
            }
            if let Some(ssrc) = layer.rtx_ssrc {
                peer.repairs.insert(ssrc, (producer, number));
            }
        }
        Ok(())
    }

    /// The mute of the log. A resumed video producer is asked for a key frame.
    pub fn set_producer_paused(&mut self, id: &str, paused: bool, now: f64) {
        let Some(&at) = self.incoming_names.get(id) else {
            return;
        };
        let producer = &mut self.incoming[at];
        if producer.paused == paused {
            return;
        }
        producer.paused = paused;
        if let Some(tap) = producer.tap.as_mut().filter(|_| paused) {
            tap.interrupt();
        }
        for viewer in producer.viewers.clone() {
            if paused {
                self.aim(viewer, None, now);
            } else {
                self.settle(viewer, now);
            }
        }
    }

    /// Taps this producer: highest flowing layer, beginning at a key frame.
    pub fn set_tap(&mut self, id: &str, on: bool, wall_offset_s: f64) {
        let Some(&at) = self.incoming_names.get(id) else {
            return;
        };
        let producer = &mut self.incoming[at];
        if on == producer.tap.is_some() {
            return;
        }
        if on {
            producer.tap = Some(Tap::new(id, wall_offset_s));
        } else {
            self.end_tap(at);
        }
    }

    fn end_tap(&mut self, at: usize) {
        if let Some(mut tap) = self.incoming[at].tap.take() {
            for piece in tap.flush() {
                self.events.push(Event::Tapped(piece));
            }
        }
    }

    /// Removes a producer and its consumers.
    pub fn remove_producer(&mut self, id: &str) {
        let Some(&at) = self.incoming_names.get(id) else {
            return;
        };
        self.end_tap(at);
        for viewer in self.incoming[at].viewers.clone() {
            let name = self.outgoing[viewer].config.id.clone();
            self.remove_consumer(&name);
        }
        let producer = self.incoming.remove(at);
        self.incoming_names.remove(id);
        let peer = &mut self.peers[producer.peer];
        peer.producers.retain(|&other| other != at);
        for (number, layer) in producer.layers.iter().enumerate() {
            let key: LayerKey = (at, number);
            self.torn.remove(&key);
            self.dark.remove(&key);
            for (ssrc, known) in [
                (layer.ssrc, &mut peer.layers),
                (layer.rtx_ssrc, &mut peer.repairs),
            ] {
                let Some(ssrc) = ssrc.filter(|ssrc| known.get(ssrc) == Some(&key)) else {
                    continue;
                };
                known.remove(&ssrc);
                peer.ssrcs.remove(&ssrc);
                if let Some(srtp) = &mut peer.srtp {
                    srtp.forget_received(ssrc);
                }
            }
        }
    }

    // --- consumers ---
    /// Prepares a stream to a viewer.
    pub fn add_consumer(&mut self, config: ConsumerConfig, now: f64) -> Result<(), Mistake> {
        if self.outgoing_names.contains_key(&config.id) {
            return mistake("consumer ids are unique");
        }
        let at = self.peer_named(&config.transport)?;
        let Some(&producer) = self.incoming_names.get(&config.producer) else {
            return mistake(format!("no producer {}", config.producer));
        };
        if self.peers[at].by_ssrc.contains_key(&config.ssrc) {
            return mistake("SSRCs are unique on a transport");
        }
        // Below 2**15: the receiver must see the first roll-over to count it (RFC 3711 §3.3.1).
        let first = 1 + i64::from(self.draw() % ((1 << 15) - 1));
        let (id, ssrc) = (config.id.clone(), config.ssrc);
        let source = &self.incoming[producer];
        let viewer = self.outgoing.insert(Outgoing::new(
            config,
            (at, producer),
            source.config.extensions,
            source.config.clock_rate_hz,
            source.layers.len(),
            source.accepted,
            first,
        ));
        self.outgoing_names.insert(id, viewer);
        self.incoming[producer].viewers.push(viewer);
        let peer = &mut self.peers[at];
        peer.by_ssrc.insert(ssrc, viewer);
        peer.consumers.push(viewer);
        self.settle(viewer, now);
        Ok(())
    }

    /// A resumed video consumer starts at a key frame, which is asked for.
    pub fn set_consumer_paused(&mut self, id: &str, paused: bool, now: f64) {
        let Some(&viewer) = self.outgoing_names.get(id) else {
            return;
        };
        self.outgoing[viewer].paused = paused;
        if paused {
            self.aim(viewer, None, now);
        } else {
            self.settle(viewer, now);
        }
    }

    /// The highest layer worth sending, and who goes first when the estimate is short.
    pub fn set_layer_wish(&mut self, id: &str, layer_max: Option<usize>, priority: i64, now: f64) {
        let Some(&viewer) = self.outgoing_names.get(id) else {
            return;
        };
        self.outgoing[viewer].layer_max = layer_max;
        self.outgoing[viewer].priority = priority;
        self.settle(viewer, now);
    }

    /// Removes a consumer.
    pub fn remove_consumer(&mut self, id: &str) {
        let Some(viewer) = self.outgoing_names.remove(id) else {
            return;
        };
        let not_selected = self.not_selected(viewer);
        self.leave(viewer);
        let gone = self.outgoing.remove(viewer);
        let producer = &mut self.incoming[gone.producer];
        if let Some(target) = gone.target {
            producer.layers[target]
                .waiting
                .retain(|&other| other != viewer);
        }
        producer.viewers.retain(|&other| other != viewer);
        let peer = &mut self.peers[gone.peer];
        peer.by_ssrc.remove(&gone.config.ssrc);
        peer.consumers.retain(|&other| other != viewer);
        peer.not_selected += not_selected;
        peer.unsettled = true;
    }

    /// Packets of the producer that were not meant for this viewer: other layers, pauses.
    #[must_use]
    pub fn not_selected(&self, viewer: usize) -> i64 {
        let outgoing = &self.outgoing[viewer];
        let producer = &self.incoming[outgoing.producer];
        let flowing = outgoing.current.map_or(0, |layer| {
            producer.layers[layer].accepted - outgoing.joined_at
        });
        producer.accepted - outgoing.offered_before - outgoing.passed - flowing
    }

    /// Obeys a changed wish: sound at once, video when the line is shared out again.
    fn settle(&mut self, viewer: usize, now: f64) {
        let outgoing = &self.outgoing[viewer];
        let producer = &self.incoming[outgoing.producer];
        if producer.is_video {
            self.peers[outgoing.peer].unsettled = true;
        } else {
            let hidden = outgoing.paused || producer.paused || outgoing.layer_max.is_none();
            self.aim(viewer, if hidden { None } else { Some(0) }, now);
        }
    }

    /// Heads for a layer, `None` for nothing; returns the layer that must send a key frame.
    pub fn aim(&mut self, viewer: usize, layer: Option<usize>, now: f64) -> Option<LayerKey> {
        let outgoing = &mut self.outgoing[viewer];
        let number = outgoing.producer;
        let layers = &mut self.incoming[number].layers;
        if let Some(before) = outgoing.target.filter(|_| outgoing.target != layer) {
            layers[before].waiting.retain(|&other| other != viewer);
        }
        outgoing.target = layer;
        let Some(layer) = layer else {
            if outgoing.current.is_some() {
                let consumer = outgoing.config.id.clone();
                self.leave(viewer);
                self.events.push(Event::LayerSelected {
                    consumer,
                    layer: None,
                });
            }
            return None;
        };
        let wished = outgoing
            .layer_max
            .is_some_and(|layer_max| layer >= layer_max);
        if outgoing.current.is_some_and(|current| layer < current) && !wished {
            // For want of room; a smaller tile is no reason to be slow when it grows again.
            outgoing.fell_at = now;
        }
        if outgoing.current == Some(layer) || layers[layer].waiting.contains(&viewer) {
            return None;
        }
        layers[layer].waiting.push(viewer);
        Some((number, layer))
    }

    /// Keys under the profile of this name.
    pub fn keys(profile: &str, receive: Vec<u8>, send: Vec<u8>) -> Result<Keys, Mistake> {
        match crate::srtp::Profile::named(profile) {
            Some(profile) => Ok(Keys {
                profile,
                receive,
                send,
            }),
            None => mistake(format!("no SRTP profile {profile}")),
        }
    }
}
