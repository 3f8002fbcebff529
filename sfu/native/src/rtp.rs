//! RTP packets: read once when they arrive, written once per viewer (RFC 3550 §5.1, RFC 8285).

use crate::bytes::{u16_at, u32_at};
use crate::config::Extensions;
use crate::error::{Read, Refused};

const ONE_BYTE: u16 = 0xBEDE;
const TWO_BYTE: u16 = 0x1000;
const ELEMENTS_MAX: usize = 16; // Browsers send about seven; what is beyond is not looked at.

/// The size of a packet's header with its extension block, which SRTP leaves in the clear.
///
/// # Errors
/// The header promises more than there is.
pub fn header_bytes(data: &[u8]) -> Read<usize> {
    let malformed = Refused("rtp_malformed");
    let first = *data.first().ok_or(malformed)?;
    if data.len() < 12 || first >> 6 != 2 {
        return Err(malformed);
    }
    let mut size = 12 + 4 * usize::from(first & 0x0F);
    if first & 0x10 != 0 {
        size += 4 + 4 * usize::from(u16_at(data, size + 2).ok_or(malformed)?);
    }
    if size > data.len() {
        Err(malformed)
    } else {
        Ok(size)
    }
}

/// One decrypted packet. `payload` is empty for padding-only packets.
#[derive(Clone, Debug, Default)]
pub struct Packet {
    /// 0x80 when set.
    pub marker: u8,
    /// The publisher's.
    pub payload_type: u8,
    /// The publisher's.
    pub sequence: u16,
    /// The publisher's.
    pub timestamp: u32,
    /// The publisher's.
    pub ssrc: u32,
    /// Ids and values, in order.
    pub elements: Vec<(u8, Vec<u8>)>,
    /// Without padding.
    pub payload: Vec<u8>,
    /// The number without wrap and without the holes that padding leaves; reception sets it.
    pub index: i64,
    /// When it came.
    pub arrived_at: f64,
    /// Whether a viewer can begin here, once somebody has asked.
    pub starts_key_frame: Option<bool>,
    carried: Option<(Extensions, Option<Vec<u8>>)>,
}

impl Packet {
    /// Reads a packet.
    ///
    /// # Errors
    /// Anything malformed.
    pub fn read(data: &[u8]) -> Read<Self> {
        let malformed = Refused("rtp_malformed");
        let head = header_bytes(data)?;
        let first = data[0];
        let second = data[1];
        let mut elements = Vec::new();
        let block = 12 + 4 * usize::from(first & 0x0F);
        if first & 0x10 != 0 {
            let profile = u16_at(data, block).ok_or(malformed)?;
            let body = data.get(block + 4..head).ok_or(malformed)?;
            if profile == ONE_BYTE {
                read_one_byte(body, &mut elements)?;
            } else if profile & 0xFFF0 == TWO_BYTE {
                read_two_byte(body, &mut elements)?;
            }
        }
        let mut end = data.len();
        if first & 0x20 != 0 {
            let padding = usize::from(*data.last().ok_or(malformed)?);
            if padding == 0 {
                return Err(malformed);
            }
            end = end.checked_sub(padding).ok_or(malformed)?;
        }
        Ok(Self {
            marker: second & 0x80,
            payload_type: second & 0x7F,
            sequence: u16_at(data, 2).ok_or(malformed)?,
            timestamp: u32_at(data, 4).ok_or(malformed)?,
            ssrc: u32_at(data, 8).ok_or(malformed)?,
            elements,
            payload: data.get(head..end).ok_or(malformed)?.to_vec(),
            ..Self::default()
        })
    }

    /// The value of an extension; id 0 stands for none.
    #[must_use]
    pub fn element(&self, id: u8) -> Option<&[u8]> {
        if id == 0 {
            return None;
        }
        // The last one counts, as where they are kept by id.
        self.elements
            .iter()
            .rev()
            .find(|(known, _)| *known == id)
            .map(|(_, value)| value.as_slice())
    }

    /// The packet on the wire, as the publisher could have sent it, under this number.
    #[must_use]
    pub fn to_bytes(&self, sequence: u16) -> Vec<u8> {
        let mut out = Vec::with_capacity(40 + self.payload.len());
        let first = if self.elements.is_empty() { 0x80 } else { 0x90 };
        write_head(
            &mut out,
            first,
            self.marker | self.payload_type,
            sequence,
            self.timestamp,
            self.ssrc,
        );
        if !self.elements.is_empty() {
            let elements: Vec<_> = self
                .elements
                .iter()
                .map(|(id, value)| (*id, value.as_slice()))
                .collect();
            write_elements(&mut out, &elements);
        }
        out.extend_from_slice(&self.payload);
        out
    }

