// Scores become drawings in a worker, one request at a time, each under a watchdog: an engraver
// that gives no answer is ended, and a fresh one is tried once with the same request. The window
// never waits on it.

export interface EngraveOptions {
  /** Of the drawing, in CSS pixels. */
  widthPx: number;
  /** Size of the staves; 40 is that of a printed page at 100 %. */
  scale: number;
  /** One picture as high as the music, instead of pages. */
  strip?: boolean;
}

/** To the worker. `musicxml` comes with the first page of a sheet. */
export interface EngraveRequest {
  id: number;
  sheet: number;
  page: number;
  musicxml: string | null;
  options: EngraveOptions;
}

/** From the worker; `ready` once, before all answers. */
export type EngraveAnswer =
  | { kind: "ready" }
  | { kind: "page"; id: number; pages: number; svg: string }
  | { kind: "error"; id: number; message: string };

/** What of a `Worker` is used: the tests bring their own. */
export interface Port {
  postMessage(request: EngraveRequest): void;
  terminate(): void;
  onmessage: ((event: { data: EngraveAnswer }) => void) | null;
  onerror: ((event: unknown) => void) | null;
}

export class EngraverError extends Error {}
export class Superseded extends Error {}

/** A score laid out; its pages are drawn when they are asked for. */
export interface Sheet {
  pages: number;
  first: string;
  page(number: number): Promise<string>;
}

interface Task {
  sheet: number;
  /** Whether a later sheet makes it pointless. */
  drops: boolean;
  page: number;
  musicxml: string;
  options: EngraveOptions;
  tries: number;
  resolve(answer: { pages: number; svg: string }): void;
  reject(error: Error): void;
}

export interface Patience {
  /** Loading the engraver: some megabytes of code to compile on a machine that is composing. */
  startMs: number;
  /** Any one answer after that. */
  answerMs: number;
}

export class Engraver {
  #spawn: () => Port;
  #patience: Patience;
  #port: Port | null = null;
  #ready = false;
  /** The sheet that the worker has laid out. */
  #loaded = -1;
  #sheets = 0;
  /** The sheet that is wanted; drawings are wanted always. */
  #wanted = 0;
  #requests = 0;
  #waiting: Task[] = [];
  #running: { id: number; task: Task; timer: ReturnType<typeof setTimeout> } | null = null;

  constructor(spawn: () => Port, patience: Patience = { startMs: 20_000, answerMs: 5_000 }) {
    this.#spawn = spawn;
    this.#patience = patience;
  }

  /** Loads the worker before it is needed. What goes wrong is told to who then needs it. */
  warm(): void {
    try {
      if (this.#port === null) this.#start();
    } catch {
      this.#port = null;
    }
  }

  /** Lays out a score and draws its first page. Requests for earlier sheets are dropped. */
  async engrave(musicxml: string, options: EngraveOptions): Promise<Sheet> {
    const sheet = ++this.#sheets;
    this.#wanted = sheet;
    const [dropped, kept] = [this.#waiting.filter(({ drops }) => drops), this.#waiting.filter(({ drops }) => !drops)];
    this.#waiting = kept;
    for (const task of dropped) task.reject(new Superseded());
    const ask = async (page: number) => {
      if (sheet !== this.#wanted) throw new Superseded();
      return this.#ask({ sheet, drops: true, page, musicxml, options });
    };
    const first = await ask(1);
    return { pages: first.pages, first: first.svg, page: async (number) => (await ask(number)).svg };
  }

  /** Draws a short score as one picture. It waits for its turn, and no other request drops it. */
  async draw(musicxml: string, options: EngraveOptions): Promise<string> {
    const sheet = ++this.#sheets;
    const { svg } = await this.#ask({ sheet, drops: false, page: 1, musicxml, options: { ...options, strip: true } });
    return svg;
  }

  #ask(asked: Pick<Task, "sheet" | "drops" | "page" | "musicxml" | "options">) {
    return new Promise<{ pages: number; svg: string }>((resolve, reject) => {
      this.#waiting.push({ ...asked, tries: 0, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    if (this.#running !== null) return;
    const task = this.#waiting.shift();
    if (!task) return;
    const port = this.#port ?? this.#start();
    const id = ++this.#requests;
    this.#running = { id, task, timer: this.#watch(this.#ready ? this.#patience.answerMs : this.#patience.startMs) };
    port.postMessage({
      id,
      sheet: task.sheet,
      page: task.page,
      musicxml: this.#loaded === task.sheet ? null : task.musicxml,
      options: { ...task.options },
    });
  }

  #watch(limitMs: number) {
    return setTimeout(() => this.#giveUp("gave no answer"), limitMs);
  }

  #start(): Port {
    const port = this.#spawn();
    port.onmessage = ({ data }) => this.#hear(port, data);
    port.onerror = () => {
      if (port === this.#port) this.#giveUp("stopped");
    };
    this.#port = port;
    this.#ready = false;
    this.#loaded = -1;
    return port;
  }

  #hear(port: Port, answer: EngraveAnswer): void {
    if (port !== this.#port) return; // a late word of one that was ended
    if (answer.kind === "ready") {
      this.#ready = true;
      if (this.#running) {
        clearTimeout(this.#running.timer);
        this.#running.timer = this.#watch(this.#patience.answerMs);
      }
      return;
    }
    if (this.#running?.id !== answer.id) return;
    const { task, timer } = this.#running;
    clearTimeout(timer);
    this.#running = null;
    if (answer.kind === "page") {
      this.#loaded = task.sheet;
      task.resolve({ pages: answer.pages, svg: answer.svg });
    } else {
      this.#loaded = -1;
      // One that could not even be loaded is of no more use: the next request tries another.
      if (!this.#ready) this.#end();
      task.reject(new EngraverError(answer.message));
    }
    this.#next();
  }

  #end(): void {
    this.#port?.terminate();
    this.#port = null;
    this.#ready = false;
  }

  #giveUp(why: string): void {
    this.#end();
    const running = this.#running;
    this.#running = null;
    if (running) {
      clearTimeout(running.timer);
      const { task } = running;
      if (task.drops && task.sheet !== this.#wanted) task.reject(new Superseded());
      else if (task.tries === 0) this.#waiting.unshift({ ...task, tries: 1 });
      else task.reject(new EngraverError(`the engraver ${why}, twice`));
    }
    this.#next();
  }
}

let shared: Engraver | null = null;

/** The window's one engraver, made when first wanted. */
export function engraver(): Engraver {
  shared ??= new Engraver(
    () => new Worker(new URL("./engraver.worker.ts", import.meta.url), { type: "module" }) as unknown as Port,
  );
  return shared;
}
