//! SRTP and SRTCP of one transport (RFC 3711, RFC 7714), in place.
//!
//! The ciphers and hashes are those of maintained libraries (ring; `RustCrypto`'s AES for key derivation and
//! the counter mode that ring does not offer); the framing is ours. Libraries with framing were weighed:
//! libsrtp keeps a window for outgoing packets and looks its stream up for each, the Rust ones allocate
//! per packet and use a GCM that costs several times ring's. Here the full packet index is known to the
//! caller, so that sealing is one call into ring. libsrtp (pylibsrtp) is the other end in the conformance
//! suite, under every profile.

use std::collections::HashMap;

use aes::cipher::{
    BlockCipherEncrypt, InnerIvInit, KeyInit, StreamCipher, StreamCipherCoreWrapper,
};
use ring::{aead, hmac};

use crate::bytes::{u16_at, u32_at};
use crate::error::{Read, Refused, refuse};
use crate::limits;

const GCM_TAG_BYTES: usize = 16;
const SHA1_TAG_BYTES: usize = 10;
const RTCP_INDEX_BYTES: usize = 4;
const RTCP_HEADER_BYTES: usize = 8;
const RTCP_WINDOW: usize = 128;
const ENCRYPTED: u32 = 1 << 31;

/// How packets are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// RFC 7714, the cheapest.
    AeadAes128Gcm,
    /// RFC 7714.
    AeadAes256Gcm,
    /// RFC 3711.
    Aes128CmSha1,
}

impl Profile {
    /// The profile of this name, as DTLS-SRTP registers it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "AEAD_AES_128_GCM" => Some(Self::AeadAes128Gcm),
            "AEAD_AES_256_GCM" => Some(Self::AeadAes256Gcm),
            "AES128_CM_SHA1_80" => Some(Self::Aes128CmSha1),
            _ => None,
        }
    }

    fn sizes(self) -> (usize, usize) {
        match self {
            Self::AeadAes128Gcm => (16, 12),
            Self::AeadAes256Gcm => (32, 12),
            Self::Aes128CmSha1 => (16, 14),
        }
    }
}

/// Keys of one DTLS-SRTP association: key and salt of each direction, joined.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// The profile agreed on.
    pub profile: Profile,
    /// What the peer sends under.
    pub receive: Vec<u8>,
    /// What we send under.
    pub send: Vec<u8>,
}

/// Both directions.
pub struct Srtp {
    /// What it was made of.
    pub keys: Keys,
    rtp_in: Cipher,
    rtcp_in: Cipher,
    rtp_out: Cipher,
    rtcp_out: Cipher,
    streams: HashMap<u32, Stream>,
    rtcp_index: u32,
}

#[derive(Default)]
struct Stream {
    rtp: Option<Window<{ limits::SRTP_WINDOW_PACKETS / 64 }>>,
    rtcp: Option<Window<{ RTCP_WINDOW / 64 }>>,
}

impl Srtp {
    /// Sessions for these keys; `None` when they have the wrong length for their profile.
    #[must_use]
    pub fn new(keys: Keys) -> Option<Self> {
        let (rtp_in, rtcp_in) = ciphers(keys.profile, &keys.receive)?;
        let (rtp_out, rtcp_out) = ciphers(keys.profile, &keys.send)?;
        Some(Self {
            keys,
            rtp_in,
            rtcp_in,
            rtp_out,
            rtcp_out,
            streams: HashMap::new(),
            rtcp_index: 0,
        })
    }

    /// Checks and decrypts a packet in place; `head` is the size of its header. The answer is its new size.
    ///
    /// # Errors
    /// Forged and replayed packets are refused; the bytes then mean nothing.
    pub fn open_rtp(&mut self, data: &mut [u8], head: usize) -> Read<usize> {
        let refused = Refused("srtp_refused");
        let sequence = u16_at(data, 2).ok_or(refused)?;
        let ssrc = u32_at(data, 8).ok_or(refused)?;
        let window = self
            .streams
            .get(&ssrc)
            .and_then(|stream| stream.rtp.as_ref());
        let index = match window {
            None => u64::from(sequence),
            Some(window) => window.guess(sequence),
        };
        if window.is_some_and(|window| !window.is_fresh(index)) {
            return refuse("srtp_replay");
        }
        let size = self.rtp_in.open_rtp(data, head, ssrc, index)?;
        self.streams
            .entry(ssrc)
            .or_default()
            .rtp
            .get_or_insert_with(Window::default)
            .note(index);
        Ok(size)
    }

