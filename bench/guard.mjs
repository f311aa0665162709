// The bundled model's pieces with the guard and without it: the same styles and seeds, in turns in one
// run, because machines are noisy. Says how whole the bars are, what stands in them and how long they took,
// from the first slot to the last bar. Fails if a guarded piece had to be mended, has a bar without its
// length, or is no valid MusicXML.
//
//   ./dev bench guard [PIECES=200] [MAX_BARS=40] [AT_ONCE=4] [CORPUS]
//
// With CORPUS, a `.jsonl.gz` of scores with a field `abc`, the same is counted there.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const [pieces = 200, maxBars = 40, atOnce = 4] = process.argv.slice(2, 5).map(Number);
const corpus = process.argv[5];
const root = fileURLToPath(new URL("..", import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
const schema = join(root, "crates/score/tests/data/schema/musicxml.xsd");
const folder = mkdtempSync(join(tmpdir(), "partita-bench-"));
const modes = ["off", "strict"];
// Jobs of which it is counted, apart from the times, how often the model wanted something else.
const COUNTED = 6;

/** Styles of the model, as far from each other in the list as so many can be. */
function styles(count) {
  const { styles: all } = JSON.parse(readFileSync(join(root, "models/partita-demo/styles.json"), "utf8"));
  const list = Object.entries(all).flatMap(([period, composers]) =>
    Object.entries(composers).flatMap(([composer, kinds]) =>
      kinds.map((instrumentation) => ({ period, composer, instrumentation })),
    ),
  );
  return Array.from({ length: count }, (_, k) => list[Math.floor((k * list.length) / count) % list.length]);
}

/** Composes a job and keeps its texts and MusicXML. Gives the milliseconds it took, and what was logged. */
function compose(style, mode, seed, count, log = "off") {
  const out = join(folder, `${mode}-xml`, String(seed));
  const { stdout, stderr } = spawnSync(
    join(target, "release", "partita"),
    ["compose", "--period", style.period, "--composer", style.composer]
      .concat(["--instrumentation", style.instrumentation, "--guard", mode])
      .concat(["--model", join(root, "models/partita-demo"), "--variations", count, "--seed", seed])
      .concat(["--max-bars", maxBars, "--library", join(folder, "library"), "--out", out, "--json"]),
    { encoding: "utf8", maxBuffer: 1 << 28, env: { ...process.env, PARTITA_LOG: log } },
  );
  const events = stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  const texts = new Map();
  for (const { kind, id, text } of events) {
    if (kind === "header" || kind === "bar") texts.set(id.number, (texts.get(id.number) ?? "") + text);
  }
  for (const [number, text] of texts) writeFileSync(join(folder, mode, `${seed}-${number}.abc`), text);
  const ended = events
    .filter((event) => event.kind === "variation" && event.variation.ended_ms !== null)
    .map((event) => event.variation);
  const ms = Math.max(...ended.map((v) => v.ended_ms)) - Math.min(...ended.map((v) => v.started_ms));
  return { ms, stderr };
}

/** How many of the files are not valid. */
function invalid(mode) {
  const all = join(folder, `${mode}-xml`);
  const files = readdirSync(all, { recursive: true })
    .filter((name) => name.endsWith(".musicxml"))
    .map((name) => join(all, name));
  const { error, stderr } = spawnSync("xmllint", ["--noout", "--nonet", "--schema", schema, ...files], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (error) throw new Error(`xmllint: ${error.message}; ./dev setup installs it`);
  const valid = stderr.split("\n").filter((line) => line.endsWith(" validates")).length;
  return { files: files.length, bad: files.length - valid };
}

modes.forEach((mode) => mkdirSync(join(folder, mode)));
const jobs = styles(Math.ceil(pieces / atOnce)).map((style, k) => ({
  style,
  seed: 1 + k * atOnce,
  count: Math.min(atOnce, pieces - k * atOnce),
}));
console.log(
  `${cpus()[0].model.trim()}, ${cpus().length} threads; ${pieces} pieces of at most ${maxBars} bars, ` +
    `${atOnce} at once, ${new Set(jobs.map(({ style }) => JSON.stringify(style))).size} styles`,
);
const ms = { off: 0, strict: 0 };
const ratios = [];
jobs.forEach(({ style, seed, count }, k) => {
  const took = {};
  for (const mode of k % 2 ? modes : modes.toReversed()) took[mode] = compose(style, mode, seed, count).ms;
  modes.forEach((mode) => (ms[mode] += took[mode]));
  ratios.push(took.strict / took.off);
});

const counted = execFileSync(
  join(target, "release/examples/guard_pieces"),
  [...modes.map((mode) => join(folder, mode)), ...(corpus ? [corpus] : [])],
  { encoding: "utf8", maxBuffer: 1 << 28 },
);
const columns = counted.split("\n").filter(Boolean).map((line) => JSON.parse(line));
modes.forEach((mode, k) => {
  const characters = columns[k].characters_per_bar * columns[k].bars;
  Object.assign(columns[k], {
    ms_per_piece: ms[mode] / columns[k].pieces,
    ms_per_bar: ms[mode] / columns[k].bars,
    us_per_character: (1000 * ms[mode]) / characters,
  });
});
const percent = (share) => `${(100 * share).toFixed(2)} %`;
const rows = [
  ["pieces", "pieces"],
  ["pieces mended", "pieces_mended"],
  ["bars", "bars"],
  ["bars mended", "bars_mended"],
  ["bars of full metre", "bars_full", percent],
  ["other bars without a reason", "bars_out"],
  ["what takes no time, per bar", "timeless_per_bar", 2],
  ["four and more of it in a row", "runs"],
  ["voices per bar", "voices_per_bar", 2],
  ["voices that only rest", "silent_voices", percent],
  ["notes per voice of a bar", "notes_per_voice", 2],
  ["rests per voice of a bar", "rests_per_voice", 2],
  ["rests' share of the time", "rest_share", percent],
  ["characters per bar", "characters_per_bar", 1],
  ["ms per piece", "ms_per_piece", 1],
  ["ms per bar", "ms_per_bar", 2],
  ["us per character", "us_per_character", 1],
];
const head = ["", ...modes, ...(corpus ? ["corpus"] : [])];
const print = ([name, ...cells]) => console.log(name.padEnd(30) + cells.map((cell) => cell.padStart(12)).join(""));
print(head);
for (const [name, key, as = 0] of rows) {
  const cell = (value) => (value === undefined ? "" : typeof as === "number" ? value.toFixed(as) : as(value));
  print([name, ...columns.map((column) => cell(column[key]))]);
}
ratios.sort((a, b) => a - b);
console.log(
  `time, strict / off: ${(ms.strict / ms.off).toFixed(2)} for all ` +
    `(median of ${ratios.length} jobs ${ratios[ratios.length >> 1].toFixed(2)}); ` +
    `a character ${(columns[1].us_per_character / columns[0].us_per_character).toFixed(2)}`,
);

const some = jobs.slice(0, COUNTED);
const wanted = some.map(({ style, seed, count }) => compose(style, "strict", seed, count, "worker=debug").stderr);
const times = wanted.join("").split("rather write what may not come").length - 1;
const of = some.reduce((sum, { count }) => sum + count, 0);
console.log(`the model would rather write what may not come: ${(times / of).toFixed(1)} times a piece (${of} pieces)`);

const { files, bad } = invalid("strict");
console.log(`strict as MusicXML: ${files - bad} of ${files} valid`);
rmSync(folder, { recursive: true });
const strict = columns[1];
const whole = strict.pieces === pieces && strict.pieces_mended === 0 && strict.bars_out === 0;
if (!whole || files !== pieces || bad > 0) {
  console.error("strict is not what it should be");
  process.exit(1);
}
