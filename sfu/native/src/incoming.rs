//! What a publisher sends: a producer and its layers.
//!
//! Viewers stand in two lists of a layer: `subscribers` get every packet, `waiting` join at the next key
//! frame.

use std::collections::VecDeque;

use crate::choice::Offer;
use crate::config::{Encoding, ProducerConfig};
use crate::keyframes::{Detector, detector};
use crate::levels::Loudness;
use crate::limits;
use crate::reception::Reception;
use crate::retransmit::Cache;
use crate::rtcp::SenderReport;
use crate::rtp::Packet;
use crate::tap::Tap;

/// Before any clock's beginning.
pub const NEVER: f64 = -1e9;

/// Bits per second over the last second, in five steps.
#[derive(Debug, Default)]
pub struct Rate {
    pub bytes: u64,
    pub bps: u64,
    steps: VecDeque<(f64, u64)>,
}

impl Rate {
    /// Call this a few times per second.
    pub fn measure(&mut self, now: f64) {
        self.steps.push_back((now, self.bytes));
        while self.steps.len() > 2 && self.steps[1].0 <= now - limits::BITRATE_WINDOW_S {
            self.steps.pop_front();
        }
        if let Some(&(then, before)) = self.steps.front()
            && now > then
        {
            self.bps = ((self.bytes - before) as f64 * 8.0 / (now - then)) as u64;
        }
    }
}

/// One encoding of a producer: what came, what is kept, who gets it.
pub struct Layer {
    pub encoding: Encoding,
    pub ssrc: Option<u32>,
    pub rtx_ssrc: Option<u32>,
    pub reception: Reception,
    pub cache: Cache,
    pub rate: Rate,
    pub accepted: i64,
    pub nacks: u64,
    pub repairs: u64,
    pub heard_at: f64,
    pub report: Option<SenderReport>,
    pub report_at: f64,
    pub key_frame_wanted: bool,
    pub key_frame_asked_at: f64,
    pub key_frame_requests: u64,
    pub subscribers: Vec<usize>,
    pub waiting: Vec<usize>,
}

impl Layer {
    fn new(encoding: &Encoding, clock_rate_hz: u32) -> Self {
        Self {
            ssrc: encoding.ssrc,
            rtx_ssrc: encoding.rtx_ssrc,
            encoding: encoding.clone(),
            reception: Reception::new(clock_rate_hz),
            cache: Cache::default(),
            rate: Rate::default(),
            accepted: 0,
            nacks: 0,
            repairs: 0,
            heard_at: NEVER,
            report: None,
            report_at: 0.0,
            key_frame_wanted: false,
            key_frame_asked_at: NEVER,
            key_frame_requests: 0,
            subscribers: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// The publisher's NTP time and media time now, from his last sender report.
    #[must_use]
    pub fn timestamp_at(&self, now: f64, clock_hz: f64) -> Option<(u64, u32)> {
        let report = self.report?;
        let passed = (now - self.report_at).max(0.0);
        let ntp = report.ntp.wrapping_add((passed * 4_294_967_296.0) as u64);
        Some((
            ntp,
            report
                .rtp_timestamp
                .wrapping_add((passed * clock_hz).round() as i64 as u32),
        ))
    }
}

/// One published track.
pub struct Incoming {
    pub config: ProducerConfig,
    pub is_video: bool,
    pub peer: usize,
    pub paused: bool,
    pub accepted: i64,
    pub layers: Vec<Layer>,
    pub offers: Vec<Offer>,
    pub loudness: Loudness,
    pub tap: Option<Tap>,
    pub viewers: Vec<usize>,
    detect: Detector,
}

impl Incoming {
    /// A producer of which nothing has come yet.
    #[must_use]
    pub fn new(config: ProducerConfig, peer: usize) -> Self {
        let layers: Vec<Layer> = config
            .encodings
            .iter()
            .map(|encoding| Layer::new(encoding, config.clock_rate_hz))
            .collect();
        Self {
            is_video: config.kind == "video",
            peer,
            paused: config.paused,
            accepted: 0,
            offers: vec![Offer::default(); layers.len()],
            layers,
            loudness: Loudness::default(),
            tap: None,
            viewers: Vec::new(),
            detect: detector(&config.mime_type),
            config,
        }
    }

    /// Tells whether a viewer can begin at this packet.
    pub fn starts_key_frame(&self, packet: &mut Packet) -> bool {
        *packet
            .starts_key_frame
            .get_or_insert_with(|| (self.detect)(&packet.payload))
    }

    /// Which layers are being sent: those not far behind the one heard last. Relative, so that a still
    /// screen with a frame per second does not look switched off.
    pub fn flowing(&self) -> impl Iterator<Item = bool> {
        let newest = self
            .layers
            .iter()
            .map(|layer| layer.heard_at)
            .fold(NEVER, f64::max);
        let oldest = NEVER.max(newest - limits::LAYER_STALL_S);
        self.layers.iter().map(move |layer| layer.heard_at > oldest)
    }

    /// Call a few times per second: refreshes `offers`.
    pub fn measure(&mut self, now: f64) {
        for layer in &mut self.layers {
            layer.rate.measure(now);
        }
        self.offers = (self.layers.iter().zip(self.flowing()))
            .map(|(layer, flowing)| Offer {
                bps: layer.rate.bps,
                flowing,
            })
            .collect();
    }

    /// The highest layer that flows.
    #[must_use]
    pub fn top_layer(&self) -> Option<usize> {
        let flowing: Vec<bool> = self.flowing().collect();
        flowing.iter().rposition(|&flows| flows)
    }
}
