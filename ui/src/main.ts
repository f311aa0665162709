import { mount } from "svelte";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/score.css";

// A window without the application behind it, for looking at. Never in a release: the condition
// is a constant there, and the module is left out.
if (import.meta.env.MODE === "mock") {
  const { installMock } = await import("./dev/mock");
  await installMock();
}

const { settings } = await import("./lib/settings.svelte");
// The theme first, so that the window does not open in another one; but a window there must be.
await Promise.race([settings.load(), new Promise((resolve) => setTimeout(resolve, 1500))]);
const { default: App } = await import("./App.svelte");
mount(App, { target: document.getElementById("app") as HTMLElement });