    /// As `open_rtp`, for a compound of reports.
    ///
    /// # Errors
    /// As `open_rtp`.
    pub fn open_rtcp(&mut self, data: &mut [u8]) -> Read<usize> {
        let ssrc = u32_at(data, 4).ok_or(Refused("srtp_refused"))?;
        let (size, index) = self.rtcp_in.open_rtcp(data, ssrc, |index| {
            let window = self
                .streams
                .get(&ssrc)
                .and_then(|stream| stream.rtcp.as_ref());
            window.is_none_or(|window| window.is_fresh(index))
        })?;
        self.streams
            .entry(ssrc)
            .or_default()
            .rtcp
            .get_or_insert_with(Window::default)
            .note(index);
        Ok(size)
    }

    /// Encrypts the packet at the end of `out`, which begins at `start` and has a header of `head` bytes.
    /// `index` is its number without wrap, of which no two packets of an SSRC may have the same.
    pub fn seal_rtp(&self, out: &mut Vec<u8>, start: usize, head: usize, ssrc: u32, index: u64) {
        self.rtp_out.seal_rtp(out, start, head, ssrc, index);
    }

    /// As `seal_rtp`, for reports.
    pub fn seal_rtcp(&mut self, out: &mut Vec<u8>, start: usize) {
        self.rtcp_index = (self.rtcp_index + 1) & (ENCRYPTED - 1);
        self.rtcp_out.seal_rtcp(out, start, self.rtcp_index);
    }

    /// Frees the state of a stream that ended.
    pub fn forget_received(&mut self, ssrc: u32) {
        self.streams.remove(&ssrc);
    }
}

/// What was received on one SSRC: the highest index and a bit for each before it (RFC 3711 §3.3.2).
struct Window<const WORDS: usize> {
    highest: u64,
    seen: [u64; WORDS],
    any: bool,
}

impl<const WORDS: usize> Default for Window<WORDS> {
    fn default() -> Self {
        Self {
            highest: 0,
            seen: [0; WORDS],
            any: false,
        }
    }
}

impl<const WORDS: usize> Window<WORDS> {
    const BITS: u64 = 64 * WORDS as u64;

    /// The index that a sequence number stands for (RFC 3711 §3.3.1).
    fn guess(&self, sequence: u16) -> u64 {
        let near = self.highest as i64;
        let step = (i64::from(sequence) - near + 0x8000) & 0xFFFF;
        let guess = near + step - 0x8000;
        if guess < 0 {
            u64::from(sequence)
        } else {
            guess as u64
        }
    }

    fn is_fresh(&self, index: u64) -> bool {
        if !self.any || index > self.highest {
            return true;
        }
        if self.highest - index >= Self::BITS {
            return false;
        }
        let bit = index % Self::BITS;
        self.seen[(bit / 64) as usize] >> (bit % 64) & 1 == 0
    }

    fn note(&mut self, index: u64) {
        if !self.any || index > self.highest {
            let steps = if self.any {
                (index - self.highest).min(Self::BITS)
            } else {
                Self::BITS
            };
            for step in 0..steps {
                let bit = (index - step.min(index)) % Self::BITS;
                self.seen[(bit / 64) as usize] &= !(1 << (bit % 64));
            }
            self.highest = index;
            self.any = true;
        }
        let bit = index % Self::BITS;
        self.seen[(bit / 64) as usize] |= 1 << (bit % 64);
    }
}

// One for each direction of a transport: a box would cost every packet a step more.
#[allow(clippy::large_enum_variant)]
enum Cipher {
    Gcm {
        key: aead::LessSafeKey,
        salt: [u8; 12],
    },
    Counter {
        aes: aes::Aes128,
        salt: [u8; 14],
        auth: hmac::Key,
    },
}

type CounterMode = StreamCipherCoreWrapper<ctr::CtrCore<aes::Aes128, ctr::flavors::Ctr128BE>>;

