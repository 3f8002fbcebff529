//! Desired state, read from the values of `sfu/interface.py` by attribute.

use pyo3::FromPyObject;

/// Header extension ids (RFC 8285) in use on one stream; 0 means: not negotiated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromPyObject)]
pub struct Extensions {
    pub mid: u8,
    pub rid: u8,
    pub repaired_rid: u8,
    pub audio_level: u8,
    pub abs_send_time: u8,
    pub transport_cc: u8,
    pub video_orientation: u8,
    pub playout_delay: u8,
    pub dependency_descriptor: u8,
}

/// One encoding of a producer, lowest layer first: by `ssrc` or, for simulcast, by `rid`.
#[derive(Clone, Debug, FromPyObject)]
pub struct Encoding {
    pub ssrc: Option<u32>,
    pub rid: Option<String>,
    pub rtx_ssrc: Option<u32>,
}

/// What a browser sends.
#[derive(Clone, Debug, FromPyObject)]
pub struct ProducerConfig {
    pub id: String,
    pub transport: String,
    pub kind: String,
    pub mime_type: String,
    pub clock_rate_hz: u32,
    pub payload_type: u8,
    pub rtx_payload_type: Option<u8>,
    pub mid: String,
    pub extensions: Extensions,
    pub encodings: Vec<Encoding>,
    pub nack: bool,
    pub paused: bool,
}

/// What a browser receives.
#[derive(Clone, Debug, FromPyObject)]
pub struct ConsumerConfig {
    pub id: String,
    pub transport: String,
    pub producer: String,
    pub mid: String,
    pub ssrc: u32,
    pub rtx_ssrc: Option<u32>,
    pub payload_type: u8,
    pub rtx_payload_type: Option<u8>,
    pub cname: String,
    pub extensions: Extensions,
    pub nack: bool,
    pub paused: bool,
}
