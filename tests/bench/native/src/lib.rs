//! What the benches around the packet path share: SRTP, STUN, RTCP and sockets, from the standards.
//!
//! Start with `bin/floor.rs` (the least that forwarding can cost on this machine) and `bin/generator.rs`
//! (viewers and a publisher with real ICE, DTLS and SRTP). Nothing here is shipped or trusted: the other
//! end is our own node, so a malformed datagram is dropped and counted, and a broken invariant panics.

pub mod dtls;
pub mod feedback;
pub mod net;
pub mod rtp;
pub mod srtp;
pub mod stun;
