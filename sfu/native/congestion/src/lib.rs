//! How much fits on the line to one viewer, when each packet leaves, and who is shown how sharp.
//!
//! Pure: no sockets, no threads, no clock and no randomness of its own. Every time is an argument in
//! microseconds of one monotonic clock (any epoch); every call is total, so that no byte from the
//! network and no step of the clock can stop the packet path.
//!
//! | part | question |
//! |---|---|
//! | [`estimator::Estimator`] | How many bits per second does the line to this viewer carry? |
//! | [`pacer::Pacer`] | Which packet leaves now, which one waits, when is padding sent? |
//! | [`allocator::Allocator`] | Which layer of which producer does this viewer get? |
//! | [`last_n::LastN`], [`demand::Demand`] | Whose cameras does a large room show; which layers does nobody want? |
//! | [`arrivals::Arrivals`] | What do we tell a publisher about the packets that he sent? |
//! | [`harness`] | A seeded line in virtual time, for tests and figures. |
//!
//! # One viewer's loop
//!
//! ```
//! use classwire_congestion::{Kind, allocator::Allocator, estimator::Estimator, pacer::Pacer};
//!
//! let mut now_us = 0;
//! let mut estimator = Estimator::new(now_us);
//! let mut pacer: Pacer<Vec<u8>> = Pacer::new(now_us);
//! let mut allocator = Allocator::new();
//!
//! // A packet for the viewer. (`Pacer::pass` spares the queue when the packet may leave at once.)
//! pacer.push(now_us, Kind::Video, 1_100, vec![0; 1_100]).unwrap();
//!
//! // Whenever `pacer.next_at()` is due, and at least every 10 to 50 ms while something flows:
//! now_us += 5_000;
//! estimator.want(1_500_000); // `Shares::wish_bps` of the last allocation.
//! if let Some(probe) = estimator.poll(now_us) {
//!     pacer.probe(now_us, probe);
//! }
//! pacer.set_rate(now_us, estimator.bps());
//! while let Some(due) = pacer.pop(now_us) {
//!     let _number = estimator.number(); // Written into the transport-cc extension of the packet.
//!     // … seal and send `due.item` …
//!     estimator.sent(now_us, due.bytes, due.kind, due.probe);
//! }
//! while let Some(padding) = pacer.padding(now_us) {
//!     // … send padding (repeat a late packet as RTX) of about `padding.bytes` …
//!     estimator.sent(now_us, padding.bytes, Kind::Padding, Some(padding.probe));
//!     pacer.padded(now_us, padding.bytes);
//! }
//!
//! // A transport-cc report came (RTPFB, FMT 15; the bytes after both SSRCs):
//! if let Ok(heard) = estimator.feedback(now_us, &[0, 0, 0, 1, 0, 0, 0, 0, 0x20, 1, 4]) {
//!     if heard.recovered {
//!         allocator.recovered();
//!     }
//!     if heard.fell || heard.recovered {
//!         let _shares = allocator.allocate(now_us, Some(estimator.bps()), &[]);
//!     }
//! }
//! ```
#![forbid(unsafe_code)]
#![warn(missing_docs, clippy::pedantic)]
// Rates and times become floating point and back all over this crate; each place bounds them.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::must_use_candidate,
    clippy::similar_names,
    clippy::struct_field_names // Units last.
)]

pub mod allocator;
pub mod arrivals;
pub mod demand;
pub mod departures;
pub mod estimator;
pub mod harness;
pub mod last_n;
pub mod pacer;
pub mod report;

mod acknowledged;
mod aimd;
mod clock;
mod delay;
mod loss;
mod probing;

/// What a packet is, in the order in which packets leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Sound: never waits.
    Audio,
    /// A packet sent again (RTX), within its share of the rate.
    Retransmit,
    /// Pictures.
    Video,
    /// Sent only to see what the line carries.
    Padding,
}

/// Names one cluster of packets that probes the line; wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProbeId(pub u16);

/// A short burst at a rate that the line is not yet known to carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The cluster.
    pub id: ProbeId,
    /// The rate at which it leaves.
    pub bps: u64,
    /// How much leaves at that rate, media included.
    pub bytes: usize,
    /// How many packets of it are needed, at least, for the result to mean something.
    pub packets: usize,
}

/// Rates below this are not estimated: only sound is left to save.
pub const BPS_MIN: u64 = 50_000;
/// Rates above this are not estimated: a wall of 25 top layers.
pub const BPS_MAX: u64 = 50_000_000;
/// The estimate before anything is known: a middle layer on any line that can hold a class.
pub const BPS_START: u64 = 600_000;
/// No datagram is larger; what a caller says is bounded by it.
pub(crate) const BYTES_MAX: usize = 65_535;
