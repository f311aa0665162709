// Runs Verovio, which is a file of its own, and answers requests in the order they come.
import type { EngraveAnswer, EngraveRequest } from "./engraver";

/** The highest page that Verovio takes. */
const MOST_HEIGHT = 60_000;

const answer = (message: EngraveAnswer) => self.postMessage(message);

async function load() {
  const [{ default: createVerovioModule }, { VerovioToolkit, enableLog, LOG_OFF }] = await Promise.all([
    import("verovio/wasm"),
    import("verovio/esm"),
  ]);
  const module = await createVerovioModule();
  enableLog(LOG_OFF, module); // it would tell the console of every slur that does not end
  const toolkit = new VerovioToolkit(module);
  answer({ kind: "ready" });
  return toolkit;
}

const loading = load();

async function page({ page, musicxml, options }: EngraveRequest) {
  const toolkit = await loading;
  if (musicxml !== null) {
    // Verovio lays out in units that `scale` per cent makes pixels of.
    const pageWidth = Math.round((options.widthPx * 100) / options.scale);
    const { strip = false } = options;
    toolkit.setOptions({
      scale: options.scale,
      pageWidth,
      pageHeight: strip ? MOST_HEIGHT : Math.round(pageWidth * Math.SQRT2), // the shape of A4
      adjustPageHeight: true,
      pageMarginLeft: 90, // names that are wider than it thinks have room
      pageMarginRight: strip ? 40 : 90,
      pageMarginTop: strip ? 40 : 100,
      pageMarginBottom: strip ? 40 : 100,
      breaks: "auto",
      header: "none",
      footer: "none",
      justifyVertically: false,
      spacingSystem: 10,
      svgViewBox: true,
      svgFormatRaw: true,
      smuflTextFont: "none", // the application's CSS brings it as a file
    });
    if (!toolkit.loadData(musicxml)) throw new Error("the score could not be read");
  }
  // Its <style> would be refused by the window's policy, with a complaint for each; the same rules
  // are in score.css.
  const svg = toolkit.renderToSVG(page).replace(/<style[\s\S]*?<\/style>/g, "");
  return { pages: toolkit.getPageCount(), svg };
}

// One after the other: a page must not be drawn while the next score is being laid out.
let last: Promise<void> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<EngraveRequest>) => {
  last = last.then(async () => {
    try {
      answer({ kind: "page", id: data.id, ...(await page(data)) });
    } catch (error) {
      answer({ kind: "error", id: data.id, message: error instanceof Error ? error.message : String(error) });
    }
  });
};
