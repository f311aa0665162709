// The Compose form, the models and their styles. It lives as long as the window, so that a form
// half filled in is still there after a look at the queue.
import type { ModelInfo, PeriodStyles, Piece, Recalled, Sampling } from "./bindings";
import { errorView, sentence } from "./errors";
import { emptyForm, fromPiece, fromRequest, isAdvanced, problems, request, settingsOf, type Form, type PieceSettings } from "./form";
import { ipc } from "./ipc";
import { router } from "./router.svelte";
import { settings } from "./settings.svelte";
import { keyOf } from "./events";
import { studio } from "./studio.svelte";
import { firstStyle, instrumentationsOf, settle } from "./styles";
import { toasts } from "./toasts.svelte";
import { givenNameFirst } from "./format";
import { watched } from "./watching.svelte";

const FALLBACK: Sampling = { top_k: 9, top_p: 0.9, temperature: 1 };

class Composing {
  form = $state<Form>(emptyForm());
  models = $state<ModelInfo[]>([]);
  styles = $state<PeriodStyles[]>([]);
  loaded = $state(false);
  failed = $state(false);
  busy = $state(false);
  /** Problems are told from the first try to compose on, and per field once it was left. */
  tried = $state(false);
  /** What Rust said about the last request. */
  refusal = $state<{ code: string; message: string } | null>(null);
  advanced = $state(false);

  installed = $derived(this.models.filter((model) => model.installed));
  known = $derived(this.models.filter((model) => !model.installed));
  model = $derived(this.installed.find(({ id }) => id === this.form.model) ?? this.installed[0]);
  defaults = $derived(this.model?.sampling ?? FALLBACK);
  problems = $derived(problems(this.form));

  async load(): Promise<void> {
    this.failed = false;
    try {
      this.models = await ipc.models();
      const last = $state.snapshot(settings.current.compose);
      if (last && !this.loaded) this.form = fromRequest(last);
      this.advanced = isAdvanced(this.form);
      await this.#loadStyles();
      this.loaded = true;
    } catch (error) {
      this.failed = true;
      toasts.error(error);
    }
  }

  async chooseModel(id: string): Promise<void> {
    this.form.model = id;
    await this.#reloadStyles();
  }

  choose(change: Partial<Form["choice"]>): void {
    this.refusal = null;
    const choice = settle(this.styles, { ...this.form.choice, ...change });
    // A composer comes with an instrumentation; another one is a click away.
    choice.instrumentation ??= instrumentationsOf(this.styles, choice)[0] ?? null;
    this.form.choice = choice;
  }

  resetSampling(): void {
    Object.assign(this.form, { topK: "", topP: "", temperature: "" });
  }

  /** Fills the form with a piece's settings and goes there. */
  async again(piece: Piece, seed: "same" | "new"): Promise<void> {
    const model = await this.#fill(settingsOf(piece), seed);
    if (this.models.length > 0 && !model?.installed) {
      toasts.info("Another model will be used", `${piece.summary.model} is not installed here.`);
    }
  }

  /** Fills the form with the settings of a score's file, which can be taken back. */
  async recall(recalled: Recalled): Promise<void> {
    const before = { form: $state.snapshot(this.form) as Form, advanced: this.advanced };
    await this.#fill(recalled, "same");
    const about = `${recalled.title}, seed ${recalled.seed}.`;
    toasts.undoable(
      `Settings from ${recalled.file}`,
      [about, ...recalled.notes.map(sentence)].join(" "),
      () => {
        this.form = before.form;
        this.advanced = before.advanced;
        this.refusal = null;
        void this.#reloadStyles();
      },
      "Back to what was there",
    );
  }

  async #fill(made: PieceSettings, seed: "same" | "new"): Promise<ModelInfo | undefined> {
    const model = this.models.find(({ id }) => id === made.model);
    this.form = fromPiece(made, model, seed, this.form);
    this.tried = false;
    this.refusal = null;
    this.advanced = isAdvanced(this.form);
    router.go("compose");
    await this.#reloadStyles();
    return model;
  }

  async submit(): Promise<void> {
    this.tried = true;
    this.refusal = null;
    if (this.busy || !this.model) return;
    const wanted = request(
      { ...$state.snapshot(this.form), model: this.model.id } as Form,
      $state.snapshot(this.defaults),
    );
    if (wanted === null) {
      const { topK, topP, temperature } = this.problems;
      if (topK ?? topP ?? temperature) this.advanced = true;
      return;
    }
    this.busy = true;
    try {
      const job = await studio.compose(wanted);
      settings.remember(wanted);
      // One of them is watched from its first bar; the others are a click away.
      const first = job.variations[0];
      if (first) watched.add(keyOf(first.id));
      this.tried = false;
      router.go("queue");
    } catch (error) {
      this.refusal = errorView(error);
      toasts.error(error);
    } finally {
      this.busy = false;
    }
  }

  get summary(): string {
    const { composer, instrumentation } = this.form.choice;
    if (composer === null || instrumentation === null) return "";
    return `${instrumentation} in the style of ${givenNameFirst(composer)}`;
  }

  async #reloadStyles(): Promise<void> {
    try {
      await this.#loadStyles();
    } catch (error) {
      toasts.error(error);
    }
  }

  async #loadStyles(): Promise<void> {
    const model = this.model;
    this.form.model = model?.id ?? null;
    this.styles = model ? await ipc.styles(model.id) : [];
    const { period, composer, instrumentation } = this.form.choice;
    const empty = period === null && composer === null && instrumentation === null;
    this.form.choice = empty ? firstStyle(this.styles) : settle(this.styles, this.form.choice);
  }
}

export const composing = new Composing();
