//! One transport-cc report on the wire (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).
//!
//! What is read and written is the body of an RTPFB packet with FMT 15 after both SSRCs. Padding that
//! follows is ignored.

/// Unit of a delta.
const TICK_US: i64 = 250;
/// Unit of the reference time.
pub(crate) const REFERENCE_US: i64 = 64_000;
/// Bits of the reference time.
pub(crate) const REFERENCE_BITS: u32 = 24;
/// Numbers covered by one report: keeps it in one datagram, 40 Mbit/s at 50 ms.
pub const SPAN_MAX: usize = 2_000;
const RUN_MAX: usize = 0x1FFF;

/// Why a report was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportError {
    /// It promises more than it holds.
    Truncated,
    /// It covers more numbers than [`SPAN_MAX`], or none.
    Span,
    /// A run of length nothing, which would let a parser spin, or the reserved symbol.
    Symbol,
}

impl std::fmt::Display for ReportError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Truncated => "transport-cc report promises more than it holds",
            Self::Span => "transport-cc report covers too many packets or none",
            Self::Symbol => "transport-cc report has a symbol without meaning",
        })
    }
}

impl std::error::Error for ReportError {}

/// Arrival by number: `arrivals_us[i]` belongs to `base + i`, `None` where nothing came.
///
/// Times count from an epoch of the receiver's own and wrap with the 24-bit reference time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The first number covered.
    pub base: u16,
    /// Running number of the report itself.
    pub count: u8,
    /// One entry per number covered.
    pub arrivals_us: Vec<Option<i64>>,
}

impl Report {
    /// Reads a report into this one, whose memory is used again.
    ///
    /// # Errors
    /// The body is malformed; what this report then holds means nothing.
    pub fn read(&mut self, body: &[u8]) -> Result<(), ReportError> {
        self.arrivals_us.clear();
        let Some((head, rest)) = body.split_first_chunk::<8>() else {
            return Err(ReportError::Truncated);
        };
        self.base = u16::from_be_bytes([head[0], head[1]]);
        self.count = head[7];
        let covered = usize::from(u16::from_be_bytes([head[2], head[3]]));
        if covered == 0 || covered > SPAN_MAX {
            return Err(ReportError::Span); // A few bytes of runs would cost us 65,535 verdicts.
        }
        let mut rest = rest;
        while self.arrivals_us.len() < covered {
            let (chunk, after) = rest.split_first_chunk::<2>().ok_or(ReportError::Truncated)?;
            self.symbols(u16::from_be_bytes(*chunk), covered)?;
            rest = after;
        }
        let reference = u32::from_be_bytes([0, head[4], head[5], head[6]]);
        self.times(i64::from(reference) * REFERENCE_US, rest)
    }

    /// Appends what one chunk says (§3.1.3, §3.1.4), as `Some(size of the delta)`.
    fn symbols(&mut self, chunk: u16, covered: usize) -> Result<(), ReportError> {
        let left = covered - self.arrivals_us.len();
        let (bits, mask, places) = match chunk >> 14 {
            0b00 | 0b01 => {
                let run = usize::from(chunk) & RUN_MAX;
                if run == 0 {
                    return Err(ReportError::Symbol);
                }
                let size = delta_bytes(chunk >> 13 & 3)?;
                self.arrivals_us.extend(std::iter::repeat_n(size, run.min(left)));
                return Ok(());
            }
            0b10 => (1, 1, 14),
            _ => (2, 3, 7),
        };
        for place in 1..=places.min(left) {
            let symbol = chunk >> (14 - bits * place) & mask;
            self.arrivals_us.push(delta_bytes(symbol)?);
        }
        Ok(())
    }

    /// Turns sizes of deltas into times (§3.1.5).
    fn times(&mut self, reference_us: i64, deltas: &[u8]) -> Result<(), ReportError> {
        let mut now_us = reference_us;
        let mut rest = deltas;
        for arrival in &mut self.arrivals_us {
            let ticks = match *arrival {
                None => continue,
                Some(1) => {
                    let (delta, after) = rest.split_first().ok_or(ReportError::Truncated)?;
                    rest = after;
                    i64::from(*delta)
                }
                Some(_) => {
                    let (delta, after) = rest.split_first_chunk::<2>().ok_or(ReportError::Truncated)?;
                    rest = after;
                    i64::from(i16::from_be_bytes(*delta))
                }
            };
            now_us += ticks * TICK_US;
            *arrival = Some(now_us);
        }
        Ok(())
    }

