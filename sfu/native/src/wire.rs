//! One UDP socket: many datagrams per call in (recvmmsg) and out (sendmmsg, with UDP GSO where several of
//! one size go to one peer). Cost is per call and per buffer of the kernel, not per byte.

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::bytes::u32_at;
use crate::limits;
use crate::outbox::Outbox;
use crate::path::Path;

const READS: usize = 64; // Per call; then control gets its turn.
const BYTES_MAX: usize = 2_048; // Longer datagrams are cut and fail their authentication.
const MESSAGES: usize = 256; // Per call.
const SEGMENTS_MAX: usize = 64; // UDP_MAX_SEGMENTS of the kernel.
const SEGMENTED_BYTES_MAX: usize = 65_000; // One IP packet as far as the kernel is concerned.
const CONTROL_BYTES: usize = 64; // Of a timestamp in, of a segment size out.
const WAIT_MS: i32 = 5; // For room in a full socket; media is worth nothing later.

/// A bound socket; `::` listens on IPv6 and IPv4.
pub struct Wire {
    fd: OwnedFd,
    port: u16,
    is_v6: bool,
    segments: bool,
}

/// Memory for one call of `receive`.
pub struct Inbox {
    buffers: Vec<[u8; BYTES_MAX]>,
    controls: Vec<Control>,
    names: Vec<libc::sockaddr_storage>,
}

#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL_BYTES]);

impl Default for Inbox {
    fn default() -> Self {
        Self {
            buffers: vec![[0; BYTES_MAX]; READS],
            controls: vec![Control([0; CONTROL_BYTES]); READS],
            // SAFETY: a socket address is plain numbers, for which zeros are valid.
            names: vec![unsafe { zeroed() }; READS],
        }
    }
}

impl Wire {
    /// Binds (port 0: any free one).
    pub fn bind(listen: &str, port: u16) -> io::Result<Self> {
        let ip: IpAddr = listen
            .parse()
            .map_err(|_| io::Error::other(format!("{listen} is no address")))?;
        let address = SocketAddr::new(ip, port);
        let family = if ip.is_ipv6() {
            libc::AF_INET6
        } else {
            libc::AF_INET
        };
        let kind = libc::SOCK_DGRAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        // SAFETY: takes numbers only; the result is checked.
        let raw = check(unsafe { libc::socket(family, kind, 0) })?;
        // SAFETY: the descriptor is fresh and ours alone.
        let fd = unsafe { OwnedFd::from_raw_fd(raw) };
        if ip.is_ipv6() {
            set_option(&fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 0)?;
        }
        for option in [libc::SO_RCVBUF, libc::SO_SNDBUF] {
            set_option(
                &fd,
                libc::SOL_SOCKET,
                option,
                limits::SOCKET_BUFFER_BYTES as libc::c_int,
            )?;
        }
        set_option(&fd, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)?;
        let segments = set_option(&fd, libc::SOL_UDP, libc::UDP_SEGMENT, 0).is_ok();
        let (name, size) = to_raw(address, ip.is_ipv6());
        // SAFETY: name is a socket address of `size` bytes that outlives the call.
        check(unsafe { libc::bind(fd.as_raw_fd(), (&raw const name).cast(), size) })?;
        let mut wire = Self {
            fd,
            port,
            is_v6: ip.is_ipv6(),
            segments,
        };
        wire.port = wire.bound_port()?;
        Ok(wire)
    }