impl Cipher {
    fn open_rtp(&self, data: &mut [u8], head: usize, ssrc: u32, index: u64) -> Read<usize> {
        let refused = Refused("srtp_refused");
        match self {
            Self::Gcm { key, salt } => {
                if data.len() < head + GCM_TAG_BYTES {
                    return Err(refused);
                }
                let (header, body) = data.split_at_mut(head);
                let nonce = gcm_nonce(salt, ssrc, index);
                let plain = key
                    .open_in_place(nonce, aead::Aad::from(&*header), body)
                    .map_err(|_| refused)?;
                Ok(head + plain.len())
            }
            Self::Counter { aes, salt, auth } => {
                let size = data
                    .len()
                    .checked_sub(SHA1_TAG_BYTES)
                    .filter(|&size| size >= head);
                let size = size.ok_or(refused)?;
                let (packet, tag) = data.split_at_mut(size);
                if !same(&rtp_tag(auth, packet, index), tag) {
                    return Err(refused);
                }
                counter_mode(aes, salt, ssrc, index, &mut packet[head..]);
                Ok(size)
            }
        }
    }

    fn seal_rtp(&self, out: &mut Vec<u8>, start: usize, head: usize, ssrc: u32, index: u64) {
        match self {
            Self::Gcm { key, salt } => {
                let (header, body) = out[start..].split_at_mut(head);
                let nonce = gcm_nonce(salt, ssrc, index);
                let tag = key.seal_in_place_separate_tag(nonce, aead::Aad::from(&*header), body);
                // ring refuses only what is beyond 64 GB.
                out.extend_from_slice(tag.expect("packets are short").as_ref());
            }
            Self::Counter { aes, salt, auth } => {
                counter_mode(aes, salt, ssrc, index, &mut out[start + head..]);
                let tag = rtp_tag(auth, &out[start..], index);
                out.extend_from_slice(&tag);
            }
        }
    }

    fn open_rtcp(
        &self,
        data: &mut [u8],
        ssrc: u32,
        is_fresh: impl Fn(u64) -> bool,
    ) -> Read<(usize, u64)> {
        let refused = Refused("srtp_refused");
        let tail = match self {
            Self::Gcm { .. } => RTCP_INDEX_BYTES,
            Self::Counter { .. } => RTCP_INDEX_BYTES + SHA1_TAG_BYTES,
        };
        let at = data
            .len()
            .checked_sub(tail)
            .filter(|&at| at >= RTCP_HEADER_BYTES)
            .ok_or(refused)?;
        let word = u32_at(data, at).ok_or(refused)?;
        let index = word & !ENCRYPTED;
        if word & ENCRYPTED == 0 {
            return Err(refused); // Reports in the clear are not ours to believe.
        }
        if !is_fresh(u64::from(index)) {
            return refuse("srtp_replay");
        }
        match self {
            Self::Gcm { key, salt } => {
                let aad = rtcp_aad(data, word);
                let body = &mut data[RTCP_HEADER_BYTES..at];
                let nonce = gcm_nonce(salt, ssrc, u64::from(index));
                let plain = key
                    .open_in_place(nonce, aead::Aad::from(aad), body)
                    .map_err(|_| refused)?;
                Ok((RTCP_HEADER_BYTES + plain.len(), u64::from(index)))
            }
            Self::Counter { aes, salt, auth } => {
                let (signed, tag) = data.split_at_mut(at + RTCP_INDEX_BYTES);
                if !same(hmac::sign(auth, signed).as_ref(), tag) {
                    return Err(refused);
                }
                counter_mode(
                    aes,
                    salt,
                    ssrc,
                    u64::from(index),
                    &mut signed[RTCP_HEADER_BYTES..at],
                );
                Ok((at, u64::from(index)))
            }
        }
    }

