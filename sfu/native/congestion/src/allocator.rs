//! One viewer's line shared among what he watches: `sfu/layers.py` with temporal layers, memory and an
//! audio-first mode.
//!
//! The order is: sound; then everybody's lowest layer, by class; then, by class, each as far up as its
//! wish and the line allow, equals in turns. So a teacher's screen is sharp before classmates are, but a
//! classmate is never dark to make it sharper. Falling is at once. Rising needs room to spare and a rest
//! after a fall, a longer one each time that a rise did not last: a viewer on the edge of two layers must
//! not swing between them.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::clock::Monotonic;

/// Room needed to rise; the difference to 1 is the swing that an estimate has.
const RISE_ROOM: f64 = 1.2;
/// A picture that is shown goes dark only when the line holds less than half of it.
const LAST_ROOM: f64 = 0.5;
/// The rest after a fall …
const REST_US: i64 = 3_000_000;
/// … doubled, up to this, when the rise before it had lasted no longer than `LASTED_US`.
const REST_MAX_US: i64 = 12_000_000;
const LASTED_US: i64 = 10_000_000;
/// Below this there is no room for faces: a voice and the lowest layer of a camera need as much.
const AUDIO_FIRST_BPS: u64 = 150_000;
/// Faces come back when the line has held this much for `FACES_AFTER_US`.
const FACES_BPS: u64 = 200_000;
const FACES_AFTER_US: i64 = 1_000_000;
/// Voices besides the teacher's while sound goes first.
const VOICES_AUDIO_FIRST: usize = 1;

/// What is watched, in the order in which it is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The teacher's voice: always.
    TeacherVoice,
    /// Other voices, and the sound of a screen.
    Voice,
    /// Screens and slides.
    Screen,
    /// The active speaker.
    Speaker,
    /// Whom the viewer pinned.
    Pinned,
    /// All other cameras.
    Other,
}

impl Class {
    fn is_voice(self) -> bool {
        matches!(self, Self::TeacherVoice | Self::Voice)
    }
}

/// One thing that a producer offers: a spatial layer up to a temporal one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Spatial (or simulcast) layer, 0 is the smallest.
    pub spatial: u8,
    /// Temporal layer, 0 is the slowest.
    pub temporal: u8,
    /// Measured, of all that must be sent for it; the last known or usual rate while it does not flow.
    pub bps: u64,
    /// The publisher is sending it.
    pub flowing: bool,
}

/// One stream that the viewer watches or hears.
#[derive(Clone, Copy, Debug)]
pub struct Want<'a> {
    /// The consumer.
    pub id: u64,
    /// Who goes first.
    pub class: Class,
    /// Who goes first in a class: the size at which it is shown, the loudness.
    pub weight: u64,
    /// Rising.
    pub rungs: &'a [Rung],
    /// The highest rung that is worth sending at the size at which it is shown; None: paused or hidden.
    pub rung_max: Option<usize>,
}

/// What one stream gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The consumer.
    pub id: u64,
    /// Index into its rungs; None: nothing.
    pub rung: Option<usize>,
    /// The highest rung that must keep flowing for this viewer: his own or the one to climb to next.
    /// Feed it to `Demand`. None: he needs nothing.
    pub needed: Option<usize>,
}

/// How the line is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Everybody is seen.
    #[default]
    Full,
    /// A poor line: voices and slides.
    AudioFirst,
}

/// What everything gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// One for each want, in its order.
    pub shares: Vec<Share>,
    /// Tell the viewer when it changes.
    pub mode: Mode,
    /// What is granted.
    pub granted_bps: u64,
    /// What all wishes would take: `Estimator::want`.
    pub wish_bps: u64,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    rung: Option<usize>,
    rose_us: i64,
    fell_us: Option<i64>,
    rest_us: i64,
    round: u32,
}