    fn carried_elements<'a>(
        &'a self,
        source: &Extensions,
        target: &Extensions,
    ) -> impl Iterator<Item = (u8, &'a [u8])> {
        let pairs = [
            (source.audio_level, target.audio_level),
            (source.video_orientation, target.video_orientation),
            (source.playout_delay, target.playout_delay),
            (source.dependency_descriptor, target.dependency_descriptor),
        ];
        pairs.into_iter().filter_map(|(from, to)| {
            let value = self
                .element(from)
                .filter(|value| to != 0 && !value.is_empty())?;
            Some((to, value))
        })
    }

    /// What travels unchanged, with the viewer's ids, in words; `None`: it needs the two-byte form.
    fn carry(&self, source: &Extensions, target: &Extensions) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        for (id, value) in self.carried_elements(source, target) {
            if id > 14 || value.len() > 16 {
                return None;
            }
            body.push(id << 4 | (value.len() - 1) as u8);
            body.extend_from_slice(value);
        }
        body.resize(body.len().next_multiple_of(4), 0);
        Some(body)
    }
}

fn read_one_byte(mut body: &[u8], elements: &mut Vec<(u8, Vec<u8>)>) -> Read<()> {
    while let Some((&head, rest)) = body.split_first() {
        body = rest;
        let id = head >> 4;
        if head == 0 {
            continue;
        }
        if id == 15 {
            break; // Reserved: stop here (RFC 8285 §4.2).
        }
        let size = usize::from(head & 0x0F) + 1;
        let value = body.get(..size).ok_or(Refused("rtp_malformed"))?;
        if id != 0 && elements.len() < ELEMENTS_MAX {
            elements.push((id, value.to_vec()));
        }
        body = &body[size..];
    }
    Ok(())
}

fn read_two_byte(mut body: &[u8], elements: &mut Vec<(u8, Vec<u8>)>) -> Read<()> {
    while let Some((&id, rest)) = body.split_first() {
        body = rest;
        if id == 0 {
            continue;
        }
        let (&size, rest) = body.split_first().ok_or(Refused("rtp_malformed"))?;
        let value = rest
            .get(..usize::from(size))
            .ok_or(Refused("rtp_malformed"))?;
        if elements.len() < ELEMENTS_MAX {
            elements.push((id, value.to_vec()));
        }
        body = &rest[usize::from(size)..];
    }
    Ok(())
}

fn write_head(out: &mut Vec<u8>, first: u8, second: u8, sequence: u16, timestamp: u32, ssrc: u32) {
    out.extend_from_slice(&[first, second]);
    out.extend_from_slice(&sequence.to_be_bytes());
    out.extend_from_slice(&timestamp.to_be_bytes());
    out.extend_from_slice(&ssrc.to_be_bytes());
}

/// Appends an extension block: one-byte form where all fit, two-byte form otherwise.
fn write_elements(out: &mut Vec<u8>, elements: &[(u8, &[u8])]) {
    let small = elements
        .iter()
        .all(|(id, value)| *id < 15 && (1..=16).contains(&value.len()));
    let start = out.len();
    out.extend_from_slice(&(if small { ONE_BYTE } else { TWO_BYTE }).to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    for (id, value) in elements {
        if small {
            out.push(id << 4 | (value.len() - 1) as u8);
        } else {
            out.extend_from_slice(&[*id, value.len() as u8]);
        }
        out.extend_from_slice(value);
    }
    while !(out.len() - start).is_multiple_of(4) {
        out.push(0);
    }
    let words = ((out.len() - start) / 4 - 1) as u16;
    out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
}

/// What differs from packet to packet of one viewer.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// Outgoing number.
    pub sequence: u16,
    /// Outgoing media time.
    pub timestamp: u32,
    /// 24 bits of 6.18 fixed point seconds.
    pub send_time: u32,
    /// Transport-wide number.
    pub number: u16,
    /// Stands before the payload: RTX's original number.
    pub prefix: &'a [u8],
}

/// Writes packets of one outgoing SSRC.
///
/// The layout is fixed when the viewer subscribes: mid, abs-send-time and the transport-wide number stand
/// first, an extension that he did not negotiate is zero bytes, which are legal padding (RFC 8285 §4.2),
/// and the carried elements follow on a word boundary.
#[derive(Debug)]
pub struct HeaderWriter {
    ssrc: u32,
    payload_type: u8,
    mid: Vec<u8>,
    source: Extensions,
    target: Extensions,
    fixed: Vec<u8>,
    send_time_at: usize,
}

