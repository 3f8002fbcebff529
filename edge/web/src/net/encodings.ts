import type { ProducerCodecOptions, RtpEncodingParameters } from "mediasoup-client/types";
import type { Source } from "../schema";

/** What is sent for each source, as data. Layers are lowest first: quarter, half and full size. */

const CAMERA_LAYERS: RtpEncodingParameters[] = [
  { scaleResolutionDownBy: 4, maxBitrate: 100_000 },
  { scaleResolutionDownBy: 2, maxBitrate: 300_000 },
  { scaleResolutionDownBy: 1, maxBitrate: 700_000 },
];

/** Half size keeps large letters readable on a line that cannot carry the full picture. */
const SCREEN_LAYERS: RtpEncodingParameters[] = [
  { scaleResolutionDownBy: 2, maxBitrate: 300_000 },
  { scaleResolutionDownBy: 1, maxBitrate: 1_500_000 },
];

/** Below this width a camera's quarter layer would be a stamp; such cameras send two layers. */
const THREE_LAYERS_WIDTH_PX = 480;

export function encodingsOf(source: Source, settings: MediaTrackSettings): RtpEncodingParameters[] {
  switch (source) {
    case "camera": {
      const small = (settings.width ?? 640) < THREE_LAYERS_WIDTH_PX;
      return (small ? CAMERA_LAYERS.slice(1) : CAMERA_LAYERS).map((layer) => ({ ...layer }));
    }
    case "screen":
      return SCREEN_LAYERS.map((layer) => ({ ...layer }));
    case "microphone":
      return [{ dtx: true, maxBitrate: 40_000 }];
    case "screen_audio":
      return [{ maxBitrate: 128_000 }];
  }
}

export function codecOptionsOf(source: Source): ProducerCodecOptions {
  switch (source) {
    case "microphone":
      return { opusDtx: true, opusFec: true, opusStereo: false };
    case "screen_audio":
      return { opusDtx: false, opusFec: true, opusStereo: true };
    case "camera":
    case "screen":
      return { videoGoogleStartBitrate: 600 };
  }
}
