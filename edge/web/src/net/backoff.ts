/**
 * How long to wait before the n-th attempt in a row, in milliseconds: full jitter under a growing
 * cap, so that a class of thousands does not come back in one wave. The first attempt is immediate.
 */
const CAPS_MS = [0, 300, 1_000, 2_000, 5_000];

export function backoff(attempt: number, random: () => number = Math.random): number {
  const cap = CAPS_MS[Math.min(attempt, CAPS_MS.length - 1)] ?? 0;
  return Math.round(cap * random());
}
