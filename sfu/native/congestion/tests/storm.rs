//! Any bytes, any times in any order: nothing panics and nothing grows. Overflow is checked in this
//! profile, so arithmetic that leaves its bounds fails here, too.

use classwire_congestion::allocator::{Allocator, Class, Rung, Want};
use classwire_congestion::arrivals::Arrivals;
use classwire_congestion::demand::{Demand, Needed};
use classwire_congestion::estimator::Estimator;
use classwire_congestion::harness::Random;
use classwire_congestion::last_n::LastN;
use classwire_congestion::pacer::Pacer;
use classwire_congestion::report::{Report, SPAN_MAX};
use classwire_congestion::{BPS_MAX, BPS_MIN, Kind};

const KINDS: [Kind; 4] = [Kind::Audio, Kind::Retransmit, Kind::Video, Kind::Padding];
const CLASSES: [Class; 6] =
    [Class::TeacherVoice, Class::Voice, Class::Screen, Class::Speaker, Class::Pinned, Class::Other];

/// A time: mostly a small step, sometimes anything at all.
fn time(random: &mut Random, now_us: &mut i64) -> i64 {
    match random.below(1_000) {
        0 => random.bits() as i64,
        1 => i64::MAX,
        2 => i64::MIN,
        3 => now_us.saturating_sub(random.below(10_000_000) as i64),
        _ => {
            *now_us = now_us.saturating_add(random.below(20_000) as i64);
            *now_us
        }
    }
}

/// A body: an honest report that was damaged, or noise.
fn body(random: &mut Random, body: &mut Vec<u8>, near: u16) {
    body.clear();
    if random.chance(0.5) {
        let length = random.below(64);
        body.extend((0..length).map(|_| random.bits() as u8));
        return;
    }
    let mut at_us = random.below(1 << 40) as i64;
    let covered = 1 + random.below(40);
    let arrivals_us = (0..covered).map(|_| {
        at_us += random.below(9_000_000) as i64 - 4_000_000;
        random.chance(0.8).then_some(at_us.max(0))
    });
    let arrivals_us = arrivals_us.collect();
    let base = near.wrapping_sub(random.below(60) as u16);
    Report { base, count: random.bits() as u8, arrivals_us }.write(body);
    for _ in 0..random.below(4) {
        let at = random.below(body.len() as u64) as usize;
        body[at] ^= 1 << random.below(8);
    }
    if random.chance(0.2) {
        body.truncate(random.below(body.len() as u64) as usize);
    }
}

/// A storm of feedback on one estimator and its pacer.
fn feedback(inputs: u64, seed: u64) {
    let mut random = Random::new(seed);
    let mut now_us = random.below(1 << 50) as i64;
    let mut estimator = Estimator::new(now_us);
    let mut pacer: Pacer<u32> = Pacer::new(now_us);
    let mut report = Vec::new();
    for input in 0..inputs {
        let at_us = time(&mut random, &mut now_us);
        let bytes = if random.chance(0.01) { random.bits() as usize } else { random.below(1_500) as usize };
        let kind = KINDS[random.below(4) as usize];
        match random.below(16) {
            0..6 => {
                let probe = pacer.pass(at_us, kind, bytes).flatten();
                estimator.sent(at_us, bytes, kind, probe);
            }
            6 => {
                let _ = pacer.push(at_us, kind, bytes, input as u32);
            }
            7 => {
                while let Some(due) = pacer.pop(at_us) {
                    estimator.sent(at_us, due.bytes, due.kind, due.probe);
                }
            }
            8 => estimator.receiver_report(at_us, random.bits() as u8),
            9 if random.chance(0.01) => estimator.remb(random.bits()),
            9 => estimator.round_trip(random.bits() as i64),
            10 => {
                estimator.want(random.bits() >> random.below(64));
                if let Some(probe) = estimator.poll(at_us) {
                    pacer.probe(at_us, probe);
                }
                pacer.set_rate(at_us, estimator.bps());
            }
            11 => {
                if let Some(padding) = pacer.padding(at_us) {
                    estimator.sent(at_us, padding.bytes, Kind::Padding, Some(padding.probe));
                    pacer.padded(at_us, padding.bytes);
                }
                pacer.next_at();
            }
            12 if random.chance(0.01) => pacer.retain(|item| item % 2 == 0),
            _ => {
                body(&mut random, &mut report, estimator.number());
                let _ = estimator.feedback(at_us, &report);
            }
        }
        let bps = estimator.bps();
        assert!((BPS_MIN..=BPS_MAX).contains(&bps), "seed {seed}, input {input}: {bps}");
        assert!(pacer.queued_bytes() <= 1 << 20, "seed {seed}, input {input}");
        let figures = estimator.figures();
        assert!((0.0..=1.0).contains(&figures.loss), "seed {seed}, input {input}: {figures:?}");
    }
}