    /// The same socket for another owner: one reads, the other sends.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self {
            fd: self.fd.try_clone()?,
            ..*self
        })
    }

    /// The bound UDP port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits until there is something to read here or on `other`; tells which.
    #[must_use]
    pub fn wait(&self, other: &OwnedFd, timeout_ms: i32) -> (bool, bool) {
        let mut wanted = [self.fd.as_raw_fd(), other.as_raw_fd()].map(|fd| libc::pollfd {
            fd,
            events: libc::POLLIN,
            revents: 0,
        });
        // SAFETY: the array of two lives through the call. Its failure (EINTR) means: nothing yet.
        let ready = unsafe { libc::poll(wanted.as_mut_ptr(), 2, timeout_ms) };
        (
            ready > 0 && wanted[0].revents != 0,
            ready > 0 && wanted[1].revents != 0,
        )
    }

    /// Reads what is there, at most one call's worth; hands each datagram, its sender and how long it lay in
    /// the socket to `take`. The answer is how many there were.
    pub fn receive(
        &self,
        inbox: &mut Inbox,
        mut take: impl FnMut(&mut [u8], SocketAddr, f64),
    ) -> usize {
        // SAFETY: message headers are plain numbers and pointers, for which zeros are valid.
        let mut messages: [libc::mmsghdr; READS] = unsafe { zeroed() };
        let mut pieces: Vec<libc::iovec> = (inbox.buffers.iter_mut())
            .map(|buffer| libc::iovec {
                iov_base: buffer.as_mut_ptr().cast(),
                iov_len: BYTES_MAX,
            })
            .collect();
        for (place, message) in messages.iter_mut().enumerate() {
            let header = &mut message.msg_hdr;
            header.msg_iov = &raw mut pieces[place];
            header.msg_iovlen = 1;
            header.msg_name = (&raw mut inbox.names[place]).cast();
            header.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_control = inbox.controls[place].0.as_mut_ptr().cast();
            header.msg_controllen = CONTROL_BYTES as _;
        }
        // SAFETY: every header points to memory of `inbox` and `pieces`, which outlive the call, with its size.
        let count = unsafe {
            libc::recvmmsg(
                self.fd.as_raw_fd(),
                messages.as_mut_ptr(),
                READS as libc::c_uint,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        let count = usize::try_from(count).unwrap_or(0); // An ICMP answer to something we sent, or nothing.
        let wall = if count > 0 { wall_s() } else { 0.0 };
        for (place, message) in messages.iter().take(count).enumerate() {
            let size = (message.msg_len as usize).min(BYTES_MAX);
            let Some(from) = from_raw(&inbox.names[place]) else {
                continue;
            };
            let arrived = timestamp_of(&message.msg_hdr);
            // Within bounds: the wall clock may have been set meanwhile.
            let waited_s = arrived.map_or(0.0, |arrived| (wall - arrived).clamp(0.0, 1.0));
            take(&mut inbox.buffers[place][..size], from, waited_s);
        }
        count
    }

    /// Sends what waits, and empties the outbox; tells the path what the socket would not take.
    pub fn flush(&mut self, path: &mut Path) {
        let mut outbox = std::mem::take(&mut path.outbox);
        let sent = self.send_all(&mut outbox);
        for datagram in outbox.datagrams.iter().skip(sent) {
            if let Some(at) = datagram.peer {
                let ssrc = u32_at(&outbox.bytes, datagram.start + 8);
                path.unsent(at, datagram.is_media, datagram.end - datagram.start, ssrc);
            }
        }
        outbox.clear();
        path.outbox = outbox;
    }

    /// Sorts the datagrams by peer, so that one call of the kernel takes several; how many of them were sent.
    fn send_all(&mut self, outbox: &mut Outbox) -> usize {
        if outbox.datagrams.len() > 1 {
            // Stable: what goes to one peer keeps its order.
            outbox
                .datagrams
                .sort_by_key(|datagram| (datagram.peer, datagram.to));
        }
        let mut done = 0;
        while done < outbox.datagrams.len() {
            let batch = self.gather(outbox, done);
            let sent = self.send_batch(outbox, &batch);
            let whole: usize = batch.iter().take(sent).map(|(_, count)| count).sum();
            done += whole;
            if sent == batch.len() {
                continue;
            }
            match io::Error::last_os_error().raw_os_error() {
                Some(libc::EAGAIN | libc::ENOBUFS) => {
                    if !self.wait_for_room() {
                        return done;
                    }
                }
                Some(libc::EINTR) => {}
                // A route without segmentation: from now on one by one.
                Some(libc::EIO | libc::EINVAL | libc::EMSGSIZE) if batch[sent].1 > 1 => {
                    self.segments = false;
                }
                // This address cannot be reached: its datagrams are lost as on any way.
                _ => done += batch[sent].1,
            }
        }
        done
    }

    /// The next messages from `first` on: places and how many datagrams each holds.
    fn gather(&self, outbox: &Outbox, first: usize) -> Vec<(usize, usize)> {
        let all = &outbox.datagrams;
        let mut batch = Vec::with_capacity(MESSAGES);
        let mut place = first;
        while place < all.len() && batch.len() < MESSAGES {
            let head = all[place];
            let size = head.end - head.start;
            let mut count = 1;
            while self.segments
                && count < SEGMENTS_MAX
                && (count + 1) * size <= SEGMENTED_BYTES_MAX
                && let Some(next) = all.get(place + count)
                && next.to == head.to
                && next.end - next.start <= size
            {
                count += 1;
                if next.end - next.start < size {
                    break; // Only the last one may be smaller.
                }
            }
            batch.push((place, count));
            place += count;
        }
        batch
    }

    fn send_batch(&self, outbox: &Outbox, batch: &[(usize, usize)]) -> usize {
        let datagrams: usize = batch.iter().map(|(_, count)| count).sum();
        let mut pieces: Vec<libc::iovec> = Vec::with_capacity(datagrams);
        let mut names = Vec::with_capacity(batch.len());
        let mut controls = vec![Control([0; CONTROL_BYTES]); batch.len()];
        for &(place, count) in batch {
            names.push(to_raw(outbox.datagrams[place].to, self.is_v6));
            for datagram in &outbox.datagrams[place..place + count] {
                let bytes = &outbox.bytes[datagram.start..datagram.end];
                pieces.push(libc::iovec {
                    iov_base: bytes.as_ptr().cast_mut().cast(),
                    iov_len: bytes.len(),
                });
            }
        }
        let mut messages = Vec::with_capacity(batch.len());
        let mut piece = 0;
        for (number, &(place, count)) in batch.iter().enumerate() {
            // SAFETY: message headers are plain numbers and pointers, for which zeros are valid.
            let mut message: libc::mmsghdr = unsafe { zeroed() };
            let header = &mut message.msg_hdr;
            header.msg_iov = &raw mut pieces[piece];
            header.msg_iovlen = count as _;
            header.msg_name = (&raw mut names[number].0).cast();
            header.msg_namelen = names[number].1;
            if count > 1 {
                let head = outbox.datagrams[place];
                header.msg_control = controls[number].0.as_mut_ptr().cast();
                header.msg_controllen = CONTROL_BYTES as _;
                write_segment_size(header, (head.end - head.start) as u16);
            }
            messages.push(message);
            piece += count;
        }
        // SAFETY: every header points into `outbox`, `pieces`, `names` and `controls`, none of which moves or
        // ends before the call does; the kernel only reads.
        let sent = unsafe {
            libc::sendmmsg(
                self.fd.as_raw_fd(),
                messages.as_mut_ptr(),
                messages.len() as libc::c_uint,
                0,
            )
        };
        usize::try_from(sent).unwrap_or(0)
    }

    fn wait_for_room(&self) -> bool {
        let mut wanted = libc::pollfd {
            fd: self.fd.as_raw_fd(),
            events: libc::POLLOUT,
            revents: 0,
        };
        // SAFETY: one structure that lives through the call.
        unsafe { libc::poll(&raw mut wanted, 1, WAIT_MS) > 0 }
    }

    fn bound_port(&self) -> io::Result<u16> {
        // SAFETY: zeros are a valid socket address.
        let mut name: libc::sockaddr_storage = unsafe { zeroed() };
        let mut size = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        // SAFETY: name has `size` bytes and lives through the call.
        check(unsafe {
            libc::getsockname(self.fd.as_raw_fd(), (&raw mut name).cast(), &raw mut size)
        })?;
        from_raw(&name)
            .map(|address| address.port())
            .ok_or_else(|| io::Error::other("no address was bound"))
    }
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

fn set_option(
    fd: &OwnedFd,
    level: libc::c_int,
    option: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    let size = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the value is an int of this size and lives through the call.
    check(unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            size,
        )
    })?;
    Ok(())
}

