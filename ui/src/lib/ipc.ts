// The one door to the application: a typed function per command, and one channel of events.
// Every command rejects with an ErrorView; `errorView` in errors.ts makes one of anything else.
import { Channel, invoke } from "@tauri-apps/api/core";
import type {
  BenchProgress,
  BenchReport,
  BenchRequest,
  ComposeRequest,
  Engraving,
  ErrorView,
  ExportFormat,
  JobView,
  LibraryPage,
  LibraryQuery,
  LiveEngraving,
  Machine,
  ModelInfo,
  PeriodStyles,
  Piece,
  Priority,
  Recalled,
  Settings,
  StudioEvent,
  VariationId,
  WorkerStatus,
} from "./bindings";

/** What is heard of a file that is dragged over the window: src-tauri/src/files.rs. */
export type DropEvent =
  | { kind: "over" }
  | { kind: "left" }
  | { kind: "recalled"; recalled: Recalled }
  | { kind: "refused"; error: ErrorView };

export const ipc = {
  models: () => invoke<ModelInfo[]>("models"),
  styles: (model: string | null) => invoke<PeriodStyles[]>("styles", { model }),
  compose: (request: ComposeRequest) => invoke<JobView>("compose", { request }),
  queue: () => invoke<JobView[]>("queue"),
  cancel: (id: VariationId) => invoke<void>("cancel", { id }),
  retry: (id: VariationId) => invoke<void>("retry", { id }),
  prioritise: (id: string, priority: Priority) => invoke<JobView>("prioritise", { id, priority }),
  clearFinished: () => invoke<void>("clear_finished"),
  library: (query: LibraryQuery) => invoke<LibraryPage>("library", { query }),
  piece: (id: string) => invoke<Piece>("piece", { id }),
  engraving: (id: string) => invoke<Engraving>("engraving", { id }),
  /** The bars of a running variation from `from` on (from 1), but only the last `most`. */
  liveEngraving: (id: VariationId, from: number | null, most: number) =>
    invoke<LiveEngraving>("live_engraving", { id, from, most }),
  deletePiece: (id: string) => invoke<void>("delete_piece", { id }),
  restorePiece: (id: string) => invoke<void>("restore_piece", { id }),
  /** The saved path, or null if the dialog was dismissed. */
  exportPiece: (id: string, format: ExportFormat) =>
    invoke<string | null>("export_piece", { id, format }),
  /** The settings in a file that the user chooses, or null if the dialog was dismissed. */
  recall: () => invoke<Recalled | null>("recall"),
  watchDrops: (onDrop: (event: DropEvent) => void) => {
    const channel = new Channel<DropEvent>();
    channel.onmessage = onDrop;
    return invoke<void>("watch_drops", { channel });
  },
  settings: () => invoke<Settings>("settings"),
  saveSettings: (settings: Settings) => invoke<void>("save_settings", { settings }),
  workerStatus: () => invoke<WorkerStatus>("worker_status"),
  /** Lets a card be tried again whose place the processor has taken. */
  retryDevice: () => invoke<void>("retry_device"),
  watchMachine: (onLook: (machine: Machine) => void) => {
    const channel = new Channel<Machine>();
    channel.onmessage = onLook;
    return invoke<void>("watch_machine", { channel });
  },
  unwatchMachine: () => invoke<void>("unwatch_machine"),
  bench: (request: BenchRequest, onProgress: (progress: BenchProgress) => void) => {
    const channel = new Channel<BenchProgress>();
    channel.onmessage = onProgress;
    return invoke<void>("bench", { request, channel });
  },
  stopBench: () => invoke<void>("stop_bench"),
  benches: () => invoke<BenchReport[]>("benches"),
  forgetBench: (madeMs: number) => invoke<void>("forget_bench", { madeMs }),
  subscribe: (onEvent: (event: StudioEvent) => void) => {
    const channel = new Channel<StudioEvent>();
    channel.onmessage = onEvent;
    return invoke<void>("subscribe", { channel });
  },
};
