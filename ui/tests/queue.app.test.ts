import { fireEvent, screen } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";
import { backend, open } from "./backend";
import { job, variation } from "./made";

describe("a job that waits", () => {
  it("can be put first while others wait, and back in line", async () => {
    const app = backend({ queue: () => [job("a"), job("b")] });
    const { one } = open();
    await fireEvent.click(await one("nav-queue"));
    await vi.waitFor(() => expect(screen.getAllByTestId("priority")).toHaveLength(2));
    await fireEvent.click(screen.getAllByTestId("priority")[1] as HTMLElement);
    expect(app.calls("prioritise")).toEqual([{ id: "b", priority: "high" }]);
    app.send({ kind: "job", job: { ...job("b"), priority: "high" } });
    await vi.waitFor(() => expect(screen.getAllByTestId("priority")[1]?.textContent).toBe("Goes first"));
    await fireEvent.click(screen.getAllByTestId("priority")[1] as HTMLElement);
    expect(app.calls("prioritise")).toContainEqual({ id: "b", priority: "normal" });
  });
});

describe("a job", () => {
  it("is stopped as a whole, what waits first, and what has ended is left alone", async () => {
    const states = ["done", "running", "queued", "queued"] as const;
    const variations = states.map((state, at) => variation("a", at + 1, { state }));
    const app = backend({ queue: () => [job("a", { variations })] });
    const { one } = open();
    await fireEvent.click(await one("nav-queue"));
    await fireEvent.click(await one("cancel-all"));
    expect(app.calls("cancel")).toEqual([4, 3, 2].map((number) => ({ id: { job: "a", number } })));
  });

  it("of which one variation is left has that one's own button", async () => {
    const variations = [variation("a", 1, { state: "done" }), variation("a", 2, { state: "running" })];
    backend({ queue: () => [job("a", { variations })] });
    const { one } = open();
    await fireEvent.click(await one("nav-queue"));
    await vi.waitFor(() => expect(screen.getAllByTestId("queue-variation").length).toBeGreaterThan(0));
    expect(screen.queryByTestId("cancel-all")).toBeNull();
  });
});
