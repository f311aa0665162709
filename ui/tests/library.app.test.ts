import { fireEvent } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LibraryQuery } from "../src/lib/bindings";
import { library } from "../src/lib/library.svelte";
import { NO_FILTER } from "../src/lib/pages";
import { router } from "../src/lib/router.svelte";
import { toasts } from "../src/lib/toasts.svelte";
import { backend, open, refuse } from "./backend";
import { page, STYLE, summary, variation } from "./made";

const EVIL = "<img src=x onerror=alert(1)>";

beforeEach(async () => {
  router.go("library");
  library.filter = { ...NO_FILTER };
  library.pieces = [];
  library.loaded = false;
  library.active = null;
});
afterEach(() => toasts.clear());

const many = Array.from({ length: 150 }, (_, at) => summary(`p${at}`, { created_ms: 10_000 - at, title: at === 0 ? EVIL : `Piece ${at}` }));
const paged = ({ query }: { query: LibraryQuery }) => {
  const from = Number(query.after ?? 0);
  const to = from + (query.limit ?? 50);
  return page(many.slice(from, to), to < many.length ? String(to) : null, many.length);
};

describe("the library", () => {
  it("shows a title as text, whatever is in it", async () => {
    backend({ library: paged });
    const { container, one } = open();
    expect((await one("library-piece")).textContent).toContain(EVIL);
    expect(container.querySelector("img")).toBeNull();
  });

  it("has few rows in the document and the total on top", async () => {
    backend({ library: paged });
    const { all, one } = open();
    await one("library-piece");
    expect(all("library-piece").length).toBeLessThan(40);
    expect((await one("library-total")).textContent).toBe("150 pieces");
  });

  it("asks for the next page from the cursor", async () => {
    const { calls } = backend({ library: paged });
    await library.reload();
    await library.more();
    await library.more();
    await library.more();
    expect(calls("library").map(({ query }) => query.after)).toEqual([null, "60", "120"]);
    expect(new Set(library.pieces.map(({ id }) => id)).size).toBe(150);
  });

  it("does not take an answer to an earlier filter", async () => {
    let late: (page: unknown) => void = () => undefined;
    backend({
      library: ({ query }: { query: LibraryQuery }) =>
        query.period === null ? new Promise((resolve) => (late = resolve)) : page([summary("filtered")]),
    });
    const first = library.reload();
    library.styles = [STYLE];
    library.refine({ period: "Romantic" });
    await vi.waitFor(() => expect(library.pieces).toHaveLength(1));
    late(page([summary("late")]));
    await first;
    expect(library.pieces.map(({ id }) => id)).toEqual(["filtered"]);
  });

  it("deletes one piece at a key and brings it back to its place", async () => {
    const { calls } = backend({ library: paged });
    const { all, one } = open();
    const row = await one("library-piece");
    row.focus();
    await fireEvent.keyDown(row, { key: "ArrowDown" });
    await vi.waitFor(() => expect(document.activeElement).toBe(all("library-piece")[1]));
    await fireEvent.keyDown(document.activeElement as Element, { key: "Delete" });
    await fireEvent.keyDown(document.activeElement as Element, { key: "Delete", repeat: true });
    expect(calls("delete_piece")).toEqual([{ id: "p1" }]);
    await one("undo");
    expect(library.total).toBe(149);
    await vi.waitFor(() => expect((document.activeElement as HTMLElement).dataset["piece"]).toBe("p2"));
    await fireEvent.keyDown(window, { key: "z", ctrlKey: true });
    await vi.waitFor(() => expect(library.pieces[1]?.id).toBe("p1"));
    expect(calls("restore_piece")).toEqual([{ id: "p1" }]);
    expect(library.total).toBe(150);
  });

  it("keeps a piece that could not be deleted", async () => {
    backend({ library: paged, delete_piece: () => refuse("not_now", "it is being written") });
    const { all, one } = open();
    await one("library-piece");
    await fireEvent.click(all("delete-piece")[2] as HTMLElement);
    await vi.waitFor(() => expect(all("toast")[0]?.dataset["code"]).toBe("not_now"));
    await vi.waitFor(() => expect(library.pieces[2]?.id).toBe("p2"));
    expect(all("undo")).toEqual([]);
  });

  it("offers undo for ten seconds", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    toasts.undoable("Deleted", "x", () => undefined);
    await vi.advanceTimersByTimeAsync(9_900);
    expect(toasts.list).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(toasts.list).toHaveLength(0);
    vi.useRealTimers();
  });

  it("shows a piece that comes in, and its bars", async () => {
    let pieces = [summary("old")];
    const { send } = backend({ library: () => page(pieces) });
    const { all, one } = open();
    await one("library-piece");
    pieces = [summary("fresh", { state: "running", bars: 1 }), ...pieces];
    send({ kind: "bar", id: { job: "j", number: 1 }, piece: "fresh", index: 0, text: "c|" });
    await vi.waitFor(() => expect(all("library-piece").map(({ dataset }) => dataset["piece"])).toEqual(["fresh", "old"]));
    send({ kind: "variation", variation: variation("j", 1, { piece: "fresh", state: "running", bars: 9 }) });
    await vi.waitFor(() => expect(all("library-piece")[0]?.textContent).toContain("9 bars"));
    expect(all("library-piece")[0]?.dataset["state"]).toBe("running");
  });

  it("says so when it is empty or cannot be read", async () => {
    backend({ library: () => refuse("library_failed", "the disk fails") });
    const { container } = open();
    await vi.waitFor(() => expect(container.textContent).toContain("The disk fails."));
  });

  it("says what is in the way of saving, with its code", async () => {
    const { send } = backend({ library: paged });
    const { one } = open();
    await one("library-piece");
    send({ kind: "trouble", error: { code: "disk_full", message: "the disk is full; make room" } });
    const toast = await one("toast");
    expect(toast.dataset["code"]).toBe("disk_full");
    expect(toast.textContent).toContain("The disk is full; make room.");
  });
});
