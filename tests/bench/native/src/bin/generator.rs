//! Viewers and a publisher with real ICE, DTLS and SRTP, driven by lines on standard input.
//!
//! ```text
//! node ADDRESS:PORT PAYLOAD_TYPE,...        where the node is; which payload types are media, not repairs
//! peer ID FRAGMENT PASSWORD TRANSPORT_CC direct OURS THEIRS    a transport with keys given (hex)
//! peer ID FRAGMENT PASSWORD TRANSPORT_CC dtls FINGERPRINT      a transport that makes its keys
//! stream PEER SSRC PAYLOAD_TYPE audio|video MID MID_ID RID RID_ID TRANSPORT_CC BYTES PACKETS FRAMES_PER_S
//! quiet                                     no stream is sent any more
//! mark                                      counts begin anew
//! report FIRST END                          counts of the peers FIRST up to END, as one line of JSON
//! ```
//!
//! Answers are lines of JSON: `hello` with the certificate's fingerprint, `connected`, `failed`, `report`.
//! A payload ends with the time of its sending; one packet in sixteen is opened to read it. The kernel says
//! when it came, so the time in between is the node's and the way there, not ours. Every 200 ms a receiver
//! sends transport-wide feedback. It asks for no repairs: what is lost is seen. Ends with its input.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::mem;
use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::str::SplitAsciiWhitespace;

use classwire_bench::dtls::{Handshake, Identity, Keys};
use classwire_bench::feedback::Arrivals;
use classwire_bench::net::{clock_ns, set_option, viewer_socket, Arrival, Batch, Watch, BATCH};
use classwire_bench::srtp::{Session, Unwrap, MASTER_BYTES};
use classwire_bench::{rtp, stun};

const MS: i64 = 1_000_000;
const SWEEP: i64 = 100 * MS;
const CHECK_AGAIN: i64 = 50 * MS;
const CHECK_EVERY: i64 = 2_500 * MS;
const GIVE_UP: i64 = 15_000 * MS;
const OPEN_ONE_IN: u64 = 16;
const LATENCIES_MAX: usize = 4_000_000;
const REPORTER: u32 = 1;
const STDIN: u64 = u64::MAX;

enum State {
    Checking,
    Shaking(Box<Handshake>),
    Open {
        ours: Box<Session>,
        theirs: Box<Session>,
    },
    Failed,
}

enum Wanted {
    Direct(Keys),
    Dtls(String),
}

struct Peer {
    id: usize,
    socket: UdpSocket,
    fragment: String,
    password: String,
    transport_cc: u8,
    wanted: Option<Wanted>,
    state: State,
    begun: i64,
    check_at: i64,
    transaction: [u8; 12],
    arrivals: Arrivals,
    streams: HashMap<u32, Received>,
    overflowed: u32,
    overflowed_before: u32,
}

/// One stream at a viewer, since the last mark.
#[derive(Default)]
struct Received {
    unwrap: Unwrap,
    first: Option<u64>,
    highest: u64,
    packets: u64,
    refused: u64,
}

/// One encoding that a publisher sends.
struct Sent {
    peer: usize,
    ssrc: u32,
    payload_type: u8,
    is_video: bool,
    mid: (u8, String),
    rid: (u8, String),
    transport_cc: u8,
    payload: Vec<u8>,
    packets: usize,
    interval: i64,
    due: i64,
    index: u64,
    timestamp: u32,
    key_frame: bool,
}

struct Generator {
    identity: Identity,
    node: Option<SocketAddrV4>,
    media: Vec<u8>,
    peers: Vec<Peer>,
    places: HashMap<usize, usize>,
    streams: Vec<Sent>,
    number: u16,
    sent: u64,
    latencies_us: Vec<u32>,
    watch: Watch,
    batch: Batch,
    swept: i64,
    sweeps: usize,
}

