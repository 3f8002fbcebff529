//! How loud a microphone is, from the level that each packet carries (RFC 6464).

const SILENCE_DB: f64 = 127.0;
const RISE: f64 = 0.5; // A word is noticed within three packets (60 ms) ...
const FALL: f64 = 0.08; // ... and a pause between words does not flicker: about half a second.

/// Smoothed level of one producer in dB below overload: 0 is loudest, 127 is silence.
#[derive(Debug)]
pub struct Loudness {
    heard: bool,
    level: f64,
}

impl Default for Loudness {
    fn default() -> Self {
        Self {
            heard: false,
            level: SILENCE_DB,
        }
    }
}

impl Loudness {
    /// One packet's value; the voice bit is not used.
    pub fn add(&mut self, value: u8) {
        let level = f64::from(value & 0x7F);
        self.level += (level - self.level) * if level < self.level { RISE } else { FALL };
        self.heard = true;
    }

    /// The level, if anything was heard since the last call.
    pub fn take(&mut self) -> Option<u8> {
        if !std::mem::take(&mut self.heard) {
            self.level = SILENCE_DB;
            return None;
        }
        Some(self.level.round() as u8)
    }
}
