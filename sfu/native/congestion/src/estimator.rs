//! The estimate of one line: what the parts say, together.

use crate::acknowledged::Acknowledged;
use crate::aimd::{Aimd, Arrived};
use crate::clock::Monotonic;
use crate::delay::{DelayTrend, Usage, bounded_us};
use crate::departures::{Departures, Fate};
use crate::loss::LossRate;
use crate::probing::Prober;
use crate::report::{Report, ReportError};
use crate::{BPS_MAX, BPS_MIN, BPS_START, BYTES_MAX, Kind, Probe, ProbeId};

/// A wish is met when this much fits: the allocator asks for headroom before it raises a layer.
const WISH_ROOM: f64 = 1.25;
/// A viewer reports every 50 to 100 ms; silence is this and some round trips with packets on their way.
const SILENT_US: i64 = 400_000;
const SILENT_ROUND_TRIPS: i64 = 3;
/// After silence the line is back when its queue is shorter than this …
const BACK_QUEUE_US: i64 = 150_000;
/// … or when reports have come for this long: then the queue is the line's new habit.
const BACK_US: i64 = 1_500_000;
/// A line that was silent for longer may be another line.
const REMEMBERED_US: i64 = 30_000_000;
/// Of the rate before the silence, what is sent at once when the line is back.
const BACK_SHARE: f64 = 0.9;
/// While a queue stands longer than this, more is not tried.
const PROBE_QUEUE_US: i64 = 60_000;
/// The round trip until one is measured, and its bounds.
const RTT_US: i64 = 100_000;
const RTT_MIN_US: i64 = 1_000;
const RTT_MAX_US: i64 = 2_000_000;
/// Without transport-cc: raised to at most this multiple of what is sent.
const REPORTED_UNPROVEN: f64 = 1.5;
/// What is sent is counted in halves of this.
const SENT_WINDOW_US: i64 = 500_000;

/// What a report told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// The estimate fell: allocate now, do not wait for the next round.
    pub fell: bool,
    /// The line is back after a silence: forget why layers fell (`Allocator::recovered`) and allocate.
    pub recovered: bool,
}

/// Figures for statistics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// What may be sent.
    pub bps: u64,
    /// What the delay alone would allow.
    pub delay_bps: u64,
    /// What loss alone would allow, when it bounds.
    pub loss_bps: Option<u64>,
    /// What really arrived in the last half second.
    pub arrived_bps: Option<u64>,
    /// What was sent lately.
    pub sent_bps: u64,
    /// Loss of the last window, 0 to 1.
    pub loss: f64,
    /// How much longer than the shortest way the last packet took.
    pub queue_us: i64,
    /// Smoothed round trip.
    pub rtt_us: i64,
    /// Nothing is heard although packets are on their way.
    pub silent: bool,
}

/// The send-side estimate of the line to one viewer.
///
/// After `draft-ietf-rmcat-gcc-02`: delay gradient, loss and acknowledged rate, with probes. Receivers
/// without transport-cc are estimated from REMB and the loss of their receiver reports.
#[derive(Debug)]
pub struct Estimator {
    clock: Monotonic,
    departures: Departures,
    report: Report,
    fates: Vec<Fate>,
    trend: DelayTrend,
    acknowledged: Acknowledged,
    delay: Aimd,
    loss: LossRate,
    prober: Prober,
    sent: SentRate,
    wanted_bps: f64,
    cap_bps: Option<f64>,
    rtt_us: Option<i64>,
    heard_us: Option<i64>,
    silence: Option<Silence>,
    excused_before_us: i64,
}

#[derive(Clone, Copy, Debug)]
struct Silence {
    since_us: i64,
    before_bps: f64,
    /// The first report after it.
    ended_us: Option<i64>,
}

