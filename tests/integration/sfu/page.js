// The smallest browser client of a media node: requests go out through `ask`, a function of the test.
import { Device } from "mediasoup-client";

const state = { device: null, send: null, recv: null, producers: {}, consumers: {}, marks: {}, seen: {} };

async function ask(method, data) {
  const answer = JSON.parse(await window.ask(method, JSON.stringify(data)));
  if (answer.result !== "ok") throw new Error(`${method}: ${answer.code} ${answer.message}`);
  return answer.data;
}

function connected(transport) {
  return new Promise((resolve) => {
    if (transport.connectionState === "connected") resolve();
    transport.on("connectionstatechange", (now) => now === "connected" && resolve());
  });
}

function wire(transport) {
  transport.on("connect", ({ dtlsParameters }, done, failed) =>
    ask("connect_transport", { transport: transport.id, dtlsParameters }).then(done, failed),
  );
  transport.states = [];
  transport.on("connectionstatechange", (now) => transport.states.push(now));
}

const BITS = 16;
const nowMs = () => performance.timeOrigin + performance.now();

// A picture of the time: sixteen bars, one per bit of the milliseconds, above their complement.
function clockTrack(width, height, frameRate) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pen = canvas.getContext("2d");
  setInterval(() => {
    const code = Math.round(nowMs()) & 0xffff;
    for (let bit = 0; bit < BITS; bit += 1) {
      const isSet = (code >> bit) & 1;
      pen.fillStyle = isSet ? "white" : "black";
      pen.fillRect((bit * width) / BITS, 0, width / BITS, height / 2);
      pen.fillStyle = isSet ? "black" : "white";
      pen.fillRect((bit * width) / BITS, height / 2, width / BITS, height / 2);
    }
  }, 1000 / frameRate);
  return canvas.captureStream(frameRate).getVideoTracks()[0];
}

// The time in a picture, null when it is not one of those.
function readClock(pen, video) {
  pen.drawImage(video, 0, 0, BITS * 3, 6);
  const { data } = pen.getImageData(0, 0, BITS * 3, 6);
  let code = 0;
  for (let bit = 0; bit < BITS; bit += 1) {
    const [above, below] = [1, 4].map((row) => data[4 * (row * BITS * 3 + bit * 3 + 1)] > 127);
    if (above === below) return null;
    if (above) code |= 1 << bit;
  }
  return code;
}

window.page = {
  async open() {
    const opened = await ask("open", {});
    state.device = new Device();
    await state.device.load({ routerRtpCapabilities: opened.routerRtpCapabilities });
    state.send = state.device.createSendTransport(opened.send);
    state.recv = state.device.createRecvTransport(opened.recv);
    wire(state.send);
    wire(state.recv);
    state.send.on("produce", ({ kind, rtpParameters, appData }, done, failed) =>
      ask("produce", { transport: state.send.id, kind, rtpParameters, ...appData }).then(
        ({ track }) => done({ id: track }),
        failed,
      ),
    );
    return state.device.handlerName;
  },

  async publish(source, { codec, clock, muted = false, width = 960, height = 540, scales = [4, 2, 1] } = {}) {
    const isVideo = source === "camera";
    const wanted = isVideo ? { video: { width, height, frameRate: 15 } } : { audio: { echoCancellation: false } };
    const track = clock
      ? clockTrack(width, height, 25)
      : (await navigator.mediaDevices.getUserMedia(wanted)).getTracks()[0];
    const started = performance.now();
    const producer = await state.send.produce({
      track,
      codec: codec && state.device.sendRtpCapabilities.codecs.find((c) => c.mimeType === codec),
      encodings: isVideo
        ? scales.map((scale) => ({ scaleResolutionDownBy: scale, maxBitrate: 900000 / scale }))
        : undefined,
      appData: { source, muted, ...(isVideo && { widthPx: width, heightPx: height }) },
    });
    await connected(state.send);
    state.marks.produce = performance.now() - started;
    state.producers[producer.id] = producer;
    return producer.id;
  },

  async consume(tracks) {
    const started = performance.now();
    const { consumers } = await ask("consume", {
      transport: state.recv.id,
      rtpCapabilities: state.device.recvRtpCapabilities,
      tracks,
    });
    const made = await Promise.all(consumers.map((options) => state.recv.consume(options)));
    await connected(state.recv);
    state.marks.consume = performance.now() - started;
    for (const consumer of made) {
      state.consumers[consumer.producerId] = consumer;
      const element = document.createElement(consumer.kind);
      element.autoplay = true;
      element.playsInline = true;
      element.srcObject = new MediaStream([consumer.track]);
      document.body.append(element);
      consumer.element = element;
    }
    await ask("resume_consumers", { consumers: made.map((c) => c.id) });
    return made.map((c) => c.producerId);
  },

  // Notes when pictures are shown, and how old they are if they are of a clock.
  watch(track) {
    const { element } = state.consumers[track];
    const canvas = Object.assign(document.createElement("canvas"), { width: BITS * 3, height: 6 });
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    const seen = (state.seen[track] = { at: [], ages: [] });
    const look = () => {
      const at = nowMs();
      const code = readClock(pen, element);
      seen.at.push(at);
      if (code !== null) seen.ages.push((Math.round(at) - code) & 0xffff);
      element.requestVideoFrameCallback(look);
    };
    element.requestVideoFrameCallback(look);
  },
  seen: (track) => state.seen[track],

  show: (track, widthPx, heightPx) =>
    ask("set_tile_sizes", { tiles: [{ consumer: state.consumers[track].id, widthPx, heightPx }] }),

  async restartIce(direction) {
    const transport = state[direction];
    const { iceParameters } = await ask("restart_ice", { transport: transport.id });
    await transport.restartIce({ iceParameters });
  },

  close: (direction) => state[direction].close(),
  states: (direction) => state[direction].states,
  candidate: async (direction) => {
    const reports = [...(await state[direction].getStats()).values()];
    const { selectedCandidatePairId } = reports.find((s) => s.type === "transport");
    return reports.find((s) => s.id === selectedCandidatePairId)?.localCandidateId;
  },
  nodeStats: () => ask("get_stats", {}),
  marks: () => state.marks,

  async received(track) {
    const consumer = state.consumers[track];
    const report = [...(await consumer.getStats()).values()].find((s) => s.type === "inbound-rtp");
    return {
      ...report,
      videoWidth: consumer.element.videoWidth,
      videoHeight: consumer.element.videoHeight,
      currentTime: consumer.element.currentTime,
    };
  },

  async sent(track) {
    const reports = [...(await state.producers[track].getStats()).values()];
    return reports.filter((s) => s.type === "outbound-rtp");
  },
};
