//! Looking at a piece while it is being written.

use studio::Code;
use studio::api::StudioEvent;
use studio::jobs::VariationId;

use crate::{Atelier, events_until, request, wait_for};

fn measures(musicxml: &str) -> usize {
    musicxml.matches("<measure ").count()
}

#[test]
fn the_last_bars_of_a_growing_piece_stand_alone() {
    let atelier = Atelier::new(&["bars=400", "pause_ms=5"]);
    let studio = atelier.open();
    let job = studio.compose(request(1)).unwrap();
    let id = job.variations[0].id;
    wait_for(&studio, id, |v| v.bars >= 10);
    let seen = studio.live_engraving(id, None, 4).unwrap();
    assert!(seen.last >= 10, "{}", seen.last);
    assert_eq!((seen.first, seen.staves), (seen.last - 3, 1));
    assert_eq!(measures(&seen.musicxml), 4);
    for needed in ["<clef", "<key", "<divisions"] {
        assert!(seen.musicxml.contains(needed), "no {needed}");
    }

    let from = studio.live_engraving(id, Some(8), 100).unwrap();
    assert_eq!(from.first, 8);
    assert_eq!(measures(&from.musicxml) as u32, from.last - 7);
    assert!(from.last >= seen.last);
    let all = studio.live_engraving(id, Some(0), 1000).unwrap();
    assert_eq!((all.first, measures(&all.musicxml) as u32), (1, all.last));
    let beyond = studio.live_engraving(id, Some(u32::MAX), 4).unwrap();
    assert_eq!(beyond.first, beyond.last);
    studio.cancel(id).unwrap();
}

#[test]
fn what_has_not_begun_has_no_bar_and_what_has_ended_has_all() {
    let atelier = Atelier::new(&["bars=20", "pause_ms=5"]);
    let studio = atelier.open();
    // The stub has two slots: the third waits.
    let job = studio.compose(request(3)).unwrap();
    let [first, _, third] = [0, 1, 2].map(|k| job.variations[k].id);
    wait_for(&studio, first, |v| v.bars > 0);
    let refused = studio.live_engraving(third, None, 4).unwrap_err();
    assert_eq!(refused.code, Code::NoMusic);
    wait_for(&studio, first, |v| v.state.is_final());
    let seen = studio.live_engraving(first, Some(9), 100).unwrap();
    assert_eq!(
        (seen.first, seen.last, measures(&seen.musicxml)),
        (9, 20, 12)
    );
    let unknown = VariationId {
        number: 99,
        ..first
    };
    let refused = studio.live_engraving(unknown, None, 4).unwrap_err();
    assert_eq!(refused.code, Code::NotFound);
}

#[test]
fn a_piece_begun_anew_is_seen_from_its_new_beginning() {
    let atelier = Atelier::deadly(&["bars=21", "pause_ms=40", "dies_after_bars=20"]);
    let studio = atelier.open();
    let events = studio.subscribe();
    let id = studio.compose(request(1)).unwrap().variations[0].id;
    events_until(&events, |event| {
        matches!(event, StudioEvent::Restarted { .. })
    });
    events_until(&events, |event| {
        matches!(event, StudioEvent::Bar { index: 1, .. })
    });
    let seen = studio.live_engraving(id, None, 100).unwrap();
    // With the twenty of the first attempt there would be more than the piece can have.
    assert!((2..=21).contains(&seen.last), "{}", seen.last);
}
