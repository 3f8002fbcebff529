//! What reads bytes of strangers, stormed with honest packets that were damaged and with noise: nothing
//! panics, nothing reads out of bounds, nothing grows. Everything comes from a seed, which a failure names.

use std::net::SocketAddr;

use classwire_congestion::harness::Random;
use classwire_native::config::Extensions;
use classwire_native::keyframes::detector;
use classwire_native::reception::Reception;
use classwire_native::rtcp::{self, ReportBlock, SenderReport};
use classwire_native::rtp::{self, HeaderWriter, Packet, Stamp};
use classwire_native::{limits, stun};

const DATAGRAM_BYTES_MAX: usize = 1_500;
const CODECS: [&str; 5] = [
    "video/VP8",
    "video/H264",
    "video/VP9",
    "video/AV1",
    "audio/opus",
];

/// Flips, cuts, stretches and overwrites, a few times.
fn damage(random: &mut Random, data: &mut Vec<u8>) {
    for _ in 0..random.below(6) {
        if data.is_empty() {
            return;
        }
        let at = random.below(data.len() as u64) as usize;
        match random.below(8) {
            0..3 => data[at] ^= 1 << random.below(8),
            3 => data[at] = [0, 1, 0x7F, 0x80, 0xFF][random.below(5) as usize],
            4 => data.truncate(at),
            5 => {
                let copied = data[at..].to_vec();
                data.extend_from_slice(&copied);
                data.truncate(DATAGRAM_BYTES_MAX);
            }
            6 if at + 2 <= data.len() => {
                // A length that lies.
                let size = [0, 1, 0xFFFF, 0x7FFF, data.len() as u16][random.below(5) as usize];
                data[at..at + 2].copy_from_slice(&size.to_be_bytes());
            }
            _ => data.insert(at, random.bits() as u8),
        }
    }
}

fn noise(random: &mut Random) -> Vec<u8> {
    let size = if random.chance(0.01) {
        DATAGRAM_BYTES_MAX as u64
    } else {
        random.below(64)
    };
    (0..size).map(|_| random.bits() as u8).collect()
}

/// An honest packet with this share, noise otherwise; then damaged.
fn input(random: &mut Random, honest: impl Fn(&mut Random) -> Vec<u8>) -> Vec<u8> {
    let mut data = if random.chance(0.85) {
        honest(random)
    } else {
        noise(random)
    };
    damage(random, &mut data);
    data
}

fn honest_stun(random: &mut Random) -> Vec<u8> {
    let mut data = vec![0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42];
    data.extend((0..12).map(|_| random.bits() as u8));
    for _ in 0..random.below(4) {
        let kind = [0x0006_u16, 0x0025, 0x0024, 0x802A, 0x0020][random.below(5) as usize];
        let size = random.below(24) as u16;
        data.extend_from_slice(&kind.to_be_bytes());
        data.extend_from_slice(&size.to_be_bytes());
        data.extend((0..size.next_multiple_of(4)).map(|_| b"ab:"[random.below(3) as usize]));
    }
    data.extend_from_slice(&[0, 8, 0, 20]);
    data.extend((0..20).map(|_| random.bits() as u8));
    if random.chance(0.3) {
        data.extend_from_slice(&[0x80, 0x28, 0, 4, 1, 2, 3, 4]);
    }
    let length = (data.len() - 20) as u16;
    data[2..4].copy_from_slice(&length.to_be_bytes());
    data
}

fn honest_rtp(random: &mut Random) -> Vec<u8> {
    let contributors = if random.chance(0.1) {
        random.below(16) as u8
    } else {
        0
    };
    let extended = random.chance(0.8);
    let padded = random.chance(0.2);
    let mut data = vec![
        0x80 | contributors | u8::from(extended) << 4 | u8::from(padded) << 5,
        random.bits() as u8,
    ];
    data.extend((0..10 + 4 * usize::from(contributors)).map(|_| random.bits() as u8));
    if extended {
        let two_byte = random.chance(0.3);
        let mut body = Vec::new();
        for _ in 0..random.below(20) {
            let size = random.below(17) as u8;
            if two_byte {
                body.extend_from_slice(&[random.bits() as u8, size]);
            } else {
                body.push((random.below(16) as u8) << 4 | size.saturating_sub(1) & 15);
            }
            body.extend((0..size).map(|_| random.bits() as u8));
        }
        body.resize(body.len().next_multiple_of(4), 0);
        data.extend_from_slice(if two_byte { &[0x10, 0] } else { &[0xBE, 0xDE] });
        data.extend_from_slice(&((body.len() / 4) as u16).to_be_bytes());
        data.extend_from_slice(&body);
    }
    data.extend((0..random.below(40)).map(|_| random.bits() as u8));
    if padded {
        data.extend_from_slice(&[0, 0, 0, 4]);
    }
    data
}

fn honest_rtcp(random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..=random.below(4) {
        match random.below(7) {
            0 => {
                let block = ReportBlock {
                    ssrc: random.bits() as u32,
                    fraction_lost: random.bits() as u8,
                    packets_lost: random.bits() as i64,
                    highest_sequence: random.bits() as u32,
                    jitter: random.bits() as u32,
                    last_report: random.bits() as u32,
                    delay: random.bits() as u32,
                };
                rtcp::write_receiver_report(1, &vec![block; random.below(34) as usize], &mut out);
            }
            1 => {
                let report = SenderReport {
                    ssrc: random.bits() as u32,
                    ntp: random.bits(),
                    rtp_timestamp: random.bits() as u32,
                    packets: random.bits() as u32,
                    octets: random.bits() as u32,
                };
                rtcp::write_sender_report(&report, &mut out);
            }
            2 => rtcp::write_description(7, &"tess"[..random.below(5) as usize], &mut out),
            3 => {
                let lost: Vec<u16> = (0..random.below(40))
                    .map(|_| random.bits() as u16)
                    .collect();
                rtcp::write_nack(1, 2, &lost, &mut out);
            }
            4 => rtcp::write_picture_loss(1, 2, &mut out),
            5 => out.extend_from_slice(
                b"\x8F\xCE\x00\x05\0\0\0\x01\0\0\0\0REMB\x01\xFB\xFF\xFF\0\0\0\x02",
            ),
            _ => rtcp::write_transport_feedback(1, 2, &noise(random), &mut out),
        }
    }
    out
}