impl HeaderWriter {
    /// `target` are the viewer's ids and `source` those of the publisher.
    #[must_use]
    pub fn new(
        ssrc: u32,
        payload_type: u8,
        mid: &str,
        source: Extensions,
        target: Extensions,
    ) -> Self {
        let mid = mid.as_bytes();
        let mut fixed = vec![0xBE, 0xDE, 0, 0];
        if target.mid != 0 && (1..=16).contains(&mid.len()) {
            fixed.push(target.mid << 4 | (mid.len() - 1) as u8);
            fixed.extend_from_slice(mid);
        }
        // Seven bytes follow: abs-send-time with its head is four, the number with its head is three.
        while !(fixed.len() + 7).is_multiple_of(4) {
            fixed.push(0);
        }
        let send_time_at = fixed.len();
        let heads = [
            if target.abs_send_time == 0 {
                0
            } else {
                target.abs_send_time << 4 | 2
            },
            if target.transport_cc == 0 {
                0
            } else {
                target.transport_cc << 4 | 1
            },
        ];
        fixed.extend_from_slice(&[heads[0], 0, 0, 0, heads[1], 0, 0]);
        Self {
            ssrc,
            payload_type,
            mid: mid.to_vec(),
            source,
            target,
            fixed,
            send_time_at,
        }
    }

    /// Appends one packet for this viewer; the answer is the size of its header.
    pub fn write(&self, packet: &mut Packet, stamp: Stamp<'_>, out: &mut Vec<u8>) -> usize {
        if packet
            .carried
            .as_ref()
            .is_none_or(|(ids, _)| *ids != self.target)
        {
            packet.carried = Some((self.target, packet.carry(&self.source, &self.target)));
        }
        let start = out.len();
        let second = packet.marker | self.payload_type;
        write_head(
            out,
            0x90,
            second,
            stamp.sequence,
            stamp.timestamp,
            self.ssrc,
        );
        match &packet.carried {
            Some((_, Some(carried))) => {
                let block = out.len();
                out.extend_from_slice(&self.fixed);
                let words = ((self.fixed.len() + carried.len()) / 4 - 1) as u16;
                out[block + 2..block + 4].copy_from_slice(&words.to_be_bytes());
                let at = block + self.send_time_at;
                if self.target.abs_send_time != 0 {
                    out[at + 1..at + 4].copy_from_slice(&stamp.send_time.to_be_bytes()[1..]);
                }
                if self.target.transport_cc != 0 {
                    out[at + 5..at + 7].copy_from_slice(&stamp.number.to_be_bytes());
                }
                out.extend_from_slice(carried);
            }
            _ => self.write_large(packet, stamp, out),
        }
        let head = out.len() - start;
        out.extend_from_slice(stamp.prefix);
        out.extend_from_slice(&packet.payload);
        head
    }

    /// The extension block in two-byte form, for the rare element beyond 16 bytes.
    fn write_large(&self, packet: &Packet, stamp: Stamp<'_>, out: &mut Vec<u8>) {
        let send_time = stamp.send_time.to_be_bytes();
        let number = stamp.number.to_be_bytes();
        let mut elements: Vec<(u8, &[u8])> = Vec::new();
        if self.target.mid != 0 && !self.mid.is_empty() {
            elements.push((self.target.mid, &self.mid));
        }
        if self.target.abs_send_time != 0 {
            elements.push((self.target.abs_send_time, &send_time[1..]));
        }
        if self.target.transport_cc != 0 {
            elements.push((self.target.transport_cc, &number));
        }
        elements.extend(packet.carried_elements(&self.source, &self.target));
        write_elements(out, &elements);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_packet_reads_back_with_the_viewers_ids() {
        let source = Extensions {
            audio_level: 1,
            dependency_descriptor: 12,
            ..Extensions::default()
        };
        let target = Extensions {
            mid: 1,
            transport_cc: 5,
            audio_level: 10,
            dependency_descriptor: 8,
            ..source
        };
        for large in [1, 40] {
            let mut packet = Packet {
                marker: 0x80,
                elements: vec![(1, vec![0x94]), (12, vec![7; large])],
                payload: b"sound".to_vec(),
                ..Packet::default()
            };
            let writer = HeaderWriter::new(77, 100, "7", source, target);
            let mut out = Vec::new();
            let stamp = Stamp {
                sequence: 9,
                timestamp: 8,
                send_time: 7,
                number: 6,
                prefix: b"",
            };
            let head = writer.write(&mut packet, stamp, &mut out);
            assert_eq!(header_bytes(&out), Ok(head));
            let read = Packet::read(&out).unwrap();
            assert_eq!(
                (read.ssrc, read.sequence, read.timestamp, read.marker),
                (77, 9, 8, 0x80)
            );
            assert_eq!(read.element(1), Some(b"7".as_slice()));
            assert_eq!(read.element(5), Some([0, 6].as_slice()));
            assert_eq!(read.element(10), Some([0x94].as_slice()));
            assert_eq!(read.element(8), Some(vec![7; large].as_slice()));
            assert_eq!(read.payload, b"sound");
            assert!((0..out.len()).all(|size| {
                Packet::read(&out[..size])
                    .map_or(true, |cut| size >= head && cut.payload.len() == size - head)
            }));
        }
    }
}
