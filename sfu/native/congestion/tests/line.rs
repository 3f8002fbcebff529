//! What a viewer sees on good, poor and broken lines, in virtual time, for many seeds. A failure names its
//! seed; `examples/figures.rs` prints the same as a table.

use classwire_congestion::harness::{Outage, Run, Shape, Source, run};

const S: i64 = 1_000_000;
const SEEDS: std::ops::Range<u64> = 0..4;

fn elastic(shape: &Shape, seed: u64, until_us: i64) -> Run {
    run(shape, seed, &[(Source::Elastic, 0)], until_us)
}

/// The viewer is served at least this share of the line, once it is known.
#[track_caller]
fn assert_used(shape: &Shape, share: f64) {
    for seed in SEEDS {
        let used = elastic(shape, seed, 30 * S).used(10 * S, 30 * S);
        assert!(used >= share, "seed {seed}: {used:.3} of the capacity used");
    }
}

#[test]
fn a_steady_line_is_used_without_a_standing_queue() {
    for bps in [1_000_000, 2_000_000, 10_000_000] {
        let shape = Shape::steady(bps);
        for seed in SEEDS {
            let run = elastic(&shape, seed, 30 * S);
            let (used, queue_us) = (run.used(10 * S, 30 * S), run.standing_queue_us(10 * S, 30 * S));
            assert!(used >= 0.85, "seed {seed}, {bps} bit/s: {used:.3} of the capacity used");
            assert!(queue_us <= 100_000, "seed {seed}, {bps} bit/s: {queue_us} us of standing queue");
        }
    }
}

#[test]
fn random_loss_does_not_collapse_the_rate() {
    for (loss, share) in [(0.02, 0.80), (0.05, 0.70), (0.10, 0.50)] {
        assert_used(&Shape { loss, ..Shape::steady(2_000_000) }, share);
    }
}

#[test]
fn at_a_fifth_of_loss_a_voice_and_the_lowest_layer_remain() {
    assert_used(&Shape { loss: 0.20, ..Shape::steady(2_000_000) }, 0.05);
}

#[test]
fn jitter_does_not_starve() {
    assert_used(&Shape { jitter_us: 50_000, ..Shape::steady(2_000_000) }, 0.70);
    assert_used(&Shape { jitter_us: 50_000, reorders: true, ..Shape::steady(2_000_000) }, 0.70);
}

#[test]
fn late_and_doubled_packets_do_not_matter() {
    assert_used(&Shape { late: 0.05, twice: 0.02, ..Shape::steady(2_000_000) }, 0.85);
}

#[test]
fn bursts_of_loss_do_not_collapse_the_rate() {
    assert_used(&Shape { burst: (0.000_3, 300_000), ..Shape::steady(2_000_000) }, 0.60);
}

#[test]
fn a_short_queue_is_used_too() {
    assert_used(&Shape { queue_bytes: 15_000, ..Shape::steady(2_000_000) }, 0.80);
}

/// A teacher's three layers over a line that falls off a cliff and comes back.
fn cliff(seed: u64, high_bps: u64, low_bps: u64) -> Run {
    let shape = Shape {
        capacity: vec![(0, high_bps), (15 * S, low_bps), (30 * S, high_bps)],
        queue_bytes: 60_000,
        ..Shape::steady(high_bps)
    };
    run(&shape, seed, &[(Source::Layered, 0)], 45 * S)
}

