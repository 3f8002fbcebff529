//! One transport as the packet path sees it: credentials, addresses, keys, streams, counters.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;

use classwire_congestion::arrivals::Arrivals;
use classwire_congestion::estimator::Estimator;
use classwire_congestion::{Probe, ProbeId};
use ring::hmac;

use crate::error::{Read, refuse};
use crate::limits;
use crate::srtp::Srtp;

const ALLOWANCE_MAX: f64 = limits::PACKETS_PER_TRANSPORT_PER_S_MAX / 4.0; // A key frame burst.

/// A producer and the number of one of its layers.
pub type LayerKey = (usize, usize);

/// Counts by reason.
pub type Drops = BTreeMap<&'static str, u64>;

/// One transport's side of ICE.
pub struct Agent {
    /// Newest last; two while an ICE restart is under way.
    pub credentials: Vec<(Vec<u8>, hmac::Key)>,
    /// With the time of the last check, newest last.
    pub addresses: Vec<(SocketAddr, f64)>,
    pub send_address: Option<SocketAddr>,
    pub nominated: bool,
    pub consent_until: Option<f64>,
}

/// A probe under way: everything that leaves belongs to it, media too, until enough has left.
#[derive(Clone, Copy, Debug)]
pub struct Padding {
    pub id: ProbeId,
    bytes_per_s: f64,
    bytes_left: i64,
    packets_left: i64,
    credit: f64,
    since: f64,
}

impl Padding {
    /// What a probe asks for.
    #[must_use]
    pub fn new(probe: Probe, now: f64) -> Self {
        Self {
            id: probe.id,
            bytes_per_s: probe.bps as f64 / 8.0,
            bytes_left: probe.bytes as i64,
            packets_left: probe.packets as i64,
            credit: 1.0, // The first packet leaves at once.
            since: now,
        }
    }

    /// Time passed: more may leave.
    pub fn advance(&mut self, now: f64) {
        self.credit += self.bytes_per_s * (now - self.since).max(0.0);
        self.since = now;
    }

    /// A packet of this size left.
    pub fn spend(&mut self, bytes: usize) {
        self.credit -= bytes as f64;
        self.bytes_left -= bytes as i64;
        self.packets_left -= 1;
    }

    /// Whether one more packet leaves now.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.credit > 0.0 && !self.is_done()
    }

    /// Whether enough has left.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.bytes_left <= 0 && self.packets_left <= 0
    }
}

/// A transport; what is decided about it is decided elsewhere.
pub struct Peer {
    pub id: String,
    pub reporter: u32,
    pub ice: Agent,
    pub srtp: Option<Srtp>,
    pub producers: Vec<usize>,
    /// By media SSRC.
    pub layers: HashMap<u32, LayerKey>,
    /// By RTX SSRC.
    pub repairs: HashMap<u32, LayerKey>,
    /// By media SSRC.
    pub by_ssrc: HashMap<u32, usize>,
    pub consumers: Vec<usize>,
    /// A wish changed: layers are chosen anew at the next tick.
    pub unsettled: bool,
    pub padding: Option<Padding>,
    /// Of consumers that are gone.
    pub not_selected: i64,
    /// All that ever passed authentication: SRTP keeps state for each.
    pub ssrcs: HashSet<u32>,
    /// The publisher's extension id.
    pub transport_cc: u8,
    pub feedback_ssrc: u32,
    pub arrivals: Arrivals,
    pub estimator: Estimator,
    /// Reports came: before, the estimate is only a guess.
    pub heard: bool,
    /// The viewer said himself what fits.
    pub limited: bool,
    allowance: f64,
    admitted_at: f64,
    pub rtt_s: Option<f64>,
    pub packets_received: u64,
    pub bytes_received: u64,
    pub packets_sent: u64,
    pub bytes_sent: u64,
    pub drops: Drops,
}

impl Peer {
    /// `reporter` is the SSRC under which the node reports.
    #[must_use]
    pub fn new(id: String, reporter: u32, fragment: &str, key: hmac::Key, now: f64) -> Self {
        let ice = Agent {
            credentials: vec![(fragment.as_bytes().to_vec(), key)],
            addresses: Vec::new(),
            send_address: None,
            nominated: false,
            consent_until: None,
        };
        Self {
            id,
            reporter,
            ice,
            srtp: None,
            producers: Vec::new(),
            layers: HashMap::new(),
            repairs: HashMap::new(),
            by_ssrc: HashMap::new(),
            consumers: Vec::new(),
            unsettled: false,
            padding: None,
            not_selected: 0,
            ssrcs: HashSet::new(),
            transport_cc: 0,
            feedback_ssrc: 0,
            arrivals: Arrivals::default(),
            estimator: Estimator::new(micros(now)),
            heard: false,
            limited: false,
            allowance: ALLOWANCE_MAX,
            admitted_at: now,
            rtt_s: None,
            packets_received: 0,
            bytes_received: 0,
            packets_sent: 0,
            bytes_sent: 0,
            drops: Drops::new(),
        }
    }

    /// Media can be sent: there are keys, and an address that consented.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.srtp.is_some() && self.ice.send_address.is_some()
    }

    /// One more dropped for this reason.
    pub fn drop_one(&mut self, reason: &'static str) {
        *self.drops.entry(reason).or_default() += 1;
    }

    /// Bounds the work that a peer can cause per time: beyond it, datagrams are refused unread.
    ///
    /// # Errors
    /// The allowance is used up.
    pub fn admit(&mut self, now: f64, cost: f64) -> Read<()> {
        let fresh =
            self.allowance + (now - self.admitted_at) * limits::PACKETS_PER_TRANSPORT_PER_S_MAX;
        self.admitted_at = now;
        if fresh < cost {
            self.allowance = fresh;
            return refuse("flood");
        }
        self.allowance = fresh.min(ALLOWANCE_MAX) - cost;
        Ok(())
    }

    /// Bounds the SSRCs of a peer: SRTP keeps state for each, whether it is known to us or not.
    ///
    /// # Errors
    /// There are too many.
    pub fn admit_ssrc(&self, ssrc: u32) -> Read<()> {
        if self.ssrcs.len() >= limits::SSRCS_PER_TRANSPORT_MAX && !self.ssrcs.contains(&ssrc) {
            return refuse("too_many_ssrcs");
        }
        Ok(())
    }

    /// A stream ended: its SSRC is unknown again, and SRTP keeps nothing of it.
    pub fn forget_ssrc(&mut self, ssrc: u32) {
        self.ssrcs.remove(&ssrc);
        if let Some(srtp) = &mut self.srtp {
            srtp.forget_received(ssrc);
        }
    }
}

/// Seconds as microseconds.
#[must_use]
pub fn micros(seconds: f64) -> i64 {
    (seconds * 1e6) as i64
}
