//! A seeded line in virtual time, for tests and figures: nothing waits, and a seed repeats a run exactly.

mod line;
mod random;
mod viewer;

pub use line::{Line, Outage, Shape};
pub use random::Random;
pub use viewer::{Sample, Source, Viewer};

/// The end of one run: what each viewer saw.
#[derive(Debug)]
pub struct Run {
    /// In the order in which they joined.
    pub viewers: Vec<Viewer>,
    shape: Shape,
}

/// Runs viewers on one shared line. `joins` gives each one's source and when he comes, in microseconds.
pub fn run(shape: &Shape, seed: u64, joins: &[(Source, i64)], until_us: i64) -> Run {
    let mut line = Line::new(shape.clone(), seed);
    let mut viewers: Vec<Viewer> = Vec::new();
    let mut waiting = joins.iter().zip(seed..).peekable();
    for now_us in (0..until_us).step_by(1_000) {
        while let Some((&(source, _), seed)) = waiting.next_if(|((_, at_us), _)| *at_us <= now_us) {
            viewers.push(Viewer::new(source, seed, now_us));
        }
        for viewer in &mut viewers {
            viewer.step(now_us, &mut line);
        }
    }
    Run { viewers, shape: shape.clone() }
}

impl Run {
    /// The record of one viewer within a span.
    pub fn span(&self, viewer: usize, from_us: i64, until_us: i64) -> &[Sample] {
        let samples = &self.viewers[viewer].samples;
        let from = samples.partition_point(|sample| sample.at_us < from_us);
        let until = samples.partition_point(|sample| sample.at_us < until_us);
        &samples[from..until]
    }

    /// What arrived per second within a span.
    pub fn arrived_bps(&self, viewer: usize, from_us: i64, until_us: i64) -> f64 {
        let span = self.span(viewer, from_us, until_us);
        match (span.first(), span.last()) {
            (Some(first), Some(last)) if last.at_us > first.at_us => {
                (last.arrived_bytes - first.arrived_bytes) as f64 * 8e6 / (last.at_us - first.at_us) as f64
            }
            _ => 0.0,
        }
    }

    /// What of the capacity all viewers together used.
    pub fn used(&self, from_us: i64, until_us: i64) -> f64 {
        let arrived: f64 = (0..self.viewers.len()).map(|who| self.arrived_bps(who, from_us, until_us)).sum();
        arrived / self.shape.capacity_at(from_us) as f64
    }

    /// The longest queue that stood for a second: the worst median of ten samples in a row.
    pub fn standing_queue_us(&self, from_us: i64, until_us: i64) -> i64 {
        let queues = self.span(0, from_us, until_us).windows(10).map(|second| {
            let mut queues: Vec<i64> = second.iter().map(|sample| sample.queue_us).collect();
            queues.sort_unstable();
            queues[5]
        });
        queues.max().unwrap_or(0)
    }

    /// The first time in a span at which something is so.
    pub fn first(
        &self,
        viewer: usize,
        from_us: i64,
        until_us: i64,
        is_so: impl Fn(&Sample) -> bool,
    ) -> Option<i64> {
        self.span(viewer, from_us, until_us).iter().find(|sample| is_so(sample)).map(|sample| sample.at_us)
    }

    /// The highest rate sent over half a second within a span, as a multiple of the capacity.
    pub fn overshoot(&self, viewer: usize, from_us: i64, until_us: i64) -> f64 {
        let span = self.span(viewer, from_us, until_us);
        let rates = span.windows(6).map(|half| {
            let bits = (half[5].sent_bytes - half[0].sent_bytes) as f64 * 8.0;
            bits * 1e6 / (half[5].at_us - half[0].at_us) as f64 / self.shape.capacity_at(half[0].at_us) as f64
        });
        rates.fold(0.0, f64::max)
    }
}
