//! RTCP: what browsers say is read leniently, what we say is written exactly.
//!
//! RFC 3550 §6 (SR, RR, SDES), RFC 4585 §6 (NACK, PLI), RFC 5104 §4.3.1 (FIR), REMB
//! (draft-alvestrand-rmcat-remb-03). Lenient means: one unreadable part of a compound is counted and
//! skipped, the rest still counts.

use crate::bytes::{u16_at, u32_at, u64_at};
use crate::error::{Read, refuse};

const SR: u8 = 200;
const RR: u8 = 201;
const SDES: u8 = 202;
const BYE: u8 = 203;
const RTPFB: u8 = 205;
const PSFB: u8 = 206;
const BLOCK_BYTES: usize = 24;

/// How one stream arrives. `fraction_lost` is of 256; `jitter` is in timestamp units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlock {
    /// The stream.
    pub ssrc: u32,
    /// Since the report before.
    pub fraction_lost: u8,
    /// Since the beginning; may be negative.
    pub packets_lost: i64,
    /// With the wraps counted.
    pub highest_sequence: u32,
    /// RFC 3550 A.8.
    pub jitter: u32,
    /// The middle of the NTP time of the last sender report.
    pub last_report: u32,
    /// Since then, in 1/65,536 s.
    pub delay: u32,
}

/// Wall clock and media clock of one stream at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderReport {
    /// The stream.
    pub ssrc: u32,
    /// 32.32 seconds since 1900.
    pub ntp: u64,
    /// The media clock then.
    pub rtp_timestamp: u32,
    /// Sent so far.
    pub packets: u32,
    /// Sent so far, payload only.
    pub octets: u32,
}

/// One thing that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// SR, with its blocks.
    SenderReport(SenderReport, Vec<ReportBlock>),
    /// RR.
    ReceiverReport(Vec<ReportBlock>),
    /// Sequence numbers that are missing.
    Nack(u32, Vec<u16>),
    /// PLI or FIR: the viewer cannot go on without a key frame.
    KeyFrameRequest(u32),
    /// REMB: the most that the receiver thinks fits.
    BitrateLimit(u64),
    /// A transport-wide feedback body, from the base sequence number on.
    TransportFeedback(&'a [u8]),
}

/// Reads a compound; the number is of parts that were unreadable.
///
/// # Errors
/// Bytes that are not RTCP at all.
pub fn read(data: &[u8]) -> Read<(Vec<Message<'_>>, u64)> {
    if data.len() < 8 || data[0] >> 6 != 2 || !(192..=223).contains(&data[1]) {
        return refuse("rtcp_malformed");
    }
    let mut messages = Vec::new();
    let mut malformed = 0;
    let mut position = 0;
    while let Some(head) = data.get(position..position + 4) {
        let end = position + 4 + 4 * usize::from(u16_at(head, 2).unwrap_or(0));
        let Some(body) = data.get(position + 4..end).filter(|_| head[0] >> 6 == 2) else {
            malformed += 1;
            break;
        };
        let part = unpadded(body, head[0])
            .and_then(|body| read_part(head[1], head[0] & 0x1F, body, &mut messages));
        malformed += u64::from(part.is_none());
        position = end;
    }
    Ok((messages, malformed))
}

fn unpadded(body: &[u8], first: u8) -> Option<&[u8]> {
    if first & 0x20 == 0 {
        return Some(body);
    }
    let padding = usize::from(*body.last()?);
    if padding == 0 {
        None
    } else {
        body.get(..body.len().checked_sub(padding)?)
    }
}

