//! Does a queue grow on the line? (draft-ietf-rmcat-gcc-02 §5.2–5.4, with the trend line that later
//! `WebRTC` put in the place of the Kalman filter.)

use std::collections::VecDeque;

/// Packets sent within this are one group: pacing, not the line, spaced them (§5.2).
const BURST_US: i64 = 5_000;
/// A group that arrives in one gush does not grow beyond this.
const BURST_LONGEST_US: i64 = 100_000;
/// Points of the trend line, groups counted as weight, and gain: the values of `WebRTC`.
const TREND_GROUPS: usize = 20;
const GROUPS_COUNTED_MAX: u32 = 60;
const TREND_GAIN: f64 = 4.0;
const SMOOTHING: f64 = 0.1;
/// `del_var_th` at the start and its bounds (§5.4).
const THRESHOLD_MS: f64 = 12.5;
const THRESHOLD_MIN_MS: f64 = 6.0;
const THRESHOLD_MAX_MS: f64 = 600.0;
/// A measure that is this far beyond the threshold does not move it (§5.4).
const OUTLIER_MS: f64 = 15.0;
/// `K_u` and `K_d` per millisecond. The draft gives 0.01 and 0.00018 for the Kalman filter's estimate;
/// these are the ones that `WebRTC` uses with the trend line.
const PACE_UP: f64 = 0.0087;
const PACE_DOWN: f64 = 0.039;
/// `overuse_time_th` (§5.4): a trend that lasts this long is no accident …
const OVERUSE_MS: f64 = 10.0;
/// … if a queue stands, too: a busy computer delays packets without one, and so does radio; and the queue
/// that a key frame makes is gone after this.
const QUEUE_MIN_US: i64 = 30_000;
const STANDS_US: i64 = 120_000;
/// A queue that stands this long and grows needs no second opinion: on a line that falls off a cliff the
/// groups come so slowly that the trend sees it late.
const QUEUE_LONG_US: i64 = 80_000;
/// The shortest way is remembered for one to two of these; clocks drift.
const BASE_WINDOW_US: i64 = 15_000_000;
/// A hole this long in either clock begins a new measurement.
const HOLE_US: i64 = 3_000_000;
/// Jumps of a viewer's clock beyond this are cut; nothing is estimated from them.
const JUMP_MAX_US: i64 = 1 << 40;

/// What the trend of the one-way delay says about the queue on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    Normal,
    Over,
    Under,
}

/// The shortest one-way time seen lately; what a packet takes longer, it waited in a queue.
///
/// The two clocks are not set alike, so only differences mean something.
#[derive(Debug, Default)]
struct BaseDelay {
    before_us: Option<i64>,
    now_us: Option<i64>,
    since_us: i64,
}

impl BaseDelay {
    fn queue_us(&mut self, sent_us: i64, arrived_us: i64) -> i64 {
        let took_us = arrived_us - sent_us;
        let shortest_us = match self.now_us {
            Some(shortest_us) if sent_us - self.since_us <= BASE_WINDOW_US => shortest_us.min(took_us),
            before => {
                self.before_us = before;
                self.since_us = sent_us;
                took_us
            }
        };
        self.now_us = Some(shortest_us);
        took_us - self.before_us.map_or(shortest_us, |before_us| before_us.min(shortest_us))
    }
}

/// The shortest queue of the last while, in two halves.
#[derive(Debug, Default)]
struct Standing {
    before_us: i64,
    now_us: i64,
    since_us: i64,
}

impl Standing {
    fn add(&mut self, arrived_us: i64, queue_us: i64) {
        if (arrived_us - self.since_us).abs() >= STANDS_US / 2 {
            (self.before_us, self.now_us, self.since_us) = (self.now_us, queue_us, arrived_us);
        }
        self.now_us = self.now_us.min(queue_us);
    }

    fn shortest_us(&self) -> i64 {
        self.before_us.min(self.now_us)
    }
}

#[derive(Clone, Copy, Debug)]
struct Group {
    first_sent_us: i64,
    first_arrived_us: i64,
    sent_us: i64,
    arrived_us: i64,
}

/// Delay gradient between groups of packets against an adaptive threshold.
#[derive(Debug)]
pub(crate) struct DelayTrend {
    base: BaseDelay,
    queue_us: i64,
    standing: Standing,
    open: Option<Group>,
    previous: Option<Group>,
    origin_us: i64,
    delay_ms: f64,
    smoothed_ms: f64,
    points: VecDeque<(f64, f64)>,
    groups: u32,
    slope: f64,
    threshold_ms: f64,
    updated_us: Option<i64>,
    over_ms: f64,
    over_times: u32,
    usage: Usage,
}

