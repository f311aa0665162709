// The library's list: pages as they are scrolled to, live news at its head, deletion with undo.
import type { ErrorView, LibraryPage, PieceSummary, StudioEvent, Style } from "./bindings";
import { errorView } from "./errors";
import { ipc } from "./ipc";
import { isFinal } from "./events";
import { append, mergeHead, NO_FILTER, patch, refine, type Filter } from "./pages";
import { router } from "./router.svelte";
import { toasts } from "./toasts.svelte";

const PAGE = 60;
const NEWS_MS = 300;

class Library {
  filter = $state<Filter>({ ...NO_FILTER });
  pieces = $state<PieceSummary[]>([]);
  styles = $state<Style[]>([]);
  total = $state(0);
  loaded = $state(false);
  loading = $state(false);
  failed = $state<ErrorView | null>(null);
  /** The row that has, or would have, the keyboard. */
  active = $state<string | null>(null);
  /** A row that has come back and wants the keyboard. */
  focusWanted = $state<string | null>(null);
  scrollTop = 0;
  #next: string | null = null;
  /** Answers to questions of an earlier filter are not wanted any more. */
  #generation = 0;
  /** Deleted here; an answer that was on its way may still have them. */
  #deleted = new Set<string>();
  /** Pieces whose arrival has been looked up, listed under this filter or not. */
  #lookedUp = new Set<string>();
  #news: ReturnType<typeof setTimeout> | null = null;

  get filtered(): boolean {
    return Object.values(this.filter).some((value) => value !== null);
  }

  async reload(): Promise<void> {
    const generation = ++this.#generation;
    this.loading = true;
    this.failed = null;
    try {
      const page = await this.#ask(null);
      if (generation !== this.#generation) return;
      this.#take(page);
      this.pieces = page.pieces;
      this.#next = page.next;
      this.loaded = true;
    } catch (error) {
      if (generation !== this.#generation) return;
      this.failed = errorView(error);
      toasts.error(error);
    } finally {
      if (generation === this.#generation) this.loading = false;
    }
  }

  async more(): Promise<void> {
    if (this.loading || this.#next === null) return;
    const generation = this.#generation;
    this.loading = true;
    try {
      const page = await this.#ask(this.#next);
      if (generation !== this.#generation) return;
      this.#take(page);
      this.pieces = append(this.pieces, page.pieces);
      this.#next = page.next;
    } catch (error) {
      toasts.error(error);
    } finally {
      if (generation === this.#generation) this.loading = false;
    }
  }

  refine(change: Partial<Filter>): void {
    this.filter = refine(this.styles, this.filter, change);
    this.active = null;
    this.scrollTop = 0;
    void this.reload();
  }

  /** Keeps the list true to what happens: a listed piece is changed, an unknown one looked up. */
  hear(event: StudioEvent): void {
    if (event.kind === "variation") {
      const { variation } = event;
      const listed = patch(this.pieces, variation);
      if (variation.piece === null || this.#deleted.has(variation.piece)) return;
      if (isFinal(variation) || (!listed && !this.#lookedUp.has(variation.piece))) this.#lookUp(variation.piece);
    } else if (event.kind === "bar" && !this.#lookedUp.has(event.piece) && !this.#deleted.has(event.piece)) {
      this.#lookUp(event.piece);
    }
  }

  async delete(piece: PieceSummary): Promise<void> {
    const { id, title } = piece;
    const summary = $state.snapshot(piece) as PieceSummary;
    if (this.#deleted.has(id)) return;
    this.#deleted.add(id);
    const at = this.pieces.findIndex((known) => known.id === id);
    if (at >= 0) {
      if (this.active === id) this.active = (this.pieces[at + 1] ?? this.pieces[at - 1])?.id ?? null;
      this.pieces.splice(at, 1);
      this.total -= 1;
    }
    if (router.piece === id) router.back();
    try {
      await ipc.deletePiece(id);
      const generation = this.#generation;
      toasts.undoable("Deleted", title, () => {
        void this.restore(summary, at >= 0 && generation === this.#generation);
      });
    } catch (error) {
      this.#deleted.delete(id);
      toasts.error(error);
      await this.#refreshHead();
      if (at >= 0 && !this.pieces.some((known) => known.id === id)) await this.reload();
    }
  }

  /** Brings a deleted piece back, to where it was if the list is still the same one. */
  async restore(piece: PieceSummary, inPlace: boolean): Promise<void> {
    const { id, created_ms } = piece;
    try {
      await ipc.restorePiece(id);
      this.#deleted.delete(id);
      if (inPlace) {
        const at = this.pieces.findIndex((known) => known.created_ms <= created_ms);
        this.pieces.splice(at < 0 ? this.pieces.length : at, 0, piece);
        this.total += 1;
      } else {
        await this.reload();
      }
      this.active = id;
      this.focusWanted = id;
    } catch (error) {
      toasts.error(error);
    }
  }

  #lookUp(piece: string): void {
    this.#lookedUp.add(piece);
    if (!this.loaded) return;
    this.#news ??= setTimeout(() => {
      this.#news = null;
      void this.#refreshHead();
    }, NEWS_MS);
  }

  async #refreshHead(): Promise<void> {
    const generation = this.#generation;
    try {
      const page = await this.#ask(null);
      if (generation !== this.#generation) return;
      this.#take(page);
      const { list, gap } = mergeHead(this.pieces, page);
      this.pieces = list;
      if (gap || page.next === null) this.#next = page.next;
    } catch (error) {
      toasts.error(error);
    }
  }

  async #ask(after: string | null): Promise<LibraryPage> {
    return ipc.library({ ...$state.snapshot(this.filter), after, limit: PAGE });
  }

  #take(page: LibraryPage): void {
    page.pieces = page.pieces.filter(({ id }) => !this.#deleted.has(id));
    this.total = page.total;
    this.styles = page.styles;
  }
}

export const library = new Library();
