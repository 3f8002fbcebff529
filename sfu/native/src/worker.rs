//! The thread that owns the socket, and what it shares with control.
//!
//! Control and the thread take turns behind one lock: control's calls are short, and the thread lets go after
//! each batch of datagrams. No Python code runs here; events are announced by an eventfd.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use parking_lot::{Mutex, MutexGuard};

use crate::duties::TICK_S;
use crate::path::Path;
use crate::wire::{Inbox, Wire};

const OUTBOX_BYTES_MAX: usize = 2 << 20; // Then it is sent: more would fall out of the processor's cache.
const PROBE_TICK_S: f64 = 0.002; // While a line is probed: bursts would say nothing of it.
const GATHER_FROM: usize = 64; // Datagrams waiting from which a frame's rest is waited for ...
const GATHER_S: f64 = 0.001; // ... and for how long. Below that fan-out, nobody waits.

/// The path and its socket; `wire` is none in virtual time and after the end.
pub struct Shared {
    path: Mutex<(Path, Option<Wire>)>,
    announce: OwnedFd,
    wake: OwnedFd,
    ending: AtomicBool,
}

/// The monotonic clock in seconds, the same as Python's `time.monotonic`.
#[must_use]
pub fn monotonic_s() -> f64 {
    // SAFETY: zeros are a valid time, and the clock writes into it; this clock always exists.
    let time = unsafe {
        let mut time: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time);
        time
    };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

impl Shared {
    /// A path without a socket: datagrams are handed in and out by the caller, and so is time.
    pub fn new(now: f64) -> io::Result<Self> {
        Ok(Self {
            path: Mutex::new((Path::new(now), None)),
            announce: eventfd()?,
            wake: eventfd()?,
            ending: AtomicBool::new(false),
        })
    }

    /// Readable while events wait.
    #[must_use]
    pub fn announce_fd(&self) -> RawFd {
        self.announce.as_raw_fd()
    }

    /// Puts a socket under the path; the answer is its port.
    pub fn bind(&self, listen: &str, port: u16) -> io::Result<u16> {
        let wire = Wire::bind(listen, port)?;
        let port = wire.port();
        self.path.lock().1 = Some(wire);
        Ok(port)
    }

    /// Does something with the path, then sends what it caused.
    pub fn with<T>(&self, act: impl FnOnce(&mut Path) -> T) -> T {
        let mut guard = self.path.lock();
        let result = act(&mut guard.0);
        self.settle(guard);
        result
    }

    /// Everything that waits for control.
    pub fn take_events(&self) -> Vec<crate::event::Event> {
        let mut guard = self.path.lock();
        clear(&self.announce);
        guard.0.events.take()
    }

    /// Sends what waits and announces events.
    fn settle(&self, mut guard: MutexGuard<'_, (Path, Option<Wire>)>) {
        let (path, wire) = &mut *guard;
        if let Some(wire) = wire
            && !path.outbox.datagrams.is_empty()
        {
            wire.flush(path);
        }
        if !path.events.is_empty() {
            signal(&self.announce);
        }
        MutexGuard::unlock_fair(guard);
    }

    /// Ends the thread; the socket closes.
    pub fn end(&self, thread: Option<JoinHandle<()>>) {
        self.ending.store(true, Ordering::SeqCst);
        signal(&self.wake);
        if let Some(thread) = thread {
            // A thread that panicked has nothing more to say.
            let _ = thread.join();
        }
        self.path.lock().1 = None;
    }

    fn run(&self, poller: &Wire) {
        let mut inbox = Inbox::default();
        let mut tick_at = monotonic_s();
        let mut gather_until = None;
        while !self.ending.load(Ordering::SeqCst) {
            let now = monotonic_s();
            let until = tick_at.min(gather_until.unwrap_or(f64::INFINITY));
            let timeout_ms = ((until - now).max(0.0) * 1e3).ceil() as i32;
            let (readable, _) = poller.wait(&self.wake, timeout_ms);
            let mut guard = self.path.lock();
            let now = monotonic_s();
            if readable {
                receive(poller, &mut inbox, &mut guard);
            }
            if now >= tick_at {
                guard.0.tick(now);
                tick_at = now
                    + if guard.0.probing {
                        PROBE_TICK_S
                    } else {
                        TICK_S / 2.5
                    };
            }
            gather_until = self.flush_or_gather(guard, gather_until, now);
        }
    }

    /// Sends, unless the rest of a frame for many viewers is worth waiting for.
    fn flush_or_gather(
        &self,
        guard: MutexGuard<'_, (Path, Option<Wire>)>,
        gather_until: Option<f64>,
        now: f64,
    ) -> Option<f64> {
        let path = &guard.0;
        let worth = !path.frame_ended
            && path.outbox.datagrams.len() >= GATHER_FROM
            && path.outbox.bytes.len() < OUTBOX_BYTES_MAX;
        let until = gather_until.unwrap_or(now + GATHER_S);
        if worth && now < until && path.events.is_empty() {
            MutexGuard::unlock_fair(guard);
            return Some(until);
        }
        self.settle(guard);
        None
    }
}

fn receive(poller: &Wire, inbox: &mut Inbox, shared: &mut (Path, Option<Wire>)) {
    let (path, wire) = shared;
    poller.receive(inbox, |data, from, waited_s| {
        path.receive(data, from, monotonic_s(), waited_s);
        if path.outbox.bytes.len() >= OUTBOX_BYTES_MAX
            && let Some(wire) = wire
        {
            wire.flush(path);
        }
    });
}

/// Starts the thread of a path that has a socket.
pub fn start(shared: &Arc<Shared>) -> io::Result<JoinHandle<()>> {
    let poller = {
        let guard = shared.path.lock();
        let wire = guard
            .1
            .as_ref()
            .ok_or_else(|| io::Error::other("no socket is bound"))?;
        wire.try_clone()?
    };
    let shared = Arc::clone(shared);
    std::thread::Builder::new()
        .name("classwire-media".to_owned())
        .spawn(move || shared.run(&poller))
}

fn eventfd() -> io::Result<OwnedFd> {
    // SAFETY: takes numbers only; the result is checked.
    let raw = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
    if raw < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is fresh and ours alone.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

fn signal(fd: &OwnedFd) {
    let one: u64 = 1;
    // SAFETY: eight bytes of a number that lives through the call. A full counter is announced already.
    unsafe { libc::write(fd.as_raw_fd(), (&raw const one).cast(), 8) };
}

fn clear(fd: &OwnedFd) {
    let mut count: u64 = 0;
    // SAFETY: eight bytes of a number that lives through the call. An empty counter is clear already.
    unsafe { libc::read(fd.as_raw_fd(), (&raw mut count).cast(), 8) };
}
