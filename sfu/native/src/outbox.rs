//! Datagrams that wait to be sent, one after the other in one piece of memory.

use std::net::SocketAddr;

/// Where one lies and where it goes.
#[derive(Clone, Copy, Debug)]
pub struct Datagram {
    pub start: usize,
    pub end: usize,
    pub to: SocketAddr,
    /// The peer that pays for it; none for an answer to a stranger.
    pub peer: Option<usize>,
    /// Counted as a packet of a stream.
    pub is_media: bool,
}

/// What waits.
#[derive(Debug, Default)]
pub struct Outbox {
    pub bytes: Vec<u8>,
    pub datagrams: Vec<Datagram>,
}

impl Outbox {
    /// The bytes from `start` to the end are a datagram; the answer is its size.
    pub fn push(
        &mut self,
        start: usize,
        to: SocketAddr,
        peer: Option<usize>,
        is_media: bool,
    ) -> usize {
        let end = self.bytes.len();
        self.datagrams.push(Datagram {
            start,
            end,
            to,
            peer,
            is_media,
        });
        end - start
    }

    /// Empties it, keeping the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.datagrams.clear();
    }
}
