//! Sockets by the system's own calls: batches, segmentation, kernel time stamps, CPU clocks.

use std::io;
use std::mem;
use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};
use std::ptr;

/// Datagrams taken from a socket with one call.
pub const BATCH: usize = 16;
const DATAGRAM: usize = 2_048;
const CONTROL: usize = 128;

/// Nanoseconds of a system clock.
#[must_use]
pub fn clock_ns(clock: libc::clockid_t) -> i64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is valid for the write.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// Sets an integer option of a socket.
///
/// # Errors
/// When the kernel refuses.
pub fn set_option(fd: RawFd, level: i32, name: i32, value: i32) -> io::Result<()> {
    // SAFETY: the pointer is to an int that outlives the call, and its size is given.
    let status = unsafe {
        libc::setsockopt(
            fd,
            level,
            name,
            ptr::from_ref(&value).cast(),
            mem::size_of::<i32>() as u32,
        )
    };
    if status == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// A socket of a viewer: connected, with room for a burst, stamped by the kernel, its losses counted.
///
/// # Errors
/// When the kernel refuses.
pub fn viewer_socket(node: SocketAddrV4) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(node)?;
    socket.set_nonblocking(true)?;
    let fd = socket.as_raw_fd();
    set_option(fd, libc::SOL_SOCKET, libc::SO_RCVBUF, 1 << 20)?;
    set_option(fd, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)?;
    set_option(fd, libc::SOL_SOCKET, libc::SO_RXQ_OVFL, 1)?;
    Ok(socket)
}

/// Tells which of many sockets have something to read.
pub struct Watch(RawFd);

impl Watch {
    /// Watches nothing yet.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointers.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(fd))
    }

    /// Watches this descriptor under a name.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn add(&self, fd: RawFd, name: u64) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: libc::EPOLLIN as u32,
            u64: name,
        };
        // SAFETY: the event is valid for the call.
        let status = unsafe { libc::epoll_ctl(self.0, libc::EPOLL_CTL_ADD, fd, &mut event) };
        if status == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }

    /// The names of those that are readable, after at most so many milliseconds.
    #[must_use]
    pub fn wait(&self, timeout_ms: i32) -> Vec<u64> {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 256];
        // SAFETY: room for 256 events.
        let count = unsafe { libc::epoll_wait(self.0, events.as_mut_ptr(), 256, timeout_ms) };
        let count = usize::try_from(count).unwrap_or(0);
        events.iter().take(count).map(|event| event.u64).collect()
    }
}

/// What came with a datagram.
pub struct Arrival {
    pub size: usize,
    /// Realtime at which the kernel had it.
    pub at_ns: i64,
    /// Datagrams that this socket had no room for, ever.
    pub overflowed: u32,
}

/// Buffers of one `recvmmsg`.
pub struct Batch {
    pub data: Vec<[u8; DATAGRAM]>,
    control: Vec<[u64; CONTROL / 8]>,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            data: vec![[0; DATAGRAM]; BATCH],
            control: vec![[0; CONTROL / 8]; BATCH],
        }
    }
}

impl Batch {
    /// Takes what is there, up to `BATCH` datagrams.
    pub fn receive(&mut self, socket: &UdpSocket) -> Vec<Arrival> {
        let mut slices: Vec<libc::iovec> = self
            .data
            .iter_mut()
            .map(|buffer| libc::iovec {
                iov_base: buffer.as_mut_ptr().cast(),
                iov_len: DATAGRAM,
            })
            .collect();
        let mut headers: Vec<libc::mmsghdr> = (0..BATCH)
            .map(|n| {
                // SAFETY: all zeros is a valid header; what it points to lives until the end of this call.
                let mut header: libc::mmsghdr = unsafe { mem::zeroed() };
                header.msg_hdr.msg_iov = &mut slices[n];
                header.msg_hdr.msg_iovlen = 1;
                header.msg_hdr.msg_control = self.control[n].as_mut_ptr().cast();
                header.msg_hdr.msg_controllen = CONTROL;
                header
            })
            .collect();
        // SAFETY: `BATCH` valid headers, whose buffers outlive the call.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                BATCH as u32,
                libc::MSG_DONTWAIT,
                ptr::null_mut(),
            )
        };
        headers
            .iter()
            .take(usize::try_from(count).unwrap_or(0))
            .map(arrival)
            .collect()
    }
}

fn arrival(header: &libc::mmsghdr) -> Arrival {
    let mut found = Arrival {
        size: header.msg_len as usize,
        at_ns: 0,
        overflowed: 0,
    };
    // SAFETY: the kernel has filled the header and its control buffer; the macros stay inside its length,
    // and the data of each of the two kinds is as long as what is read of it.
    unsafe {
        let mut next = libc::CMSG_FIRSTHDR(&header.msg_hdr);
        while !next.is_null() {
            if (*next).cmsg_level == libc::SOL_SOCKET {
                let data = libc::CMSG_DATA(next);
                if (*next).cmsg_type == libc::SCM_TIMESTAMPNS {
                    let time: libc::timespec = ptr::read_unaligned(data.cast());
                    found.at_ns = time.tv_sec * 1_000_000_000 + time.tv_nsec;
                } else if (*next).cmsg_type == libc::SO_RXQ_OVFL {
                    found.overflowed = ptr::read_unaligned(data.cast());
                }
            }
            next = libc::CMSG_NXTHDR(&header.msg_hdr, next);
        }
    }
    found
}
