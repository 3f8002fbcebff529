//! The loss-based rate (draft-ietf-rmcat-gcc-02 §6), with the loss that the line always has taken out.
//!
//! The draft's rule alone takes radio's random loss for congestion: at 10 % it walks down to nothing.
//! Loss that congestion makes comes and goes with what is sent, and random loss stays. So the loss of the
//! best of the last seconds counts as the line's own, and only what exceeds it, and what chance explains,
//! counts against the rate. On a line without loss of its own this is the draft.

use std::collections::VecDeque;

/// One window of verdicts is at least this long and this many packets.
const WINDOW_US: i64 = 400_000;
const PACKETS_MIN: u32 = 20;
/// Windows remembered.
const WINDOWS: usize = 20;
/// Fewer windows than this say nothing about the line's own loss.
const WINDOWS_MIN: usize = 4;
/// Windows judged together: fifty packets and more say what a line loses, twenty do not.
const TOGETHER: usize = 3;
/// More than this is never held to be the line's own: at 20 % a viewer is better served by a low layer.
const OWN_MAX: f64 = 0.12;
/// The thresholds and the factors of §6.
const HIGH: f64 = 0.10;
const LOW: f64 = 0.02;
const INCREASE: f64 = 1.05;
const DECREASE: f64 = 0.5;
/// §6 speaks of one report per second or so; the rate is not raised more often.
const RAISE_US: i64 = 1_000_000;

/// Loss alone never asks for less: a voice and the lowest layer of a camera. What a line loses below
/// that, sending less does not save.
const FLOOR_BPS: f64 = 200_000.0;

#[derive(Clone, Copy, Debug)]
struct Window {
    packets: u32,
    lost: u32,
}

#[derive(Debug)]
pub(crate) struct LossRate {
    windows: VecDeque<Window>,
    since_us: i64,
    packets: u32,
    lost: u32,
    /// None while loss does not bound the rate.
    bps: Option<f64>,
    raised_us: i64,
    excess: f64,
    fraction: f64,
}

impl LossRate {
    pub(crate) fn new(now_us: i64) -> Self {
        Self {
            windows: VecDeque::with_capacity(WINDOWS),
            since_us: now_us,
            packets: 0,
            lost: 0,
            bps: None,
            raised_us: now_us,
            excess: 0.0,
            fraction: 0.0,
        }
    }

    /// What loss allows; None: anything.
    pub(crate) fn bps(&self) -> Option<f64> {
        self.bps
    }

    /// A probe arrived at this rate.
    pub(crate) fn proven(&mut self, bps: f64) {
        self.bps = self.bps.map(|before| before.max(bps));
    }

    /// Loss of the last window.
    pub(crate) fn fraction(&self) -> f64 {
        self.fraction
    }

    /// Loss beyond the line's own in the last window: not the moment to try more.
    pub(crate) fn is_high(&self) -> bool {
        self.excess > LOW
    }

    /// One verdict.
    pub(crate) fn add(&mut self, lost: bool) {
        self.packets += 1;
        self.lost += u32::from(lost);
    }

    /// A packet that was taken for lost came after all: it had been overtaken.
    pub(crate) fn retract(&mut self) {
        self.lost = self.lost.saturating_sub(1);
    }

    /// Forgets the open window: its losses were an outage.
    pub(crate) fn excuse(&mut self, now_us: i64) {
        (self.packets, self.lost, self.since_us) = (0, 0, now_us);
        self.excess = 0.0;
    }

    /// After a report: closes the window when it is full. `bps` is the rate that loss may bound.
    pub(crate) fn update(&mut self, now_us: i64, bps: f64) {
        let passed_us = now_us - self.since_us;
        if self.packets < PACKETS_MIN || passed_us < WINDOW_US {
            return;
        }
        let window = Window { packets: self.packets, lost: self.lost };
        (self.packets, self.lost, self.since_us) = (0, 0, now_us);
        if self.windows.len() == WINDOWS {
            self.windows.pop_front();
        }
        self.windows.push_back(window);
        self.fraction = f64::from(window.lost) / f64::from(window.packets);
        self.excess = excess(self.fraction, self.own(), window.packets);
        self.follow(now_us, bps);
    }

