//! RTP headers with one-byte extensions (RFC 3550, RFC 8285), as far as the benches need them.

/// The one-byte form of header extensions.
const ONE_BYTE: [u8; 2] = [0xBE, 0xDE];

/// What a receiver reads of a packet before it opens it.
pub struct Header {
    pub payload_type: u8,
    pub sequence: u16,
    pub ssrc: u32,
    /// Bytes up to the payload.
    pub size: usize,
}

/// Reads the header; `None` when the datagram is no RTP packet.
#[must_use]
pub fn parse(packet: &[u8]) -> Option<Header> {
    if packet.len() < 12 || packet[0] >> 6 != 2 {
        return None;
    }
    let mut size = 12 + 4 * usize::from(packet[0] & 15);
    if packet[0] & 0x10 != 0 {
        let words = packet.get(size + 2..size + 4)?;
        size += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
    }
    (size <= packet.len()).then(|| Header {
        payload_type: packet[1] & 0x7F,
        sequence: u16::from_be_bytes([packet[2], packet[3]]),
        ssrc: u32::from_be_bytes([packet[8], packet[9], packet[10], packet[11]]),
        size,
    })
}

/// The transport-wide number of a packet without contributing sources, under this extension id.
#[must_use]
pub fn transport_number(packet: &[u8], header: &Header, id: u8) -> Option<u16> {
    if packet[0] & 0x1F != 0x10 || packet[12..14] != ONE_BYTE {
        return None;
    }
    let block = &packet[16..header.size];
    let mut at = 0;
    while at < block.len() {
        if block[at] == 0 {
            at += 1;
            continue;
        }
        let size = usize::from(block[at] & 15) + 1;
        if block[at] >> 4 == id {
            let value = block.get(at + 1..at + 3)?;
            return Some(u16::from_be_bytes([value[0], value[1]]));
        }
        at += 1 + size;
    }
    None
}

/// Writes a packet with these extension elements; returns it and the size of its header.
#[must_use]
pub fn write(
    (payload_type, marker): (u8, bool),
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    elements: &[(u8, &[u8])],
    payload: &[u8],
) -> (Vec<u8>, usize) {
    let mut packet = Vec::with_capacity(64 + payload.len());
    packet.extend_from_slice(&[0x90, payload_type | u8::from(marker) << 7]);
    packet.extend_from_slice(&sequence.to_be_bytes());
    packet.extend_from_slice(&timestamp.to_be_bytes());
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(&ONE_BYTE);
    packet.extend_from_slice(&[0, 0]);
    for (id, value) in elements
        .iter()
        .filter(|(id, value)| *id > 0 && !value.is_empty())
    {
        packet.push(id << 4 | (value.len() - 1) as u8);
        packet.extend_from_slice(value);
    }
    packet.resize(packet.len().next_multiple_of(4), 0);
    let words = ((packet.len() - 16) / 4) as u16;
    packet[14..16].copy_from_slice(&words.to_be_bytes());
    let header = packet.len();
    packet.extend_from_slice(payload);
    (packet, header)
}

/// The SSRCs of which a compound RTCP packet asks for a key frame (RFC 4585, RFC 5104).
#[must_use]
pub fn key_frames_asked(mut compound: &[u8]) -> Vec<u32> {
    let mut asked = Vec::new();
    while compound.len() >= 4 {
        let size = 4 + 4 * usize::from(u16::from_be_bytes([compound[2], compound[3]]));
        let Some(packet) = compound.get(..size) else {
            break;
        };
        let (at, is_request) = match (packet[1], packet[0] & 31) {
            (206, 1) => (8, true),
            (206, 4) => (12, true),
            _ => (0, false),
        };
        if let (true, Some(ssrc)) = (is_request, packet.get(at..at + 4)) {
            asked.push(u32::from_be_bytes([ssrc[0], ssrc[1], ssrc[2], ssrc[3]]));
        }
        compound = &compound[size..];
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let (packet, size) = write(
            (96, true),
            65_535,
            7,
            9,
            &[(4, b"1"), (0, b"no"), (3, &[1, 2])],
            b"x",
        );
        let header = parse(&packet).expect("a packet");
        assert_eq!(
            (
                header.size,
                header.sequence,
                header.ssrc,
                header.payload_type
            ),
            (size, 65_535, 9, 96)
        );
        assert_eq!(transport_number(&packet, &header, 3), Some(0x0102));
        assert_eq!(transport_number(&packet, &header, 5), None);
    }

    #[test]
    fn picture_loss_names_its_stream() {
        assert_eq!(
            key_frames_asked(&[0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9]),
            [9]
        );
        assert!(key_frames_asked(&[0x81, 206, 0, 9, 0]).is_empty());
    }
}
