/** Line icons on a 24 grid, drawn for this product; decorative, so hidden from assistive technology. */
const PATHS = {
  microphone:
    "M12 3.5a2.8 2.8 0 0 0-2.8 2.8v5a2.8 2.8 0 0 0 5.6 0v-5A2.8 2.8 0 0 0 12 3.5ZM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21",
  microphoneOff:
    "M9.2 9.2v2.1a2.8 2.8 0 0 0 4.5 2.2m1.1-2.7V6.3a2.8 2.8 0 0 0-5.4-1M5.5 11a6.5 6.5 0 0 0 10.3 5.3M18.5 11a6.4 6.4 0 0 1-.7 2.9M12 17.5V21M4 4l16 16",
  camera:
    "M4.5 6.5h9a1.5 1.5 0 0 1 1.5 1.5v8a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 3 16V8a1.5 1.5 0 0 1 1.5-1.5ZM15 10.8l5.2-3v8.4L15 13.2",
  cameraOff:
    "M9.5 6.5h4A1.5 1.5 0 0 1 15 8v4m0 4a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 3 16V8a1.5 1.5 0 0 1 1.5-1.5M15 10.8l5.2-3v8.4l-2.7-1.6M4 4l16 16",
  screen: "M4 5h16v11H4zM9 20h6M12 16v4M12 13.5v-5m0 0-2.3 2.3M12 8.5l2.3 2.3",
  hand: "M7.5 12.5v-6a1.3 1.3 0 0 1 2.6 0v5-7a1.3 1.3 0 0 1 2.6 0v7-6a1.3 1.3 0 0 1 2.6 0v8-4.5a1.3 1.3 0 0 1 2.6 0V15c0 3.6-2.3 6-5.7 6-2.6 0-4-1-5.5-3.2l-3-4.7a1.3 1.3 0 0 1 2.1-1.5l1.7 1.9Z",
  chat: "M4.5 5h15v11h-8.5L7 19.5V16H4.5z",
  people:
    "M9 11.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4ZM3 19c.3-3 2.8-5 6-5s5.7 2 6 5M16 5.2a3 3 0 0 1 0 5.7M17 14.2c2.3.5 3.8 2.3 4 4.8",
  leave: "M10 4.5H5.5v15H10M14.5 8l4 4-4 4M18.5 12H9.5",
  record: "M12 12m-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0",
  stop: "M7.5 7.5h9v9h-9z",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1.2 1.2M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1.2-1.2",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  close: "M6 6l12 12M18 6 6 18",
  send: "M4.5 12 20 4.5 15.5 20l-3.5-6.5zM12 13.5l8-9",
  check: "M5 12.5l4.5 4.5L19 7.5",
  back: "M14.5 6 8.5 12l6 6",
  forward: "M9.5 6l6 6-6 6",
  download: "M12 4v10.5m0 0-4-4m4 4 4-4M5 19.5h14",
  play: "M8 5.5v13l10.5-6.5z",
  warning: "M12 4 2.8 19.5h18.4zM12 10v4.5M12 17h.01",
  plus: "M12 5v14M5 12h14",
  remove: "M9 11.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4ZM3 19c.3-3 2.8-5 6-5s5.7 2 6 5M16 9.5h5.5",
  clock: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16ZM12 8v4.2l2.800 1.800",
  eye: "M3 12s3.2-5.5 9-5.5S21 12 21 12s-3.200 5.5-9 5.5S3 12 3 12ZM12 14.3a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6Z",
  sound: "M4 9.5h3.5L12 6v12l-4.5-3.5H4zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 22 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill={name === "record" || name === "stop" || name === "play" ? "currentColor" : "none"}
      stroke="currentColor"
      strokeWidth={name === "more" ? 3 : 1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The mark: facts of a class on one line, in order. */
export function Logo({ size = 30 }: { size?: number }) {
  return (
    <svg className="logo" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect className="logo-ground" width="32" height="32" rx="8" />
      <path className="logo-wire" d="M7 20.5 13 12.5l6 7 6-8" />
      <g className="logo-facts">
        <circle cx="7" cy="20.5" r="2.6" />
        <circle cx="13" cy="12.5" r="2.6" />
        <circle cx="19" cy="19.5" r="2.6" />
        <circle cx="25" cy="11.5" r="2.6" />
      </g>
    </svg>
  );
}
