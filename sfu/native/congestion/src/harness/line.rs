//! A line that is slow, short, noisy, or gone for a while.

use super::random::Random;

/// What becomes of packets while the line is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// They are lost.
    Drops,
    /// They wait and come in one gush (a radio that hands over).
    Holds,
}

/// How a line behaves.
#[derive(Clone, Debug)]
pub struct Shape {
    /// From when on it carries how much, rising; the first from 0.
    pub capacity: Vec<(i64, u64)>,
    /// What its queue holds; more is lost.
    pub queue_bytes: usize,
    /// One way.
    pub delay_us: i64,
    /// Each packet takes up to this longer.
    pub jitter_us: i64,
    /// Jitter lets packets pass each other.
    pub reorders: bool,
    /// The share lost at random.
    pub loss: f64,
    /// How often a burst of loss begins, per packet, and how long it lasts.
    pub burst: (f64, i64),
    /// The share that arrives twice.
    pub twice: f64,
    /// The share that is late by 20 ms, so that others pass it.
    pub late: f64,
    /// When it is out, and how.
    pub outages: Vec<(i64, i64, Outage)>,
}

impl Shape {
    /// A clean line of one capacity: 25 ms each way, a quarter of a second of queue.
    pub fn steady(bps: u64) -> Self {
        Self {
            capacity: vec![(0, bps)],
            queue_bytes: (bps / 8 / 4).max(30_000) as usize,
            delay_us: 25_000,
            jitter_us: 0,
            reorders: false,
            loss: 0.0,
            burst: (0.0, 0),
            twice: 0.0,
            late: 0.0,
            outages: Vec::new(),
        }
    }

    /// What it carries at a time.
    pub fn capacity_at(&self, now_us: i64) -> u64 {
        self.capacity.iter().rev().find(|(from_us, _)| *from_us <= now_us).map_or(0, |&(_, bps)| bps)
    }
}

/// One direction of a line, shared by all who send into it.
#[derive(Debug)]
pub struct Line {
    shape: Shape,
    random: Random,
    free_us: i64,
    queue: std::collections::VecDeque<(i64, usize)>,
    queued_bytes: usize,
    last_out_us: i64,
    burst_until_us: i64,
}

impl Line {
    /// A line with its chance from a seed.
    pub fn new(shape: Shape, seed: u64) -> Self {
        Self {
            shape,
            random: Random::new(seed),
            free_us: 0,
            queue: std::collections::VecDeque::new(),
            queued_bytes: 0,
            last_out_us: 0,
            burst_until_us: 0,
        }
    }

    /// How it behaves.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// How long a packet that is sent now would wait.
    pub fn queue_us(&self, now_us: i64) -> i64 {
        (self.free_us - now_us).max(0)
    }

    /// A packet enters; the times at which it comes out: none when it is lost, two when doubled.
    pub fn send(&mut self, now_us: i64, bytes: usize) -> [Option<i64>; 2] {
        while self.queue.front().is_some_and(|&(out_us, _)| out_us <= now_us) {
            self.queued_bytes -= self.queue.pop_front().map_or(0, |(_, bytes)| bytes);
        }
        if self.queued_bytes + bytes > self.shape.queue_bytes {
            return [None, None];
        }
        self.free_us = self.served_us(self.free_us.max(now_us), bytes);
        self.queue.push_back((self.free_us, bytes));
        self.queued_bytes += bytes;
        let mut out_us = self.free_us;
        for &(from_us, until_us, outage) in &self.shape.outages {
            if (from_us..until_us).contains(&out_us) {
                match outage {
                    Outage::Drops => return [None, None],
                    Outage::Holds => out_us = until_us,
                }
            }
        }
        if self.random.chance(self.shape.burst.0) {
            self.burst_until_us = now_us + self.shape.burst.1;
        }
        if now_us < self.burst_until_us || self.random.chance(self.shape.loss) {
            return [None, None];
        }
        out_us += self.shape.delay_us + (self.random.unit() * self.shape.jitter_us as f64) as i64;
        if !self.shape.reorders {
            out_us = out_us.max(self.last_out_us);
            self.last_out_us = out_us;
        }
        if self.random.chance(self.shape.late) {
            out_us += 20_000;
        }
        let twice = self.random.chance(self.shape.twice);
        [Some(out_us), twice.then_some(out_us + 1_000)]
    }

    /// When a packet that begins now is through, across changes of the capacity.
    fn served_us(&self, from_us: i64, bytes: usize) -> i64 {
        let mut at_us = from_us;
        let mut bits = bytes as f64 * 8.0;
        loop {
            let bps = self.shape.capacity_at(at_us).max(1) as f64;
            let next_us = self.shape.capacity.iter().map(|&(us, _)| us).find(|&us| us > at_us);
            let end_us = at_us + (bits / bps * 1e6).ceil() as i64;
            match next_us {
                Some(next_us) if next_us < end_us => {
                    bits -= bps * (next_us - at_us) as f64 / 1e6;
                    at_us = next_us;
                }
                _ => return end_us,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_served_one_after_the_other_across_a_change() {
        let mut shape = Shape::steady(800_000);
        shape.capacity.push((15_000, 80_000));
        let mut line = Line::new(shape, 1);
        // 1,000 bytes take 10 ms; of the second, half goes at a tenth of the rate.
        assert_eq!(line.send(0, 1_000), [Some(35_000), None]);
        assert_eq!(line.send(0, 1_000), [Some(25_000 + 15_000 + 50_000), None]);
        assert_eq!(line.queue_us(0), 65_000);
    }

    #[test]
    fn a_full_queue_loses() {
        let mut line = Line::new(Shape::steady(800_000), 1);
        assert_eq!((0..40).filter(|_| line.send(0, 1_000)[0].is_none()).count(), 10);
    }
}
