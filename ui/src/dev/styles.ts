import type { PeriodStyles } from "../lib/bindings";

const songs = (names: string) =>
  names.split(";").map((composer) => ({ composer: composer.trim(), instrumentations: ["Art Song"] }));

export const STYLES: PeriodStyles[] = [
  {
    period: "Classical",
    composers: [
      { composer: "Beethoven, Ludwig van", instrumentations: ["Art Song", "Chamber"] },
      { composer: "Haydn, Joseph", instrumentations: ["Art Song", "Chamber"] },
      { composer: "Mozart, Wolfgang Amadeus", instrumentations: ["Chamber"] },
      ...songs("Paradis, Maria Theresia von; Reichardt, Louise"),
      { composer: "Saint-Georges, Joseph Bologne", instrumentations: ["Chamber"] },
      ...songs("Schroter, Corona"),
    ],
  },
  {
    period: "Romantic",
    composers: songs(
      "Bantock, Granville; Barnard, Charlotte Alington; Beach, Amy; Bizet, Georges; Boulanger, Lili; Boulton, Harold; Brahms, Johannes; Bridge, Frank; Burleigh, Harry Thacker; Butterworth, George; Chaminade, Cecile; Chausson, Ernest; Coleridge-Taylor, Samuel; Cornelius, Peter; Davies, Walford; Debussy, Claude; Delius, Frederick; Elgar, Edward; Faisst, Clara; Faure, Gabriel; Franz, Robert; Gonzaga, Chiquinha; Gounod, Charles; Grandval, Clemence de; Gray, Louisa; Greger, Luise; Hensel, Fanny; Holmes, Augusta Mary Anne; Kinkel, Johanna; Lang, Josephine; Lehmann, Liza; Liszt, Franz; Mahler, Gustav; Mayer, Emilie; Mendelssohn, Felix; Munktell, Helena; Parratt, Walter; Quilter, Roger; Reger, Max; Schubert, Franz; Schumann, Clara; Schumann, Robert; Somervell, Arthur; Strauss, Richard; Viardot, Pauline; White, Maude Valerie; Wolf, Hugo; Zumsteeg, Emilie",
    ).map((known) =>
      known.composer.startsWith("Brahms") || known.composer.startsWith("Schubert")
        ? { ...known, instrumentations: ["Art Song", "Chamber"] }
        : known,
    ),
  },
];
