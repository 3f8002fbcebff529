//! What a peer did wrong, as the name under which it is counted.

/// Why a datagram was dropped; the text is a key of `drops`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused(pub &'static str);

/// A result of reading what a peer sent.
pub type Read<T> = Result<T, Refused>;

/// The error of this reason.
pub fn refuse<T>(reason: &'static str) -> Read<T> {
    Err(Refused(reason))
}