impl Estimator {
    /// Begins with [`BPS_START`].
    pub fn new(now_us: i64) -> Self {
        let clock = Monotonic::new(now_us);
        let now_us = clock.now_us();
        Self {
            clock,
            departures: Departures::default(),
            report: Report::default(),
            fates: Vec::new(),
            trend: DelayTrend::new(),
            acknowledged: Acknowledged::default(),
            delay: Aimd::new(now_us, BPS_START as f64),
            loss: LossRate::new(now_us),
            prober: Prober::new(now_us),
            sent: SentRate::new(now_us),
            wanted_bps: 0.0,
            cap_bps: None,
            rtt_us: None,
            heard_us: None,
            silence: None,
            excused_before_us: i64::MIN,
        }
    }

    /// What may be sent, in bits per second of whole UDP payloads.
    pub fn bps(&self) -> u64 {
        if self.silence.is_some() {
            return BPS_MIN; // Into silence goes only sound: enough to notice that the line is back.
        }
        (self.unsilenced_bps() as u64).clamp(BPS_MIN, BPS_MAX)
    }

    /// The transport-wide sequence number that the next packet carries.
    pub fn number(&self) -> u16 {
        self.departures.number()
    }

    /// Notes that the packet with [`Estimator::number`] left.
    pub fn sent(&mut self, now_us: i64, bytes: usize, kind: Kind, probe: Option<ProbeId>) {
        let (now_us, bytes) = (self.clock.advance(now_us), bytes.min(BYTES_MAX));
        self.sent.add(now_us, bytes);
        self.departures.add(now_us, bytes, kind, probe);
    }

    /// Notes that a packet without a transport-wide number left (a receiver without transport-cc).
    pub fn sent_unnumbered(&mut self, now_us: i64, bytes: usize) {
        let (now_us, bytes) = (self.clock.advance(now_us), bytes.min(BYTES_MAX));
        self.sent.add(now_us, bytes);
    }

    /// What all that the viewer watches would need (`Shares::wish_bps`): nothing beyond it is probed.
    pub fn want(&mut self, bps: u64) {
        self.wanted_bps = bps.min(BPS_MAX) as f64;
    }

    /// The smoothed round trip of RTCP, which sets how fast the rate answers.
    pub fn round_trip(&mut self, rtt_us: i64) {
        self.rtt_us = Some(rtt_us.clamp(RTT_MIN_US, RTT_MAX_US));
    }

    /// The viewer says himself what fits (REMB): never more than that.
    pub fn remb(&mut self, bps: u64) {
        self.cap_bps = Some(bps.clamp(BPS_MIN, BPS_MAX) as f64);
    }

    /// The worst `fraction lost` (of 256) of a receiver report. Ignored while transport-cc is heard.
    pub fn receiver_report(&mut self, now_us: i64, fraction_lost: u8) {
        let now_us = self.clock.advance(now_us);
        if self.heard_us.is_some() {
            return;
        }
        let fraction = f64::from(fraction_lost) / 256.0;
        let bps = self.delay.bps();
        self.loss.report(now_us, fraction, bps);
        if self.loss.bps().is_none() {
            let bound = self.cap_bps.unwrap_or(REPORTED_UNPROVEN * self.sent.bps(now_us));
            let raised = (bps * 1.05).min(bound).clamp(bps, BPS_MAX as f64);
            self.delay.set(now_us, raised);
        }
    }

    /// A transport-cc report: the bytes of an RTPFB packet with FMT 15 after both SSRCs.
    ///
    /// # Errors
    /// The report is malformed; nothing changed.
    pub fn feedback(&mut self, now_us: i64, body: &[u8]) -> Result<Heard, ReportError> {
        let now_us = self.clock.advance(now_us);
        self.report.read(body)?;
        self.fates.clear();
        self.departures.judge(&self.report, &mut self.fates);
        if self.fates.is_empty() {
            return Ok(Heard::default());
        }
        let before_bps = self.bps();
        let over = self.account(now_us);
        self.heard_us = Some(now_us);
        let recovered = self.silence.is_some() && self.end_silence(now_us);
        if self.silence.is_none() && !recovered {
            self.follow(now_us, over);
        }
        Ok(Heard { fell: self.bps() < before_bps, recovered })
    }

