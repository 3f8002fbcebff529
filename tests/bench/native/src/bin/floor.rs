//! The floor: encrypt with AES-128-GCM, hand to the kernel, nothing else.
//!
//! `floor <payload bytes> <packets per frame> <consumers> <rounds> [read]` prints microseconds of CPU per
//! packet of each round. Each consumer has keys and an address of his own, as from a node. Packets of a frame
//! go as segments of one datagram (UDP GSO), messages in batches (sendmmsg). Nobody reads the sockets, so of
//! the kernel's receive path only what comes before the drop is in the figure; with `read` a thread, whose
//! time is not counted, empties them as viewers would, and the way into them and its wake-ups are in, too.

use std::env;
use std::io;
use std::mem;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr;
use std::thread;

use classwire_bench::net::{clock_ns, Batch, Watch, BATCH as BATCH_READ};
use classwire_bench::srtp::TAG_BYTES;
use ring::aead::{Aad, LessSafeKey, Nonce, UnboundKey, AES_128_GCM};

const HEADER: usize = 28; // RTP, mid, abs-send-time, transport-wide number.
const BATCH: usize = 64;
const PACKETS_PER_ROUND: usize = 60_000;

struct Consumer {
    key: LessSafeKey,
    sink: UdpSocket,
    address: libc::sockaddr_in,
}

fn main() {
    let is_read = env::args().nth(5).is_some_and(|word| word == "read");
    let numbers: Vec<usize> = env::args()
        .skip(1)
        .take(4)
        .map(|text| text.parse().expect("a number"))
        .collect();
    let [payload, segments, consumers, rounds] = numbers[..] else {
        panic!("floor <payload bytes> <packets per frame> <consumers> <rounds> [read]");
    };
    let consumers: Vec<Consumer> = (0..consumers).map(consumer).collect();
    if is_read {
        let sinks = consumers.iter().map(|consumer| consumer.sink.try_clone());
        let sinks: Vec<UdpSocket> = sinks.collect::<io::Result<_>>().expect("descriptors");
        thread::spawn(move || empty(&sinks));
    }
    let out = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let frames = (PACKETS_PER_ROUND / (segments * consumers.len())).max(1);
    let source = vec![0x5A_u8; HEADER + payload];
    let mut sequence = 0;
    for _ in 0..rounds {
        let begun = clock_ns(libc::CLOCK_THREAD_CPUTIME_ID);
        for _ in 0..frames {
            for batch in consumers.chunks(BATCH) {
                send(&out, batch, &source, segments, sequence);
            }
            sequence += segments as u64;
        }
        let taken = clock_ns(libc::CLOCK_THREAD_CPUTIME_ID) - begun;
        let packets = frames * segments * consumers.len();
        println!("{:.4}", taken as f64 / 1e3 / packets as f64);
    }
}

fn consumer(number: usize) -> Consumer {
    let mut key = [0x11; 16];
    key[..8].copy_from_slice(&number.to_le_bytes());
    let sink = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let SocketAddr::V4(bound) = sink.local_addr().expect("bound") else {
        unreachable!("bound to IPv4");
    };
    let address = libc::sockaddr_in {
        sin_family: libc::AF_INET as u16,
        sin_port: bound.port().to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from(*bound.ip()).to_be(),
        },
        sin_zero: [0; 8],
    };
    Consumer {
        key: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).expect("16 bytes")),
        sink,
        address,
    }
}

/// Reads all that comes, until the process ends.
fn empty(sinks: &[UdpSocket]) {
    let watch = Watch::new().expect("something to wait on");
    for (place, sink) in sinks.iter().enumerate() {
        watch.add(sink.as_raw_fd(), place as u64).expect("a socket");
    }
    let mut batch = Batch::default();
    loop {
        for place in watch.wait(-1) {
            while batch.receive(&sinks[place as usize]).len() == BATCH_READ {}
        }
    }
}

/// A frame to each of these consumers.
fn send(out: &UdpSocket, consumers: &[Consumer], source: &[u8], segments: usize, sequence: u64) {
    thread_local! {
        static BUFFER: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) };
    }
    BUFFER.with_borrow_mut(|buffer| {
        buffer.clear();
        for consumer in consumers {
            for n in 0..segments {
                seal(buffer, consumer, source, sequence + n as u64);
            }
        }
        hand_over(out, consumers, buffer, segments, source.len() + TAG_BYTES);
    });
}

fn seal(buffer: &mut Vec<u8>, consumer: &Consumer, source: &[u8], sequence: u64) {
    let at = buffer.len();
    buffer.extend_from_slice(source);
    buffer[at + 2..at + 4].copy_from_slice(&(sequence as u16).to_be_bytes());
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&sequence.to_be_bytes());
    let (head, body) = buffer[at..].split_at_mut(HEADER);
    let tag = consumer
        .key
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&*head), body)
        .expect("a packet is short");
    buffer.extend_from_slice(tag.as_ref());
}

/// One message per consumer, its packets cut by the kernel.
fn hand_over(out: &UdpSocket, consumers: &[Consumer], buffer: &[u8], segments: usize, size: usize) {
    #[repr(C, align(8))]
    struct Control([u8; 24]);
    let mut slices: Vec<libc::iovec> = buffer
        .chunks(segments * size)
        .map(|message| libc::iovec {
            iov_base: message.as_ptr().cast_mut().cast(),
            iov_len: message.len(),
        })
        .collect();
    let mut control = Control([0; 24]);
    // SAFETY: all zeros is a valid header; every pointer below is to something that outlives the calls,
    // the control buffer is as long as CMSG_SPACE(2) and aligned, and the kernel only reads all of it.
    unsafe {
        let mut template: libc::msghdr = mem::zeroed();
        template.msg_iovlen = 1;
        if segments > 1 {
            template.msg_control = control.0.as_mut_ptr().cast();
            template.msg_controllen = libc::CMSG_SPACE(2) as usize;
            let first = libc::CMSG_FIRSTHDR(&template);
            (*first).cmsg_level = libc::SOL_UDP;
            (*first).cmsg_type = libc::UDP_SEGMENT;
            (*first).cmsg_len = libc::CMSG_LEN(2) as usize;
            ptr::write_unaligned(libc::CMSG_DATA(first).cast(), size as u16);
        }
        let mut headers: Vec<libc::mmsghdr> = slices
            .iter_mut()
            .zip(consumers)
            .map(|(slice, consumer)| {
                let mut header = template;
                header.msg_name = ptr::from_ref(&consumer.address).cast_mut().cast();
                header.msg_namelen = mem::size_of::<libc::sockaddr_in>() as u32;
                header.msg_iov = slice;
                libc::mmsghdr {
                    msg_hdr: header,
                    msg_len: 0,
                }
            })
            .collect();
        let sent = libc::sendmmsg(
            out.as_raw_fd(),
            headers.as_mut_ptr(),
            headers.len() as u32,
            0,
        );
        assert_eq!(
            usize::try_from(sent),
            Ok(headers.len()),
            "{} to {:?}",
            io::Error::last_os_error(),
            consumers[0].sink
        );
    }
}
