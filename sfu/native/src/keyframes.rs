//! Where a viewer can begin: the first packet of a key frame, seen from the payload alone.

/// Looks at one packet's payload.
pub type Detector = fn(&[u8]) -> bool;

/// The function for a codec; a codec that we cannot read begins anywhere, as sound does.
#[must_use]
pub fn detector(mime_type: &str) -> Detector {
    match mime_type.to_ascii_lowercase().as_str() {
        "video/vp8" => |payload| starts_vp8(payload).unwrap_or(false),
        "video/h264" => |payload| starts_h264(payload).unwrap_or(false),
        "video/vp9" => |payload| starts_vp9(payload).unwrap_or(false),
        "video/av1" => starts_av1,
        _ => |_| true,
    }
}

/// RFC 7741 §4: first partition's start, and the frame header's inverse key frame bit is 0.
fn starts_vp8(payload: &[u8]) -> Option<bool> {
    let first = *payload.first()?;
    if payload.len() < 3 || first & 0x10 == 0 || first & 0x07 != 0 {
        return Some(false);
    }
    let mut position = 1;
    if first & 0x80 != 0 {
        let flags = *payload.get(1)?;
        position = 2;
        if flags & 0x80 != 0 {
            position += if payload.get(2)? & 0x80 != 0 { 2 } else { 1 }; // Picture id, 7 or 15 bits.
        }
        position += usize::from(flags & 0x40 != 0) + usize::from(flags & 0x30 != 0);
    }
    Some(payload.get(position)? & 0x01 == 0)
}

/// RFC 6184: a sequence parameter set, alone or in a STAP-A. An IDR slice alone is not enough: without its
/// parameter sets a decoder cannot begin.
fn starts_h264(payload: &[u8]) -> Option<bool> {
    const SPS: u8 = 7;
    const STAP_A: u8 = 24;
    let kind = payload.first()? & 0x1F;
    if kind != STAP_A {
        return Some(kind == SPS);
    }
    let mut position = 1;
    loop {
        if payload.get(position + 2)? & 0x1F == SPS {
            return Some(true);
        }
        position += 2 + usize::from(crate::bytes::u16_at(payload, position)?);
    }
}

/// RFC 9628 §4.2: begins a frame, not inter-predicted, lowest spatial layer.
fn starts_vp9(payload: &[u8]) -> Option<bool> {
    let first = *payload.first()?;
    if first & 0x40 != 0 || first & 0x08 == 0 {
        return Some(false);
    }
    if first & 0x20 == 0 {
        return Some(true); // No layer indices: one layer.
    }
    let mut position = 1;
    if first & 0x80 != 0 {
        position += if payload.get(1)? & 0x80 != 0 { 2 } else { 1 };
    }
    Some(payload.get(position)? & 0x0E == 0)
}

/// AV1 RTP §4.4: the aggregation header's N bit opens a coded video sequence; Z continues an OBU.
fn starts_av1(payload: &[u8]) -> bool {
    payload.len() > 1 && payload[0] & 0x88 == 0x08
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_frames_of_each_codec_are_seen() {
        assert!(detector("video/VP8")(&[0x10, 0x00, 0x00]));
        assert!(!detector("video/VP8")(&[0x10, 0x01, 0x00]));
        assert!(detector("video/VP8")(&[0x90, 0x80, 0x81, 0x02, 0x00]));
        assert!(detector("video/H264")(&[24, 0, 1, 9, 0, 1, 7]));
        assert!(!detector("video/H264")(&[5, 0]));
        assert!(detector("video/VP9")(&[0x08]));
        assert!(detector("video/AV1")(&[0x08, 0]));
        assert!(detector("audio/opus")(&[]));
    }
}
