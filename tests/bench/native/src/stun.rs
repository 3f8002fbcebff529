//! Connectivity checks of a controlling ICE agent (RFC 8445, RFC 8489).

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;

const COOKIE: u32 = 0x2112_A442;
const USERNAME: u16 = 0x0006;
const INTEGRITY: u16 = 0x0008;
const PRIORITY: u16 = 0x0024;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const CONTROLLING: u16 = 0x802A;

/// A binding request that nominates, with integrity and fingerprint.
#[must_use]
pub fn check(fragment: &str, password: &str, transaction: [u8; 12]) -> Vec<u8> {
    let mut message = [&[0, 1, 0, 0][..], &COOKIE.to_be_bytes(), &transaction].concat();
    attribute(
        &mut message,
        USERNAME,
        format!("{fragment}:bench").as_bytes(),
    );
    attribute(&mut message, PRIORITY, &1_853_824_767_u32.to_be_bytes());
    attribute(&mut message, CONTROLLING, &transaction[..8]);
    attribute(&mut message, USE_CANDIDATE, &[]);
    sign(&mut message, password);
    message
}

/// Tells whether a datagram is the success response to this transaction, signed with this password.
#[must_use]
pub fn is_answer(message: &[u8], transaction: &[u8; 12], password: &str) -> bool {
    if message.len() < 20 || message[..2] != [1, 1] || message[8..20] != transaction[..] {
        return false;
    }
    let mut at = 20;
    while at + 4 <= message.len() {
        let kind = u16::from_be_bytes([message[at], message[at + 1]]);
        let size = usize::from(u16::from_be_bytes([message[at + 2], message[at + 3]]));
        if kind == INTEGRITY && size == 20 && at + 24 <= message.len() {
            let mut signed = message[..at].to_vec();
            set_length(&mut signed, at + 24 - 20);
            return hmac(password, &signed) == message[at + 4..at + 24];
        }
        at += 4 + size.next_multiple_of(4);
    }
    false
}

fn sign(message: &mut Vec<u8>, password: &str) {
    let with_integrity = message.len() + 24 - 20;
    set_length(message, with_integrity);
    let digest = hmac(password, message);
    attribute(message, INTEGRITY, &digest);
    set_length(message, with_integrity + 8);
    let crc = crc32(message) ^ 0x5354_554E;
    attribute(message, FINGERPRINT, &crc.to_be_bytes());
}

fn attribute(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend_from_slice(&kind.to_be_bytes());
    message.extend_from_slice(&(value.len() as u16).to_be_bytes());
    message.extend_from_slice(value);
    message.resize(message.len().next_multiple_of(4), 0);
}

fn set_length(message: &mut [u8], length: usize) {
    message[2..4].copy_from_slice(&(length as u16).to_be_bytes());
}

fn hmac(password: &str, message: &[u8]) -> Vec<u8> {
    let key = PKey::hmac(password.as_bytes()).expect("any bytes are a key");
    let mut signer = Signer::new(MessageDigest::sha1(), &key).expect("SHA-1 is there");
    signer.sign_oneshot_to_vec(message).expect("HMAC")
}

fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_signature_is_no_answer() {
        let mut message = check("node", "secret", [7; 12]);
        message[..2].copy_from_slice(&[1, 1]);
        assert!(
            !is_answer(&message, &[7; 12], "secret"),
            "the header is signed"
        );
        let before = message.len() - 32;
        message.truncate(before);
        sign(&mut message, "secret");
        assert!(is_answer(&message, &[7; 12], "secret"));
        assert!(!is_answer(&message, &[7; 12], "guessed"));
        assert!(!is_answer(&message, &[8; 12], "secret"));
    }

    #[test]
    fn checksum_is_the_one_of_ethernet() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}