#[test]
fn a_cliff_lowers_the_layer_in_time_keeps_the_sound_and_is_climbed_again() {
    for (high_bps, low_bps) in [(2_000_000, 300_000), (5_000_000, 500_000)] {
        for seed in SEEDS {
            let run = cliff(seed, high_bps, low_bps);
            let top = run.first(0, 14 * S, 15 * S, |sample| sample.layer == Some(2));
            assert!(top.is_some(), "seed {seed}: not sharp before the cliff");
            let down = run.first(0, 15 * S, 30 * S, |sample| sample.layer < Some(2));
            assert!(down.is_some_and(|us| us <= 17 * S), "seed {seed}: down at {down:?}");
            let lost = run.viewers[0].samples.last().map(|sample| sample.audio_lost);
            assert_eq!(lost, Some(0), "seed {seed}: sound lost");
            let up = run.first(0, 30 * S, 45 * S, |sample| sample.layer == Some(2));
            assert!(up.is_some_and(|us| us <= 40 * S), "seed {seed}: up at {up:?}");
            let overshoot = run.overshoot(0, 19 * S, 29 * S).max(run.overshoot(0, 30 * S, 45 * S));
            assert!(overshoot < 1.2, "seed {seed}: {overshoot:.2} of the capacity sent");
        }
    }
}

#[test]
fn an_outage_is_over_within_a_second() {
    for kind in [Outage::Drops, Outage::Holds] {
        let shape = Shape { outages: vec![(10 * S, 15 * S, kind)], ..Shape::steady(2_000_000) };
        for seed in SEEDS {
            let run = run(&shape, seed, &[(Source::Layered, 0)], 20 * S);
            let dark = run.first(0, 12 * S, 15 * S, |sample| sample.layer.is_some());
            assert_eq!(dark, None, "seed {seed}: pictures sent into {kind:?}");
            let back = run.first(0, 15 * S, 20 * S, |sample| sample.layer == Some(2));
            assert!(back.is_some_and(|us| us <= 16 * S), "seed {seed}: back at {back:?} after {kind:?}");
        }
    }
}

#[test]
fn two_who_share_a_line_both_get_their_part() {
    let shape = Shape::steady(3_000_000);
    let mut smaller: Vec<f64> = SEEDS
        .map(|seed| {
            let run = run(&shape, seed, &[(Source::Elastic, 0), (Source::Elastic, 10 * S)], 80 * S);
            let shares = [0, 1].map(|who| run.arrived_bps(who, 40 * S, 80 * S));
            shares[0].min(shares[1]) * 2.0 / (shares[0] + shares[1])
        })
        .collect();
    smaller.sort_by(f64::total_cmp);
    assert!(smaller[0] > 0.25, "the smaller one's share of half: {smaller:.2?}");
    assert!(smaller[SEEDS.end as usize / 2] > 0.6, "the smaller one's share of half: {smaller:.2?}");
}

#[test]
fn a_slow_viewer_costs_another_nothing() {
    for seed in SEEDS {
        let poor = Shape { loss: 0.05, ..Shape::steady(200_000) };
        let slow = run(&poor, seed, &[(Source::Layered, 0)], 20 * S);
        let alone = run(&Shape::steady(3_000_000), seed, &[(Source::Layered, 0)], 20 * S);
        // Each viewer has parts of his own and nothing is shared: what the one gets is a function of his
        // line alone.
        assert!(slow.span(0, 5 * S, 20 * S).iter().all(|sample| sample.layer < Some(2)));
        assert!(alone.span(0, 5 * S, 20 * S).iter().all(|sample| sample.layer == Some(2)));
    }
}

/// The queue that the first guess filled drains through the little that the voice leaves of the line.
#[test]
fn a_line_of_50_kbits_carries_the_voice() {
    for seed in SEEDS {
        let run = run(&Shape::steady(50_000), seed, &[(Source::Layered, 0)], 120 * S);
        let lost = |us: i64| run.span(0, us, us + S)[0].audio_lost;
        assert_eq!(lost(119 * S) - lost(10 * S), 0, "seed {seed}");
        let queue_us = run.standing_queue_us(100 * S, 120 * S);
        assert!(queue_us < 300_000, "seed {seed}: {queue_us}");
    }
}

#[test]
fn a_seed_repeats_a_run_exactly() {
    let bytes = || cliff(3, 2_000_000, 300_000).viewers[0].samples.last().map(|sample| sample.arrived_bytes);
    assert_eq!(bytes(), bytes());
}