    /// Call at least every 10 to 50 ms while packets flow: notices silence, and says what to probe.
    pub fn poll(&mut self, now_us: i64) -> Option<Probe> {
        let now_us = self.clock.advance(now_us);
        self.notice_silence(now_us);
        let quiet = self.heard_us.is_none() || self.silence.is_some();
        let waits = self.trend.usage() != Usage::Normal || self.trend.standing_us() > PROBE_QUEUE_US;
        if quiet || waits || self.loss.is_high() {
            return None;
        }
        let bps = self.unsilenced_bps();
        let cap_bps = self.cap_bps.unwrap_or(BPS_MAX as f64);
        self.prober.poll(now_us, bps, (self.wanted_bps * WISH_ROOM).min(cap_bps))
    }

    /// For statistics.
    pub fn figures(&self) -> Figures {
        Figures {
            bps: self.bps(),
            delay_bps: self.delay.bps() as u64,
            loss_bps: self.loss.bps().map(|bps| bps as u64),
            arrived_bps: self.acknowledged.bps().map(|bps| bps as u64),
            sent_bps: self.sent.bps(self.clock.now_us()) as u64,
            loss: self.loss.fraction(),
            queue_us: self.trend.queue_us(),
            rtt_us: self.rtt_us(),
            silent: self.silence.is_some(),
        }
    }

    fn unsilenced_bps(&self) -> f64 {
        let bps = self.loss.bps().map_or(self.delay.bps(), |loss_bps| loss_bps.min(self.delay.bps()));
        self.cap_bps.map_or(bps, |cap_bps| cap_bps.min(bps))
    }

    fn rtt_us(&self) -> i64 {
        self.rtt_us.unwrap_or(RTT_US)
    }

    /// Tells every part what became of the packets; returns whether a queue grows.
    fn account(&mut self, now_us: i64) -> bool {
        self.trend.answered();
        let mut over = false;
        let mut latest_sent_us = None;
        for fate in &self.fates {
            let excused = fate.sent_us < self.excused_before_us || self.silence.is_some();
            let Some(arrived_us) = fate.arrived_us.map(bounded_us) else {
                if !excused {
                    self.loss.add(true);
                }
                continue;
            };
            if fate.late {
                self.loss.retract();
            } else if !excused {
                self.loss.add(false);
            }
            self.acknowledged.add(arrived_us, fate.bytes);
            self.trend.add(fate.sent_us, arrived_us);
            over |= self.trend.usage() == Usage::Over;
            self.prober.add(fate, arrived_us);
            latest_sent_us = latest_sent_us.max(Some(fate.sent_us));
        }
        if let Some(sent_us) = latest_sent_us {
            // The last packet's way and its report's way back: an upper bound of the round trip.
            let sample_us = (now_us - sent_us).clamp(RTT_MIN_US, RTT_MAX_US);
            let rtt_us = self.rtt_us.unwrap_or(sample_us);
            self.rtt_us = Some(rtt_us + (sample_us - rtt_us) / 8);
        }
        over
    }

    fn follow(&mut self, now_us: i64, over: bool) {
        let usage = if over { Usage::Over } else { self.trend.usage() };
        let usage = if usage == Usage::Normal && self.loss.is_high() { Usage::Under } else { usage };
        let arrived = Arrived { bps: self.acknowledged.bps(), latest_bps: self.acknowledged.latest_bps() };
        if self.delay.update(now_us, usage, self.trend.standing_us(), self.rtt_us(), arrived) {
            self.prober.cancel(now_us);
        }
        self.loss.update(now_us, self.delay.bps());
        if let Some(proven_bps) = self.prober.finish(now_us)
            && !over
        {
            self.loss.proven(proven_bps);
            if proven_bps > self.delay.bps() {
                self.delay.set(now_us, proven_bps);
            }
        }
        let bps = self.delay.bps().clamp(BPS_MIN as f64, BPS_MAX as f64);
        if bps.total_cmp(&self.delay.bps()).is_ne() {
            self.delay.set(now_us, bps);
        }
    }

