//! Transport-wide feedback of a receiver (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).

const TICK_US: i64 = 250;
const REFERENCE_US: i64 = 64_000;

/// Arrivals since the last report.
#[derive(Default)]
pub struct Arrivals {
    seen: Vec<(u16, i64)>,
    count: u8,
}

impl Arrivals {
    /// One packet, at microseconds of any clock.
    pub fn add(&mut self, number: u16, at_us: i64) {
        self.seen.push((number, at_us));
    }

    /// The report of all arrivals so far, `None` without any.
    pub fn report(&mut self, reporter: u32, ssrc: u32) -> Option<Vec<u8>> {
        let first = self.seen.first()?.0;
        let place = |number: u16| i64::from(number.wrapping_sub(first) as i16);
        self.seen.sort_by_key(|(number, _)| place(*number));
        self.seen.dedup_by_key(|(number, _)| *number);
        let (base, base_at) = self.seen[0];
        let span = usize::from(self.seen[self.seen.len() - 1].0.wrapping_sub(base)) + 1;
        let mut symbols = vec![0_u8; span];
        let reference = base_at.div_euclid(REFERENCE_US);
        let mut deltas = Vec::new();
        let mut told_us = reference * REFERENCE_US;
        for (number, at_us) in self.seen.drain(..) {
            let delta = (at_us - told_us).div_euclid(TICK_US);
            told_us += delta * TICK_US;
            let symbol = &mut symbols[usize::from(number.wrapping_sub(base))];
            if let Ok(small) = u8::try_from(delta) {
                *symbol = 1;
                deltas.push(small);
            } else {
                *symbol = 2;
                let large = delta.clamp(-32_768, 32_767) as i16;
                deltas.extend_from_slice(&large.to_be_bytes());
            }
        }
        let mut packet = vec![0x8F, 205, 0, 0];
        packet.extend_from_slice(&reporter.to_be_bytes());
        packet.extend_from_slice(&ssrc.to_be_bytes());
        packet.extend_from_slice(&base.to_be_bytes());
        packet.extend_from_slice(&(span as u16).to_be_bytes());
        packet.extend_from_slice(&(reference as u32 & 0xFF_FFFF).to_be_bytes()[1..]);
        packet.push(self.count);
        self.count = self.count.wrapping_add(1);
        for seven in symbols.chunks(7) {
            let bits = (0..7).fold(0_u16, |bits, n| {
                bits << 2 | u16::from(seven.get(n).copied().unwrap_or(0))
            });
            packet.extend_from_slice(&(0xC000 | bits).to_be_bytes());
        }
        packet.extend_from_slice(&deltas);
        packet.resize(packet.len().next_multiple_of(4), 0);
        let words = (packet.len() / 4 - 1) as u16;
        packet[2..4].copy_from_slice(&words.to_be_bytes());
        Some(packet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_is_told_as_not_received() {
        let mut arrivals = Arrivals::default();
        arrivals.add(65_535, 64_000);
        arrivals.add(1, 64_500);
        let report = arrivals.report(1, 9).expect("two arrivals");
        assert_eq!(report[12..16], [0xFF, 0xFF, 0, 3]);
        assert_eq!(report[16..19], [0, 0, 1]);
        // Received, not received, received.
        assert_eq!(report[20..22], (0xC000_u16 | 0x1100).to_be_bytes());
        assert_eq!(report[22..24], [0, 2]);
        assert_eq!(arrivals.report(1, 9), None);
    }
}
