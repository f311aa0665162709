// Keyboard shortcuts of the whole window. Places add their own where they are shown.
import { router } from "./router.svelte";
import { toasts } from "./toasts.svelte";

/** Ctrl, or Command on a Mac. */
export const command = (event: KeyboardEvent) => event.ctrlKey || event.metaKey;

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLTextAreaElement ||
    (target instanceof HTMLInputElement && target.type !== "checkbox" && target.type !== "radio")
  );
}

export function onWindowKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || !command(event) || event.altKey || event.shiftKey) return;
  switch (event.key) {
    case "1":
      router.go("compose");
      break;
    case "2":
      router.go("queue");
      break;
    case "3":
      router.go("library");
      break;
    case "4":
      router.go("machine");
      break;
    case "z":
      // In a field, Ctrl+Z is the field's own.
      if (isTyping(event.target) || event.repeat || !toasts.undoLatest()) return;
      break;
    default:
      return;
  }
  event.preventDefault();
}
