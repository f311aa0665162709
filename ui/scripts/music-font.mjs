// Takes the music text font out of the verovio package, so that the application can serve it as a
// file: the policy of the window blocks the data: address Verovio would embed it with.
// Run after changing verovio's version: `node scripts/music-font.mjs`.
import { writeFileSync } from "node:fs";
import createVerovioModule from "verovio/wasm";
import { VerovioToolkit } from "verovio/esm";

const score = `<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>P</part-name></score-part></part-list>
<part id="P1"><measure number="1"><direction><direction-type><metronome><beat-unit>quarter</beat-unit><per-minute>60</per-minute></metronome></direction-type></direction>
<attributes><divisions>1</divisions></attributes><note><pitch><step>C</step><octave>5</octave></pitch><duration>4</duration><type>whole</type></note></measure></part></score-partwise>`;
const toolkit = new VerovioToolkit(await createVerovioModule());
toolkit.loadData(score);
const found = /src:\s*url\(["']?data:[^,]*;base64,([A-Za-z0-9+/=]+)/.exec(toolkit.renderToSVG(1));
if (!found) throw new Error("no embedded font in Verovio's output");
const font = Buffer.from(found[1], "base64");
if (font.subarray(0, 4).toString("latin1") !== "wOF2") throw new Error("the embedded font is not WOFF2");
writeFileSync(new URL("../src/styles/leipzig.woff2", import.meta.url), font);
console.log(`leipzig.woff2: ${font.length} bytes, from verovio ${toolkit.getVersion()}`);