/// A storm of bytes on the parser.
fn parser(inputs: u64, seed: u64) {
    let mut random = Random::new(seed);
    let mut bytes = Vec::new();
    let mut report = Report::default();
    for input in 0..inputs {
        body(&mut random, &mut bytes, 0);
        if report.read(&bytes).is_ok() {
            assert!(report.arrivals_us.len() <= SPAN_MAX, "seed {seed}, input {input}");
            let mut again = Vec::new();
            report.write(&mut again);
        }
    }
}

/// A storm of wishes.
fn allocations(inputs: u64, seed: u64) {
    let mut random = Random::new(seed);
    let mut now_us = 0;
    let (mut allocator, mut last, mut demand) = (Allocator::new(), LastN::new(5, 0), Demand::new(0));
    for input in 0..inputs {
        let at_us = time(&mut random, &mut now_us);
        let offers: Vec<Vec<Rung>> = (0..random.below(6))
            .map(|_| {
                let rung = |random: &mut Random| Rung {
                    spatial: random.bits() as u8,
                    temporal: random.bits() as u8,
                    bps: random.bits() >> random.below(64),
                    flowing: random.chance(0.7),
                };
                (0..random.below(5)).map(|_| rung(&mut random)).collect()
            })
            .collect();
        let wants: Vec<Want<'_>> = offers
            .iter()
            .map(|rungs| Want {
                id: random.below(8),
                class: CLASSES[random.below(6) as usize],
                weight: random.bits(),
                rungs,
                rung_max: random.chance(0.8).then(|| random.below(6) as usize),
            })
            .collect();
        let budget_bps = random.chance(0.9).then(|| random.bits() >> random.below(64));
        let shares = allocator.allocate(at_us, budget_bps, &wants);
        assert_eq!(shares.shares.len(), wants.len(), "seed {seed}, input {input}");
        for (share, want) in shares.shares.iter().zip(&wants) {
            assert!(share.rung.is_none_or(|rung| rung < want.rungs.len()), "seed {seed}, input {input}");
            assert!(share.needed.is_none_or(|rung| rung < want.rungs.len()), "seed {seed}, input {input}");
        }
        last.spoke(random.below(10), at_us);
        let needed = |random: &mut Random| {
            random.chance(0.8).then(|| Needed { shown: random.below(5) as u8, next: random.bits() as u8 })
        };
        let (before, now) = (needed(&mut random), needed(&mut random));
        demand.change(at_us, before, now);
        demand.flowing(at_us);
    }
}

/// A storm of packets from a publisher.
fn packets(inputs: u64, seed: u64) {
    let mut random = Random::new(seed);
    let mut now_us = 0;
    let mut arrivals = Arrivals::default();
    for input in 0..inputs {
        let at_us = time(&mut random, &mut now_us);
        let number = if random.chance(0.9) { input as u16 } else { random.bits() as u16 };
        arrivals.add(number, at_us);
        if random.chance(0.05) {
            for report in arrivals.reports() {
                assert!(report.arrivals_us.len() <= SPAN_MAX, "seed {seed}, input {input}");
                let mut body = Vec::new();
                report.write(&mut body);
                let mut read = Report::default();
                assert_eq!(read.read(&body), Ok(()), "seed {seed}, input {input}");
            }
        }
    }
}

#[test]
fn no_feedback_stops_the_estimator() {
    for seed in 0..8 {
        feedback(10_000, seed);
    }
}

#[test]
fn no_bytes_stop_the_parser() {
    parser(100_000, 1);
}

#[test]
fn no_wish_stops_the_allocator() {
    allocations(20_000, 1);
}

#[test]
fn no_packet_stops_the_reports() {
    packets(100_000, 1);
}

#[test]
#[ignore = "ten million inputs each: a minute in the release profile, which checks overflow here, too"]
fn ten_million_inputs() {
    for seed in 0..100 {
        feedback(100_000, seed);
    }
    parser(10_000_000, 2);
    allocations(10_000_000, 2);
    packets(10_000_000, 2);
}