fn write_segment_size(header: &mut libc::msghdr, size: u16) {
    // SAFETY: msg_control points to CONTROL_BYTES aligned zeros, more than one control message of two bytes
    // needs, so the first header lies inside.
    unsafe {
        let first = libc::CMSG_FIRSTHDR(header);
        (*first).cmsg_level = libc::SOL_UDP;
        (*first).cmsg_type = libc::UDP_SEGMENT;
        (*first).cmsg_len = libc::CMSG_LEN(size_of::<u16>() as u32) as _;
        libc::CMSG_DATA(first).cast::<u16>().write_unaligned(size);
        header.msg_controllen = libc::CMSG_SPACE(size_of::<u16>() as u32) as _;
    }
}

/// When the kernel got the datagram, on the wall clock.
fn timestamp_of(header: &libc::msghdr) -> Option<f64> {
    // SAFETY: the kernel has filled msg_control as far as msg_controllen says; the first control message is
    // looked at only if the header fits, and its value is read only if it is as long as a timespec.
    unsafe {
        let first = libc::CMSG_FIRSTHDR(header);
        if first.is_null()
            || (*first).cmsg_level != libc::SOL_SOCKET
            || (*first).cmsg_type != libc::SCM_TIMESTAMPNS
            || ((*first).cmsg_len as usize)
                < libc::CMSG_LEN(size_of::<libc::timespec>() as u32) as usize
        {
            return None;
        }
        let time = libc::CMSG_DATA(first)
            .cast::<libc::timespec>()
            .read_unaligned();
        Some(time.tv_sec as f64 + time.tv_nsec as f64 / 1e9)
    }
}

