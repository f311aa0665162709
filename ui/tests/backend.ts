// An application behind the window, for component tests: every command answers, a test replaces
// those it is about, and events are sent by hand.
import { mockIPC } from "@tauri-apps/api/mocks";
import { render } from "@testing-library/svelte";
import { vi, type Mock } from "vitest";
import App from "../src/App.svelte";
import type { ErrorView, StudioEvent } from "../src/lib/bindings";
import type { DropEvent } from "../src/lib/ipc";
import { job, page, piece, SAMPLING, STYLE } from "./made";

const MODEL = {
  id: "demo", name: "Demo", description: "", licence: "CC0", installed: true, parameters: 7_100_000, hidden_size: 256, patch_layers: 6,
  char_layers: 2, patch_length: 1024, sampling: SAMPLING, url: null,
};

export function backend(replaced: Record<string, (args: never) => unknown> = {}) {
  let send: (event: StudioEvent) => void = () => undefined;
  let drop: (event: DropEvent) => void = () => undefined;
  const commands: Record<string, Mock> = {};
  const answers: Record<string, (args: never) => unknown> = {
    models: () => [MODEL],
    styles: () => [
      { period: "Baroque", composers: [{ composer: "Bach, Johann Sebastian", instrumentations: ["Choral", "Keyboard"] }] },
      { period: "Romantic", composers: [{ composer: "Schubert, Franz", instrumentations: ["Art Song", "Chamber"] }, { composer: "Wolf, Hugo", instrumentations: ["Art Song"] }] },
    ],
    compose: () => job("new"),
    queue: () => [],
    library: () => page([]),
    piece: ({ id }: { id: string }) => piece(id),
    engraving: () => ({ musicxml: "<score-partwise/>", parts: 1, bars: 1, diagnostics: [] }),
    export_piece: () => null,
    settings: () => ({ theme: null, compose: null, export: null, at_once: null, device: "auto" }),
    live_engraving: () => refuse("no_music"),
    recall: () => null,
    worker_status: () => ({ state: "ready", model: "demo", device: "CPU, 2 threads", instead: null, slots: 2, plan: null, error: null }),
    subscribe: ({ channel }: { channel: { onmessage(event: StudioEvent): void } }) => {
      send = (event) => channel.onmessage(event);
    },
    watch_drops: ({ channel }: { channel: { onmessage(event: DropEvent): void } }) => {
      drop = (event) => channel.onmessage(event);
    },
    ...replaced,
  };
  mockIPC((name, args) => {
    commands[name] ??= vi.fn(answers[name] ?? (() => undefined));
    return commands[name](args);
  });
  return {
    send: (event: StudioEvent) => send(event),
    drop: (event: DropEvent) => drop(event),
    /** The arguments of each call of a command. */
    calls: (name: string) => commands[name]?.mock.calls.map(([args]) => args) ?? [],
  };
}

export const refuse = (code: string, message = "no"): never => {
  throw { code, message } satisfies ErrorView;
};

export function open() {
  const { container } = render(App);
  const all = (testid: string) => [...container.querySelectorAll<HTMLElement>(`[data-testid="${testid}"]`)];
  const one = async (testid: string) => vi.waitFor(() => {
    const [first] = all(testid);
    if (!first) throw new Error(`no ${testid}`);
    return first;
  });
  const option = async (testid: string, value: string) => vi.waitFor(() => {
    const found = all(testid).find((element) => element.dataset["value"] === value);
    if (!found) throw new Error(`no ${testid} ${value}`);
    return found;
  });
  return { container, all, one, option };
}

export { STYLE };
