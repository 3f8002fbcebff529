//! SRTP with `AEAD_AES_128_GCM` (RFC 7714), the profile that the node prefers.

use openssl::symm::{Cipher, Crypter, Mode};
use ring::aead::{Aad, LessSafeKey, Nonce, UnboundKey, AES_128_GCM};

/// Key and salt of one direction.
pub const MASTER_BYTES: usize = 28;
/// What sealing adds to an RTP packet.
pub const TAG_BYTES: usize = 16;
/// What follows a sealed RTCP packet: the encryption flag and the index.
const INDEX_BYTES: usize = 4;

/// One direction of a transport.
pub struct Session {
    rtp: LessSafeKey,
    rtp_salt: [u8; 12],
    rtcp: LessSafeKey,
    rtcp_salt: [u8; 12],
    rtcp_index: u32,
}

impl Session {
    /// Derives the session keys (RFC 3711 section 4.3) from master key and salt, joined.
    #[must_use]
    pub fn new(master: &[u8; MASTER_BYTES]) -> Self {
        let (key, salt) = master.split_at(16);
        let mut salts = [[0; 12]; 2];
        derive(key, salt, 2, &mut salts[0]);
        derive(key, salt, 5, &mut salts[1]);
        Self {
            rtp: cipher(key, salt, 0),
            rtp_salt: salts[0],
            rtcp: cipher(key, salt, 3),
            rtcp_salt: salts[1],
            rtcp_index: 0,
        }
    }

    /// Seals a packet in place; `header` bytes stay readable. `index` counts on beyond 16 bits.
    pub fn seal(&self, packet: &mut Vec<u8>, header: usize, index: u64) {
        let nonce = self.nonce(packet, index);
        let (head, body) = packet.split_at_mut(header);
        let tag = self
            .rtp
            .seal_in_place_separate_tag(nonce, Aad::from(&*head), body)
            .expect("a packet is short");
        packet.extend_from_slice(tag.as_ref());
    }

    /// The payload of a sealed packet, opened in place; `None` when it is not authentic.
    pub fn open<'a>(&self, packet: &'a mut [u8], header: usize, index: u64) -> Option<&'a [u8]> {
        let nonce = self.nonce(packet, index);
        let (head, body) = packet.split_at_mut(header);
        self.rtp
            .open_in_place(nonce, Aad::from(&*head), body)
            .ok()
            .map(|payload| &*payload)
    }

    /// Seals an RTCP packet (RFC 7714 section 9.1).
    pub fn seal_rtcp(&mut self, packet: &mut Vec<u8>) {
        self.rtcp_index = (self.rtcp_index + 1) & 0x7FFF_FFFF;
        let word = (self.rtcp_index | 0x8000_0000).to_be_bytes();
        let nonce = self.rtcp_nonce(packet, self.rtcp_index);
        let aad: Vec<u8> = packet[..8].iter().chain(&word).copied().collect();
        let tag = self
            .rtcp
            .seal_in_place_separate_tag(nonce, Aad::from(aad), &mut packet[8..])
            .expect("a packet is short");
        packet.extend_from_slice(tag.as_ref());
        packet.extend_from_slice(&word);
    }

    /// An opened RTCP compound; `None` when it is not authentic.
    pub fn open_rtcp(&self, packet: &[u8]) -> Option<Vec<u8>> {
        let end = packet.len().checked_sub(INDEX_BYTES)?;
        if end < 8 + TAG_BYTES {
            return None;
        }
        let word: [u8; 4] = packet[end..].try_into().ok()?;
        let nonce = self.rtcp_nonce(packet, u32::from_be_bytes(word) & 0x7FFF_FFFF);
        let aad: Vec<u8> = packet[..8].iter().chain(&word).copied().collect();
        let mut body = packet[8..end].to_vec();
        let plain = self
            .rtcp
            .open_in_place(nonce, Aad::from(aad), &mut body)
            .ok()?;
        Some([&packet[..8], plain].concat())
    }

    fn nonce(&self, packet: &[u8], index: u64) -> Nonce {
        let mut nonce = [0; 12];
        nonce[2..6].copy_from_slice(&packet[8..12]);
        nonce[6..12].copy_from_slice(&index.to_be_bytes()[2..]);
        salted(nonce, &self.rtp_salt)
    }

    fn rtcp_nonce(&self, packet: &[u8], index: u32) -> Nonce {
        let mut nonce = [0; 12];
        nonce[2..6].copy_from_slice(&packet[4..8]);
        nonce[8..12].copy_from_slice(&index.to_be_bytes());
        salted(nonce, &self.rtcp_salt)
    }
}

fn salted(mut nonce: [u8; 12], salt: &[u8; 12]) -> Nonce {
    for (byte, grain) in nonce.iter_mut().zip(salt) {
        *byte ^= grain;
    }
    Nonce::assume_unique_for_key(nonce)
}

fn cipher(key: &[u8], salt: &[u8], label: u8) -> LessSafeKey {
    let mut derived = [0; 16];
    derive(key, salt, label, &mut derived);
    LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &derived).expect("16 bytes"))
}

/// The key stream of AES in counter mode is the derivation (RFC 3711 section 4.3.3).
fn derive(key: &[u8], salt: &[u8], label: u8, out: &mut [u8]) {
    let mut counter = [0; 16];
    counter[..12].copy_from_slice(salt);
    counter[7] ^= label;
    let mut crypter = Crypter::new(Cipher::aes_128_ctr(), Mode::Encrypt, key, Some(&counter))
        .expect("AES-128-CTR is in every OpenSSL");
    let zeros = vec![0; out.len()];
    let mut stream = vec![0; out.len() + 16];
    let written = crypter.update(&zeros, &mut stream).expect("room for it");
    out.copy_from_slice(&stream[..written]);
}

/// Counts sequence numbers on beyond 16 bits (RFC 3711 section 3.3.1).
#[derive(Default)]
pub struct Unwrap {
    highest: Option<u64>,
}

impl Unwrap {
    /// The index of a sequence number: the one nearest to the highest so far.
    pub fn index(&mut self, sequence: u16) -> u64 {
        let highest = self.highest.unwrap_or(u64::from(sequence));
        let step = i64::from(sequence.wrapping_sub(highest as u16) as i16);
        let index = highest.saturating_add_signed(step);
        self.highest = Some(highest.max(index));
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7714 section 16.1.1 has a packet for session keys; ours come derived, so both ends are ours.
    #[test]
    fn what_one_end_seals_the_other_opens() {
        let master = [7; MASTER_BYTES];
        let session = Session::new(&master);
        let mut packet = [vec![0x80; 12], vec![1, 2, 3]].concat();
        session.seal(&mut packet, 12, 65_540);
        assert_eq!(
            session.open(&mut packet.clone(), 12, 65_540),
            Some(&[1, 2, 3][..])
        );
        assert_eq!(session.open(&mut packet, 12, 4), None);
    }

    #[test]
    fn indices_go_on_over_the_wrap() {
        let mut unwrap = Unwrap::default();
        assert_eq!(
            [65_535, 0, 65_534, 1].map(|n| unwrap.index(n)),
            [65_535, 65_536, 65_534, 65_537]
        );
    }
}
