"""Does MuseScore play repeats, endings and jumps as we do?

    playing.py CONVERT CASES

CONVERT is our converter (cargo example `convert`); CASES the pieces of which tests/score/unroll.rs knows what is played
(tests/data/playing.txt). Each becomes MIDI twice, by us and by MuseScore from our MusicXML, and the notes of both
must be those of the list, one after another.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

LETTERS = {0: "c", 2: "d", 4: "e", 5: "f", 7: "g", 9: "a", 11: "b"}


def notes(path):
    """The notes of a MIDI file as letters, by onset."""
    data = path.read_bytes()
    found = []
    at = 14
    while at < len(data):
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8])
        track = data[at + 8 : end] if data[at : at + 4] == b"MTrk" else b""
        at = end
        i = time = status = 0
        while i < len(track):
            delta, i = variable(track, i)
            time += delta
            if track[i] & 0x80:
                status, i = track[i], i + 1
            if status in (0xF0, 0xF7, 0xFF):
                length, i = variable(track, i + (status == 0xFF))
                i += length
                continue
            if status >> 4 == 9 and track[i + 1]:
                found.append((time, LETTERS[track[i] % 12]))
            i += 1 if status >> 4 in (12, 13) else 2
    return "".join(letter for _, letter in sorted(found))


def variable(track, i):
    """A number of any length, and where it ends."""
    number = 0
    while True:
        byte = track[i]
        number, i = number << 7 | byte & 0x7F, i + 1
        if byte < 0x80:
            return number, i


def main():
    convert, cases = sys.argv[1], pathlib.Path(sys.argv[2])
    wrong = total = others = 0
    with tempfile.TemporaryDirectory() as folder:
        abc, ours, xml, theirs = (pathlib.Path(folder) / f"piece.{end}" for end in ("abc", "ours.mid", "musicxml", "mid"))
        for line in cases.read_text().splitlines():
            if not line or line.startswith("#"):
                continue
            piece, expected, *musescore = line.split()
            abc.write_text(f"X:1\nL:1/1\nM:4/4\nK:C\n{piece}\n")
            subprocess.run([convert, abc, ours, abc, xml], stderr=subprocess.DEVNULL, check=True)
            theirs.unlink(missing_ok=True)
            subprocess.run(
                ["mscore3", "-o", theirs, xml],
                env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=60,
                check=False,
            )
            total += 1
            others += bool(musescore)
            played = [notes(ours), notes(theirs) if theirs.exists() else "nothing"]
            listed = [expected, *(musescore or [expected])]
            if played != listed:
                wrong += 1
                print(f"{piece}: we play {played[0]} and MuseScore {played[1]}; listed are {' and '.join(listed)}")
    print(f"{total - wrong} of {total} pieces are played as listed, {others} of them otherwise by MuseScore for a reason given")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
