// Scores that are dropped on the window or chosen from a dialog, for the settings in them. Both
// happen in Rust: the window sees no path, only what was in the file.
import { composing } from "./compose.svelte";
import { ipc } from "./ipc";
import { toasts } from "./toasts.svelte";

class Files {
  /** A file is being dragged over the window. */
  over = $state(false);
  choosing = $state(false);

  async start(): Promise<void> {
    try {
      await ipc.watchDrops((event) => {
        this.over = event.kind === "over";
        if (event.kind === "recalled") void composing.recall(event.recalled);
        if (event.kind === "refused") toasts.error(event.error);
      });
    } catch (error) {
      toasts.error(error);
    }
  }

  async choose(): Promise<void> {
    if (this.choosing) return;
    this.choosing = true;
    try {
      const recalled = await ipc.recall();
      if (recalled !== null) await composing.recall(recalled);
    } catch (error) {
      toasts.error(error);
    } finally {
      this.choosing = false;
    }
  }
}

export const files = new Files();