fn read_part<'a>(kind: u8, count: u8, body: &'a [u8], out: &mut Vec<Message<'a>>) -> Option<()> {
    match (kind, count) {
        (SR, _) => {
            let report = SenderReport {
                ssrc: u32_at(body, 0)?,
                ntp: u64_at(body, 4)?,
                rtp_timestamp: u32_at(body, 12)?,
                packets: u32_at(body, 16)?,
                octets: u32_at(body, 20)?,
            };
            out.push(Message::SenderReport(
                report,
                read_blocks(body.get(24..)?, count)?,
            ));
        }
        // A profile's extension may follow the blocks (RFC 3550 §6.4.3): not ours, not an error.
        (RR, _) => out.push(Message::ReceiverReport(read_blocks(body.get(4..)?, count)?)),
        // A stream ends when control says so.
        (BYE, _) => drop(body.get(..4 * usize::from(count))?),
        (RTPFB, 1) => {
            let ssrc = u32_at(body, 4)?;
            let mut sequences = Vec::new();
            for entry in body.get(8..)?.as_chunks::<4>().0 {
                let first = u16::from_be_bytes([entry[0], entry[1]]);
                let mask = u16::from_be_bytes([entry[2], entry[3]]);
                sequences.push(first);
                let named = (0..16).filter(|bit| mask >> bit & 1 == 1);
                sequences.extend(named.map(|bit: u16| first.wrapping_add(bit + 1)));
            }
            out.push(Message::Nack(ssrc, sequences));
        }
        (RTPFB, 15) => out.push(Message::TransportFeedback(body.get(8..)?)),
        (PSFB, 1) => out.push(Message::KeyFrameRequest(u32_at(body, 4)?)),
        (PSFB, 4) => {
            let entries = body.get(8..)?.as_chunks::<8>().0.iter();
            out.extend(
                entries
                    .filter_map(|entry| u32_at(entry, 0))
                    .map(Message::KeyFrameRequest),
            );
        }
        (PSFB, 15) if body.get(8..12)? == b"REMB" => {
            let word = u32_at(body, 12)?;
            let bps = u128::from(word & 0x3_FFFF) << (word >> 18 & 0x3F);
            out.push(Message::BitrateLimit(
                u64::try_from(bps).unwrap_or(u64::MAX),
            ));
        }
        (RTPFB | PSFB, _) => drop(body.get(..8)?),
        _ => {}
    }
    Some(())
}

fn read_blocks(body: &[u8], count: u8) -> Option<Vec<ReportBlock>> {
    (0..usize::from(count))
        .map(|number| read_block(body.get(number * BLOCK_BYTES..)?))
        .collect()
}

fn read_block(body: &[u8]) -> Option<ReportBlock> {
    let lost = u32_at(body, 4)?;
    Some(ReportBlock {
        ssrc: u32_at(body, 0)?,
        fraction_lost: (lost >> 24) as u8,
        packets_lost: i64::from((lost << 8) as i32 >> 8), // 24 bits, signed.
        highest_sequence: u32_at(body, 8)?,
        jitter: u32_at(body, 12)?,
        last_report: u32_at(body, 16)?,
        delay: u32_at(body, 20)?,
    })
}

/// Appends a sender report.
pub fn write_sender_report(report: &SenderReport, out: &mut Vec<u8>) {
    write_part(out, SR, 0, |out| {
        out.extend_from_slice(&report.ssrc.to_be_bytes());
        out.extend_from_slice(&report.ntp.to_be_bytes());
        for word in [report.rtp_timestamp, report.packets, report.octets] {
            out.extend_from_slice(&word.to_be_bytes());
        }
    });
}

/// Appends a receiver report of at most 31 blocks; `ssrc` is ours.
pub fn write_receiver_report(ssrc: u32, blocks: &[ReportBlock], out: &mut Vec<u8>) {
    write_part(out, RR, blocks.len().min(31) as u8, |out| {
        out.extend_from_slice(&ssrc.to_be_bytes());
        for block in blocks.iter().take(31) {
            let lost = block.packets_lost.clamp(-0x80_0000, 0x7F_FFFF) as u32 & 0xFF_FFFF;
            let word = u32::from(block.fraction_lost) << 24 | lost;
            for word in [
                block.ssrc,
                word,
                block.highest_sequence,
                block.jitter,
                block.last_report,
                block.delay,
            ] {
                out.extend_from_slice(&word.to_be_bytes());
            }
        }
    });
}