fn main() {
    let mut generator = Generator {
        identity: Identity::new().expect("a certificate"),
        node: None,
        media: Vec::new(),
        peers: Vec::new(),
        places: HashMap::new(),
        streams: Vec::new(),
        number: 0,
        sent: 0,
        latencies_us: Vec::new(),
        watch: Watch::new().expect("something to wait on"),
        batch: Batch::default(),
        swept: 0,
        sweeps: 0,
    };
    generator.watch.add(0, STDIN).expect("standard input");
    // SAFETY: no pointers.
    unsafe { libc::fcntl(0, libc::F_SETFL, libc::O_NONBLOCK) };
    say(&format!(
        r#"{{"event":"hello","fingerprint":"{}"}}"#,
        generator.identity.fingerprint
    ));
    generator.run();
}

fn now() -> i64 {
    clock_ns(libc::CLOCK_MONOTONIC)
}

fn say(line: &str) {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").expect("somebody reads");
    out.flush().expect("somebody reads");
}

impl Generator {
    fn run(&mut self) {
        let mut text = Vec::new();
        loop {
            let due = self.streams.iter().map(|stream| stream.due).min();
            let wait = due.map_or(10, |due| ((due - now()) / MS).clamp(0, 10));
            for ready in self.watch.wait(wait as i32) {
                if ready == STDIN {
                    if !self.obey(&mut text) {
                        return;
                    }
                } else {
                    self.read(ready as usize);
                }
            }
            self.send_due();
            let at = now();
            if at - self.swept >= SWEEP {
                self.swept = at;
                self.sweep(at);
            }
        }
    }

