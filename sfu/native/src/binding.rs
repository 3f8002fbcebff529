//! The door to Python: plain values in and out; `sfu/native_forwarder.py` puts the types of
//! `sfu/interface.py` around them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use pyo3::exceptions::{PyAssertionError, PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::config::{ConsumerConfig, ProducerConfig};
use crate::control::Mistake;
use crate::event::{Event, Tapped};
use crate::limits;
use crate::path::Path;
use crate::peer::Peer;
use crate::worker::{self, Shared};

type TransportRow = (
    String,
    u64,
    u64,
    u64,
    u64,
    Option<f64>,
    Option<u64>,
    Vec<(&'static str, u64)>,
);
type StreamRow = (
    String,
    bool,
    Option<usize>,
    u64,
    u64,
    u64,
    f64,
    f64,
    u64,
    u64,
    u64,
);
type CounterRows = (Vec<TransportRow>, Vec<StreamRow>, Vec<(&'static str, u64)>);

/// The packet path; times are in seconds of the monotonic clock.
#[pyclass(frozen, module = "classwire_native")]
struct NativePath {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl NativePath {
    fn with<T: Send>(&self, py: Python<'_>, act: impl FnOnce(&mut Path) -> T + Send) -> T {
        py.detach(|| self.shared.with(act))
    }

    fn change(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&mut Path) -> Result<(), Mistake> + Send,
    ) -> PyResult<()> {
        self.with(py, act)
            .map_err(|mistake| PyAssertionError::new_err(mistake.0))
    }
}

#[pymethods]
impl NativePath {
    #[new]
    fn new(now: f64) -> PyResult<Self> {
        let shared = Shared::new(now).map_err(|error| PyOSError::new_err(error.to_string()))?;
        Ok(Self {
            shared: Arc::new(shared),
            thread: Mutex::new(None),
        })
    }

    /// Binds a UDP socket and forwards on a thread of its own; the answer is the port.
    fn open(&self, py: Python<'_>, listen: &str, port: u16) -> PyResult<u16> {
        let opened = py.detach(|| {
            let port = self.shared.bind(listen, port)?;
            *self.thread.lock() = Some(worker::start(&self.shared)?);
            Ok::<_, std::io::Error>(port)
        });
        Ok(opened?)
    }

    /// Ends the thread and closes the socket.
    fn close(&self, py: Python<'_>) {
        let thread = self.thread.lock().take();
        py.detach(|| self.shared.end(thread));
    }

    /// A descriptor that is readable while events wait.
    fn announce_fd(&self) -> i32 {
        self.shared.announce_fd()
    }

    /// All events, in order.
    fn take_events<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        let events = py.detach(|| self.shared.take_events());
        events
            .into_iter()
            .map(|event| event_row(py, event))
            .collect()
    }

    /// The events that a call of control caused itself, in order.
    fn take_caused<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        let events = self.with(py, |path| path.events.take_caused());
        events
            .into_iter()
            .map(|event| event_row(py, event))
            .collect()
    }

    // --- virtual time: the caller is the socket and the clock ---
    /// Takes one datagram.
    fn receive(
        &self,
        py: Python<'_>,
        data: &[u8],
        host: &str,
        port: u16,
        now: f64,
        waited_s: f64,
    ) -> PyResult<()> {
        let ip: IpAddr = host
            .parse()
            .map_err(|_| PyValueError::new_err("not an address"))?;
        let mut data = data.to_vec();
        self.with(py, |path| {
            path.receive(&mut data, SocketAddr::new(ip, port), now, waited_s);
        });
        Ok(())
    }

    /// Does what is due by the clock.
    fn tick(&self, py: Python<'_>, now: f64) {
        self.with(py, |path| path.tick(now));
    }

    /// The datagrams that wait to be sent, with host and port.
    fn take_sent<'py>(&self, py: Python<'py>) -> Vec<(Bound<'py, PyBytes>, String, u16)> {
        let outbox = self.with(py, |path| std::mem::take(&mut path.outbox));
        let datagrams = outbox.datagrams.iter();
        datagrams
            .map(|datagram| {
                let bytes = PyBytes::new(py, &outbox.bytes[datagram.start..datagram.end]);
                (bytes, datagram.to.ip().to_string(), datagram.to.port())
            })
            .collect()
    }

    // --- desired state ---
    fn add_transport(
        &self,
        py: Python<'_>,
        name: &str,
        fragment: &str,
        password: &str,
        now: f64,
    ) -> PyResult<()> {
        self.change(py, |path| path.add_transport(name, fragment, password, now))
    }

    fn set_credentials(
        &self,
        py: Python<'_>,
        name: &str,
        fragment: &str,
        password: &str,
    ) -> PyResult<()> {
        self.change(py, |path| path.set_credentials(name, fragment, password))
    }

    fn set_keys(
        &self,
        py: Python<'_>,
        name: &str,
        profile: &str,
        receive: Vec<u8>,
        send: Vec<u8>,
    ) -> PyResult<()> {
        self.change(py, |path| {
            path.set_keys(name, Path::keys(profile, receive, send)?)
        })
    }

    fn send_dtls(&self, py: Python<'_>, name: &str, data: &[u8]) {
        self.with(py, |path| path.send_dtls(name, data));
    }

    fn remove_transport(&self, py: Python<'_>, name: &str) {
        self.with(py, |path| path.remove_transport(name));
    }

    fn add_producer(&self, py: Python<'_>, config: ProducerConfig) -> PyResult<()> {
        self.change(py, |path| path.add_producer(config))
    }

    fn set_producer_paused(&self, py: Python<'_>, name: &str, paused: bool, now: f64) {
        self.with(py, |path| path.set_producer_paused(name, paused, now));
    }

    fn set_tap(&self, py: Python<'_>, name: &str, on: bool, wall_offset_s: f64) {
        self.with(py, |path| path.set_tap(name, on, wall_offset_s));
    }

    fn remove_producer(&self, py: Python<'_>, name: &str) {
        self.with(py, |path| path.remove_producer(name));
    }

    fn add_consumer(&self, py: Python<'_>, config: ConsumerConfig, now: f64) -> PyResult<()> {
        self.change(py, |path| path.add_consumer(config, now))
    }

    fn set_consumer_paused(&self, py: Python<'_>, name: &str, paused: bool, now: f64) {
        self.with(py, |path| path.set_consumer_paused(name, paused, now));
    }

    fn set_layer_wish(
        &self,
        py: Python<'_>,
        name: &str,
        layer_max: Option<usize>,
        priority: i64,
        now: f64,
    ) {
        self.with(py, |path| {
            path.set_layer_wish(name, layer_max, priority, now);
        });
    }

    fn remove_consumer(&self, py: Python<'_>, name: &str) {
        self.with(py, |path| path.remove_consumer(name));
    }

    /// Rows of transports, rows of streams, and drops of datagrams that belong to no transport.
    fn counters(&self, py: Python<'_>, transports: Option<Vec<String>>) -> CounterRows {
        self.with(py, |path| {
            let peers: Vec<usize> = match transports {
                None => path.peers.iter().map(|(at, _)| at).collect(),
                Some(names) => names
                    .iter()
                    .filter_map(|name| path.peer_names.get(name).copied())
                    .collect(),
            };
            let rows = peers.iter().map(|&at| transport_row(path, at)).collect();
            let streams = peers
                .iter()
                .flat_map(|&at| stream_rows(path, &path.peers[at]))
                .collect();
            let mut drops: Vec<_> = path
                .drops
                .iter()
                .map(|(reason, count)| (*reason, *count))
                .collect();
            if path.events.lost > 0 {
                drops.push(("events_unheard", path.events.lost));
            }
            (rows, streams, drops)
        })
    }
}

