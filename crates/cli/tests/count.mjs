// Prints how many parts and measures Verovio, an independent reader of MusicXML, finds in each file.
import { readFileSync } from "node:fs";

const modules = new URL("../../../ui/node_modules/verovio/dist/", import.meta.url);
const { default: createVerovioModule } = await import(new URL("verovio-module.mjs", modules));
const { VerovioToolkit } = await import(new URL("verovio.mjs", modules));

const toolkit = new VerovioToolkit(await createVerovioModule());
for (const file of process.argv.slice(2)) {
  if (!toolkit.loadData(readFileSync(file, "utf8"))) throw new Error(`Verovio refuses ${file}`);
  const mei = toolkit.getMEI();
  // A part, of one staff or of several, keeps its id from the MusicXML.
  const parts = new Set(mei.match(/<staff(?:Def|Grp) xml:id="P\d+"/g)).size;
  const measures = mei.match(/<measure\b/g)?.length ?? 0;
  console.log(`${parts} ${measures}`);
}
