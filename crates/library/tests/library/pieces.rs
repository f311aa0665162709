use jobs::{Dtype, Ending, VariationId, VariationState};
use library::{Draft, Error, Filter, Library};

use crate::{NORMAL, draft, library, spec, whole};

fn variations(library: &Library, composer: &str, count: u32) -> Vec<VariationId> {
    let job = library
        .enqueue(&spec(composer, count), "abc", NORMAL, 1)
        .unwrap();
    (1..=count)
        .map(|number| {
            let id = VariationId { job, number };
            library.begin(id, 2).unwrap();
            id
        })
        .collect()
}

#[test]
fn a_piece_is_there_from_its_first_bar_and_grows() {
    let (folder, first) = library();
    let id = variations(&first, "Wolf, Hugo", 1)[0];
    let piece = first.save(&draft(id, "Wolf, Hugo", 1)).unwrap();
    assert_eq!(first.save(&draft(id, "Wolf, Hugo", 2)).unwrap(), piece);
    drop(first);
    let again = Library::open(folder.path()).unwrap();
    let row = again.piece(&piece).unwrap();
    assert_eq!(row.text, "bar\nbar\n");
    assert_eq!(row.summary.state, VariationState::Running);
    assert_eq!((row.summary.seed, row.summary.bars), (7, 2));
    assert_eq!(row.model_sha256, "abc");
    let variation = again.variation(id).unwrap();
    assert_eq!(variation.piece, Some(piece));
    assert_eq!((variation.bars, variation.bars_expected), (2, Some(9)));
}

#[test]
fn writing_it_again_never_makes_a_piece_shorter_until_it_is_whole() {
    let (_folder, library) = library();
    let id = variations(&library, "Wolf, Hugo", 1)[0];
    let piece = library.save(&draft(id, "Wolf, Hugo", 5)).unwrap();
    library.save(&draft(id, "Wolf, Hugo", 1)).unwrap();
    assert_eq!(library.piece(&piece).unwrap().summary.bars, 5);
    library.save(&whole(id, "Wolf, Hugo", 4)).unwrap();
    let row = library.piece(&piece).unwrap();
    assert_eq!(row.summary.bars, 4);
    assert_eq!(row.ending, Some(Ending::Complete));
    assert_eq!(row.duration_ms, Some(99));
}

#[test]
fn pages_follow_each_other_newest_first_without_gap_or_repeat() {
    let (_folder, library) = library();
    let mut made = Vec::new();
    for id in variations(&library, "Wolf, Hugo", 23) {
        made.push(library.save(&whole(id, "Wolf, Hugo", 1)).unwrap());
    }
    made.reverse();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = library
            .page(&Filter::default(), after.as_deref(), 5)
            .unwrap();
        assert_eq!(page.total, 23);
        seen.extend(page.pieces.into_iter().map(|piece| piece.id));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, made);
}

#[test]
fn the_filter_is_by_style() {
    let (_folder, library) = library();
    for composer in ["Wolf, Hugo", "Schubert, Franz", "Wolf, Hugo"] {
        let id = variations(&library, composer, 1)[0];
        library.save(&whole(id, composer, 1)).unwrap();
    }
    let filter = Filter {
        period: Some("Romantic".into()),
        composer: Some("Wolf, Hugo".into()),
        instrumentation: None,
    };
    let page = library.page(&filter, None, 50).unwrap();
    assert_eq!((page.total, page.pieces.len(), page.next), (2, 2, None));
    let styles = library.styles().unwrap();
    let composers: Vec<&str> = styles.iter().map(|s| s.composer.as_str()).collect();
    assert_eq!(composers, ["Schubert, Franz", "Wolf, Hugo"]);
}

#[test]
fn a_deleted_piece_can_be_had_back() {
    let (_folder, library) = library();
    let id = variations(&library, "Wolf, Hugo", 1)[0];
    let piece = library.save(&whole(id, "Wolf, Hugo", 3)).unwrap();
    let before = library.piece(&piece).unwrap();
    library.delete(&piece, 50).unwrap();
    assert_eq!(library.page(&Filter::default(), None, 50).unwrap().total, 0);
    assert!(matches!(
        library.delete(&piece, 51),
        Err(Error::NotFound(_))
    ));
    library.restore(&piece).unwrap();
    assert_eq!(library.page(&Filter::default(), None, 50).unwrap().total, 1);
    assert_eq!(library.piece(&piece).unwrap(), before);
}

#[test]
fn a_piece_that_is_written_again_in_another_format_is_replaced_from_its_first_bar_on() {
    let (_folder, library) = library();
    let id = variations(&library, "Wolf, Hugo", 1)[0];
    let piece = library.save(&draft(id, "Wolf, Hugo", 5)).unwrap();
    assert_eq!(library.piece(&piece).unwrap().dtype, None);
    let smaller = Draft {
        dtype: Some(Dtype::Q8_0),
        ..draft(id, "Wolf, Hugo", 2)
    };
    assert_eq!(library.save(&smaller).unwrap(), piece);
    let found = library.piece(&piece).unwrap();
    assert_eq!((found.dtype, found.summary.bars), (Some(Dtype::Q8_0), 2));
    // In the same format, fewer bars are those that are there already.
    let fewer = Draft { bars: 1, ..smaller };
    library.save(&fewer).unwrap();
    assert_eq!(library.piece(&piece).unwrap().summary.bars, 2);
}
