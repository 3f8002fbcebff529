import type { RoomClient } from "./client";

/** `window.classwire`: read-only, for tests and for support. */
export function installDebug(client: RoomClient): () => void {
  const debug = Object.freeze({
    view: () => client.state.get().view,
    state: () => {
      const { line, stage, media, trouble, ending } = client.state.get();
      return { line, stage, media, trouble, ending };
    },
    events: () => [...client.seqs],
    get timings() {
      return { ...client.timings };
    },
    stats: () => summaries(client),
  });
  Object.defineProperty(window, "classwire", { value: debug, configurable: true });
  return () => {
    Reflect.deleteProperty(window, "classwire");
  };
}

/** One summary per stream, keyed by track; simulcast layers of a sender are listed one by one. */
async function summaries(client: RoomClient) {
  const tracks = new Map(client.state.get().view?.tracks.map((track) => [track.id, track]));
  const found: Record<string, object> = {};
  for (const { track, direction, report } of await client.stats()) {
    const known = tracks.get(track);
    const streams = [...report.values()].filter(
      (s) => s.type === `${direction === "recv" ? "in" : "out"}bound-rtp`,
    );
    const who = { participant: known?.participant, source: known?.source, kind: known?.kind, direction };
    const [first] = streams;
    found[track] = direction === "recv" ? { ...who, ...pick(first) } : { ...who, layers: streams.map(pick) };
  }
  return found;
}

const FIELDS = [
  "rid",
  "packetsReceived",
  "packetsLost",
  "packetsSent",
  "bytesReceived",
  "bytesSent",
  "jitter",
  "framesReceived",
  "framesDecoded",
  "framesDropped",
  "framesEncoded",
  "framesPerSecond",
  "frameWidth",
  "frameHeight",
  "keyFramesDecoded",
  "freezeCount",
  "totalFreezesDuration",
  "nackCount",
  "pliCount",
  "firCount",
  "retransmittedPacketsReceived",
  "retransmittedPacketsSent",
  "totalAudioEnergy",
  "totalSamplesReceived",
  "concealedSamples",
  "audioLevel",
  "jitterBufferDelay",
  "jitterBufferEmittedCount",
  "estimatedPlayoutTimestamp",
  "qualityLimitationReason",
  "active",
  "timestamp",
];

function pick(stream: Record<string, unknown> | undefined): Record<string, unknown> {
  return Object.fromEntries(
    FIELDS.flatMap((field) => (stream?.[field] === undefined ? [] : [[field, stream[field]]])),
  );
}