    /// Appends the report to `out`. Entries beyond [`SPAN_MAX`] are left out, as are times that no delta
    /// reaches (8 s from the one before).
    pub fn write(&self, out: &mut Vec<u8>) {
        let covered = &self.arrivals_us[..self.arrivals_us.len().min(SPAN_MAX)];
        let first = covered.iter().flatten().next().copied().unwrap_or(0);
        let reference = first.div_euclid(REFERENCE_US);
        let mut before = reference * (REFERENCE_US / TICK_US);
        let mut symbols = Vec::with_capacity(covered.len());
        let mut deltas = Vec::with_capacity(covered.len());
        for arrival in covered {
            let ticks = arrival.map(|us| us.div_euclid(TICK_US));
            let delta = ticks.and_then(|ticks| i16::try_from(ticks.saturating_sub(before)).ok());
            match delta {
                None => symbols.push(0),
                Some(delta) => {
                    before += i64::from(delta);
                    if let Ok(small) = u8::try_from(delta) {
                        symbols.push(1);
                        deltas.push(small);
                    } else {
                        symbols.push(2);
                        deltas.extend_from_slice(&delta.to_be_bytes());
                    }
                }
            }
        }
        out.extend_from_slice(&self.base.to_be_bytes());
        out.extend_from_slice(&(covered.len() as u16).to_be_bytes());
        out.extend_from_slice(&(reference as u32).to_be_bytes()[1..]);
        out.push(self.count);
        write_chunks(&symbols, out);
        out.extend_from_slice(&deltas);
    }
}

/// The size of the delta that a symbol announces, as the marker that `times` replaces.
fn delta_bytes(symbol: u16) -> Result<Option<i64>, ReportError> {
    match symbol {
        0 => Ok(None),
        1 => Ok(Some(1)),
        2 => Ok(Some(2)),
        _ => Err(ReportError::Symbol),
    }
}

fn write_chunks(symbols: &[u16], out: &mut Vec<u8>) {
    let mut rest = symbols;
    while let Some(&symbol) = rest.first() {
        let run = rest.iter().take(RUN_MAX).take_while(|&&other| other == symbol).count();
        if run > 7 || run == rest.len() {
            out.extend_from_slice(&(symbol << 13 | run as u16).to_be_bytes());
            rest = &rest[run..];
            continue;
        }
        let chunk = &rest[..rest.len().min(14)];
        let (chunk, mut word, bits) =
            if chunk.contains(&2) { (&chunk[..chunk.len().min(7)], 0xC000, 2) } else { (chunk, 0x8000, 1) };
        for (place, symbol) in chunk.iter().enumerate() {
            word |= symbol << (14 - bits * (place + 1));
        }
        out.extend_from_slice(&u16::to_be_bytes(word));
        rest = &rest[chunk.len()..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8]) -> Result<Report, ReportError> {
        let mut report = Report::default();
        report.read(body).map(|()| report)
    }

    #[test]
    fn what_is_written_is_read() {
        for arrivals_us in [
            vec![Some(64_000), Some(64_250), None, Some(66_000)],
            vec![Some(1_000_000); 40],
            vec![None, None, Some(500_000), Some(400_000), Some(900_000), None, Some(900_250), Some(0)],
            (0..1_999).map(|i| (i % 3 != 0).then_some(i * 1_000)).collect(),
        ] {
            let report = Report { base: 65_530, count: 7, arrivals_us };
            let mut body = Vec::new();
            report.write(&mut body);
            assert_eq!(read(&body), Ok(report));
        }
    }

    #[test]
    fn malformed_reports_are_refused() {
        assert_eq!(read(&[0; 7]), Err(ReportError::Truncated));
        assert_eq!(read(&[0, 0, 0, 0, 0, 0, 0, 0]), Err(ReportError::Span));
        assert_eq!(read(&[0, 0, 0xFF, 0xFF, 0, 0, 0, 0, 0x3F, 0xFF]), Err(ReportError::Span));
        assert_eq!(read(&[0, 0, 0, 1, 0, 0, 0, 0]), Err(ReportError::Truncated));
        assert_eq!(read(&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0]), Err(ReportError::Symbol));
        assert_eq!(read(&[0, 0, 0, 1, 0, 0, 0, 0, 0x60, 1]), Err(ReportError::Symbol));
        assert_eq!(read(&[0, 0, 0, 1, 0, 0, 0, 0, 0x20, 1]), Err(ReportError::Truncated));
        assert_eq!(read(&[0, 0, 0, 1, 0, 0, 0, 0, 0x40, 1, 0]), Err(ReportError::Truncated));
    }

    #[test]
    fn a_large_delta_may_be_negative() {
        let report = read(&[0, 0, 0, 1, 0, 0, 1, 0, 0x40, 1, 0xFF, 0xFF]).unwrap();
        assert_eq!(report.arrivals_us, [Some(64_000 - 250)]);
    }
}