/// Remembers what one viewer has, so that it does not swing.
#[derive(Debug, Default)]
pub struct Allocator {
    clock: Option<Monotonic>,
    held: HashMap<u64, Held>,
    mode: Mode,
    faces_since_us: Option<i64>,
    round: u32,
}

impl Allocator {
    /// Nothing is shown yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The line is back after an outage: layers did not fall for want of room.
    pub fn recovered(&mut self) {
        for held in self.held.values_mut() {
            held.fell_us = None;
        }
        self.mode = Mode::Full;
        self.faces_since_us = None;
    }

    /// Shares the line. `budget_bps` None: no estimate, wishes alone decide.
    pub fn allocate(&mut self, now_us: i64, budget_bps: Option<u64>, wants: &[Want<'_>]) -> Shares {
        let now_us = self.clock.get_or_insert_with(|| Monotonic::new(now_us)).advance(now_us);
        self.round = self.round.wrapping_add(1);
        self.choose_mode(now_us, budget_bps);
        let mut order: Vec<usize> = (0..wants.len()).collect();
        order.sort_by_key(|&at| (wants[at].class, Reverse(wants[at].weight)));
        let mut left = budget_bps.map_or(f64::INFINITY, |bps| bps as f64);
        let mut chosen: Vec<Option<usize>> = vec![None; wants.len()];
        let mut voices = 0;
        let mut climbers: Vec<Climber> = Vec::new();
        for &at in &order {
            let want = &wants[at];
            let ladder = ladder(want, self.current(want.id));
            let Some(&lowest) = ladder.first() else {
                continue;
            };
            let cost = want.rungs[lowest].bps as f64;
            let granted = if want.class.is_voice() {
                self.grants_voice(want.class, cost, left, &mut voices)
            } else {
                self.grants_picture(want, cost, left)
            };
            if granted {
                chosen[at] = Some(lowest);
                left = (left - cost).max(0.0);
                climbers.push(Climber { at, ladder, step: 0 });
            }
        }
        if self.mode == Mode::Full {
            self.climb_all(now_us, wants, &climbers, &mut chosen, left);
        }
        self.remember(now_us, wants, &chosen);
        shares(wants, &chosen, self.mode)
    }

    fn current(&self, id: u64) -> Option<usize> {
        self.held.get(&id).and_then(|held| held.rung)
    }

    fn choose_mode(&mut self, now_us: i64, budget_bps: Option<u64>) {
        let budget_bps = budget_bps.unwrap_or(u64::MAX);
        match self.mode {
            Mode::Full if budget_bps < AUDIO_FIRST_BPS => {
                self.mode = Mode::AudioFirst;
                self.faces_since_us = None;
            }
            Mode::AudioFirst if budget_bps >= FACES_BPS => {
                let since_us = *self.faces_since_us.get_or_insert(now_us);
                if now_us - since_us >= FACES_AFTER_US {
                    self.mode = Mode::Full;
                }
            }
            Mode::Full | Mode::AudioFirst => self.faces_since_us = None,
        }
    }

    fn grants_voice(&self, class: Class, cost: f64, left: f64, voices: &mut usize) -> bool {
        let first = *voices == 0;
        let others = *voices;
        *voices += 1;
        match self.mode {
            Mode::Full => true,
            Mode::AudioFirst => {
                class == Class::TeacherVoice || first || (others <= VOICES_AUDIO_FIRST && cost <= left)
            }
        }
    }

    fn grants_picture(&self, want: &Want<'_>, cost: f64, left: f64) -> bool {
        if self.mode == Mode::AudioFirst && want.class != Class::Screen {
            return false;
        }
        let room = if self.current(want.id).is_none() { 1.0 } else { LAST_ROOM };
        cost * room <= left
    }

    fn climb_all(
        &self,
        now_us: i64,
        wants: &[Want<'_>],
        climbers: &[Climber],
        chosen: &mut [Option<usize>],
        mut left: f64,
    ) {
        // Climbers are in order, so equals are neighbours.
        for equals in climbers.chunk_by(|a, b| wants[a.at].class == wants[b.at].class) {
            let mut climbing = equals.to_vec();
            while !climbing.is_empty() {
                climbing.retain_mut(|climber| {
                    let want = &wants[climber.at];
                    let (Some(&here), Some(&above)) =
                        (climber.ladder.get(climber.step), climber.ladder.get(climber.step + 1))
                    else {
                        return false;
                    };
                    let cost = want.rungs[above].bps.saturating_sub(want.rungs[here].bps) as f64;
                    let current = self.current(want.id);
                    let rises = current.is_some_and(|current| above > current);
                    if cost * (if rises { RISE_ROOM } else { 1.0 }) > left
                        || (rises && self.rests(want.id, now_us))
                    {
                        return false;
                    }
                    chosen[climber.at] = Some(above);
                    left -= cost;
                    climber.step += 1;
                    true
                });
            }
        }
    }

    fn rests(&self, id: u64, now_us: i64) -> bool {
        self.held.get(&id).is_some_and(|held| held.fell_us.is_some_and(|us| now_us - us < held.rest_us))
    }

    fn remember(&mut self, now_us: i64, wants: &[Want<'_>], chosen: &[Option<usize>]) {
        let round = self.round;
        for (want, &rung) in wants.iter().zip(chosen) {
            let held = self.held.entry(want.id).or_insert(Held {
                rung: None,
                rose_us: now_us,
                fell_us: None,
                rest_us: REST_US,
                round,
            });
            held.round = round;
            if rung > held.rung {
                held.rose_us = now_us;
            } else if let Some(before) = held.rung
                && rung < held.rung
                && want.rung_max >= Some(before)
                && want.rungs.get(before).is_some_and(|offer| offer.flowing)
            {
                // For want of room: a smaller tile or a stopped layer is no reason to be slow later.
                let lasted = now_us - held.rose_us > LASTED_US || held.fell_us.is_none();
                held.rest_us = if lasted { REST_US } else { (held.rest_us * 2).min(REST_MAX_US) };
                held.fell_us = Some(now_us);
                held.rose_us = now_us;
            }
            held.rung = rung;
        }
        self.held.retain(|_, held| held.round == round);
    }
}

#[derive(Clone, Debug)]
struct Climber {
    at: usize,
    ladder: Vec<usize>,
    step: usize,
}

/// The rungs worth considering, lowest first.
fn ladder(want: &Want<'_>, current: Option<usize>) -> Vec<usize> {
    let (Some(rung_max), Some(last)) = (want.rung_max, want.rungs.len().checked_sub(1)) else {
        return Vec::new();
    };
    let top = rung_max.min(last);
    let flowing = |rung: &usize| want.rungs[*rung].flowing;
    let below: Vec<usize> = (0..=top).filter(flowing).collect();
    if !below.is_empty() {
        return below;
    }
    // A publisher on a phone may stop the lower layers: the lowest that flows. When nothing flows, the
    // camera froze or begins: keep what is, or wait for the smallest.
    let above = (top..=last).find(flowing);
    vec![above.unwrap_or(current.map_or(0, |current| current.min(top)))]
}

fn shares(wants: &[Want<'_>], chosen: &[Option<usize>], mode: Mode) -> Shares {
    let mut all = Shares { mode, shares: Vec::with_capacity(wants.len()), ..Shares::default() };
    for (want, &rung) in wants.iter().zip(chosen) {
        let top = want.rung_max.and_then(|rung_max| Some(rung_max.min(want.rungs.len().checked_sub(1)?)));
        if let Some(top) = top {
            all.wish_bps = all.wish_bps.saturating_add(want.rungs[top].bps);
        }
        if let Some(rung) = rung {
            all.granted_bps = all.granted_bps.saturating_add(want.rungs[rung].bps);
        }
        // A dark picture needs its smallest layer to come back to.
        let needed = top.map(|top| rung.map_or(0, |rung| (rung + 1).min(top).max(rung)));
        all.shares.push(Share { id: want.id, rung, needed });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOICE: [Rung; 1] = [rung(0, 40_000)];
    const CAMERA: [Rung; 3] = [rung(0, 100_000), rung(1, 400_000), rung(2, 1_200_000)];
    const SLIDES: [Rung; 2] = [rung(0, 10_000), rung(1, 600_000)];

    const fn rung(spatial: u8, bps: u64) -> Rung {
        Rung { spatial, temporal: 0, bps, flowing: true }
    }

    fn want(id: u64, class: Class, rungs: &[Rung]) -> Want<'_> {
        Want { id, class, weight: 0, rungs, rung_max: Some(rungs.len() - 1) }
    }

    fn rungs(shares: &Shares) -> Vec<Option<usize>> {
        shares.shares.iter().map(|share| share.rung).collect()
    }

    #[test]
    fn at_50_kbits_there_are_the_teachers_voice_and_slides() {
        let wants = [
            want(1, Class::Other, &CAMERA),
            want(2, Class::Voice, &VOICE),
            want(3, Class::Screen, &SLIDES),
            want(4, Class::TeacherVoice, &VOICE),
        ];
        let shares = Allocator::new().allocate(0, Some(50_000), &wants);
        assert_eq!(shares.mode, Mode::AudioFirst);
        assert_eq!(rungs(&shares), [None, None, Some(0), Some(0)]);
        assert_eq!(shares.granted_bps, 50_000);
    }

    #[test]
    fn faces_come_back_when_the_line_has_held_for_a_second() {
        let wants = [want(1, Class::Speaker, &CAMERA)];
        let mut allocator = Allocator::new();
        assert_eq!(rungs(&allocator.allocate(0, Some(100_000), &wants)), [None]);
        assert_eq!(rungs(&allocator.allocate(1, Some(300_000), &wants)), [None]);
        assert_eq!(rungs(&allocator.allocate(500_000, Some(180_000), &wants)), [None]);
        assert_eq!(rungs(&allocator.allocate(600_000, Some(300_000), &wants)), [None]);
        assert_eq!(rungs(&allocator.allocate(1_700_000, Some(300_000), &wants)), [Some(0)]);
    }

    #[test]
    fn everybody_is_seen_before_anybody_is_sharp_and_the_screen_is_sharp_first() {
        let wants = [
            want(1, Class::Other, &CAMERA),
            want(2, Class::Other, &CAMERA),
            want(3, Class::Screen, &SLIDES),
            want(4, Class::Speaker, &CAMERA),
        ];
        let chosen = |bps| rungs(&Allocator::new().allocate(0, Some(bps), &wants));
        assert_eq!(chosen(310_000), [Some(0), Some(0), Some(0), Some(0)]);
        assert_eq!(chosen(900_000), [Some(0), Some(0), Some(1), Some(0)]);
        assert_eq!(chosen(1_200_000), [Some(0), Some(0), Some(1), Some(1)]);
        assert_eq!(chosen(2_000_000), [Some(0), Some(0), Some(1), Some(2)]);
        assert_eq!(chosen(2_700_000), [Some(1), Some(1), Some(1), Some(2)]);
    }

    #[test]
    fn a_pinned_camera_goes_before_a_larger_other_one() {
        let mut wants = [want(1, Class::Other, &CAMERA), want(2, Class::Pinned, &CAMERA)];
        wants[0].weight = 1_000_000;
        let shares = Allocator::new().allocate(0, Some(500_000), &wants);
        assert_eq!(rungs(&shares), [Some(0), Some(1)]);
    }

    #[test]
    fn down_at_once_and_up_after_a_rest_with_room() {
        let wants = [want(1, Class::Speaker, &CAMERA)];
        let mut allocator = Allocator::new();
        let mut at = |us: i64, bps| rungs(&allocator.allocate(us, Some(bps), &wants))[0];
        assert_eq!(at(0, 1_300_000), Some(2));
        assert_eq!(at(1, 1_199_999), Some(1));
        assert_eq!(at(2_999_999, 5_000_000), Some(1));
        // The step costs 800 kbit/s: 400 + 1.2 * 800.
        assert_eq!(at(3_000_001, 1_359_999), Some(1));
        assert_eq!(at(3_000_001, 1_360_000), Some(2));
        // It did not last: twice the rest.
        assert_eq!(at(4_000_000, 1_000_000), Some(1));
        assert_eq!(at(9_999_999, 5_000_000), Some(1));
        assert_eq!(at(10_000_000, 5_000_000), Some(2));
    }

    #[test]
    fn after_an_outage_there_is_no_rest() {
        let wants = [want(1, Class::Speaker, &CAMERA)];
        let mut allocator = Allocator::new();
        allocator.allocate(0, Some(2_000_000), &wants);
        assert_eq!(rungs(&allocator.allocate(1, Some(50_000), &wants)), [None]);
        allocator.recovered();
        assert_eq!(rungs(&allocator.allocate(2, Some(2_000_000), &wants)), [Some(2)]);
    }

    #[test]
    fn what_is_shown_bounds_what_is_sent_and_what_is_needed() {
        let mut small = want(1, Class::Other, &CAMERA);
        small.rung_max = Some(1);
        let mut hidden = want(2, Class::Other, &CAMERA);
        hidden.rung_max = None;
        let shares = Allocator::new().allocate(0, Some(50_000_000), &[small, hidden]);
        assert_eq!(shares.shares[0], Share { id: 1, rung: Some(1), needed: Some(1) });
        assert_eq!(shares.shares[1], Share { id: 2, rung: None, needed: None });
        assert_eq!(shares.wish_bps, 400_000);
    }

    #[test]
    fn the_next_layer_is_needed_while_it_does_not_flow_and_a_stopped_one_is_no_fall() {
        let mut rungs_now = CAMERA;
        rungs_now[2].flowing = false;
        let mut allocator = Allocator::new();
        let shares = allocator.allocate(0, Some(50_000_000), &[want(1, Class::Other, &rungs_now)]);
        assert_eq!(shares.shares[0], Share { id: 1, rung: Some(1), needed: Some(2) });
        let shares = allocator.allocate(1, Some(50_000_000), &[want(1, Class::Other, &CAMERA)]);
        assert_eq!(shares.shares[0].rung, Some(2));
        allocator.allocate(2, Some(50_000_000), &[want(1, Class::Other, &rungs_now)]);
        let shares = allocator.allocate(3, Some(50_000_000), &[want(1, Class::Other, &CAMERA)]);
        assert_eq!(shares.shares[0].rung, Some(2));
    }

    #[test]
    fn a_shown_picture_goes_dark_only_below_half_of_it() {
        let wants = [want(1, Class::TeacherVoice, &VOICE), want(2, Class::Screen, &CAMERA)];
        let mut allocator = Allocator::new();
        allocator.allocate(0, Some(200_000), &wants);
        assert_eq!(rungs(&allocator.allocate(1, Some(90_000), &wants)), [Some(0), Some(0)]);
        assert_eq!(rungs(&allocator.allocate(2, Some(89_999), &wants)), [Some(0), None]);
    }

    #[test]
    fn without_an_estimate_wishes_decide() {
        let shares = Allocator::new().allocate(0, None, &[want(1, Class::Other, &CAMERA)]);
        assert_eq!(rungs(&shares), [Some(2)]);
    }

    #[test]
    fn memory_holds_only_what_is_watched() {
        let mut allocator = Allocator::new();
        for id in 0..10_000 {
            allocator.allocate(0, None, &[want(id, Class::Other, &CAMERA)]);
        }
        assert_eq!(allocator.held.len(), 1);
    }
}
