//! STUN as an ICE-lite node needs it: binding requests in, binding answers out (RFC 8489, RFC 8445 §7.3).
//!
//! Checks stand in the order of their cost, because anybody can send here.

use std::net::{IpAddr, SocketAddr};

use ring::hmac;

use crate::bytes::{u16_at, u32_at};
use crate::error::{Read, Refused, refuse};

const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const COOKIE: u32 = 0x2112_A442;
const HEADER_BYTES: usize = 20;
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const FINGERPRINT_XOR: u32 = 0x5354_554E;
const INTEGRITY_BYTES: usize = 24; // Attribute header and SHA-1.
const FINGERPRINT_BYTES: usize = 8;
const USERNAME_BYTES_MAX: usize = 513; // RFC 8489 §14.3.

/// A connectivity check: whose credentials it names, and whether it nominates its address.
#[derive(Debug)]
pub struct BindingRequest<'a> {
    /// Repeated in the answer.
    pub transaction: [u8; 12],
    /// Our part of the user name.
    pub username_fragment: &'a [u8],
    /// USE-CANDIDATE.
    pub nominates: bool,
    signed: Vec<u8>,
    digest: &'a [u8],
}

impl BindingRequest<'_> {
    /// Tells whether the sender knows the password (short-term credentials, RFC 8489 §9.1).
    #[must_use]
    pub fn has_integrity(&self, key: &hmac::Key) -> bool {
        hmac::verify(key, &self.signed, self.digest).is_ok()
    }
}

/// The key that a password makes.
#[must_use]
pub fn key(password: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password)
}

/// Parses a binding request; its integrity is not checked yet.
///
/// # Errors
/// Anything else is refused.
pub fn read_request(data: &[u8]) -> Read<BindingRequest<'_>> {
    let malformed = Refused("stun_malformed");
    let kind = u16_at(data, 0).ok_or(malformed)?;
    let length = usize::from(u16_at(data, 2).ok_or(malformed)?);
    let cookie = u32_at(data, 4).ok_or(malformed)?;
    let transaction: [u8; 12] = data
        .get(8..HEADER_BYTES)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(malformed)?;
    if cookie != COOKIE || length != data.len() - HEADER_BYTES || !length.is_multiple_of(4) {
        return Err(malformed);
    }
    if kind != BINDING_REQUEST {
        return refuse("stun_not_a_request");
    }
    let mut username: &[u8] = b"";
    let mut nominates = false;
    let mut position = HEADER_BYTES;
    while let (Some(attribute), Some(size)) = (u16_at(data, position), u16_at(data, position + 2)) {
        let size = usize::from(size);
        let value = data
            .get(position + 4..position + 4 + size)
            .ok_or(malformed)?;
        match attribute {
            USERNAME => username = value,
            USE_CANDIDATE => nominates = true,
            // What follows is not covered and therefore not read, but for the checksum (§14.5).
            MESSAGE_INTEGRITY => {
                return signed_request(data, transaction, username, nominates, position, value);
            }
            _ => {}
        }
        position += 4 + ((size + 3) & !3);
    }
    refuse("stun_without_integrity")
}

fn signed_request<'a>(
    data: &'a [u8],
    transaction: [u8; 12],
    username: &'a [u8],
    nominates: bool,
    position: usize,
    digest: &'a [u8],
) -> Read<BindingRequest<'a>> {
    let malformed = Refused("stun_malformed");
    if digest.len() != 20 || username.len() > USERNAME_BYTES_MAX {
        return Err(malformed);
    }
    let after = position + INTEGRITY_BYTES;
    if data.len() == after + FINGERPRINT_BYTES && u16_at(data, after) == Some(FINGERPRINT) {
        let checksum = u32_at(data, after + 4).ok_or(malformed)?;
        if checksum != crc32fast::hash(data.get(..after).ok_or(malformed)?) ^ FINGERPRINT_XOR {
            return Err(malformed);
        }
    }
    // The length field is that of a message ending with this attribute (RFC 8489 §14.5).
    let mut signed = data.get(..position).ok_or(malformed)?.to_vec();
    let length = u16::try_from(after - HEADER_BYTES).map_err(|_| malformed)?;
    signed[2..4].copy_from_slice(&length.to_be_bytes());
    // The check's username is "<ours>:<theirs>" (RFC 8445 §7.2.2).
    let username_fragment = username.split(|&byte| byte == b':').next().unwrap_or(b"");
    Ok(BindingRequest {
        transaction,
        username_fragment,
        nominates,
        signed,
        digest,
    })
}

