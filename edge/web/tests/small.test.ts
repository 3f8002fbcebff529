import { expect, test } from "vitest";
import { formatBytes, formatLength, t, tn } from "../src/messages";
import { en } from "../src/messages/en";
import { csrfToken } from "../src/net/api";
import { backoff } from "../src/net/backoff";
import { encodingsOf } from "../src/net/encodings";
import { withoutNulls } from "../src/net/nulls";
import { gridFor } from "../src/ui/grid";
import { routeOf } from "../src/ui/router";

test("the first attempt is immediate, the longest wait is five seconds", () => {
  expect(backoff(0, () => 1)).toBe(0);
  expect(backoff(99, () => 1)).toBe(5_000);
});

test("jitter is full: a wait may be as short as nothing", () => {
  expect(backoff(3, () => 0)).toBe(0);
  expect(backoff(3, () => 0.5)).toBe(1_000);
});

for (const [width, height] of [
  [1340, 620],
  [990, 620],
  [378, 660],
  [348, 560],
] as const) {
  test(`1 to 25 tiles are readable on a stage of ${width} by ${height}`, () => {
    for (let count = 1; count <= 25; count += 1) {
      const { tileWidth, tileHeight, scrolls } = gridFor(count, width, height, 8);
      expect(tileWidth).toBeGreaterThanOrEqual(148);
      const columns = Math.floor((width + 8) / (tileWidth + 8));
      const rows = Math.ceil(count / columns);
      if (!scrolls) expect(rows * tileHeight + (rows - 1) * 8).toBeLessThanOrEqual(height);
    }
  });
}

test("on a laptop 25 people need no scrolling", () => {
  expect(gridFor(25, 1340, 620, 8).scrolls).toBe(false);
});

test("an empty or unmeasured stage has no tiles", () => {
  expect(gridFor(0, 800, 600, 8).tileWidth).toBe(0);
  expect(gridFor(3, 0, 0, 8).tileWidth).toBe(0);
});

test("addresses lead to their pages", () => {
  expect(routeOf("/")).toEqual({ page: "home" });
  expect(routeOf("/signin")).toEqual({ page: "signin" });
  expect(routeOf("/r/physics")).toEqual({ page: "room", room: "physics" });
  expect(routeOf("/r/physics/recordings/r1")).toEqual({
    page: "recording",
    room: "physics",
    recording: "r1",
  });
  expect(routeOf("/r")).toEqual({ page: "unknown" });
  expect(routeOf("/r/physics/x/y")).toEqual({ page: "unknown" });
});

test("the CSRF cookie is found under both of its names", () => {
  expect(csrfToken("a=1; cw_csrf=abc%3D; b=2")).toBe("abc=");
  expect(csrfToken("__Host-cw_csrf=xyz")).toBe("xyz");
  expect(csrfToken("not_cw_csrf=abc")).toBe("");
});

test("nulls are left out at every depth, zero and false stay", () => {
  expect(withoutNulls({ a: null, b: [{ c: null, d: 0 }], e: false })).toEqual({ b: [{ d: 0 }], e: false });
});

test("a camera sends three layers, one that is too small for Chromium to send three sends two", () => {
  const layers = encodingsOf("camera", { width: 1280, height: 720 });
  expect(layers.map((l) => l.scaleResolutionDownBy)).toEqual([4, 2, 1]);
  expect(layers.map((l) => l.maxBitrate)).toEqual([200_000, 600_000, 1_800_000]);
  const small = encodingsOf("camera", { width: 640, height: 360 });
  expect(small.map((l) => l.scaleResolutionDownBy)).toEqual([2, 1]);
  expect(small[1]?.maxBitrate).toBeLessThan(700_000);
});

test("words are chosen by number and filled in", () => {
  expect(tn("class.people", 1)).toBe("1 person");
  expect(tn("class.people", 3)).toBe("3 people");
  expect(t("people.mute", { name: "Sam" })).toBe("Mute Sam");
});

test("every counted message has both forms", () => {
  const keys = Object.keys(en);
  for (const key of keys.filter((k) => k.endsWith("_one")))
    expect(keys).toContain(key.replace(/_one$/, "_other"));
});

test("lengths and sizes read as people write them", () => {
  expect(formatLength(245_000)).toBe("4:05");
  expect(formatLength(3_729_000)).toBe("1:02:09");
  expect(formatBytes(1_500_000)).toBe("1.5 MB");
});