    fn seal_rtcp(&self, out: &mut Vec<u8>, start: usize, index: u32) {
        let Some(ssrc) = u32_at(out, start + 4) else {
            return; // All that we write has a header.
        };
        let word = (index | ENCRYPTED).to_be_bytes();
        match self {
            Self::Gcm { key, salt } => {
                let aad = rtcp_aad(&out[start..], index | ENCRYPTED);
                let nonce = gcm_nonce(salt, ssrc, u64::from(index));
                let body = &mut out[start + RTCP_HEADER_BYTES..];
                let tag = key.seal_in_place_separate_tag(nonce, aead::Aad::from(aad), body);
                out.extend_from_slice(tag.expect("packets are short").as_ref());
                out.extend_from_slice(&word);
            }
            Self::Counter { aes, salt, auth } => {
                let body = &mut out[start + RTCP_HEADER_BYTES..];
                counter_mode(aes, salt, ssrc, u64::from(index), body);
                out.extend_from_slice(&word);
                let tag = hmac::sign(auth, &out[start..]);
                out.extend_from_slice(&tag.as_ref()[..SHA1_TAG_BYTES]);
            }
        }
    }
}

/// RFC 7714 §8.1 and §9.1: the 48-bit index of a packet and the 31-bit one of a report stand alike.
fn gcm_nonce(salt: &[u8; 12], ssrc: u32, index: u64) -> aead::Nonce {
    let mut nonce = *salt;
    for (byte, value) in nonce[2..6].iter_mut().zip(ssrc.to_be_bytes()) {
        *byte ^= value;
    }
    for (byte, value) in nonce[6..].iter_mut().zip(&index.to_be_bytes()[2..]) {
        *byte ^= value;
    }
    aead::Nonce::assume_unique_for_key(nonce)
}

/// RFC 7714 §9.3: header and index word.
fn rtcp_aad(data: &[u8], word: u32) -> [u8; 12] {
    let mut aad = [0; 12];
    for (to, from) in aad.iter_mut().zip(data.iter().take(RTCP_HEADER_BYTES)) {
        *to = *from;
    }
    aad[RTCP_HEADER_BYTES..].copy_from_slice(&word.to_be_bytes());
    aad
}

/// RFC 3711 §4.1.1.
fn counter_mode(aes: &aes::Aes128, salt: &[u8; 14], ssrc: u32, index: u64, body: &mut [u8]) {
    let mut iv = [0; 16];
    iv[..14].copy_from_slice(salt);
    for (byte, value) in iv[4..8].iter_mut().zip(ssrc.to_be_bytes()) {
        *byte ^= value;
    }
    for (byte, value) in iv[8..14].iter_mut().zip(&index.to_be_bytes()[2..]) {
        *byte ^= value;
    }
    let core = ctr::CtrCore::inner_iv_init(aes.clone(), &iv.into());
    CounterMode::from_core(core).apply_keystream(body);
}

/// RFC 3711 §4.2.1: the roll-over counter is signed with the packet.
fn rtp_tag(auth: &hmac::Key, packet: &[u8], index: u64) -> [u8; SHA1_TAG_BYTES] {
    let mut context = hmac::Context::with_key(auth);
    context.update(packet);
    context.update(&((index >> 16) as u32).to_be_bytes());
    let mut tag = [0; SHA1_TAG_BYTES];
    tag.copy_from_slice(&context.sign().as_ref()[..SHA1_TAG_BYTES]);
    tag
}

/// Compares a tag in constant time.
fn same(digest: &[u8], tag: &[u8]) -> bool {
    let differing = digest
        .iter()
        .zip(tag)
        .fold(0, |sum, (left, right)| sum | (left ^ right));
    tag.len() == SHA1_TAG_BYTES && std::hint::black_box(differing) == 0
}

fn ciphers(profile: Profile, master: &[u8]) -> Option<(Cipher, Cipher)> {
    let (key_bytes, salt_bytes) = profile.sizes();
    if master.len() != key_bytes + salt_bytes {
        return None;
    }
    let (key, salt) = master.split_at(key_bytes);
    let mut padded = [0; 14]; // RFC 7714 §11: a shorter salt is filled with zeros.
    padded[..salt_bytes].copy_from_slice(salt);
    let make = |label: u8| -> Option<Cipher> {
        let session = derive(key, &padded, label, key_bytes)?;
        let salt = derive(key, &padded, label + 2, salt_bytes)?;
        Some(match profile {
            Profile::AeadAes128Gcm => gcm(&aead::AES_128_GCM, &session, &salt)?,
            Profile::AeadAes256Gcm => gcm(&aead::AES_256_GCM, &session, &salt)?,
            Profile::Aes128CmSha1 => Cipher::Counter {
                aes: aes::Aes128::new_from_slice(&session).ok()?,
                salt: salt.try_into().ok()?,
                auth: hmac::Key::new(
                    hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                    &derive(key, &padded, label + 1, 20)?,
                ),
            },
        })
    };
    Some((make(0)?, make(3)?))
}

