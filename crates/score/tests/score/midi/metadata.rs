//! What a MIDI file says about itself, and what becomes of bytes that are no MIDI file.

use proptest::prelude::*;
use score::{Metadata, midi_metadata, parse_abc, write_midi};

fn file(metadata: Metadata) -> Vec<u8> {
    let mut score = parse_abc("X:1\nL:1/4\nM:4/4\nK:C\nc4|!p!d4|\n").0;
    score.metadata = metadata;
    write_midi(&score)
}

fn known() -> Metadata {
    Metadata {
        title: "Für Elise: a try".into(),
        composer: "Nobody".into(),
        period: "Romantic".into(),
        instrumentation: "Keyboard".into(),
        rights: Some("CC0".into()),
        software: "Partita 0.1".into(),
        fields: vec![
            ("seed".into(), "18446744073709551615".into()),
            ("model".into(), "demo: small".into()),
            ("composer".into(), "a field of this name".into()),
            ("note".into(), String::new()),
        ],
    }
}

#[test]
fn what_is_known_of_a_piece_is_read_back() {
    assert_eq!(midi_metadata(&file(known())), Some(known()));
    assert_eq!(
        midi_metadata(&file(Metadata::default())),
        Some(Metadata::default())
    );
}

#[test]
fn other_files_give_what_they_say() {
    // Format 0, one track: its name in Latin-1, a text, and a note before a second text.
    let track = b"\x00\xff\x03\x04\xc9tud\x00\xff\x01\x05hello\x60\x90\x3c\x40\x00\xff\x01\x04a: b\x00\xff\x2f\x00";
    let mut bytes = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0".to_vec();
    bytes.push(u8::try_from(track.len()).unwrap());
    bytes.extend_from_slice(track);
    let expected = Metadata {
        title: "\u{c9}tud".into(),
        ..Metadata::default()
    };
    assert_eq!(midi_metadata(&bytes), Some(expected));
}

#[test]
fn what_is_no_midi_file_says_nothing() {
    for bytes in [
        &b""[..],
        b"MThd",
        b"MThd\0\0\0\x06\0\x01\0\0\0\x60",
        b"<score-partwise/>",
        b"PK\x03\x04",
    ] {
        assert_eq!(midi_metadata(bytes), None, "{bytes:?}");
    }
}

#[test]
fn long_texts_and_many_are_cut() {
    let mut metadata = known();
    metadata.title = "é".repeat(50_000);
    metadata.fields = vec![("field".into(), "value".into()); 5000];
    let read = midi_metadata(&file(metadata)).unwrap();
    assert_eq!(read.title, "é".repeat(32_768));
    assert!(read.fields.len() < 1000);
}

proptest! {
    #![proptest_config(crate::trials(512))]

    #[test]
    fn any_fields_are_read_back(title in ".{0,40}", names in prop::collection::vec(("[a-z]{1,12}", ".{0,40}"), 0..8)) {
        let metadata = Metadata {
            title,
            composer: "C".into(),
            period: "P".into(),
            instrumentation: "I".into(),
            software: "S".into(),
            fields: names,
            ..Metadata::default()
        };
        prop_assert_eq!(midi_metadata(&file(metadata.clone())), Some(metadata));
    }

    #[test]
    fn noise_says_something_or_nothing(noise in prop::collection::vec(any::<u8>(), 0..300), chunk in any::<bool>()) {
        let mut bytes = b"MThd\0\0\0\x06\0\x01\0\x01\0\x60MTrk\0\0\x01\0".to_vec();
        bytes.truncate(if chunk { bytes.len() } else { 0 });
        bytes.extend(noise);
        let _ = midi_metadata(&bytes);
    }

    #[test]
    fn a_damaged_file_says_something_or_nothing(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        end in any::<prop::sample::Index>(),
    ) {
        let mut bytes = file(known());
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(end.index(bytes.len()) + 1);
        let _ = midi_metadata(&bytes);
    }
}