/// Appends the answer to a valid request: the address it came from, signed.
pub fn write_success(
    request: &BindingRequest<'_>,
    from: SocketAddr,
    key: &hmac::Key,
    out: &mut Vec<u8>,
) {
    let start = out.len();
    out.extend_from_slice(&BINDING_SUCCESS.to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&COOKIE.to_be_bytes());
    out.extend_from_slice(&request.transaction);
    write_address(from, &request.transaction, out);
    let body = out.len() - start - HEADER_BYTES;
    set_length(out, start, body + INTEGRITY_BYTES);
    let digest = hmac::sign(key, &out[start..]);
    out.extend_from_slice(&MESSAGE_INTEGRITY.to_be_bytes());
    out.extend_from_slice(&20_u16.to_be_bytes());
    out.extend_from_slice(digest.as_ref());
    set_length(out, start, body + INTEGRITY_BYTES + FINGERPRINT_BYTES);
    let checksum = crc32fast::hash(&out[start..]) ^ FINGERPRINT_XOR;
    out.extend_from_slice(&FINGERPRINT.to_be_bytes());
    out.extend_from_slice(&4_u16.to_be_bytes());
    out.extend_from_slice(&checksum.to_be_bytes());
}

fn set_length(out: &mut [u8], start: usize, length: usize) {
    let length = u16::try_from(length).unwrap_or(0); // At most 64 bytes.
    out[start + 2..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// RFC 8489 §14.2. A v4-mapped address of a dual-stack socket is the peer's IPv4 address.
fn write_address(from: SocketAddr, transaction: &[u8; 12], out: &mut Vec<u8>) {
    let mut mask = [0_u8; 16];
    mask[..4].copy_from_slice(&COOKIE.to_be_bytes());
    mask[4..].copy_from_slice(transaction);
    let port = from.port() ^ (COOKIE >> 16) as u16;
    out.extend_from_slice(&XOR_MAPPED_ADDRESS.to_be_bytes());
    let (v4, v6);
    let (family, host): (u8, &[u8]) = match from.ip().to_canonical() {
        IpAddr::V4(ip) => {
            v4 = ip.octets();
            (1, &v4)
        }
        IpAddr::V6(ip) => {
            v6 = ip.octets();
            (2, &v6)
        }
    };
    out.extend_from_slice(&(4 + host.len() as u16).to_be_bytes());
    out.extend_from_slice(&[0, family]);
    out.extend_from_slice(&port.to_be_bytes());
    out.extend(host.iter().zip(mask).map(|(byte, key)| byte ^ key));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(password: &[u8]) -> Vec<u8> {
        let mut data = vec![0, 1, 0, 0];
        data.extend_from_slice(&COOKIE.to_be_bytes());
        data.extend_from_slice(&[7; 12]);
        data.extend_from_slice(&[0, 6, 0, 9]);
        data.extend_from_slice(b"ours:them\0\0\0");
        set_length(&mut data, 0, 16 + INTEGRITY_BYTES);
        let digest = hmac::sign(&key(password), &data);
        data.extend_from_slice(&[0, 8, 0, 20]);
        data.extend_from_slice(digest.as_ref());
        data
    }

    #[test]
    fn a_check_names_us_and_proves_its_password() {
        let data = request(b"secret");
        let read = read_request(&data).unwrap();
        assert_eq!(read.username_fragment, b"ours");
        assert!(read.has_integrity(&key(b"secret")));
        assert!(!read.has_integrity(&key(b"guess")));
    }

    #[test]
    fn every_cut_of_a_request_is_refused() {
        let data = request(b"secret");
        assert!((0..data.len()).all(|size| read_request(&data[..size]).is_err()));
    }
}