fn storm_stun(inputs: u64, seed: u64) {
    let mut random = Random::new(seed);
    let key = stun::key(b"secret");
    let from: SocketAddr = "[2001:db8::1]:9".parse().expect("an address");
    let mut answer = Vec::new();
    for number in 0..inputs {
        let data = input(&mut random, honest_stun);
        if let Ok(request) = stun::read_request(&data) {
            assert!(
                request.username_fragment.len() <= data.len(),
                "seed {seed}, input {number}"
            );
            // Nobody without the password gets through, and the answer never grows (S2: no amplification).
            if number % 64 == 0 {
                assert!(!request.has_integrity(&key), "seed {seed}, input {number}");
                answer.clear();
                stun::write_success(&request, from, &key, &mut answer);
                assert!(answer.len() <= 88, "seed {seed}, input {number}");
            }
        }
    }
}

fn storm_rtp(inputs: u64, seed: u64) {
    let mut random = Random::new(seed);
    let source = Extensions {
        audio_level: 1,
        dependency_descriptor: 12,
        playout_delay: 5,
        ..Extensions::default()
    };
    let target = Extensions {
        mid: 1,
        transport_cc: 3,
        audio_level: 10,
        dependency_descriptor: 8,
        ..source
    };
    let writer = HeaderWriter::new(7, 100, "0", source, target);
    let mut out = Vec::new();
    for number in 0..inputs {
        let data = input(&mut random, honest_rtp);
        let head = rtp::header_bytes(&data);
        let Ok(mut packet) = Packet::read(&data) else {
            continue;
        };
        let head = head.unwrap_or(usize::MAX);
        assert!(
            head + packet.payload.len() <= data.len(),
            "seed {seed}, input {number}"
        );
        let kept: usize = packet.elements.iter().map(|(_, value)| value.len()).sum();
        assert!(
            kept <= data.len() && packet.elements.len() <= 16,
            "seed {seed}, input {number}"
        );
        let again = Packet::read(&packet.to_bytes(9));
        let again = again.unwrap_or_else(|error| panic!("seed {seed}, input {number}: {error:?}"));
        assert_eq!(again.payload, packet.payload, "seed {seed}, input {number}");
        out.clear();
        let stamp = Stamp {
            sequence: 1,
            timestamp: 2,
            send_time: 3,
            number: 4,
            prefix: b"",
        };
        let head = writer.write(&mut packet, stamp, &mut out);
        assert_eq!(
            rtp::header_bytes(&out),
            Ok(head),
            "seed {seed}, input {number}"
        );
    }
}

fn storm_rtcp(inputs: u64, seed: u64) {
    let mut random = Random::new(seed);
    for number in 0..inputs {
        let data = input(&mut random, honest_rtcp);
        if let Ok((messages, malformed)) = rtcp::read(&data) {
            let parts = messages.len() + malformed as usize;
            assert!(
                parts <= data.len(),
                "seed {seed}, input {number}: {parts} parts"
            );
        }
    }
}

fn storm_descriptors(inputs: u64, seed: u64) {
    let mut random = Random::new(seed);
    let detectors = CODECS.map(detector);
    for _ in 0..inputs {
        let payload = input(&mut random, noise);
        for starts in detectors {
            starts(&payload);
        }
    }
}

/// Sequence numbers and times in any order.
fn storm_reception(inputs: u64, seed: u64) {
    let mut random = Random::new(seed);
    let mut reception = Reception::new(90_000);
    let (mut now, mut sequence) = (0.0, 0_u16);
    for number in 0..inputs {
        now += random.unit() / 50.0;
        sequence = match random.below(100) {
            0 => random.bits() as u16,
            1..10 => sequence.wrapping_add(random.below(600) as u16),
            10..20 => sequence.wrapping_sub(random.below(600) as u16),
            _ => sequence.wrapping_add(1),
        };
        let place = if random.chance(0.9) {
            reception.accept(sequence, random.bits() as u32, now)
        } else {
            reception.repair(sequence, now)
        };
        if let Some(place) = place {
            if random.chance(0.1) {
                reception.skip(place);
            }
            assert!(
                reception.index(place) <= place,
                "seed {seed}, input {number}"
            );
        }
        if random.chance(0.05) {
            let asked = reception.asks(now);
            assert!(
                asked.len() <= limits::MISSING_PACKETS_MAX,
                "seed {seed}, input {number}"
            );
        }
        if random.chance(0.01) {
            reception.report(1, 2, 3);
        }
    }
}

fn storm(inputs: u64, seed: u64) {
    storm_stun(inputs, seed);
    storm_rtp(inputs, seed);
    storm_rtcp(inputs, seed);
    storm_descriptors(inputs, seed);
    storm_reception(inputs, seed);
}

#[test]
fn no_bytes_stop_a_parser() {
    storm(20_000, 1);
}

#[test]
#[ignore = "ten million inputs for each parser: minutes, in the release profile (which checks overflow)"]
fn ten_million_inputs() {
    storm(10_000_000, 2);
}