fn gcm(algorithm: &'static aead::Algorithm, key: &[u8], salt: &[u8]) -> Option<Cipher> {
    let key = aead::LessSafeKey::new(aead::UnboundKey::new(algorithm, key).ok()?);
    Some(Cipher::Gcm {
        key,
        salt: salt.try_into().ok()?,
    })
}

/// Key derivation (RFC 3711 §4.3.1) with rate zero: AES in counter mode over nothing.
fn derive(master: &[u8], salt: &[u8; 14], label: u8, size: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(size + 16);
    for counter in 0_u16.. {
        if out.len() >= size {
            break;
        }
        let mut block = [0_u8; 16];
        block[..14].copy_from_slice(salt);
        block[7] ^= label;
        block[14..].copy_from_slice(&counter.to_be_bytes());
        let mut block = block.into();
        match master.len() {
            16 => aes::Aes128::new_from_slice(master)
                .ok()?
                .encrypt_block(&mut block),
            _ => aes::Aes256::new_from_slice(master)
                .ok()?
                .encrypt_block(&mut block),
        }
        out.extend_from_slice(&block);
    }
    out.truncate(size);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    }

    #[test]
    fn keys_are_derived_as_in_rfc_3711_b3() {
        let master = hex("E1F97A0D3E018BE0D64FA32C06DE4139");
        let salt: [u8; 14] = hex("0EC675AD498AFEEBB6960B3AABE6").try_into().unwrap();
        assert_eq!(
            derive(&master, &salt, 0, 16).unwrap(),
            hex("C61E7A93744F39EE10734AFE3FF7A087")
        );
        assert_eq!(
            derive(&master, &salt, 2, 14).unwrap(),
            hex("30CBBC08863D8C85D49DB34A9AE1")
        );
        assert_eq!(
            derive(&master, &salt, 1, 16).unwrap(),
            hex("CEBE321F6FF7716B6FD4AB49AF256A15")
        );
    }

    #[test]
    fn what_is_sealed_opens_once_and_not_when_touched() {
        for (profile, size) in [
            (Profile::AeadAes128Gcm, 28),
            (Profile::AeadAes256Gcm, 44),
            (Profile::Aes128CmSha1, 30),
        ] {
            let key: Vec<u8> = (0..size).collect();
            let keys = || Keys {
                profile,
                receive: key.clone(),
                send: key.clone(),
            };
            let mut srtp = Srtp::new(keys()).unwrap();
            let mut packet = vec![0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
            packet.extend_from_slice(b"payload");
            let plain = packet.clone();
            srtp.seal_rtp(&mut packet, 0, 12, 3, 1);
            assert_eq!(srtp.open_rtp(&mut packet.clone(), 12), Ok(plain.len()));
            assert_eq!(
                srtp.open_rtp(&mut packet.clone(), 12),
                refuse("srtp_replay")
            );
            let mut other = Srtp::new(keys()).unwrap();
            packet[15] ^= 1;
            assert_eq!(other.open_rtp(&mut packet, 12), refuse("srtp_refused"));
            let mut report = vec![0x80, 201, 0, 1, 0, 0, 0, 9];
            srtp.seal_rtcp(&mut report, 0);
            assert_eq!(srtp.open_rtcp(&mut report.clone()), Ok(8));
            assert_eq!(srtp.open_rtcp(&mut report), refuse("srtp_replay"));
        }
    }

    #[test]
    fn a_window_knows_wraps_and_what_is_too_old() {
        let mut window = Window::<16>::default();
        window.note(65_535);
        assert_eq!(window.guess(2), 65_538);
        window.note(65_538);
        assert!(window.is_fresh(65_536));
        assert!(!window.is_fresh(65_535));
        window.note(70_000);
        assert!(!window.is_fresh(65_536));
        assert!(window.is_fresh(69_999));
    }
}
