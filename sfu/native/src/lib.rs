//! The packet path of a media node, native: `sfu.interface.Forwarder` without the GIL.
//!
//! | part | is |
//! |---|---|
//! | [`path`] | what happens to one datagram: pure, time is an argument |
//! | [`control`] | desired state into its tables |
//! | [`duties`] | what happens by the clock |
//! | [`wire`] | the socket: recvmmsg in, sendmmsg with UDP GSO out |
//! | [`worker`] | the thread that owns both |
//! | [`binding`] | the door to Python |
//!
//! The readable reference is the Python path (`sfu/path.py` and its neighbours); files of the same name do
//! the same thing, and one conformance suite holds for both. What only this one does: it leaves Python's
//! thread alone, gathers a frame's packets per viewer into one call (GSO), and estimates lines with
//! `classwire_congestion`.
#![warn(clippy::pedantic)]
// Numbers of the wire are cut to their width all over this crate, and that is meant; errors of private
// doors and panics of slabs (an index that we handed out ourselves) are not documented one by one.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::needless_pass_by_value, // Python hands values over.
    clippy::similar_names
)]

pub mod binding;
pub mod bytes;
pub mod choice;
pub mod config;
pub mod continuity;
pub mod control;
pub mod duties;
pub mod error;
pub mod event;
pub mod incoming;
pub mod keyframes;
pub mod levels;
pub mod limits;
pub mod outbox;
pub mod outgoing;
pub mod path;
pub mod peer;
pub mod reception;
pub mod retransmit;
pub mod rtcp;
pub mod rtp;
pub mod srtp;
pub mod stun;
pub mod tap;
pub mod wire;
pub mod worker;
