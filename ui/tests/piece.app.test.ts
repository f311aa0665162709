import { fireEvent } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { router } from "../src/lib/router.svelte";
import { settings } from "../src/lib/settings.svelte";
import { toasts } from "../src/lib/toasts.svelte";
import { backend, open, refuse } from "./backend";
import { piece } from "./made";

const engrave = vi.hoisted(() => vi.fn());
vi.mock("../src/lib/engraver", async (original) => ({
  ...(await original<typeof import("../src/lib/engraver")>()),
  engraver: () => ({ engrave, warm: () => undefined }),
}));

const SVG = (page: number) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 140"><style>*{}</style><g class="note"><path d="M0 ${page}"/></g></svg>`;

beforeEach(() => {
  settings.current = { theme: null, compose: null, export: null, at_once: null, device: "auto" };
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(800);
  engrave.mockReset().mockResolvedValue({ pages: 2, first: SVG(1), page: async (number: number) => SVG(number) });
  router.go("library");
  router.open("p");
});
afterEach(() => toasts.clear());

describe("a piece", () => {
  it("is engraved at the pane's width, without the drawing's own style", async () => {
    backend();
    const { all, one } = open();
    const score = await one("score");
    await vi.waitFor(() => expect(score.dataset["engraved"]).toBe("true"));
    expect(score.querySelectorAll("g.note")).toHaveLength(1);
    expect(score.querySelector("style")).toBeNull();
    expect(engrave.mock.calls[0]).toEqual(["<score-partwise/>", { widthPx: 800, scale: 40 }]);
    expect(all("piece-title")[0]?.textContent).toBe("Piece p");
  });

  it("is engraved larger at Ctrl and plus", async () => {
    backend();
    const { one } = open();
    await vi.waitFor(async () => expect((await one("score")).dataset["engraved"]).toBe("true"));
    await fireEvent.keyDown(window, { key: "+", ctrlKey: true });
    await vi.waitFor(() => expect(engrave.mock.calls.at(-1)?.[1]).toEqual({ widthPx: 800, scale: 46 }));
  });

  it("is shown as its text when the engraver gives up", async () => {
    engrave.mockRejectedValue(new Error("the engraver gave no answer, twice"));
    backend();
    const { one } = open();
    expect((await one("piece-text")).textContent).toBe("%Romantic\nX\n[r:0/1]c|\n");
    expect((await one("no-score")).textContent).toContain("gave no answer");
  });

  it("has text that is never markup", async () => {
    const evil = "<img src=x onerror=alert(1)>";
    backend({ piece: ({ id }: { id: string }) => ({ ...piece(id, { title: evil }), text: evil }) });
    const { container, one } = open();
    await vi.waitFor(async () => expect((await one("piece-title")).textContent).toBe(evil));
    await fireEvent.click(await one("view-text"));
    expect((await one("piece-text")).textContent).toBe(evil);
    expect(container.querySelector("img")).toBeNull();
  });

  it("says when it is no longer there, and leads back", async () => {
    backend({ piece: () => refuse("not_found", "gone") });
    const { container, one } = open();
    await vi.waitFor(() => expect(container.textContent).toContain("It is no longer there"));
    await fireEvent.keyDown(window, { key: "ArrowLeft", altKey: true });
    await one("library-total");
  });

  it("is exported, and tells where to or why not", async () => {
    const { calls } = backend({
      export_piece: ({ format }: { format: string }) => (format === "abc" ? "/tmp/x.abc" : refuse("disk_full", "no space")),
    });
    const { all, one } = open();
    await fireEvent.click(await one("export-menu"));
    await fireEvent.click(await one("export-abc"));
    await vi.waitFor(() => expect(all("toast")[0]?.textContent).toContain("/tmp/x.abc"));
    await fireEvent.click(await one("export-menu"));
    await fireEvent.click(await one("export-mxl"));
    await vi.waitFor(() => expect(all("toast")[1]?.dataset["code"]).toBe("disk_full"));
    expect(calls("export_piece")).toEqual([{ id: "p", format: "abc" }, { id: "p", format: "mxl" }]);
    expect(all("export-abc")).toEqual([]);
  });

  it("is exported once more in the format it was exported in last", async () => {
    const { calls } = backend({ export_piece: ({ format }: { format: string }) => (format === "midi" ? "/tmp/x.mid" : null) });
    const { one } = open();
    expect((await one("export")).dataset["format"]).toBe("musicxml");
    await fireEvent.click(await one("export-menu"));
    await fireEvent.click(await one("export-midi"));
    await vi.waitFor(async () => expect((await one("export")).dataset["format"]).toBe("midi"));
    expect(calls("save_settings")).toEqual([{ settings: { theme: null, compose: null, export: "midi", at_once: null, device: "auto" } }]);
    await fireEvent.click(await one("export"));
    expect(calls("export_piece").at(-1)).toEqual({ id: "p", format: "midi" });
    // What was thought better of is not what is wanted next time.
    await fireEvent.click(await one("export-menu"));
    await fireEvent.click(await one("export-abc"));
    expect((await one("export")).dataset["format"]).toBe("midi");
  });

  it("is exported without a mouse", async () => {
    const { calls } = backend();
    const { all, one } = open();
    await one("export-menu");
    await fireEvent.keyDown(window, { key: "e", ctrlKey: true });
    const focused = () => (document.activeElement as HTMLElement).dataset["testid"];
    await vi.waitFor(() => expect(focused()).toBe("export-musicxml"));
    const press = (key: string) => fireEvent.keyDown(document.activeElement as Element, { key });
    await press("ArrowDown");
    expect(focused()).toBe("export-mxl");
    await press("n");
    expect(focused()).toBe("export-notagen");
    await press("ArrowDown");
    expect(focused()).toBe("export-musicxml");
    await press("Escape");
    expect([focused(), all("export-musicxml").length, router.piece]).toEqual(["export-menu", 0, "p"]);
    await press("ArrowDown");
    await vi.waitFor(() => expect(focused()).toBe("export-musicxml"));
    await press("End");
    await fireEvent.click(document.activeElement as Element);
    expect(calls("export_piece")).toEqual([{ id: "p", format: "notagen" }]);
  });

  it("fills the form with all of its settings", async () => {
    backend({ piece: ({ id }: { id: string }) => ({ ...piece(id, { seed: 4711 }), limits: { max_bars: 24, max_patches: null, max_seconds: null } }) });
    const { option, one } = open();
    await fireEvent.click(await one("compose-again"));
    expect(((await one("seed")) as HTMLInputElement).value).toBe("4711");
    expect(((await one("max-bars")) as HTMLInputElement).value).toBe("24");
    expect((await option("composer-option", "Schubert, Franz")).getAttribute("aria-selected")).toBe("true");
  });

  it("is deleted from here, with undo", async () => {
    const { calls } = backend();
    const { one } = open();
    await fireEvent.click(await one("delete-open-piece"));
    await fireEvent.click(await one("undo"));
    expect([calls("delete_piece"), calls("restore_piece")]).toEqual([[{ id: "p" }], [{ id: "p" }]]);
    expect(router.piece).toBeNull();
  });

  it("grows while it is written: the text at once, the engraving now and then", async () => {
    const states = { state: "running" as const, bars: 1 };
    const { calls, send } = backend({ piece: ({ id }: { id: string }) => ({ ...piece(id, states), text: "H\nbar0\n" }) });
    const { one } = open();
    await fireEvent.click(await one("view-text"));
    const text = await one("piece-text");
    const id = { job: "j", number: 1 };
    for (let index = 1; index <= 5; index += 1) send({ kind: "bar", id, piece: "p", index, text: `bar${index}` });
    await vi.waitFor(() => expect(text.textContent).toBe("H\nbar0\nbar1\nbar2\nbar3\nbar4\nbar5\n"));
    expect(calls("engraving")).toHaveLength(1);
  });

  it("is not engraved again before it is drawn, however fast it grows, and then as it is", async () => {
    const drawn: ((sheet: unknown) => void)[] = [];
    engrave.mockImplementation(() => new Promise((resolve) => drawn.push(resolve)));
    let bars = 1;
    const running = { state: "running" as const, bars };
    const { send } = backend({
      piece: ({ id }: { id: string }) => piece(id, running),
      engraving: () => ({ musicxml: `<bars n="${bars}"/>`, parts: 1, bars, diagnostics: [] }),
    });
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const { one } = open();
    await vi.waitFor(() => expect(engrave).toHaveBeenCalledTimes(1));
    for (bars = 2; bars <= 5; bars += 1) {
      send({ kind: "bar", id: { job: "j", number: 1 }, piece: "p", index: bars - 1, text: "c4|" });
      await vi.advanceTimersByTimeAsync(2500);
    }
    expect(engrave).toHaveBeenCalledTimes(1);
    drawn[0]?.({ pages: 1, first: SVG(1), page: async (number: number) => SVG(number) });
    await vi.waitFor(() => expect(engrave).toHaveBeenCalledTimes(2));
    expect((await one("score")).querySelectorAll("g.note")).toHaveLength(1);
    expect(engrave.mock.calls[1]?.[0]).toBe('<bars n="5"/>');
    vi.useRealTimers();
  });
});