    /// Does what is asked; false at the end of input.
    fn obey(&mut self, text: &mut Vec<u8>) -> bool {
        let mut chunk = [0; 65_536];
        match io::stdin().lock().read(&mut chunk) {
            Ok(0) => return false,
            Ok(size) => text.extend_from_slice(&chunk[..size]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
            Err(error) => panic!("{error}"),
        }
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            let line = String::from_utf8(line).expect("plain words");
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("node") => {
                    self.node = Some(next(&mut words));
                    let media: String = next(&mut words);
                    self.media = media
                        .split(',')
                        .map(|number| number.parse().expect("a payload type"))
                        .collect();
                }
                Some("peer") => self.add_peer(&mut words),
                Some("stream") => self.add_stream(&mut words),
                Some("quiet") => self.streams.clear(),
                Some("mark") => self.mark(),
                Some("report") => self.report(next(&mut words), next(&mut words)),
                _ => panic!("not a line of mine: {line}"),
            }
        }
        true
    }

    fn add_peer(&mut self, words: &mut SplitAsciiWhitespace) {
        let id = next(words);
        let (fragment, password, transport_cc) = (next(words), next(words), next(words));
        let way: String = next(words);
        let wanted = if way == "direct" {
            Wanted::Direct(Keys {
                ours: master(&next::<String>(words)),
                theirs: master(&next::<String>(words)),
            })
        } else {
            Wanted::Dtls(next(words))
        };
        let socket = viewer_socket(self.node.expect("node comes first")).expect("a socket");
        let place = self.peers.len();
        self.watch
            .add(socket.as_raw_fd(), place as u64)
            .expect("one more socket");
        let mut transaction = [0xC1; 12];
        transaction[..8].copy_from_slice(&(id as u64).to_be_bytes());
        self.places.insert(id, place);
        self.peers.push(Peer {
            id,
            socket,
            fragment,
            password,
            transport_cc,
            wanted: Some(wanted),
            state: State::Checking,
            begun: now(),
            check_at: 0,
            transaction,
            arrivals: Arrivals::default(),
            streams: HashMap::new(),
            overflowed: 0,
            overflowed_before: 0,
        });
        self.peers[place].check(now());
    }

    fn add_stream(&mut self, words: &mut SplitAsciiWhitespace) {
        let peer = self.places[&next::<usize>(words)];
        let (ssrc, payload_type) = (next(words), next(words));
        let is_video = next::<String>(words) == "video";
        let mid: String = next(words);
        let mid = (next(words), mid);
        let rid: String = next(words);
        let rid = (next(words), rid);
        let transport_cc = next(words);
        let bytes: usize = next(words);
        let packets = next(words);
        let frames_per_s: f64 = next(words);
        // A burst of a key frame must not be lost on the way to the node.
        set_option(
            self.peers[peer].socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_SNDBUF,
            1 << 20,
        )
        .expect("a send buffer");
        self.streams.push(Sent {
            peer,
            ssrc,
            payload_type,
            is_video,
            mid,
            rid,
            transport_cc,
            payload: vec![0; bytes],
            packets,
            interval: (1e9 / frames_per_s) as i64,
            due: now(),
            index: 1,
            timestamp: 0,
            key_frame: true,
        });
    }

    fn read(&mut self, place: usize) {
        let peer = &mut self.peers[place];
        for _ in 0..4 {
            let arrivals = self.batch.receive(&peer.socket);
            let count = arrivals.len();
            for (n, arrival) in arrivals.into_iter().enumerate() {
                peer.overflowed = peer.overflowed.max(arrival.overflowed);
                let datagram = &mut self.batch.data[n][..arrival.size];
                match datagram.first() {
                    Some(0..=3) => peer.answered(datagram, &self.identity),
                    Some(20..=63) => peer.shake(Some(datagram)),
                    Some(128..=191) if datagram.len() >= 12 => {
                        if (192..=208).contains(&datagram[1]) {
                            key_frames(&mut self.streams, place, peer, datagram);
                        } else {
                            let taken = peer.take(datagram, &arrival, &self.media);
                            let room = self.latencies_us.len() < LATENCIES_MAX;
                            self.latencies_us.extend(taken.filter(|_| room));
                        }
                    }
                    _ => {}
                }
            }
            if count < BATCH {
                return;
            }
        }
    }

    fn send_due(&mut self) {
        let at = now();
        for stream in &mut self.streams {
            if stream.due > at {
                continue;
            }
            // After a pause nothing is caught up: a camera does not either.
            stream.due = (stream.due + stream.interval).max(at - stream.interval);
            let peer = &mut self.peers[stream.peer];
            if let State::Open { ours, .. } = &peer.state {
                self.sent += stream.send(&peer.socket, ours, &mut self.number);
            }
        }
    }

    fn sweep(&mut self, at: i64) {
        self.sweeps += 1;
        let half = self.sweeps % 2;
        for peer in &mut self.peers {
            let trying = matches!(peer.state, State::Checking | State::Shaking(_));
            if trying && at - peer.begun > GIVE_UP {
                peer.fail("no answer");
            }
            if at >= peer.check_at && !matches!(peer.state, State::Failed) {
                peer.check(at);
            }
            peer.shake(None);
            if peer.id % 2 == half {
                peer.feed_back();
            }
        }
    }

    fn mark(&mut self) {
        self.sent = 0;
        self.latencies_us.clear();
        for peer in &mut self.peers {
            peer.overflowed_before = peer.overflowed;
            for stream in peer.streams.values_mut() {
                stream.first = stream.first.map(|_| stream.highest + 1);
                stream.packets = 0;
                stream.refused = 0;
            }
        }
    }

    fn report(&mut self, first: usize, end: usize) {
        let (mut received, mut lost, mut overflowed, mut refused) = (0, 0, 0, 0);
        let (mut connected, mut watching) = (0, 0);
        for peer in self.peers.iter().filter(|p| (first..end).contains(&p.id)) {
            connected += u32::from(matches!(peer.state, State::Open { .. }));
            watching += u32::from(peer.streams.values().any(|stream| stream.packets > 0));
            overflowed += u64::from(peer.overflowed - peer.overflowed_before);
            for stream in peer.streams.values() {
                let span = stream.first.map_or(0, |first| stream.highest + 1 - first);
                received += stream.packets;
                refused += stream.refused;
                lost += span.saturating_sub(stream.packets);
            }
        }
        self.latencies_us.sort_unstable();
        let quantile = |share: f64| {
            let last = self.latencies_us.len().checked_sub(1)?;
            Some(f64::from(self.latencies_us[(last as f64 * share) as usize]) / 1e3)
        };
        let mut line = String::from(r#"{"event":"report""#);
        for (name, value) in [
            ("connected", u64::from(connected)),
            ("watching", u64::from(watching)),
            ("sent", self.sent),
            ("received", received),
            ("lost", lost),
            ("overflowed", overflowed),
            ("refused", refused),
            ("opened", self.latencies_us.len() as u64),
        ] {
            write!(line, r#","{name}":{value}"#).expect("a string");
        }
        for (name, share) in [("p50_ms", 0.5), ("p99_ms", 0.99)] {
            match quantile(share) {
                Some(value) => write!(line, r#","{name}":{value}"#),
                None => write!(line, r#","{name}":null"#),
            }
            .expect("a string");
        }
        line.push('}');
        say(&line);
    }
}

impl Peer {
    fn check(&mut self, at: i64) {
        let again = match self.state {
            State::Open { .. } => CHECK_EVERY,
            _ => CHECK_AGAIN,
        };
        self.check_at = at + again;
        let request = stun::check(&self.fragment, &self.password, self.transaction);
        // What the kernel does not take is repeated.
        let _ = self.socket.send(&request);
    }

    fn answered(&mut self, answer: &[u8], identity: &Identity) {
        if !stun::is_answer(answer, &self.transaction, &self.password) {
            return;
        }
        match self.wanted.take() {
            Some(Wanted::Direct(keys)) => self.open(&keys),
            Some(Wanted::Dtls(fingerprint)) => match Handshake::new(identity, fingerprint) {
                Ok(handshake) => {
                    self.state = State::Shaking(Box::new(handshake));
                    self.shake(None);
                }
                Err(error) => self.fail(&error.to_string()),
            },
            None => {}
        }
    }

    fn shake(&mut self, datagram: Option<&[u8]>) {
        let State::Shaking(handshake) = &mut self.state else {
            return;
        };
        if let Some(datagram) = datagram {
            handshake.take(datagram);
        }
        let outcome = handshake.step();
        for datagram in handshake.leaving() {
            let _ = self.socket.send(&datagram); // DTLS repeats its flights.
        }
        match outcome {
            Ok(Some(keys)) => self.open(&keys),
            Ok(None) => {}
            Err(why) => self.fail(&why),
        }
    }

    fn open(&mut self, keys: &Keys) {
        self.state = State::Open {
            ours: Box::new(Session::new(&keys.ours)),
            theirs: Box::new(Session::new(&keys.theirs)),
        };
        let took = (now() - self.begun) as f64 / 1e6;
        say(&format!(
            r#"{{"event":"connected","peer":{},"ms":{took:.3}}}"#,
            self.id
        ));
    }

    fn fail(&mut self, why: &str) {
        self.state = State::Failed;
        let id = self.id;
        say(&format!(
            r#"{{"event":"failed","peer":{id},"why":{why:?}}}"#
        ));
    }

    /// Counts a packet; the answer is how long it was under way, in microseconds, if it was opened.
    fn take(&mut self, datagram: &mut [u8], arrival: &Arrival, media: &[u8]) -> Option<u32> {
        let State::Open { theirs, .. } = &self.state else {
            return None;
        };
        let header = rtp::parse(datagram)?;
        if self.transport_cc > 0 {
            if let Some(number) = rtp::transport_number(datagram, &header, self.transport_cc) {
                self.arrivals.add(number, arrival.at_ns / 1_000);
            }
        }
        if !media.contains(&header.payload_type) {
            return None;
        }
        let stream = self.streams.entry(header.ssrc).or_default();
        let index = stream.unwrap.index(header.sequence);
        let first = *stream.first.get_or_insert(index);
        if index < first {
            return None; // Of before the mark.
        }
        stream.highest = stream.highest.max(index);
        stream.packets += 1;
        if stream.packets % OPEN_ONE_IN != 0 {
            return None;
        }
        let Some(payload) = theirs.open(datagram, header.size, index) else {
            stream.refused += 1;
            return None;
        };
        let sent_ns = i64::from_be_bytes(payload.last_chunk().copied()?);
        u32::try_from((arrival.at_ns - sent_ns) / 1_000).ok()
    }

    fn feed_back(&mut self) {
        let State::Open { ours, .. } = &mut self.state else {
            return;
        };
        let ssrc = self.streams.keys().next().copied().unwrap_or(0);
        if let Some(mut report) = self.arrivals.report(REPORTER, ssrc) {
            ours.seal_rtcp(&mut report);
            let _ = self.socket.send(&report); // Lost feedback is part of life.
        }
    }
}

impl Sent {
    /// One frame; the number of its packets.
    fn send(&mut self, socket: &UdpSocket, session: &Session, number: &mut u16) -> u64 {
        let step = if self.is_video { 90_000 } else { 48_000 };
        let ticks = self.interval as f64 * f64::from(step) / 1e9;
        self.timestamp = self.timestamp.wrapping_add(ticks as u32);
        let is_key = mem::take(&mut self.key_frame);
        for n in 0..self.packets {
            let is_last = n + 1 == self.packets;
            if self.is_video {
                // A VP8 descriptor, and at the start of a frame its tag, start code and size (RFC 7741).
                self.payload[0] = if n == 0 { 0x10 } else { 0x00 };
                let tag = [u8::from(!is_key), 0, 0, 0x9D, 0x01, 0x2A, 0, 5, 0xD0, 2];
                self.payload[1..11].copy_from_slice(&tag);
            }
            let stamp = self.payload.len() - 8;
            let at = clock_ns(libc::CLOCK_REALTIME);
            self.payload[stamp..].copy_from_slice(&at.to_be_bytes());
            let rid = if self.rid.1 == "-" { "" } else { &self.rid.1 };
            let elements: [(u8, &[u8]); 3] = [
                (self.mid.0, self.mid.1.as_bytes()),
                (self.rid.0, rid.as_bytes()),
                (self.transport_cc, &number.to_be_bytes()),
            ];
            let marker = is_last || !self.is_video;
            let (mut packet, header) = rtp::write(
                (self.payload_type, marker && self.is_video),
                self.index as u16,
                self.timestamp,
                self.ssrc,
                &elements,
                &self.payload,
            );
            session.seal(&mut packet, header, self.index);
            self.index += 1;
            *number = number.wrapping_add(1);
            // Loopback takes it or the node's queue is full: then it is lost as on any line.
            let _ = socket.send(&packet);
        }
        self.packets as u64
    }
}

/// Answers the node's requests for key frames with the next frame.
fn key_frames(streams: &mut [Sent], place: usize, peer: &Peer, datagram: &[u8]) {
    let State::Open { theirs, .. } = &peer.state else {
        return;
    };
    let Some(compound) = theirs.open_rtcp(datagram) else {
        return;
    };
    for ssrc in rtp::key_frames_asked(&compound) {
        for stream in streams.iter_mut() {
            stream.key_frame |= stream.peer == place && stream.ssrc == ssrc;
        }
    }
}

fn next<T: std::str::FromStr>(words: &mut SplitAsciiWhitespace) -> T {
    let word = words.next().expect("one more word");
    word.parse()
        .unwrap_or_else(|_| panic!("not as it should be: {word}"))
}

fn master(hex: &str) -> [u8; MASTER_BYTES] {
    let mut key = [0; MASTER_BYTES];
    assert_eq!(hex.len(), 2 * MASTER_BYTES, "key and salt in hex");
    for (byte, pair) in key.iter_mut().zip(hex.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).expect("hex");
        *byte = u8::from_str_radix(pair, 16).expect("hex");
    }
    key
}