fn transport_row(path: &Path, at: usize) -> TransportRow {
    let peer = &path.peers[at];
    let mut drops: Vec<_> = peer
        .drops
        .iter()
        .map(|(reason, count)| (*reason, *count))
        .collect();
    if !peer.consumers.is_empty() || peer.not_selected != 0 {
        let now: i64 = peer
            .consumers
            .iter()
            .map(|&viewer| path.not_selected(viewer))
            .sum();
        drops.push((
            "not_selected",
            u64::try_from(peer.not_selected + now).unwrap_or(0),
        ));
    }
    // From reports towards a viewer, from timed repairs towards a publisher.
    let timed = || {
        let layers = peer
            .layers
            .values()
            .map(|key| &path.incoming[key.0].layers[key.1]);
        layers
            .filter(|layer| layer.repairs > 0)
            .last()
            .map(|layer| layer.reception.round_trip_s)
    };
    (
        peer.id.clone(),
        peer.packets_received,
        peer.bytes_received,
        peer.packets_sent,
        peer.bytes_sent,
        peer.rtt_s.or_else(timed).map(|seconds| seconds * 1e3),
        peer.heard.then(|| peer.estimator.bps()),
        drops,
    )
}

fn stream_rows(path: &Path, peer: &Peer) -> Vec<StreamRow> {
    let mut rows = Vec::new();
    for producer in peer.producers.iter().map(|&at| &path.incoming[at]) {
        let clock_hz = f64::from(producer.config.clock_rate_hz);
        for (number, layer) in producer.layers.iter().enumerate() {
            rows.push((
                producer.config.id.clone(),
                true,
                Some(number),
                layer.accepted as u64,
                layer.rate.bytes,
                layer.rate.bps,
                f64::from(layer.reception.fraction_lost) / 256.0,
                layer.reception.jitter * 1e3 / clock_hz,
                layer.nacks,
                layer.repairs,
                layer.key_frame_requests,
            ));
        }
    }
    for viewer in peer.consumers.iter().map(|&at| &path.outgoing[at]) {
        rows.push((
            viewer.config.id.clone(),
            false,
            viewer.current,
            viewer.sent,
            viewer.rate.bytes,
            viewer.rate.bps,
            viewer.loss,
            viewer.jitter_s * 1e3,
            viewer.nacks,
            viewer.retransmits,
            viewer.key_frame_requests,
        ));
    }
    rows
}

fn event_row(py: Python<'_>, event: Event) -> PyResult<Bound<'_, PyTuple>> {
    match event {
        Event::Dtls { transport, data } => {
            ("dtls", transport, PyBytes::new(py, &data)).into_pyobject(py)
        }
        Event::IceSelected { transport, address } => (
            "ice_selected",
            transport,
            address.ip().to_string(),
            address.port(),
        )
            .into_pyobject(py),
        Event::ConsentLost { transport } => ("consent_lost", transport).into_pyobject(py),
        Event::Tapped(Tapped {
            producer,
            switch,
            packets,
            reports,
        }) => {
            let packets: Vec<_> = packets
                .iter()
                .map(|(at, packet)| (*at, PyBytes::new(py, packet)))
                .collect();
            ("tapped", producer, switch, packets, reports).into_pyobject(py)
        }
        Event::Levels(levels) => ("levels", levels).into_pyobject(py),
        Event::LayerSelected { consumer, layer } => {
            ("layer_selected", consumer, layer).into_pyobject(py)
        }
    }
}

/// The packet path of a Classwire media node.
#[pymodule]
mod classwire_native {
    use super::limits;
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::NativePath;

    /// The bounds that were compiled in, by their names in `schemas.limits`.
    #[pyfunction]
    fn compiled_limits() -> Vec<(&'static str, f64)> {
        limits::table()
    }
}