impl DelayTrend {
    pub(crate) fn new() -> Self {
        Self {
            base: BaseDelay::default(),
            queue_us: 0,
            standing: Standing::default(),
            open: None,
            previous: None,
            origin_us: 0,
            delay_ms: 0.0,
            smoothed_ms: 0.0,
            points: VecDeque::with_capacity(TREND_GROUPS),
            groups: 0,
            slope: 0.0,
            threshold_ms: THRESHOLD_MS,
            updated_us: None,
            over_ms: 0.0,
            over_times: 0,
            usage: Usage::Normal,
        }
    }

    /// Begins the trend anew; the shortest way stays known.
    pub(crate) fn restart(&mut self) {
        let base = std::mem::take(&mut self.base);
        *self = Self { base, threshold_ms: self.threshold_ms, ..Self::new() };
    }

    /// An overuse that was answered must show again.
    pub(crate) fn answered(&mut self) {
        if self.usage == Usage::Over {
            self.usage = Usage::Normal;
        }
    }

    pub(crate) fn usage(&self) -> Usage {
        self.usage
    }

    /// How much longer than the shortest way the last packet took.
    pub(crate) fn queue_us(&self) -> i64 {
        self.queue_us
    }

    /// The queue that even the luckiest of the last packets found.
    pub(crate) fn standing_us(&self) -> i64 {
        self.standing.shortest_us()
    }

    /// One arrived packet, in sending order.
    pub(crate) fn add(&mut self, sent_us: i64, arrived_us: i64) {
        self.queue_us = self.base.queue_us(sent_us, arrived_us);
        self.standing.add(arrived_us, self.queue_us);
        let Some(open) = &mut self.open else {
            self.begin(sent_us, arrived_us);
            return;
        };
        let sent_gap_us = sent_us - open.sent_us;
        let arrived_gap_us = arrived_us - open.arrived_us;
        if sent_gap_us.abs() > HOLE_US || arrived_gap_us.abs() > HOLE_US {
            self.restart();
            self.begin(sent_us, arrived_us);
            return;
        }
        // What left apart but came together waited together: one group (`WebRTC`'s burst rule).
        let gushed = arrived_gap_us <= BURST_US
            && arrived_gap_us < sent_gap_us
            && arrived_us - open.first_arrived_us < BURST_LONGEST_US;
        if sent_us - open.first_sent_us <= BURST_US || gushed {
            open.sent_us = open.sent_us.max(sent_us);
            open.arrived_us = open.arrived_us.max(arrived_us);
            return;
        }
        let closed = *open;
        self.close(closed);
        self.begin(sent_us, arrived_us);
    }

    fn begin(&mut self, sent_us: i64, arrived_us: i64) {
        self.open = Some(Group { first_sent_us: sent_us, first_arrived_us: arrived_us, sent_us, arrived_us });
    }

    fn close(&mut self, group: Group) {
        if let Some(previous) = self.previous.replace(group) {
            // d(i) = t(i) - t(i-1) - (T(i) - T(i-1)) (§5.2).
            let sent_ms = (group.sent_us - previous.sent_us) as f64 / 1e3;
            let arrived_ms = (group.arrived_us - previous.arrived_us) as f64 / 1e3;
            self.update(sent_ms, arrived_ms, group.arrived_us);
        } else {
            self.origin_us = group.arrived_us;
        }
    }

    fn update(&mut self, sent_ms: f64, arrived_ms: f64, arrived_us: i64) {
        self.groups = (self.groups + 1).min(GROUPS_COUNTED_MAX);
        self.delay_ms += arrived_ms - sent_ms;
        self.smoothed_ms += (self.delay_ms - self.smoothed_ms) * SMOOTHING;
        if self.points.len() == TREND_GROUPS {
            self.points.pop_front();
        }
        self.points.push_back(((arrived_us - self.origin_us) as f64 / 1e3, self.smoothed_ms));
        let slope = if self.points.len() == TREND_GROUPS { slope(&self.points) } else { self.slope };
        let trend_ms = f64::from(self.groups) * slope * TREND_GAIN;
        self.judge(trend_ms, slope, sent_ms);
        self.slope = slope;
        self.adapt(trend_ms, arrived_us);
    }

    fn judge(&mut self, trend_ms: f64, slope: f64, sent_ms: f64) {
        if slope > 0.0 && self.standing_us() > QUEUE_LONG_US {
            self.usage = Usage::Over;
            return;
        }
        if trend_ms > self.threshold_ms {
            self.over_ms += sent_ms.max(0.0);
            self.over_times += 1;
            let lasts = self.over_ms > OVERUSE_MS && self.over_times > 1 && slope >= self.slope;
            if lasts && self.standing_us() > QUEUE_MIN_US {
                self.over_ms = 0.0;
                self.over_times = 0;
                self.usage = Usage::Over;
            }
            return;
        }
        self.over_ms = 0.0;
        self.over_times = 0;
        self.usage = if trend_ms < -self.threshold_ms { Usage::Under } else { Usage::Normal };
    }

