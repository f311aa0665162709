// A piece small enough to be in the repository, for the mock where no others are at hand.
export const TEXT = `%Romantic
%Schubert, Franz
%Art Song
%%score 1
L:1/4
Q:1/4=72
M:3/4
K:F
V:1 treble nm="Voice"
[r:0/3][V:1]c A F|
[r:1/2][V:1]G2 A|
[r:2/1][V:1]B G E|
[r:3/0][V:1]F3|]
`;

const note = (step: string, octave: number, duration: number, alter = 0) =>
  `<note><pitch><step>${step}</step>${alter ? `<alter>${alter}</alter>` : ""}<octave>${octave}</octave></pitch><duration>${duration}</duration><type>${["", "quarter", "half", "half"][duration]}</type>${duration === 3 ? "<dot/>" : ""}</note>`;

const measure = (number: number, notes: string, attributes = "") =>
  `<measure number="${number}">${attributes}${notes}</measure>`;

export const MUSICXML = `<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>Voice</part-name></score-part></part-list>
<part id="P1">${[
  measure(
    1,
    note("C", 5, 1) + note("A", 4, 1) + note("F", 4, 1),
    `<attributes><divisions>1</divisions><key><fifths>-1</fifths></key><time><beats>3</beats><beat-type>4</beat-type></time><clef><sign>G</sign><line>2</line></clef></attributes><direction placement="above"><direction-type><metronome><beat-unit>quarter</beat-unit><per-minute>72</per-minute></metronome></direction-type></direction>`,
  ),
  measure(2, note("G", 4, 2) + note("A", 4, 1)),
  measure(3, note("B", 4, 1, -1) + note("G", 4, 1) + note("E", 4, 1)),
  measure(4, note("F", 4, 3)),
].join("")}</part></score-partwise>`;
