//! Prints what the tests claim, as figures over many seeds: `cargo run --release --example figures`.

use classwire_congestion::harness::{Outage, Run, Shape, Source, run};

const SEEDS: u64 = 40;
const S: i64 = 1_000_000;

/// The worst and the median of one figure over all seeds.
fn row(name: &str, unit: &str, worst_is_low: bool, mut figure: impl FnMut(u64) -> f64) {
    let mut figures: Vec<f64> = (0..SEEDS).map(&mut figure).collect();
    figures.sort_by(f64::total_cmp);
    let worst = if worst_is_low { figures[0] } else { figures[figures.len() - 1] };
    println!("{name:<64} {:>9.2} {worst:>9.2} {unit}", figures[figures.len() / 2]);
}

fn elastic(shape: &Shape, seed: u64, until_us: i64) -> Run {
    run(shape, seed, &[(Source::Elastic, 0)], until_us)
}

fn steady() {
    for bps in [300_000, 1_000_000, 2_000_000, 10_000_000] {
        let shape = Shape::steady(bps);
        row(&format!("steady {} kbit/s: use", bps / 1_000), "of capacity", true, |seed| {
            elastic(&shape, seed, 60 * S).used(10 * S, 60 * S)
        });
        row("    standing queue", "ms", false, |seed| {
            elastic(&shape, seed, 60 * S).standing_queue_us(10 * S, 60 * S) as f64 / 1e3
        });
    }
}

fn noisy() {
    for loss in [0.01, 0.02, 0.05, 0.10, 0.20] {
        let shape = Shape { loss, ..Shape::steady(2_000_000) };
        row(&format!("random loss {:.0} % of 2 Mbit/s: use", loss * 100.0), "of capacity", true, |seed| {
            elastic(&shape, seed, 60 * S).used(10 * S, 60 * S)
        });
    }
    let mut shapes = vec![
        ("jitter 50 ms", Shape { jitter_us: 50_000, ..Shape::steady(2_000_000) }),
        (
            "jitter 50 ms with reordering",
            Shape { jitter_us: 50_000, reorders: true, ..Shape::steady(2_000_000) },
        ),
        ("late 5 %, twice 2 %", Shape { late: 0.05, twice: 0.02, ..Shape::steady(2_000_000) }),
        (
            "bursts of loss of 300 ms every 15 s",
            Shape { burst: (0.000_3, 300_000), ..Shape::steady(2_000_000) },
        ),
    ];
    shapes.push(("queue of 15 kB (60 ms)", Shape { queue_bytes: 15_000, ..Shape::steady(2_000_000) }));
    shapes.push(("queue of 5 kB (20 ms)", Shape { queue_bytes: 5_000, ..Shape::steady(2_000_000) }));
    shapes.push(("queue of 500 kB (2 s)", Shape { queue_bytes: 500_000, ..Shape::steady(2_000_000) }));
    for (name, shape) in shapes {
        row(&format!("{name}: use"), "of capacity", true, |seed| {
            elastic(&shape, seed, 60 * S).used(10 * S, 60 * S)
        });
        row("    standing queue", "ms", false, |seed| {
            elastic(&shape, seed, 60 * S).standing_queue_us(10 * S, 60 * S) as f64 / 1e3
        });
    }
}

fn cliff(high_bps: u64, low_bps: u64) {
    let shape = Shape {
        capacity: vec![(0, high_bps), (20 * S, low_bps), (40 * S, high_bps)],
        queue_bytes: 60_000,
        ..Shape::steady(high_bps)
    };
    let layered = |seed| run(&shape, seed, &[(Source::Layered, 0)], 70 * S);
    let seconds =
        |found: Option<i64>, from_us: i64| found.map_or(f64::INFINITY, |us| (us - from_us) as f64 / 1e6);
    row(&format!("{high_bps} → {low_bps} bit/s: top layer after start"), "s", false, |seed| {
        seconds(layered(seed).first(0, 0, 20 * S, |s| s.layer == Some(2)), 0)
    });
    row("    layer down after", "s", false, |seed| {
        seconds(layered(seed).first(0, 20 * S, 40 * S, |s| s.layer < Some(2)), 20 * S)
    });
    row("    sound lost", "packets", false, |seed| {
        let run = layered(seed);
        run.viewers[0].samples.last().map_or(0.0, |s| s.audio_lost as f64)
    });
    row("    longest that sound waited", "ms", false, |seed| {
        layered(seed).viewers[0].audio_queue_us_max as f64 / 1e3
    });
    row("    back at the top layer after", "s", false, |seed| {
        seconds(layered(seed).first(0, 40 * S, 70 * S, |s| s.layer == Some(2)), 40 * S)
    });
    row("    highest rate while low and after, of capacity", "", false, |seed| {
        let run = layered(seed);
        run.overshoot(0, 24 * S, 39 * S).max(run.overshoot(0, 40 * S, 70 * S))
    });
    row("    changes of layer while low", "", false, |seed| {
        let run = layered(seed);
        run.span(0, 24 * S, 40 * S).windows(2).filter(|two| two[0].layer != two[1].layer).count() as f64
    });
}

fn outage(kind: Outage) {
    let shape = Shape { outages: vec![(20 * S, 25 * S, kind)], ..Shape::steady(2_000_000) };
    row(&format!("outage of 5 s that {kind:?}: top layer again after"), "s", false, |seed| {
        let run = run(&shape, seed, &[(Source::Layered, 0)], 40 * S);
        run.first(0, 25 * S, 40 * S, |s| s.layer == Some(2))
            .map_or(f64::INFINITY, |us| (us - 25 * S) as f64 / 1e6)
    });
}

fn shared() {
    let shape = Shape::steady(3_000_000);
    let two = |seed| run(&shape, seed, &[(Source::Elastic, 0), (Source::Elastic, 20 * S)], 120 * S);
    row("two on 3 Mbit/s, the second 20 s later: the smaller's share", "of half", true, |seed| {
        let run = two(seed);
        let shares = [0, 1].map(|who| run.arrived_bps(who, 60 * S, 120 * S));
        shares[0].min(shares[1]) * 2.0 / (shares[0] + shares[1])
    });
    row("    use", "of capacity", true, |seed| two(seed).used(60 * S, 120 * S));
}

fn main() {
    println!("{:<64} {:>9} {:>9}", format!("{SEEDS} seeds each"), "median", "worst");
    steady();
    noisy();
    cliff(2_000_000, 300_000);
    cliff(5_000_000, 500_000);
    outage(Outage::Drops);
    outage(Outage::Holds);
    shared();
}
