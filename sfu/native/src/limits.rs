//! The bounds of `schemas/limits.py` that the packet path obeys; a test of the suite compares them.

pub const BITRATE_WINDOW_S: f64 = 1.0;
pub const ESTIMATE_MAX_BPS: u64 = 50_000_000;
pub const ESTIMATE_MIN_BPS: u64 = 50_000;
pub const ESTIMATE_START_BPS: u64 = 600_000;
pub const FEEDBACK_INTERVAL_S: f64 = 0.05;
pub const ICE_ADDRESSES_PER_TRANSPORT_MAX: usize = 16;
pub const ICE_CONSENT_S: f64 = 15.0;
pub const KEY_FRAME_REQUEST_INTERVAL_S: f64 = 1.0;
pub const LAYER_STALL_S: f64 = 0.7;
pub const LEVELS_INTERVAL_S: f64 = 0.2;
pub const MISSING_PACKETS_MAX: usize = 600;
pub const NACK_ATTEMPTS_MAX: u32 = 8;
pub const NACK_WAIT_S: f64 = 0.015;
pub const PACKETS_PER_TRANSPORT_PER_S_MAX: f64 = 4_000.0;
pub const RETRANSMIT_CACHE_PACKETS: usize = 600;
pub const RETRANSMIT_CACHE_S: f64 = 2.0;
pub const RETRANSMIT_SHARE_MAX: f64 = 0.25;
pub const RTP_PACKET_BYTES_MAX: usize = 1_500;
pub const SOCKET_BUFFER_BYTES: usize = 4_194_304;
pub const SRTP_WINDOW_PACKETS: usize = 1_024;
pub const SSRCS_PER_TRANSPORT_MAX: usize = 256;
pub const TAP_INTERVAL_S: f64 = 0.1;

/// Names and values, for the test that compares them with Python's.
#[must_use]
pub fn table() -> Vec<(&'static str, f64)> {
    vec![
        ("BITRATE_WINDOW_S", BITRATE_WINDOW_S),
        ("ESTIMATE_MAX_BPS", ESTIMATE_MAX_BPS as f64),
        ("ESTIMATE_MIN_BPS", ESTIMATE_MIN_BPS as f64),
        ("ESTIMATE_START_BPS", ESTIMATE_START_BPS as f64),
        ("FEEDBACK_INTERVAL_S", FEEDBACK_INTERVAL_S),
        (
            "ICE_ADDRESSES_PER_TRANSPORT_MAX",
            ICE_ADDRESSES_PER_TRANSPORT_MAX as f64,
        ),
        ("ICE_CONSENT_S", ICE_CONSENT_S),
        ("KEY_FRAME_REQUEST_INTERVAL_S", KEY_FRAME_REQUEST_INTERVAL_S),
        ("LAYER_STALL_S", LAYER_STALL_S),
        ("LEVELS_INTERVAL_S", LEVELS_INTERVAL_S),
        ("MISSING_PACKETS_MAX", MISSING_PACKETS_MAX as f64),
        ("NACK_ATTEMPTS_MAX", f64::from(NACK_ATTEMPTS_MAX)),
        ("NACK_WAIT_S", NACK_WAIT_S),
        (
            "PACKETS_PER_TRANSPORT_PER_S_MAX",
            PACKETS_PER_TRANSPORT_PER_S_MAX,
        ),
        ("RETRANSMIT_CACHE_PACKETS", RETRANSMIT_CACHE_PACKETS as f64),
        ("RETRANSMIT_CACHE_S", RETRANSMIT_CACHE_S),
        ("RETRANSMIT_SHARE_MAX", RETRANSMIT_SHARE_MAX),
        ("RTP_PACKET_BYTES_MAX", RTP_PACKET_BYTES_MAX as f64),
        ("SOCKET_BUFFER_BYTES", SOCKET_BUFFER_BYTES as f64),
        ("SRTP_WINDOW_PACKETS", SRTP_WINDOW_PACKETS as f64),
        ("SSRCS_PER_TRANSPORT_MAX", SSRCS_PER_TRANSPORT_MAX as f64),
        ("TAP_INTERVAL_S", TAP_INTERVAL_S),
    ]
}
