// The bundled model's pieces without the guard, held to it (strict), and drawn again where they break it
// (repair): the same styles and seeds, in turns in one run, because machines are noisy. Says how whole the
// bars are, what stands in them, how far that is from the corpus, how likely the model alone finds them, and
// how long they took, from the first slot to the last bar. Fails if a guarded piece had to be mended, has a
// bar without its length, or is no valid MusicXML.
//
//   ./dev bench guard [PIECES=200] [MAX_BARS=40] [AT_ONCE=4] [CORPUS]
//
// With CORPUS, a `.jsonl.gz` of scores with a field `abc`, the same is counted there. Distances from it are
// total variation: the share of notes and rests, or of voices' bars, that would have to be others.
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
const modes = ["off", "strict", "repair"];
const guarded = modes.slice(1);
const zeros = () => Object.fromEntries(modes.map((mode) => [mode, 0]));
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

/**
 * Composes a job and keeps its texts and MusicXML. Gives the milliseconds it took, how often something was drawn
 * again, and what was logged.
 */
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
  const again = events.reduce((sum, event) => sum + (event.kind === "drawn" ? event.rolled_back : 0), 0);
  return { ms, again, stderr };
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
const [ms, again] = [zeros(), zeros()];
const took = [];
jobs.forEach(({ style, seed, count }, k) => {
  took[k] = zeros();
  // Each mode is first, second and third as often.
  for (const mode of [...modes.slice(k % 3), ...modes.slice(0, k % 3)]) {
    const composed = compose(style, mode, seed, count);
    took[k][mode] = composed.ms;
    ms[mode] += composed.ms;
    again[mode] += composed.again;
  }
});

const counted = execFileSync(
  join(target, "release/examples/guard_pieces"),
  [...modes.map((mode) => join(folder, mode)), ...(corpus ? [corpus] : [])],
  { encoding: "utf8", maxBuffer: 1 << 28 },
);
const parse = (lines) => lines.split("\n").filter(Boolean).map((line) => JSON.parse(line));
const columns = parse(counted);
const likely = parse(
  execFileSync(
    join(target, "release/examples/how_likely"),
    [join(root, "models/partita-demo"), ...modes.map((mode) => join(folder, mode))],
    { encoding: "utf8" },
  ),
);
/** The share of one histogram that would have to move to make it the other. */
function distance(one, other) {
  const sum = (histogram) => Object.values(histogram).reduce((a, b) => a + b, 0);
  const [all, others] = [sum(one), sum(other)];
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].reduce((d, key) => d + Math.abs((one[key] ?? 0) / all - (other[key] ?? 0) / others), 0) / 2;
}
modes.forEach((mode, k) => {
  const characters = columns[k].characters_per_bar * columns[k].bars;
  const { name, ...likelihood } = likely[k];
  if (corpus) {
    columns[k].lengths_off = distance(columns[k].lengths, columns[modes.length].lengths);
    columns[k].note_counts_off = distance(columns[k].note_counts, columns[modes.length].note_counts);
  }
  Object.assign(columns[k], likelihood, {
    again_per_piece: again[mode] / columns[k].pieces,
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
  ["lengths off the corpus", "lengths_off", percent],
  ["notes in a bar off the corpus", "note_counts_off", percent],
  ["nats per character", "nats_per_character", 4],
  ["below 0.001, per 1000", "unlikely_per_1000", 2],
  ["drawn again, per piece", "again_per_piece", 2],
  ["ms per piece", "ms_per_piece", 1],
  ["ms per bar", "ms_per_bar", 2],
  ["us per character", "us_per_character", 1],
];
const head = ["", ...modes, ...(corpus ? ["corpus"] : [])];
const print = ([name, ...cells]) => console.log(name.padEnd(32) + cells.map((cell) => cell.padStart(12)).join(""));
print(head);
for (const [name, key, as = 0] of rows) {
  const cell = (value) => (value === undefined ? "" : typeof as === "number" ? value.toFixed(as) : as(value));
  print([name, ...columns.map((column) => cell(column[key]))]);
}
for (const [mode, other] of [["strict", "off"], ["repair", "off"], ["repair", "strict"]]) {
  const ratios = took.map((job) => job[mode] / job[other]).sort((a, b) => a - b);
  const column = (mode) => columns[modes.indexOf(mode)].us_per_character;
  console.log(
    `time, ${mode} / ${other}: ${(ms[mode] / ms[other]).toFixed(2)} for all ` +
      `(median of ${ratios.length} jobs ${ratios[ratios.length >> 1].toFixed(2)}); ` +
      `a character ${(column(mode) / column(other)).toFixed(2)}`,
  );
}

const some = jobs.slice(0, COUNTED);
const of = some.reduce((sum, { count }) => sum + count, 0);
for (const [mode, told, said] of [
  ["strict", "rather write what may not come", "the model would rather write what may not come"],
  ["repair", "the model is held to the grammar", "held to the grammar after too many tries"],
  ["repair", "rather write what may not come", "the model would rather write what may not come then"],
]) {
  const logs = some.map(({ style, seed, count }) => compose(style, mode, seed, count, "worker=debug").stderr);
  const times = logs.join("").split(told).length - 1;
  console.log(`${mode}: ${said}: ${(times / of).toFixed(1)} times a piece (${of} pieces)`);
}

let failed = false;
for (const mode of guarded) {
  const { files, bad } = invalid(mode);
  console.log(`${mode} as MusicXML: ${files - bad} of ${files} valid`);
  const column = columns[modes.indexOf(mode)];
  const whole = column.pieces === pieces && column.pieces_mended === 0 && column.bars_out === 0;
  if (!whole || files !== pieces || bad > 0) {
    console.error(`${mode} is not what it should be`);
    failed = true;
  }
}
rmSync(folder, { recursive: true });
if (failed) process.exit(1);
