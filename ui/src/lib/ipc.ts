// The one door to the application: a typed function per command, and one channel of events.
// Every command rejects with an ErrorView; `errorView` in errors.ts makes one of anything else.
import { Channel, invoke } from "@tauri-apps/api/core";
import type {
  ComposeRequest,
  Engraving,
  ExportFormat,
  JobView,
  LibraryPage,
  LibraryQuery,
  ModelInfo,
  PeriodStyles,
  Piece,
  Settings,
  StudioEvent,
  VariationId,
  WorkerStatus,
} from "./bindings";

export const ipc = {
  models: () => invoke<ModelInfo[]>("models"),
  styles: (model: string | null) => invoke<PeriodStyles[]>("styles", { model }),
  compose: (request: ComposeRequest) => invoke<JobView>("compose", { request }),
  queue: () => invoke<JobView[]>("queue"),
  cancel: (id: VariationId) => invoke<void>("cancel", { id }),
  retry: (id: VariationId) => invoke<void>("retry", { id }),
  clearFinished: () => invoke<void>("clear_finished"),
  library: (query: LibraryQuery) => invoke<LibraryPage>("library", { query }),
  piece: (id: string) => invoke<Piece>("piece", { id }),
  engraving: (id: string) => invoke<Engraving>("engraving", { id }),
  deletePiece: (id: string) => invoke<void>("delete_piece", { id }),
  restorePiece: (id: string) => invoke<void>("restore_piece", { id }),
  /** The saved path, or null if the dialog was dismissed. */
  exportPiece: (id: string, format: ExportFormat) =>
    invoke<string | null>("export_piece", { id, format }),
  settings: () => invoke<Settings>("settings"),
  saveSettings: (settings: Settings) => invoke<void>("save_settings", { settings }),
  workerStatus: () => invoke<WorkerStatus>("worker_status"),
  subscribe: (onEvent: (event: StudioEvent) => void) => {
    const channel = new Channel<StudioEvent>();
    channel.onmessage = onEvent;
    return invoke<void>("subscribe", { channel });
  },
};
