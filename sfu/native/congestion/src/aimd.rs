//! The delay-based rate (draft-ietf-rmcat-gcc-02 §5.5): up while no queue grows, down when one does.

use crate::delay::Usage;

/// beta (§5.5).
const DECREASE: f64 = 0.85;
/// A queue this long must drain faster than beta drains it …
const LONG_QUEUE_US: i64 = 90_000;
/// … so the rate falls to this share of what arrives until it has.
const DECREASE_LONG: f64 = 0.7;
/// eta (§5.5), per second.
const INCREASE_PER_S: f64 = 1.08;
/// A rate is raised at most to this multiple of what arrives, and a little (§5.5).
const UNPROVEN: f64 = 1.5;
const UNPROVEN_BPS: f64 = 10_000.0;
/// One answer per round trip and this; the viewer reports every 50 to 100 ms.
const ANSWER_US: i64 = 100_000;
/// Where the line was full is known this exactly (three deviations in `WebRTC`).
const NEAR: f64 = 0.10;

/// The states of §5.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Hold,
    Increase,
    Decrease,
}

#[derive(Debug)]
pub(crate) struct Aimd {
    bps: f64,
    state: State,
    /// Where the line was full, averaged.
    link_bps: Option<f64>,
    changed_us: i64,
    lowered_us: Option<i64>,
}

impl Aimd {
    pub(crate) fn new(now_us: i64, bps: f64) -> Self {
        Self { bps, state: State::Increase, link_bps: None, changed_us: now_us, lowered_us: None }
    }

    pub(crate) fn bps(&self) -> f64 {
        self.bps
    }

    /// Another part proved or disproved a rate.
    pub(crate) fn set(&mut self, now_us: i64, bps: f64) {
        if self.link_bps.is_some_and(|link_bps| bps > link_bps * (1.0 + NEAR)) {
            self.link_bps = None;
        }
        self.bps = bps;
        self.changed_us = now_us;
    }

    /// One report. Returns whether the rate was lowered.
    pub(crate) fn update(
        &mut self,
        now_us: i64,
        usage: Usage,
        queue_us: i64,
        rtt_us: i64,
        arrived: Arrived,
    ) -> bool {
        self.state = match (usage, self.state) {
            (Usage::Over, _) => State::Decrease,
            (Usage::Under, _) | (Usage::Normal, State::Decrease) => State::Hold,
            (Usage::Normal, State::Hold | State::Increase) => State::Increase,
        };
        let passed_us = (now_us - self.changed_us).clamp(0, 1_000_000);
        self.changed_us = now_us;
        match self.state {
            State::Hold => false,
            State::Increase => {
                self.increase(passed_us as f64 / 1e6, rtt_us, arrived.bps);
                false
            }
            State::Decrease => self.decrease(now_us, queue_us, rtt_us, arrived),
        }
    }

    fn increase(&mut self, passed_s: f64, rtt_us: i64, arrived_bps: Option<f64>) {
        if let (Some(link_bps), Some(arrived_bps)) = (self.link_bps, arrived_bps)
            && arrived_bps > link_bps * (1.0 + NEAR)
        {
            self.link_bps = None; // It carries more than when it was full.
        }
        let near = self.link_bps.is_some_and(|link_bps| self.bps > link_bps * (1.0 - 2.0 * NEAR));
        let raised = if near {
            self.bps + (additive_bps_per_s(self.bps, rtt_us) * passed_s).max(1_000.0 * passed_s)
        } else {
            self.bps * INCREASE_PER_S.powf(passed_s)
        };
        // What was never sent proves nothing.
        let bound = arrived_bps.map_or(self.bps, |bps| UNPROVEN * bps + UNPROVEN_BPS);
        self.bps = self.bps.max(raised.min(bound));
    }

