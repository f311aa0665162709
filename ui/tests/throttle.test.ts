import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { throttle } from "../src/lib/throttle";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it("works at once, then once in the time given however often it is called, and once at the end", async () => {
  const work = vi.fn(async () => undefined);
  const { call } = throttle(work, () => 2000);
  for (let k = 0; k < 10; k += 1) {
    call();
    await vi.advanceTimersByTimeAsync(300);
  }
  expect(work).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(5000);
  expect(work).toHaveBeenCalledTimes(3);
});

it("never works twice at a time, and not after it was stopped", async () => {
  let done: () => void = () => undefined;
  const work = vi.fn(() => new Promise<void>((resolve) => (done = resolve)));
  const { call, stop } = throttle(work, () => 100);
  call();
  call();
  await vi.advanceTimersByTimeAsync(1000);
  expect(work).toHaveBeenCalledTimes(1);
  stop();
  done();
  await vi.advanceTimersByTimeAsync(1000);
  expect(work).toHaveBeenCalledTimes(1);
});

it("rests in proportion to what its work took", async () => {
  const work = vi.fn(() => new Promise<void>((resolve) => void setTimeout(resolve, 500)));
  const { call } = throttle(work, (tookMs) => 4 * tookMs);
  call();
  await vi.advanceTimersByTimeAsync(500);
  call();
  await vi.advanceTimersByTimeAsync(1900);
  expect(work).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(200);
  expect(work).toHaveBeenCalledTimes(2);
});
