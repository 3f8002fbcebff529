/**
 * What is asked of the devices.
 *
 * A camera's size follows what the machine can encode beside everything else: each layer costs, and
 * a two-core laptop carries two of 640x360 at 15 frames a second, which is enough for a face.
 */
export function cameraConstraints(cores: number): MediaTrackConstraints {
  const [width, height, rate] = cores >= 8 ? [1280, 720, 30] : cores >= 4 ? [960, 540, 24] : [640, 360, 15];
  return {
    width: { ideal: width },
    height: { ideal: height },
    frameRate: { ideal: rate, max: 30 },
  };
}

export const MICROPHONE_CONSTRAINTS: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};

/** A shared screen is text: full size, few frames. */
export const SCREEN_CONSTRAINTS: DisplayMediaStreamOptions = {
  video: { frameRate: { ideal: 10, max: 15 }, width: { max: 1920 }, height: { max: 1080 } },
  audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
};