    /// A receiver report spoke for a receiver that has no transport-cc (RFC 3550 §6.4.1).
    pub(crate) fn report(&mut self, now_us: i64, fraction: f64, bps: f64) {
        self.fraction = fraction;
        self.excess = fraction;
        self.follow(now_us, bps);
    }

    fn follow(&mut self, now_us: i64, bps: f64) {
        let bounded = self.bps.unwrap_or(bps).min(bps);
        let raises = now_us - self.raised_us >= RAISE_US;
        let followed = followed(bounded, self.excess);
        if followed < bounded {
            self.bps = Some(followed.max(FLOOR_BPS.min(bounded)));
            self.raised_us = now_us;
        } else if followed > bounded && raises {
            self.raised_us = now_us;
            // Beyond what the delay allows, loss no longer bounds.
            self.bps = self.bps.map(|before| before * INCREASE).filter(|&raised| raised < bps * 1.5);
        }
    }

    /// The loss that was there even at the best of times: that of the best `TOGETHER` windows in a row.
    fn own(&self) -> f64 {
        if self.windows.len() < WINDOWS_MIN {
            return 0.0;
        }
        let (older, newer) = self.windows.as_slices();
        let windows = [older, newer].concat();
        let fractions = windows.windows(TOGETHER).map(|together| {
            let packets: u32 = together.iter().map(|window| window.packets).sum();
            let lost: u32 = together.iter().map(|window| window.lost).sum();
            f64::from(lost) / f64::from(packets.max(1))
        });
        Some(fractions.fold(1.0, f64::min)).filter(|&best| best <= OWN_MAX).unwrap_or(0.0)
    }
}

/// What neither the line's own loss nor chance (two deviations) explains.
fn excess(fraction: f64, own: f64, packets: u32) -> f64 {
    let chance = 2.0 * (own * (1.0 - own) / f64::from(packets.max(1))).sqrt();
    ((fraction - own - chance) / (1.0 - own)).max(0.0)
}

/// `As(i)` of §6.
fn followed(bps: f64, fraction: f64) -> f64 {
    if fraction > HIGH {
        bps * (1.0 - DECREASE * fraction)
    } else if fraction < LOW {
        bps * INCREASE
    } else {
        bps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_rule_holds_on_a_line_without_loss_of_its_own() {
        assert!((followed(1e6, 0.20) - 0.9e6).abs() < 1e-6);
        assert!((followed(1e6, 0.05) - 1e6).abs() < 1e-6);
        assert!((followed(1e6, 0.01) - 1.05e6).abs() < 1e-6);
        assert!((excess(0.2, 0.0, 50) - 0.2).abs() < 1e-12);
    }

    #[test]
    fn loss_that_does_not_go_away_is_not_ours() {
        let mut loss = LossRate::new(0);
        let mut bps = 1e6;
        for window in 1..100 {
            for packet in 0..50 {
                loss.add(packet % 10 == 0);
            }
            loss.update(window * 400_000, bps);
            bps = loss.bps().unwrap_or(1e6);
        }
        assert!(bps > 0.9e6, "{bps}");
    }

    #[test]
    fn loss_that_comes_with_the_rate_lowers_it() {
        let mut loss = LossRate::new(0);
        let mut bps: f64 = 2e6;
        for window in 1..60 {
            let lost = (50.0 * (1.0 - 1e6 / bps).max(0.0)).round() as u32;
            for packet in 0..50 {
                loss.add(packet < lost);
            }
            loss.update(window * 400_000, bps);
            bps = loss.bps().unwrap_or(2e6);
        }
        assert!(bps < 1.3e6, "{bps}");
    }
}
