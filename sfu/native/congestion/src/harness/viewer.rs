//! A viewer at the end of a line and the node that sends to him, with all parts of this crate.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::line::Line;
use super::random::Random;
use crate::allocator::{Allocator, Class, Rung, Want};
use crate::arrivals::Arrivals;
use crate::estimator::Estimator;
use crate::pacer::Pacer;
use crate::{Kind, ProbeId};

const FRAME_US: i64 = 33_333;
const AUDIO_US: i64 = 20_000;
const AUDIO_BYTES: usize = 110;
/// 110 bytes each 20 ms.
const AUDIO_BPS: u64 = 44_000;
const PACKET_BYTES: usize = 1_100;
/// A publisher's key frame comes this long after it was asked for, and is this much larger.
const KEY_FRAME_US: i64 = 100_000;
const KEY_FRAME_SIZE: f64 = 4.0;
const ALLOCATE_US: i64 = 100_000;
/// The layers of a camera as browsers send them.
const LAYERS_BPS: [u64; 3] = [110_000, 400_000, 1_300_000];
const VOICE: [Rung; 1] = [Rung { spatial: 0, temporal: 0, bps: AUDIO_BPS, flowing: true }];

/// What the node has to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Pictures that fill whatever the estimate allows.
    Elastic,
    /// A teacher with three layers.
    Layered,
}

/// One line of the record, taken every 100 ms.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// When.
    pub at_us: i64,
    /// What the estimator allows.
    pub estimate_bps: u64,
    /// Bytes sent so far.
    pub sent_bytes: u64,
    /// Bytes that have come so far.
    pub arrived_bytes: u64,
    /// The queue of the line.
    pub queue_us: i64,
    /// The layer that flows.
    pub layer: Option<usize>,
    /// Sound that the line has lost so far.
    pub audio_lost: u64,
}

#[derive(Clone, Copy, Debug)]
struct Picture {
    layer: usize,
}

/// The sending and the receiving end.
#[derive(Debug)]
pub struct Viewer {
    source: Source,
    random: Random,
    estimator: Estimator,
    pacer: Pacer<Picture>,
    allocator: Allocator,
    next_frame_us: i64,
    next_audio_us: i64,
    next_allocation_us: i64,
    next_sample_us: i64,
    layer: Option<usize>,
    switch: Option<(i64, usize)>,
    key_frame: bool,
    sent_bytes: u64,
    audio_lost: u64,
    /// The longest that sound took, beyond the delay of the line.
    pub audio_queue_us_max: i64,
    on_the_way: BinaryHeap<Reverse<(i64, u16, usize)>>,
    arrivals: Arrivals,
    arrived_bytes: u64,
    reported_bytes: u64,
    reported_us: i64,
    reports: VecDeque<(i64, Vec<u8>)>,
    /// The record.
    pub samples: Vec<Sample>,
}

impl Viewer {
    /// Joins at a time.
    pub fn new(source: Source, seed: u64, now_us: i64) -> Self {
        Self {
            source,
            random: Random::new(seed ^ 0x5EED),
            estimator: Estimator::new(now_us),
            pacer: Pacer::new(now_us),
            allocator: Allocator::new(),
            next_frame_us: now_us,
            next_audio_us: now_us,
            next_allocation_us: now_us,
            next_sample_us: now_us,
            layer: None,
            switch: None,
            key_frame: false,
            sent_bytes: 0,
            audio_lost: 0,
            audio_queue_us_max: 0,
            on_the_way: BinaryHeap::new(),
            arrivals: Arrivals::default(),
            arrived_bytes: 0,
            reported_bytes: 0,
            reported_us: now_us,
            reports: VecDeque::new(),
            samples: Vec::new(),
        }
    }

    /// One millisecond.
    pub fn step(&mut self, now_us: i64, line: &mut Line) {
        self.receive(now_us, line);
        self.hear(now_us);
        if now_us >= self.next_allocation_us {
            self.allocate(now_us);
        }
        self.produce(now_us, line);
        self.pace(now_us, line);
        if now_us >= self.next_sample_us {
            self.next_sample_us += 100_000;
            self.samples.push(Sample {
                at_us: now_us,
                estimate_bps: self.estimator.bps(),
                sent_bytes: self.sent_bytes,
                arrived_bytes: self.arrived_bytes,
                queue_us: line.queue_us(now_us),
                layer: self.layer,
                audio_lost: self.audio_lost,
            });
        }
    }

    fn receive(&mut self, now_us: i64, line: &Line) {
        while let Some(&Reverse((at_us, number, bytes))) = self.on_the_way.peek() {
            if at_us > now_us {
                break;
            }
            self.on_the_way.pop();
            self.arrivals.add(number, at_us + 3_600_000_000); // The viewer's clock is his own.
            self.arrived_bytes += bytes as u64;
        }
        // As browsers do: reports take 5 % of what comes, every 50 to 250 ms.
        let passed_us = (now_us - self.reported_us).max(1);
        let bps = (self.arrived_bytes - self.reported_bytes) as f64 * 8e6 / passed_us as f64;
        let interval_us = (68.0 * 8.0 / (0.05 * bps.max(1.0)) * 1e6).clamp(50_000.0, 250_000.0);
        if passed_us as f64 >= interval_us {
            self.reported_us = now_us;
            self.reported_bytes = self.arrived_bytes;
            for report in self.arrivals.reports() {
                if !self.random.chance(line.shape().loss) {
                    let mut body = Vec::new();
                    report.write(&mut body);
                    self.reports.push_back((now_us + line.shape().delay_us, body));
                }
            }
        }
    }