    fn decrease(&mut self, now_us: i64, queue_us: i64, rtt_us: i64, arrived: Arrived) -> bool {
        let Some(arrived_bps) = arrived.bps else {
            return false;
        };
        // While a queue stands the line is busy all the time: what came last is what it carries. The half
        // second remembers other times, better before a cliff and idle before a key frame.
        let line_bps = arrived.latest_bps.unwrap_or(arrived_bps);
        let early = self.lowered_us.is_some_and(|us| now_us - us < rtt_us + ANSWER_US);
        if early && line_bps > 0.5 * self.bps {
            return false;
        }
        let share = if queue_us > LONG_QUEUE_US { DECREASE_LONG } else { DECREASE };
        let lowered = share * line_bps;
        if lowered >= self.bps {
            return false;
        }
        self.link_bps = Some(match self.link_bps {
            Some(link_bps) if (line_bps / link_bps - 1.0).abs() < 2.0 * NEAR => {
                link_bps + (line_bps - link_bps) * 0.05
            }
            _ => line_bps,
        });
        self.bps = lowered;
        self.lowered_us = Some(now_us);
        true
    }
}

/// What the viewer got, in bits per second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived {
    /// Over half a second.
    pub(crate) bps: Option<f64>,
    /// Over the last 150 ms.
    pub(crate) latest_bps: Option<f64>,
}

/// Half a packet per response time, near convergence (§5.5), but no faster than this share of a slow line:
/// at 300 kbit/s half a packet is a tenth of the rate, and each second a queue of its own.
const ADDITIVE_PER_S_MAX: f64 = 0.04;

/// What is added in a second near convergence.
fn additive_bps_per_s(bps: f64, rtt_us: i64) -> f64 {
    let bits_per_frame = bps / 30.0;
    let packets_per_frame = (bits_per_frame / (1_200.0 * 8.0)).ceil().max(1.0);
    let packet_bits = bits_per_frame / packets_per_frame;
    let response_s = (100_000 + rtt_us) as f64 / 1e6;
    (0.5 * packet_bits / response_s).min(ADDITIVE_PER_S_MAX * bps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrived(bps: f64) -> Arrived {
        Arrived { bps: Some(bps), latest_bps: Some(bps) }
    }

    #[test]
    fn the_published_factors_hold() {
        let mut aimd = Aimd::new(0, 1e6);
        // eta: 1.08 per second.
        for i in 1..=10 {
            aimd.update(i * 100_000, Usage::Normal, 0, 50_000, arrived(2e6));
        }
        assert!((aimd.bps() / 1.08e6 - 1.0).abs() < 1e-6, "{}", aimd.bps());
        // beta: 0.85 of what arrives.
        assert!(aimd.update(1_100_000, Usage::Over, 30_000, 50_000, arrived(1e6)));
        assert!((aimd.bps() - 0.85e6).abs() < 1.0);
        // Near where the line was full: half a packet per response time of rtt + 100 ms. 0.85 Mbit/s is
        // 28,333 bits per frame in 3 packets; 0.5 * 9,444 / 0.15 s = 31.5 kbit/s in a second.
        assert!((additive_bps_per_s(0.85e6, 50_000) - 31_481.0).abs() < 1.0);
        let before = aimd.bps();
        aimd.update(1_200_000, Usage::Normal, 0, 50_000, arrived(0.85e6)); // Decrease, then Hold …
        assert!((aimd.bps() - before).abs() < 1e-9);
        aimd.update(2_200_000, Usage::Normal, 0, 50_000, arrived(0.85e6)); // … then Increase.
        assert!((aimd.bps() - before - 31_481.0).abs() < 1.0);
    }

    #[test]
    fn what_was_not_sent_is_not_believed() {
        let mut aimd = Aimd::new(0, 1e6);
        for i in 1..1_000 {
            aimd.update(i * 100_000, Usage::Normal, 0, 50_000, arrived(1e6));
        }
        assert!((aimd.bps() - (1.5e6 + 10_000.0)).abs() < 1.0);
    }

    #[test]
    fn underuse_holds() {
        let mut aimd = Aimd::new(0, 1e6);
        aimd.update(1_000_000, Usage::Under, 0, 50_000, arrived(1e6));
        assert!((aimd.bps() - 1e6).abs() < 1e-9);
    }
}
