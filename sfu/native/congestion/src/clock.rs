//! Times of the caller, made safe to calculate with.

/// A wall for times, about 36,000 years: sums and differences of what lies inside never overflow.
const MAX_US: i64 = 1 << 60;

/// Makes time monotonic and bounded at the door, so that nobody behind it needs to think of either.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Monotonic {
    now_us: i64,
}

impl Monotonic {
    pub(crate) fn new(now_us: i64) -> Self {
        Self { now_us: now_us.clamp(-MAX_US, MAX_US) }
    }

    /// The time, or the last one when the clock stepped back.
    pub(crate) fn advance(&mut self, now_us: i64) -> i64 {
        self.now_us = self.now_us.max(now_us.clamp(-MAX_US, MAX_US));
        self.now_us
    }

    pub(crate) fn now_us(self) -> i64 {
        self.now_us
    }
}

/// The full number that ends in the low `bits` of `value` and is nearest to `near`.
pub(crate) fn unwrap(value: i64, near: i64, bits: u32) -> i64 {
    let half = 1_i64 << (bits - 1);
    let mask = (1_i64 << bits) - 1;
    near + ((value.wrapping_sub(near).wrapping_add(half) & mask) - half)
}
