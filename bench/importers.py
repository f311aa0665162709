"""Do other programs read our MusicXML, and the same notes in it?

    importers.py PROGRAM CONVERT FOLDER

PROGRAM is musescore, verovio or music21; CONVERT our converter (cargo example `convert`); FOLDER holds scores
as .abc. Each score becomes MusicXML, the program reads it, and what it read is compared with what we
wrote: for MuseScore every note event (part, measure, onset, duration, pitch, grace) of the MusicXML it writes
back, with ties and staves; for the others the number of notes. Its exit code proves nothing: MuseScore
gives 0 for any text.
"""

import collections
import fractions
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

Fraction = fractions.Fraction
ODD = 7  # Tuplets of at least so many drift in MuseScore 3, which reckons in 1/480 of a quarter note.


def events(path):
    """The sounding notes of a MusicXML file: (part, measure, onset, duration, pitch, grace), ties, staff."""
    found = []
    for p, part in enumerate(ElementTree.parse(path).getroot().findall("part")):
        divisions = 1
        for m, measure in enumerate(part.findall("measure")):
            at = last = Fraction(0)
            for element in measure:
                def length():
                    return Fraction(int(element.findtext("duration") or 0), divisions)

                if element.tag == "attributes":
                    divisions = int(element.findtext("divisions") or divisions)
                elif element.tag == "backup":
                    at -= length()
                elif element.tag == "forward":
                    at += length()
                elif element.tag == "note":
                    grace = element.find("grace") is not None
                    chord = element.find("chord") is not None
                    onset = last if chord else at
                    if not grace and not chord:
                        last = at
                        at += length()
                    if element.find("rest") is not None or element.get("print-object") == "no":
                        continue
                    pitch = element.find("pitch")
                    if pitch is not None:
                        alter = int(float(pitch.findtext("alter") or 0))
                        pitch = (pitch.findtext("step"), alter, pitch.findtext("octave"))
                    ties = tuple(sorted(tie.get("type") for tie in element.findall("tie")))
                    staff = element.findtext("staff") or "1"
                    actual = int(element.findtext("time-modification/actual-notes") or 1)
                    found.append(((p, m, onset, Fraction(0) if grace else length(), pitch, grace), ties, staff, actual))
    return found


def musescore(source, folder):
    """What differs after MuseScore has read the file and written it again."""
    back = folder / "back.musicxml"
    back.unlink(missing_ok=True)
    subprocess.run(
        ["mscore3", "-o", str(back), str(source)],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=300,
        check=False,
    )
    if not back.exists():
        return "wrote nothing back"
    ours, theirs = events(source), events(back)

    def multiset(notes, parts):
        return collections.Counter(tuple(note[i] for i in parts) for note in notes)

    answers = []
    for name, parts in (("note events", [0]), ("ties", [0, 1]), ("staves", [0, 2])):
        a, b = multiset(ours, parts), multiset(theirs, parts)
        only = list((a - b).elements())
        if only or b - a:
            bars = sorted({key[0][1] + 1 for key in (a - b) + (b - a)})
            odd = {note[0][1] + 1 for note in ours if note[3] >= ODD}
            where = "bars with odd tuplets" if set(bars) <= odd else f"bars {bars[:8]}"
            answers.append(f"{name}: {len(only)} of {len(ours)} not the same, in {where}; such as {only[:2]}")
    return "; ".join(answers) or None


def counted(read):
    """Compares the number of notes that `read` finds."""

    def compare(source, _folder):
        count, ours = read(source), len(events(source))
        return None if count == ours else f"{count} notes instead of {ours}"

    return compare


def verovio():
    import verovio as library

    library.enableLog(library.LOG_OFF)
    toolkit = library.toolkit()

    def read(source):
        if not toolkit.loadFile(str(source)):
            return "no"
        mei = ElementTree.fromstring(toolkit.getMEI())
        return sum(1 for _ in mei.iter("{http://www.music-encoding.org/ns/mei}note"))

    return counted(read)


def music21():
    from music21 import chord, converter, note

    def read(source):
        score = converter.parse(str(source), forceSource=True)
        elements = [e for e in score.recurse().notes if not e.style.hideObjectOnPrint]
        return sum(
            len(e.notes) if isinstance(e, (chord.Chord, *percussion_chord())) else 1
            for e in elements
            if isinstance(e, note.NotRest) and type(e).__name__ != "ChordSymbol"
        )

    def percussion_chord():
        from music21 import percussion

        return (percussion.PercussionChord,)

    return counted(read)


def main():
    program, convert, sources = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    compare = {"musescore": lambda: musescore, "verovio": verovio, "music21": music21}[program]()
    same = total = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for source in sorted(sources.glob("*.abc")):
            ours = folder / "ours.musicxml"
            subprocess.run([convert, source, ours], stderr=subprocess.DEVNULL, check=True)
            difference = compare(ours, folder)
            total += 1
            same += difference is None
            if difference:
                print(f"{source.stem}: {difference}", flush=True)
    print(f"{program}: {same} of {total} scores the same")


if __name__ == "__main__":
    main()