    /// The threshold follows slowly, so that a flow that fills the queue does not starve us (§5.4; De
    /// Cicco, Carlucci, Mascolo: Analysis and Design of the Google Congestion Control, `MMSys` 2016, §4.2).
    fn adapt(&mut self, trend_ms: f64, arrived_us: i64) {
        let passed_ms = (arrived_us - self.updated_us.unwrap_or(arrived_us)).clamp(0, 100_000) as f64 / 1e3;
        self.updated_us = Some(arrived_us);
        self.threshold_ms = adapted(self.threshold_ms, trend_ms, passed_ms);
    }
}

/// `del_var_th(i) = del_var_th(i-1) + (t(i)-t(i-1)) * K(i) * (|m(i)| - del_var_th(i-1))` (§5.4).
fn adapted(threshold_ms: f64, trend_ms: f64, passed_ms: f64) -> f64 {
    let beyond_ms = trend_ms.abs() - threshold_ms;
    if beyond_ms > OUTLIER_MS {
        return threshold_ms;
    }
    let pace = if beyond_ms < 0.0 { PACE_DOWN } else { PACE_UP };
    (threshold_ms + pace * beyond_ms * passed_ms).clamp(THRESHOLD_MIN_MS, THRESHOLD_MAX_MS)
}

/// Least squares.
fn slope(points: &VecDeque<(f64, f64)>) -> f64 {
    let count = points.len() as f64;
    let mean_x = points.iter().map(|point| point.0).sum::<f64>() / count;
    let mean_y = points.iter().map(|point| point.1).sum::<f64>() / count;
    let spread: f64 = points.iter().map(|point| (point.0 - mean_x).powi(2)).sum();
    if spread == 0.0 {
        return 0.0;
    }
    points.iter().map(|point| (point.0 - mean_x) * (point.1 - mean_y)).sum::<f64>() / spread
}

/// Keeps a viewer's times where they can be calculated with.
pub(crate) fn bounded_us(arrived_us: i64) -> i64 {
    arrived_us.clamp(-(JUMP_MAX_US << 17), JUMP_MAX_US << 17)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups 10 ms apart; each arrives `extra_us` later relative to the one before.
    fn fed(trend: &mut DelayTrend, from: i64, groups: i64, extra_us: i64) -> bool {
        let mut over = false;
        let late_us = trend.queue_us;
        for i in 0..groups {
            trend.add((from + i) * 10_000, (from + i) * 10_000 + late_us + i * extra_us);
            over |= trend.usage() == Usage::Over;
        }
        over
    }

    #[test]
    fn a_steady_line_is_used_normally() {
        let mut trend = DelayTrend::new();
        assert!(!fed(&mut trend, 0, 500, 0));
        assert_eq!(trend.usage(), Usage::Normal);
    }

    #[test]
    fn a_queue_that_grows_is_overuse_within_half_a_second_and_one_that_drains_is_underuse() {
        let mut trend = DelayTrend::new();
        fed(&mut trend, 0, 100, 0);
        assert!(fed(&mut trend, 100, 50, 2_000));
        fed(&mut trend, 150, 20, -4_000);
        assert_eq!(trend.usage(), Usage::Under);
    }

    #[test]
    fn the_slope_of_a_straight_line_is_its_own() {
        let points = (0..20).map(|i| (f64::from(i) * 10.0, f64::from(i) * 2.5)).collect();
        assert!((slope(&points) - 0.25).abs() < 1e-12);
        assert!(slope(&VecDeque::from([(1.0, 2.0); 20])).abs() < 1e-12);
    }

    #[test]
    fn the_threshold_follows_the_published_equation() {
        // 12.5 + 10 ms * 0.0087 * (20 - 12.5) = 13.1525 and 12.5 + 10 * 0.039 * (2 - 12.5) = 8.405.
        assert!((adapted(12.5, 20.0, 10.0) - 13.1525).abs() < 1e-9);
        assert!((adapted(12.5, -2.0, 10.0) - 8.405).abs() < 1e-9);
        // More than 15 beyond: an outlier; and the bounds [6, 600] of §5.4.
        assert!((adapted(12.5, 27.6, 10.0) - 12.5).abs() < 1e-9);
        assert!((adapted(6.0, 0.0, 100.0) - 6.0).abs() < 1e-9);
    }

    #[test]
    fn what_a_packet_waited_is_measured_against_the_shortest_way() {
        let mut base = BaseDelay::default();
        assert_eq!(base.queue_us(0, -500), 0);
        assert_eq!(base.queue_us(1_000, 600), 100);
        assert_eq!(base.queue_us(2_000, 1_400), 0);
        assert_eq!(base.queue_us(20_000_000, 20_000_000), 600);
    }
}