fn wall_s() -> f64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

fn to_raw(address: SocketAddr, is_v6: bool) -> (libc::sockaddr_storage, libc::socklen_t) {
    // SAFETY: zeros are a valid socket address.
    let mut raw: libc::sockaddr_storage = unsafe { zeroed() };
    match address {
        SocketAddr::V4(v4) if !is_v6 => {
            let name = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: v4.port().to_be(),
                sin_addr: libc::in_addr {
                    s_addr: u32::from_ne_bytes(v4.ip().octets()),
                },
                sin_zero: [0; 8],
            };
            // SAFETY: sockaddr_storage is made to hold every kind of address, aligned.
            unsafe { (&raw mut raw).cast::<libc::sockaddr_in>().write(name) };
            (raw, size_of::<libc::sockaddr_in>() as libc::socklen_t)
        }
        _ => {
            let v6 = match address {
                SocketAddr::V6(v6) => v6,
                SocketAddr::V4(v4) => SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0),
            };
            let name = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: v6.port().to_be(),
                sin6_flowinfo: v6.flowinfo(),
                sin6_addr: libc::in6_addr {
                    s6_addr: v6.ip().octets(),
                },
                sin6_scope_id: v6.scope_id(),
            };
            // SAFETY: as above.
            unsafe { (&raw mut raw).cast::<libc::sockaddr_in6>().write(name) };
            (raw, size_of::<libc::sockaddr_in6>() as libc::socklen_t)
        }
    }
}

fn from_raw(raw: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match i32::from(raw.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says that this is an IPv4 address, and the storage is large enough.
            let name = unsafe { (&raw const *raw).cast::<libc::sockaddr_in>().read() };
            let ip = Ipv4Addr::from(name.sin_addr.s_addr.to_ne_bytes());
            Some(SocketAddr::new(ip.into(), u16::from_be(name.sin_port)))
        }
        libc::AF_INET6 => {
            // SAFETY: the family says that this is an IPv6 address, and the storage is large enough.
            let name = unsafe { (&raw const *raw).cast::<libc::sockaddr_in6>().read() };
            let ip = Ipv6Addr::from(name.sin6_addr.s6_addr);
            let port = u16::from_be(name.sin6_port);
            Some(SocketAddrV6::new(ip, port, name.sin6_flowinfo, name.sin6_scope_id).into())
        }
        _ => None,
    }
}
