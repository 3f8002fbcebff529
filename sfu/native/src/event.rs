//! What the packet path tells control, and the bounded queue in which it waits.

use std::collections::VecDeque;
use std::net::SocketAddr;

/// Events that wait when control is busy; beyond it those that repeat by themselves are let go.
const QUEUED_MAX: usize = 16_384;
/// Recorded bytes that wait: a second of a hundred tapped cameras. Beyond it recordings have holes.
const TAPPED_BYTES_MAX: usize = 64 << 20;

/// As in `sfu/interface.py`.
#[derive(Debug)]
pub enum Event {
    Dtls {
        transport: String,
        data: Vec<u8>,
    },
    IceSelected {
        transport: String,
        address: SocketAddr,
    },
    ConsentLost {
        transport: String,
    },
    Tapped(Tapped),
    Levels(Vec<(String, u8)>),
    LayerSelected {
        consumer: String,
        layer: Option<usize>,
    },
}

/// Packets of one piece: arrival in Unix microseconds, and bytes; reports with NTP and media time.
#[derive(Debug, Default)]
pub struct Tapped {
    pub producer: String,
    pub switch: i64,
    pub packets: Vec<(i64, Vec<u8>)>,
    pub reports: Vec<(u64, u32, i64)>,
}

impl Tapped {
    fn bytes(&self) -> usize {
        self.packets.iter().map(|(_, packet)| packet.len()).sum()
    }
}

/// What waits for control.
#[derive(Debug, Default)]
pub struct Events {
    queue: VecDeque<Event>,
    tapped_bytes: usize,
    /// Let go because control was too busy.
    pub lost: u64,
}

impl Events {
    /// Adds one, or counts it as lost.
    pub fn push(&mut self, event: Event) {
        let repeats = matches!(event, Event::Dtls { .. } | Event::Levels(_));
        if repeats && self.queue.len() >= QUEUED_MAX {
            self.lost += 1;
            return;
        }
        if let Event::Tapped(tapped) = &event {
            let bytes = tapped.bytes();
            if self.tapped_bytes + bytes > TAPPED_BYTES_MAX {
                self.lost += 1;
                return;
            }
            self.tapped_bytes += bytes;
        }
        self.queue.push_back(event);
    }

    /// Whether somebody should come and take.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// All, in order.
    pub fn take(&mut self) -> Vec<Event> {
        self.tapped_bytes = 0;
        self.queue.drain(..).collect()
    }

    /// Those that a call of control can cause itself, in order, if there are any; others wait.
    pub fn take_caused(&mut self) -> Vec<Event> {
        let all = std::mem::take(&mut self.queue);
        let mut caused = Vec::new();
        for event in all {
            match event {
                Event::Tapped(tapped) => {
                    self.tapped_bytes -= tapped.bytes();
                    caused.push(Event::Tapped(tapped));
                }
                Event::LayerSelected { .. } => caused.push(event),
                _ => self.queue.push_back(event),
            }
        }
        caused
    }
}
