//! The client's end of DTLS 1.2 with the SRTP extension (RFC 5764), on datagrams passed by hand.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::ssl::{ErrorCode, Ssl, SslContext, SslMethod, SslStream, SslVerifyMode};
use openssl::x509::{X509Name, X509};

use crate::srtp::MASTER_BYTES;

/// One certificate for all viewers, as a browser has one for all its connections.
pub struct Identity {
    context: SslContext,
    /// SHA-256 of the certificate, as in `fingerprints[].value`.
    pub fingerprint: String,
}

impl Identity {
    /// Makes a new ECDSA P-256 certificate.
    ///
    /// # Errors
    /// When OpenSSL cannot.
    pub fn new() -> Result<Self, openssl::error::ErrorStack> {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
        let key = PKey::from_ec_key(EcKey::generate(&group)?)?;
        let mut name = X509Name::builder()?;
        name.append_entry_by_text("CN", "bench")?;
        let name = name.build();
        let mut certificate = X509::builder()?;
        certificate.set_version(2)?;
        certificate.set_serial_number(&*BigNum::from_u32(1)?.to_asn1_integer()?)?;
        certificate.set_subject_name(&name)?;
        certificate.set_issuer_name(&name)?;
        certificate.set_not_before(&*Asn1Time::days_from_now(0)?)?;
        certificate.set_not_after(&*Asn1Time::days_from_now(2)?)?;
        certificate.set_pubkey(&key)?;
        certificate.sign(&key, MessageDigest::sha256())?;
        let certificate = certificate.build();
        let mut context = SslContext::builder(SslMethod::dtls_client())?;
        context.set_certificate(&certificate)?;
        context.set_private_key(&key)?;
        context.set_verify(SslVerifyMode::NONE); // The fingerprint is what binds (RFC 8122).
        context.set_tlsext_use_srtp("SRTP_AEAD_AES_128_GCM")?;
        Ok(Self {
            fingerprint: fingerprint(&certificate)?,
            context: context.build(),
        })
    }
}

fn fingerprint(certificate: &X509) -> Result<String, openssl::error::ErrorStack> {
    let digest = certificate.digest(MessageDigest::sha256())?;
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    Ok(pairs.join(":"))
}

/// Datagrams in and out of OpenSSL, one per read or write.
#[derive(Default)]
struct Datagrams {
    arrived: VecDeque<Vec<u8>>,
    leaving: Vec<Vec<u8>>,
}

impl Read for Datagrams {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let datagram = self.arrived.pop_front().ok_or(io::ErrorKind::WouldBlock)?;
        let size = datagram.len().min(buffer.len());
        buffer[..size].copy_from_slice(&datagram[..size]);
        Ok(size)
    }
}

impl Write for Datagrams {
    fn write(&mut self, datagram: &[u8]) -> io::Result<usize> {
        self.leaving.push(datagram.to_vec());
        Ok(datagram.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Master keys of both directions: ours to send with, the node's.
pub struct Keys {
    pub ours: [u8; MASTER_BYTES],
    pub theirs: [u8; MASTER_BYTES],
}

/// One handshake.
pub struct Handshake {
    stream: SslStream<Datagrams>,
    expected: String,
}

impl Handshake {
    /// A client that expects a node with this SHA-256 fingerprint.
    ///
    /// # Errors
    /// When OpenSSL cannot.
    pub fn new(identity: &Identity, expected: String) -> Result<Self, openssl::error::ErrorStack> {
        let mut ssl = Ssl::new(&identity.context)?;
        ssl.set_mtu(1_200)?;
        ssl.set_connect_state();
        let stream = SslStream::new(ssl, Datagrams::default())?;
        Ok(Self { stream, expected })
    }

    /// Takes a datagram of the node.
    pub fn take(&mut self, datagram: &[u8]) {
        self.stream.get_mut().arrived.push_back(datagram.to_vec());
    }

    /// Goes as far as it can, and repeats a flight whose time has come; the keys when it is done.
    ///
    /// # Errors
    /// When the node refuses or is not who it should be.
    pub fn step(&mut self) -> Result<Option<Keys>, String> {
        match self.stream.do_handshake() {
            Ok(()) => self.keys().map(Some),
            Err(error) if error.code() == ErrorCode::WANT_READ => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    /// What must be sent now.
    pub fn leaving(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.stream.get_mut().leaving)
    }

    fn keys(&self) -> Result<Keys, String> {
        let ssl = self.stream.ssl();
        let node = ssl.peer_certificate().ok_or("no certificate")?;
        if fingerprint(&node).map_err(|error| error.to_string())? != self.expected {
            return Err("a foreign fingerprint".into());
        }
        ssl.selected_srtp_profile().ok_or("no SRTP profile")?;
        let mut material = [0; 2 * MASTER_BYTES];
        ssl.export_keying_material(&mut material, "EXTRACTOR-dtls_srtp", None)
            .map_err(|error| error.to_string())?;
        // Keys first, then salts, the client's before the server's (RFC 5764 section 4.2).
        let join = |key: usize, salt: usize| {
            let mut master = [0; MASTER_BYTES];
            master[..16].copy_from_slice(&material[key..key + 16]);
            master[16..].copy_from_slice(&material[salt..salt + 12]);
            master
        };
        Ok(Keys {
            ours: join(0, 32),
            theirs: join(16, 44),
        })
    }
}