    fn notice_silence(&mut self, now_us: i64) {
        let (Some(heard_us), None) = (self.heard_us, self.silence) else {
            return;
        };
        let Some(unheard_us) = self.departures.oldest_unheard_us() else {
            return;
        };
        let patience_us = SILENT_US + SILENT_ROUND_TRIPS * self.rtt_us().min(SILENT_US);
        if now_us - heard_us.max(unheard_us) > patience_us {
            let before_bps = self.unsilenced_bps();
            self.silence = Some(Silence { since_us: heard_us, before_bps, ended_us: None });
            self.prober.cancel(now_us);
        }
    }

    /// Reports come again. Returns whether the line is as it was.
    fn end_silence(&mut self, now_us: i64) -> bool {
        let Some(silence) = &mut self.silence else {
            return false;
        };
        if !self.fates.iter().any(|fate| fate.arrived_us.is_some()) {
            return false; // The viewer is there, the packets are not.
        }
        let ended_us = *silence.ended_us.get_or_insert(now_us);
        let queue_is_gone = self.trend.queue_us() < BACK_QUEUE_US;
        if !queue_is_gone && now_us - ended_us < BACK_US {
            return false;
        }
        let remembered = queue_is_gone && ended_us - silence.since_us < REMEMBERED_US;
        let bps = if remembered {
            silence.before_bps * BACK_SHARE
        } else {
            self.acknowledged.bps().unwrap_or(BPS_START as f64).min(silence.before_bps)
        };
        self.silence = None;
        self.excused_before_us = now_us;
        self.trend.restart();
        self.acknowledged = Acknowledged::default();
        self.loss.excuse(now_us);
        self.delay.set(now_us, bps.clamp(BPS_MIN as f64, BPS_MAX as f64));
        self.prober.hurry(now_us);
        true
    }
}

/// What is sent, in two halves of the window.
#[derive(Debug)]
struct SentRate {
    since_us: i64,
    bytes: u64,
    before_bps: f64,
}

impl SentRate {
    fn new(now_us: i64) -> Self {
        Self { since_us: now_us, bytes: 0, before_bps: 0.0 }
    }

    fn add(&mut self, now_us: i64, bytes: usize) {
        let passed_us = now_us - self.since_us;
        if passed_us >= SENT_WINDOW_US {
            self.before_bps = self.bytes as f64 * 8e6 / passed_us as f64;
            self.bytes = 0;
            self.since_us = now_us;
        }
        self.bytes += bytes as u64;
    }

    fn bps(&self, now_us: i64) -> f64 {
        let passed_us = now_us - self.since_us;
        if passed_us >= SENT_WINDOW_US {
            return self.bytes as f64 * 8e6 / passed_us as f64;
        }
        self.before_bps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_transport_cc_loss_of_receiver_reports_and_remb_bound_the_rate() {
        let mut estimator = Estimator::new(0);
        let mut now_us = 0;
        for _ in 0..20 {
            for _ in 0..100 {
                now_us += 10_000;
                estimator.sent_unnumbered(now_us, 1_250);
            }
            estimator.receiver_report(now_us, 0);
        }
        let raised = estimator.bps();
        assert!(raised > 1_200_000, "{raised}");
        estimator.receiver_report(now_us + 1_000_000, 64);
        assert!(estimator.bps() < raised * 9 / 10);
        estimator.remb(300_000);
        assert_eq!(estimator.bps(), 300_000);
    }

    #[test]
    fn a_malformed_report_changes_nothing() {
        let mut estimator = Estimator::new(0);
        let before = estimator.figures();
        assert!(estimator.feedback(0, &[1, 2, 3]).is_err());
        assert_eq!(estimator.figures(), before);
    }

    #[test]
    fn a_clock_that_steps_back_is_held() {
        let mut estimator = Estimator::new(i64::MAX);
        estimator.sent(i64::MIN, 100, Kind::Video, None);
        assert!(estimator.poll(0).is_none());
    }
}
