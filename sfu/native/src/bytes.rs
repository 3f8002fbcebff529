//! Numbers in network order, with every index checked.

/// The 16-bit number at `at`, if the bytes are there.
#[must_use]
pub fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(data.get(at..at + 2)?.try_into().ok()?))
}

/// The 32-bit number at `at`, if the bytes are there.
#[must_use]
pub fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(data.get(at..at + 4)?.try_into().ok()?))
}

/// The 64-bit number at `at`, if the bytes are there.
#[must_use]
pub fn u64_at(data: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(data.get(at..at + 8)?.try_into().ok()?))
}

/// The full number that ends in the 16 bits of `value` and is nearest to `near`.
#[must_use]
pub fn unwrap16(value: u16, near: i64) -> i64 {
    let step = i64::from(value).wrapping_sub(near).wrapping_add(0x8000) & 0xFFFF;
    near + step - 0x8000
}

/// How far `to` is from `from` on a 32-bit circle, signed.
#[must_use]
pub fn distance32(from: u32, to: u32) -> i64 {
    i64::from(to.wrapping_sub(from) as i32)
}
