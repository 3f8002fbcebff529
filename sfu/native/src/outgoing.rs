//! What a viewer gets: one consumer, made of one layer at a time.

use std::collections::VecDeque;

use crate::config::{ConsumerConfig, Extensions};
use crate::continuity::Continuity;
use crate::incoming::{NEVER, Rate};
use crate::retransmit::RepairBudget;
use crate::rtp::HeaderWriter;

const REST_AFTER_FALL_S: f64 = 3.0; // A line that was short a moment ago is not tried again at once.
const REPORTS_REMEMBERED: usize = 4; // A viewer answers the last sender report, or the one before.

/// The place of a stream's numbers in SRTP's index: roll-overs are counted from the first packet sealed.
#[derive(Clone, Copy, Debug, Default)]
pub struct SealBase(Option<i64>);

impl SealBase {
    /// The index of an outgoing number (RFC 3711 §3.3.1: the first packet has roll-over counter zero).
    pub fn index(&mut self, place: i64) -> u64 {
        let base = *self.0.get_or_insert(place >> 16 << 16);
        u64::try_from(place - base).unwrap_or((place & 0xFFFF) as u64)
    }

    /// Other keys: the receiver counts anew.
    pub fn reset(&mut self) {
        self.0 = None;
    }
}

/// One consumer.
pub struct Outgoing {
    pub config: ConsumerConfig,
    pub peer: usize,
    pub producer: usize,
    pub paused: bool,
    pub layer_max: Option<usize>,
    pub priority: i64,
    pub current: Option<usize>,
    pub target: Option<usize>,
    pub continuity: Continuity,
    pub seal: SealBase,
    pub writer: HeaderWriter,
    pub repair_writer: Option<(u32, HeaderWriter)>,
    pub repair_seal: SealBase,
    pub rtx_sequence: i64,
    pub budget: RepairBudget,
    pub offered_before: i64,
    pub passed: i64,
    pub joined_at: i64,
    pub fell_at: f64,
    pub report_times: VecDeque<(u32, f64)>,
    pub rate: Rate,
    pub sent: u64,
    pub octets: u64,
    pub nacks: u64,
    pub retransmits: u64,
    pub key_frame_requests: u64,
    pub loss: f64,
    pub jitter_s: f64,
}

impl Outgoing {
    /// `first` is the first sequence number, `source` are the publisher's ids.
    #[must_use]
    pub fn new(
        config: ConsumerConfig,
        (peer, producer): (usize, usize),
        source: Extensions,
        clock_rate_hz: u32,
        layers: usize,
        offered_before: i64,
        first: i64,
    ) -> Self {
        let writer = |ssrc: u32, payload_type: u8| {
            HeaderWriter::new(ssrc, payload_type, &config.mid, source, config.extensions)
        };
        let repair_writer = config.rtx_ssrc.zip(config.rtx_payload_type);
        Self {
            writer: writer(config.ssrc, config.payload_type),
            repair_writer: repair_writer.map(|(ssrc, kind)| (ssrc, writer(ssrc, kind))),
            peer,
            producer,
            paused: config.paused,
            layer_max: Some(layers - 1),
            priority: 0,
            current: None,
            target: None,
            continuity: Continuity::new(clock_rate_hz, first),
            seal: SealBase::default(),
            repair_seal: SealBase::default(),
            rtx_sequence: first,
            budget: RepairBudget::default(),
            offered_before,
            passed: 0,
            joined_at: 0,
            fell_at: NEVER,
            report_times: VecDeque::new(),
            rate: Rate::default(),
            sent: 0,
            octets: 0,
            nacks: 0,
            retransmits: 0,
            key_frame_requests: 0,
            loss: 0.0,
            jitter_s: 0.0,
            config,
        }
    }

    /// A while after a fall more may be tried.
    #[must_use]
    pub fn may_rise(&self, now: f64) -> bool {
        now - self.fell_at > REST_AFTER_FALL_S
    }

    /// Remembers when a sender report left, by the middle of its NTP time.
    pub fn note_report(&mut self, ntp: u64, now: f64) {
        self.report_times.push_back(((ntp >> 16) as u32, now));
        if self.report_times.len() > REPORTS_REMEMBERED {
            self.report_times.pop_front();
        }
    }
}