    fn hear(&mut self, now_us: i64) {
        while self.reports.front().is_some_and(|(at_us, _)| *at_us <= now_us) {
            let Some((_, body)) = self.reports.pop_front() else {
                return;
            };
            let heard = self.estimator.feedback(now_us, &body).unwrap_or_default();
            if heard.recovered {
                self.allocator.recovered();
            }
            if heard.fell || heard.recovered {
                self.allocate(now_us);
            }
        }
        if let Some(probe) = self.estimator.poll(now_us) {
            self.pacer.probe(now_us, probe);
        }
        self.pacer.set_rate(now_us, self.estimator.bps());
    }

    fn allocate(&mut self, now_us: i64) {
        self.next_allocation_us = now_us + ALLOCATE_US;
        if self.source == Source::Elastic {
            self.estimator.want(20_000_000);
            self.layer = Some(0);
            return;
        }
        let camera: [Rung; 3] = std::array::from_fn(|layer| Rung {
            spatial: layer as u8,
            temporal: 0,
            bps: LAYERS_BPS[layer],
            flowing: true,
        });
        let wants = [
            Want { id: 1, class: Class::TeacherVoice, weight: 0, rungs: &VOICE, rung_max: Some(0) },
            Want { id: 2, class: Class::Speaker, weight: 0, rungs: &camera, rung_max: Some(2) },
        ];
        let shares = self.allocator.allocate(now_us, Some(self.estimator.bps()), &wants);
        self.estimator.want(shares.wish_bps);
        self.aim(now_us, shares.shares[1].rung);
    }

    fn aim(&mut self, now_us: i64, target: Option<usize>) {
        let heading = self.switch.map_or(self.layer, |(_, layer)| Some(layer));
        if heading == target {
            return;
        }
        self.switch = target.map(|layer| (now_us + KEY_FRAME_US, layer));
        if target < self.layer {
            self.layer = None; // Down at once: nothing of the old layer, and the new one at its key frame.
            self.pacer.retain(|picture| Some(picture.layer) <= target);
        }
    }

    fn produce(&mut self, now_us: i64, line: &mut Line) {
        if let Some((at_us, layer)) = self.switch
            && at_us <= now_us
        {
            self.layer = Some(layer);
            self.switch = None;
            self.key_frame = true;
        }
        if now_us >= self.next_audio_us {
            self.next_audio_us += AUDIO_US;
            if let Some(probe) = self.pacer.pass(now_us, Kind::Audio, AUDIO_BYTES) {
                self.send(now_us, Kind::Audio, AUDIO_BYTES, probe, line);
            }
        }
        if now_us >= self.next_frame_us {
            self.next_frame_us += FRAME_US;
            self.frame(now_us);
        }
    }

    fn frame(&mut self, now_us: i64) {
        let Some(layer) = self.layer else {
            return;
        };
        let bps = match self.source {
            Source::Elastic => self.estimator.bps().saturating_sub(AUDIO_BPS),
            Source::Layered => LAYERS_BPS[layer],
        };
        let mut size = bps as f64 / 8e6 * FRAME_US as f64 * (0.8 + 0.4 * self.random.unit());
        if std::mem::take(&mut self.key_frame) {
            size *= KEY_FRAME_SIZE;
        }
        let mut left = size as usize;
        while left > 0 {
            let bytes = left.min(PACKET_BYTES);
            left -= bytes;
            let _ = self.pacer.push(now_us, Kind::Video, bytes, Picture { layer });
        }
    }

    fn pace(&mut self, now_us: i64, line: &mut Line) {
        while let Some(due) = self.pacer.pop(now_us) {
            self.send(now_us, due.kind, due.bytes, due.probe, line);
        }
        while let Some(padding) = self.pacer.padding(now_us) {
            self.pacer.padded(now_us, padding.bytes);
            self.send(now_us, Kind::Padding, padding.bytes, Some(padding.probe), line);
        }
    }

    fn send(&mut self, now_us: i64, kind: Kind, bytes: usize, probe: Option<ProbeId>, line: &mut Line) {
        let number = self.estimator.number();
        self.estimator.sent(now_us, bytes, kind, probe);
        self.sent_bytes += bytes as u64;
        let queue_us = line.queue_us(now_us);
        let out = line.send(now_us, bytes);
        if kind == Kind::Audio {
            self.audio_lost += u64::from(out[0].is_none());
            self.audio_queue_us_max = self.audio_queue_us_max.max(queue_us);
        }
        for at_us in out.into_iter().flatten() {
            self.on_the_way.push(Reverse((at_us, number, bytes)));
        }
    }
}
