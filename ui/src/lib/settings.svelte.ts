// What the window remembers: the theme, the last request, the last format, how many pieces at once and where. Saved
// whole, and only when it changes.
import type { ComposeRequest, Device, ExportFormat, Settings } from "./bindings";
import { ipc } from "./ipc";
import { toasts } from "./toasts.svelte";

export type Theme = "light" | "dark" | null;
const THEMES: Theme[] = [null, "light", "dark"];

class SettingsStore {
  current = $state<Settings>({ theme: null, compose: null, export: null, at_once: null, device: "auto" });
  theme = $derived<Theme>(THEMES.find((theme) => theme === this.current.theme) ?? null);

  async load(): Promise<void> {
    try {
      this.current = await ipc.settings();
    } catch (error) {
      toasts.error(error);
    }
    this.#show();
  }

  /** As the system says, light, dark, and again. */
  nextTheme(): void {
    const at = THEMES.indexOf(this.theme);
    this.current.theme = THEMES[(at + 1) % THEMES.length] ?? null;
    this.#show();
    this.#save();
  }

  remember(compose: ComposeRequest): void {
    this.current.compose = compose;
    this.#save();
  }

  rememberExport(format: ExportFormat): void {
    if (this.current.export === format) return;
    this.current.export = format;
    this.#save();
  }

  /** How many pieces are written at once; null is as Partita thinks best. */
  writeAtOnce(pieces: number | null): void {
    this.current.at_once = pieces;
    this.#save();
  }

  /** Where pieces are written from the next one on. */
  writeOn(device: Device): void {
    this.current.device = device;
    this.#save();
  }

  #show(): void {
    const root = document.documentElement;
    if (this.theme === null) delete root.dataset["theme"];
    else root.dataset["theme"] = this.theme;
  }

  #save(): void {
    ipc.saveSettings($state.snapshot(this.current)).catch((error) => toasts.error(error));
  }
}

export const settings = new SettingsStore();
