// What several variations at once cost, against one alone: the same seeds and the same bars, in
// turns in one run, because machines are noisy. Times are from the first slot to the last bar; the
// start of the program and the loading of the model are not in them.
//
//   ./dev bench variations [VARIATIONS=4] [MAX_BARS=48] [RUNS=5]
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const [variations = 4, maxBars = 48, runs = 5] = process.argv.slice(2).map(Number);
const seed = 7;
const target = process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL("../target", import.meta.url));
const partita = join(target, "release", "partita");
const folder = mkdtempSync(join(tmpdir(), "partita-bench-"));

function compose(count, first) {
  const output = execFileSync(
    partita,
    ["compose", "--period", "Romantic", "--composer", "Schubert, Franz"]
      .concat(["--instrumentation", "Art Song", "--variations", count, "--seed", first])
      .concat(["--max-bars", maxBars, "--library", join(folder, "library")])
      .concat(["--out", join(folder, "out"), "--json"]),
    { encoding: "utf8", maxBuffer: 1 << 28 },
  );
  const ended = output
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .filter((event) => event.kind === "variation" && event.variation.ended_ms !== null)
    .map((event) => event.variation);
  const start = Math.min(...ended.map((v) => v.started_ms));
  const bars = ended.reduce((sum, v) => sum + v.bars, 0);
  return { ms: Math.max(...ended.map((v) => v.ended_ms)) - start, bars };
}

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
const ratios = [];
console.log(`${cpus()[0].model.trim()}, ${cpus().length} threads; ${maxBars} bars at most, seeds from ${seed}`);
for (let run = 1; run <= runs; run += 1) {
  const alone = Array.from({ length: variations }, (_, k) => compose(1, seed + k));
  const together = compose(variations, seed);
  const one = mean(alone.map((result) => result.ms));
  const barsAlone = alone.reduce((sum, result) => sum + result.bars, 0);
  if (barsAlone !== together.bars) throw new Error(`${barsAlone} bars alone, ${together.bars} together`);
  ratios.push(together.ms / one);
  console.log(
    `run ${run}: one alone ${one.toFixed(0)} ms (mean of ${variations}), ` +
      `${variations} at once ${together.ms} ms for ${together.bars} bars: ${(together.ms / one).toFixed(2)} times`,
  );
}
rmSync(folder, { recursive: true });
console.log(`mean of ${runs} runs: ${mean(ratios).toFixed(2)} times the time for ${variations} times the pieces`);
