import type { ProducerCodecOptions, RtpEncodingParameters } from "mediasoup-client/types";
import type { Source } from "../schema";

/** What is sent for each source, as data. Layers are lowest first: quarter, half and full size. */

/** Bits per pixel and second of a full layer at which a face has no blocks, and the most one gets. */
const CAMERA_BITS_PER_PIXEL = 2.6;
const CAMERA_BITRATE_MAX = 1_800_000;

function cameraLayers(area: number): RtpEncodingParameters[] {
  const full = Math.min(Math.round(area * CAMERA_BITS_PER_PIXEL), CAMERA_BITRATE_MAX);
  return [
    { scaleResolutionDownBy: 4, maxBitrate: Math.max(100_000, Math.round(full / 9)) },
    { scaleResolutionDownBy: 2, maxBitrate: Math.max(200_000, Math.round(full / 3)) },
    { scaleResolutionDownBy: 1, maxBitrate: full },
  ];
}

/** Half size keeps large letters readable on a line that cannot carry the full picture. */
const SCREEN_LAYERS: RtpEncodingParameters[] = [
  { scaleResolutionDownBy: 2, maxBitrate: 300_000 },
  { scaleResolutionDownBy: 1, maxBitrate: 1_500_000 },
];

/** Below this size Chromium drops the *full* layer of three (measured with 156); it gets two. */
const THREE_LAYERS_AREA_PX = 960 * 540;

export function encodingsOf(source: Source, settings: MediaTrackSettings): RtpEncodingParameters[] {
  switch (source) {
    case "camera": {
      const area = (settings.width ?? 640) * (settings.height ?? 360);
      return area < THREE_LAYERS_AREA_PX ? cameraLayers(area).slice(1) : cameraLayers(area);
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
