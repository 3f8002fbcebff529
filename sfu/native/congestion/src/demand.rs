//! Which layers of one producer nobody wants, so that its sender can be told to stop them.

use crate::clock::Monotonic;

/// Spatial layers counted.
pub const LAYERS_MAX: usize = 4;
/// A layer stops only when nobody has wanted it for this long: it takes a key frame to begin again.
const PAUSE_AFTER_US: i64 = 3_000_000;

/// How many viewers want each layer of one producer.
#[derive(Debug)]
pub struct Demand {
    clock: Monotonic,
    viewers: [u32; LAYERS_MAX],
    /// Since when nobody wants it.
    idle_us: [i64; LAYERS_MAX],
}

impl Demand {
    /// Nobody wants anything yet; every layer keeps flowing for three seconds.
    pub fn new(now_us: i64) -> Self {
        let clock = Monotonic::new(now_us);
        Self { clock, viewers: [0; LAYERS_MAX], idle_us: [clock.now_us(); LAYERS_MAX] }
    }

    /// One viewer's wish changed: `Share::needed` before and now, as spatial layers; None: nothing.
    pub fn change(&mut self, now_us: i64, before: Option<Needed>, now: Option<Needed>) {
        let now_us = self.clock.advance(now_us);
        for layer in before.into_iter().flat_map(Needed::layers) {
            if let Some(viewers) = self.viewers.get_mut(layer) {
                *viewers = viewers.saturating_sub(1);
                if *viewers == 0 {
                    self.idle_us[layer] = now_us;
                }
            }
        }
        for layer in now.into_iter().flat_map(Needed::layers) {
            if let Some(viewers) = self.viewers.get_mut(layer) {
                *viewers = viewers.saturating_add(1);
            }
        }
    }

    /// For each spatial layer whether the sender is to send it.
    pub fn flowing(&mut self, now_us: i64) -> [bool; LAYERS_MAX] {
        let now_us = self.clock.advance(now_us);
        std::array::from_fn(|layer| self.viewers[layer] > 0 || now_us - self.idle_us[layer] < PAUSE_AFTER_US)
    }

    /// The layers that nobody has wanted for a while.
    pub fn unwanted(&mut self, now_us: i64) -> impl Iterator<Item = u8> {
        let flowing = self.flowing(now_us);
        (0_u8..).zip(flowing).filter(|(_, flows)| !flows).map(|(layer, _)| layer)
    }
}

/// The spatial layers that one viewer needs: the one shown, and the one to climb to next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needed {
    /// Shown now.
    pub shown: u8,
    /// The next that would be shown, if the line had more room; the same as `shown` at the top.
    pub next: u8,
}

impl Needed {
    fn layers(self) -> impl Iterator<Item = usize> {
        let next = (self.next != self.shown).then_some(usize::from(self.next));
        std::iter::once(usize::from(self.shown)).chain(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_stops_after_three_seconds_and_begins_at_once() {
        let mut demand = Demand::new(0);
        let low = Some(Needed { shown: 0, next: 1 });
        let top = Some(Needed { shown: 2, next: 2 });
        demand.change(0, None, low);
        demand.change(0, None, top);
        assert_eq!(demand.flowing(0), [true; 4]);
        assert_eq!(demand.unwanted(3_000_000).collect::<Vec<_>>(), [3]);
        demand.change(4_000_000, top, low);
        assert_eq!(demand.flowing(6_999_999), [true, true, true, false]);
        assert_eq!(demand.flowing(7_000_000), [true, true, false, false]);
        demand.change(7_000_000, low, top);
        assert_eq!(demand.flowing(7_000_000), [true, true, true, false]);
    }

    #[test]
    fn a_layer_that_does_not_exist_is_nobodys() {
        let mut demand = Demand::new(0);
        demand.change(0, Some(Needed { shown: 200, next: 0 }), Some(Needed { shown: 9, next: 255 }));
        assert_eq!(demand.flowing(9_000_000), [false; 4]);
    }
}
