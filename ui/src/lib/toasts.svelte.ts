// Short messages at the edge of the window: errors, confirmations, and what can be undone.
import { errorHeading, errorView, sentence } from "./errors";

export interface Toast {
  id: number;
  kind: "error" | "info" | "undo";
  /** The error's code, for programs that watch the window. */
  code: string | null;
  heading: string;
  message: string;
  undo: (() => void) | null;
  undoLabel: string;
  lifeMs: number;
}

export const UNDO_MS = 10_000;
const MOST = 4;

class Toasts {
  list = $state<Toast[]>([]);
  #next = 1;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  error(thrown: unknown): void {
    const { code, message } = errorView(thrown);
    // The same error again, from many variations at once, is one message.
    const repeated = this.list.find((toast) => toast.code === code && toast.message === sentence(message));
    if (repeated) return this.resume(repeated.id);
    this.#show({ kind: "error", code, heading: errorHeading(code), message: sentence(message), undo: null, lifeMs: 9_000 });
  }

  info(heading: string, message = ""): void {
    this.#show({ kind: "info", code: null, heading, message, undo: null, lifeMs: 5_000 });
  }

  undoable(heading: string, message: string, undo: () => void, undoLabel = "Undo"): void {
    this.#show({ kind: "undo", code: null, heading, message, undo, undoLabel, lifeMs: UNDO_MS });
  }

  /** Takes back the latest thing that still can be. False if there is none. */
  undoLatest(): boolean {
    const latest = this.list.findLast((toast) => toast.undo !== null);
    if (latest) this.undo(latest.id);
    return latest !== undefined;
  }

  undo(id: number): void {
    const toast = this.list.find((known) => known.id === id);
    this.dismiss(id);
    toast?.undo?.();
  }

  dismiss(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  /** While the pointer or the focus is on a message it stays. */
  pause(id: number): void {
    clearTimeout(this.#timers.get(id));
  }

  resume(id: number): void {
    const toast = this.list.find((known) => known.id === id);
    if (!toast) return;
    clearTimeout(this.#timers.get(id));
    this.#timers.set(id, setTimeout(() => this.dismiss(id), toast.lifeMs));
  }

  clear(): void {
    for (const { id } of this.list) this.dismiss(id);
  }

  #show(toast: Omit<Toast, "id" | "undoLabel"> & { undoLabel?: string }): void {
    const id = this.#next++;
    this.list.push({ id, undoLabel: "", ...toast });
    const oldest = this.list[0];
    if (this.list.length > MOST && oldest) this.dismiss(oldest.id);
    this.resume(id);
  }
}

export const toasts = new Toasts();