/// Appends SDES with the CNAME, which ties a sender's sound to its picture.
pub fn write_description(ssrc: u32, cname: &str, out: &mut Vec<u8>) {
    let name = &cname.as_bytes()[..cname.len().min(255)];
    write_part(out, SDES, 1, |out| {
        out.extend_from_slice(&ssrc.to_be_bytes());
        out.extend_from_slice(&[1, name.len() as u8]);
        out.extend_from_slice(name);
        let chunk = 7 + name.len(); // With the zero that ends the list.
        out.resize(out.len() + 1 + chunk.next_multiple_of(4) - chunk, 0);
    });
}

/// Appends a generic NACK; neighbours share one entry (RFC 4585 §6.2.1).
pub fn write_nack(reporter: u32, ssrc: u32, sequences: &[u16], out: &mut Vec<u8>) {
    let mut entries: Vec<(u16, u16)> = Vec::new();
    for &sequence in sequences {
        if let Some((first, mask)) = entries.last_mut() {
            let distance = sequence.wrapping_sub(*first);
            if (1..=16).contains(&distance) {
                *mask |= 1 << (distance - 1);
                continue;
            }
        }
        entries.push((sequence, 0));
    }
    write_feedback(RTPFB, 1, reporter, ssrc, out, |out| {
        for (first, mask) in entries {
            out.extend_from_slice(&first.to_be_bytes());
            out.extend_from_slice(&mask.to_be_bytes());
        }
    });
}

/// Appends a PLI.
pub fn write_picture_loss(reporter: u32, ssrc: u32, out: &mut Vec<u8>) {
    write_feedback(PSFB, 1, reporter, ssrc, out, |_| {});
}

/// Appends transport-wide feedback; `ssrc` is any of the sender's.
pub fn write_transport_feedback(reporter: u32, ssrc: u32, body: &[u8], out: &mut Vec<u8>) {
    write_feedback(RTPFB, 15, reporter, ssrc, out, |out| {
        out.extend_from_slice(body);
    });
}

fn write_feedback(
    kind: u8,
    count: u8,
    reporter: u32,
    ssrc: u32,
    out: &mut Vec<u8>,
    body: impl FnOnce(&mut Vec<u8>),
) {
    write_part(out, kind, count, |out| {
        out.extend_from_slice(&reporter.to_be_bytes());
        out.extend_from_slice(&ssrc.to_be_bytes());
        body(out);
    });
}

fn write_part(out: &mut Vec<u8>, kind: u8, count: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0x80 | count, kind, 0, 0]);
    body(out);
    let size = out.len() - start;
    let padding = size.next_multiple_of(4) - size;
    if padding > 0 {
        out.resize(out.len() + padding - 1, 0);
        out.push(padding as u8);
        out[start] |= 0x20;
    }
    let words = ((out.len() - start) / 4 - 1) as u16;
    out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let block = ReportBlock {
            ssrc: 1,
            fraction_lost: 64,
            packets_lost: -3,
            highest_sequence: 2,
            jitter: 3,
            last_report: 4,
            delay: 5,
        };
        let report = SenderReport {
            ssrc: 6,
            ntp: 7 << 32,
            rtp_timestamp: 8,
            packets: 9,
            octets: 10,
        };
        let mut data = Vec::new();
        write_receiver_report(1, &[block], &mut data);
        write_sender_report(&report, &mut data);
        write_description(6, "tess", &mut data);
        write_nack(1, 2, &[65_535, 0, 15, 100], &mut data);
        write_picture_loss(1, 3, &mut data);
        write_transport_feedback(1, 4, &[1, 2, 3], &mut data);
        let (messages, malformed) = read(&data).unwrap();
        assert_eq!(malformed, 0);
        assert_eq!(
            messages,
            [
                Message::ReceiverReport(vec![block]),
                Message::SenderReport(report, vec![]),
                Message::Nack(2, vec![65_535, 0, 15, 100]),
                Message::KeyFrameRequest(3),
                Message::TransportFeedback(&[1, 2, 3]),
            ]
        );
        for size in 0..data.len() {
            let _ = read(&data[..size]); // Never panics.
        }
    }
}
