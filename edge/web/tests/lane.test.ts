import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Lane } from "../src/net/lane";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A piece of work whose end the test decides. */
function work() {
  const runs: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const run = () => new Promise<void>((resolve, reject) => runs.push({ resolve, reject }));
  return { runs, run };
}

test("many pokes during a run cause one more run", async () => {
  const { runs, run } = work();
  const lane = new Lane(run);
  for (let n = 0; n < 5; n += 1) lane.poke();
  expect(runs).toHaveLength(1);
  runs[0]?.resolve();
  await vi.advanceTimersByTimeAsync(0);
  expect(runs).toHaveLength(2);
  runs[1]?.resolve();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(runs).toHaveLength(2);
});

test("a run that fails is repeated and reported", async () => {
  const { runs, run } = work();
  const failures: unknown[] = [];
  const lane = new Lane(run, (error) => failures.push(error));
  lane.poke();
  runs[0]?.reject(new Error("lost"));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(runs).toHaveLength(2);
  expect(failures).toHaveLength(1);
});

test("a poke after a failure does not wait for the back-off", async () => {
  const { runs, run } = work();
  const lane = new Lane(run);
  lane.poke();
  runs[0]?.reject(new Error("lost"));
  await vi.advanceTimersByTimeAsync(0);
  lane.poke();
  expect(runs).toHaveLength(2);
});

test("a stopped lane never runs again", async () => {
  const { runs, run } = work();
  const lane = new Lane(run);
  lane.poke();
  lane.stop();
  runs[0]?.reject(new Error("lost"));
  await vi.advanceTimersByTimeAsync(60_000);
  lane.poke();
  expect(runs).toHaveLength(1);
});
