import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Engraver, EngraverError, Superseded, type EngraveAnswer, type EngraveRequest, type Port } from "../src/lib/engraver";

class Fake implements Port {
  asked: EngraveRequest[] = [];
  ended = false;
  onmessage: Port["onmessage"] = null;
  onerror: Port["onerror"] = null;
  postMessage(request: EngraveRequest) {
    this.asked.push(request);
  }
  terminate() {
    this.ended = true;
  }
  say(answer: EngraveAnswer) {
    this.onmessage?.({ data: answer });
  }
  answer(pages = 3) {
    const last = this.asked.at(-1) as EngraveRequest;
    this.say({ kind: "page", id: last.id, pages, svg: `<svg page="${last.page}"/>` });
  }
}

const OPTIONS = { widthPx: 800, scale: 40 };
let ports: Fake[];
let engraver: Engraver;
const port = (at: number) => ports[at] as Fake;

beforeEach(() => {
  vi.useFakeTimers();
  ports = [];
  engraver = new Engraver(() => {
    ports.push(new Fake());
    return port(ports.length - 1);
  });
});
afterEach(() => vi.useRealTimers());

describe("the engraver", () => {
  it("sends a score once and its further pages by number", async () => {
    const sheet = engraver.engrave("<xml/>", OPTIONS);
    port(0).say({ kind: "ready" });
    port(0).answer(3);
    const { pages, first, page } = await sheet;
    expect([pages, first]).toEqual([3, '<svg page="1"/>']);
    const second = page(2);
    expect(port(0).asked[1]).toMatchObject({ page: 2, musicxml: null });
    port(0).answer();
    expect(await second).toBe('<svg page="2"/>');
  });

  it("asks one thing at a time, so that waiting is not taken for silence", async () => {
    const sheet = engraver.engrave("<xml/>", OPTIONS);
    port(0).say({ kind: "ready" });
    port(0).answer();
    const { page } = await sheet;
    const both = [page(2), page(3)];
    expect(port(0).asked).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(4000);
    port(0).answer();
    await vi.advanceTimersByTimeAsync(4000);
    port(0).answer();
    expect(await Promise.all(both)).toEqual(['<svg page="2"/>', '<svg page="3"/>']);
    expect(ports).toHaveLength(1);
  });

  it("gives loading more time than an answer", async () => {
    const sheet = engraver.engrave("<xml/>", OPTIONS);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(port(0).ended).toBe(false);
    port(0).say({ kind: "ready" });
    await vi.advanceTimersByTimeAsync(4000);
    port(0).answer(1);
    expect((await sheet).pages).toBe(1);
  });

  it("is replaced once when it gives no answer for five seconds, with the whole request again", async () => {
    const sheet = engraver.engrave("<xml/>", OPTIONS);
    port(0).say({ kind: "ready" });
    await vi.advanceTimersByTimeAsync(5000);
    expect([port(0).ended, ports.length]).toEqual([true, 2]);
    expect(port(1).asked[0]).toMatchObject({ page: 1, musicxml: "<xml/>" });
    port(0).answer(9); // too late: nobody listens
    port(1).say({ kind: "ready" });
    port(1).answer(2);
    expect((await sheet).pages).toBe(2);
  });

  it("brings the score along when it is replaced between two pages", async () => {
    const sheet = engraver.engrave("<xml/>", OPTIONS);
    port(0).say({ kind: "ready" });
    port(0).answer(3);
    const page = (await sheet).page(3);
    await vi.advanceTimersByTimeAsync(5000);
    expect(port(1).asked[0]).toMatchObject({ page: 3, musicxml: "<xml/>" });
    port(1).answer();
    expect(await page).toBe('<svg page="3"/>');
  });

  it("gives up after the second silence, and can be used again", async () => {
    const sheet = engraver.engrave("<xml/>", OPTIONS);
    const failed = expect(sheet).rejects.toThrow(EngraverError);
    port(0).say({ kind: "ready" });
    await vi.advanceTimersByTimeAsync(5000);
    port(1).say({ kind: "ready" });
    await vi.advanceTimersByTimeAsync(5000);
    await failed;
    const other = engraver.engrave("<other/>", OPTIONS);
    port(2).say({ kind: "ready" });
    port(2).answer(1);
    expect((await other).pages).toBe(1);
  });

  it("is replaced when it crashes", async () => {
    const sheet = engraver.engrave("<xml/>", OPTIONS);
    port(0).onerror?.({});
    expect(ports).toHaveLength(2);
    port(1).say({ kind: "ready" });
    port(1).answer(1);
    await sheet;
  });

  it("says what the score's fault is without another try", async () => {
    const sheet = engraver.engrave("<not a score", OPTIONS);
    port(0).say({ kind: "ready" });
    port(0).say({ kind: "error", id: 1, message: "the score could not be read" });
    await expect(sheet).rejects.toThrow("the score could not be read");
    expect(ports).toHaveLength(1);
  });

  it("drops the pages of a score that another one has replaced", async () => {
    const sheet = engraver.engrave("<old/>", OPTIONS);
    port(0).say({ kind: "ready" });
    port(0).answer();
    const { page } = await sheet;
    const running = page(2);
    const waiting = page(3);
    const dropped = expect(waiting).rejects.toThrow(Superseded);
    const next = engraver.engrave("<new/>", OPTIONS);
    await dropped;
    port(0).answer();
    await running;
    expect(port(0).asked.at(-1)).toMatchObject({ page: 1, musicxml: "<new/>" });
    port(0).answer(5);
    expect((await next).pages).toBe(5);
    await expect(page(3)).rejects.toThrow(Superseded);
  });

  it("draws strips one after the other, and neither they nor a score drop each other", async () => {
    const [a, b] = [engraver.draw("<a/>", OPTIONS), engraver.draw("<b/>", OPTIONS)];
    const sheet = engraver.engrave("<xml/>", OPTIONS);
    port(0).say({ kind: "ready" });
    expect(port(0).asked).toHaveLength(1);
    for (let k = 0; k < 3; k += 1) port(0).answer(1);
    expect(await Promise.all([a, b])).toEqual(['<svg page="1"/>', '<svg page="1"/>']);
    expect((await sheet).pages).toBe(1);
    expect(port(0).asked.map(({ musicxml, options }) => [musicxml, options.strip])).toEqual([
      ["<a/>", true],
      ["<b/>", true],
      ["<xml/>", undefined],
    ]);
  });

  it("sends a score again when a strip was drawn between its pages", async () => {
    const sheet = engraver.engrave("<xml/>", OPTIONS);
    port(0).say({ kind: "ready" });
    port(0).answer();
    const { page } = await sheet;
    const strip = engraver.draw("<strip/>", OPTIONS);
    port(0).answer(1);
    await strip;
    const second = page(2);
    expect(port(0).asked.at(-1)).toMatchObject({ page: 2, musicxml: "<xml/>" });
    port(0).answer();
    expect(await second).toBe('<svg page="2"/>');
  });
});
