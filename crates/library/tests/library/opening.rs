use jobs::{JobId, VariationId};
use library::{DATABASE, Error, Library};

use crate::{NORMAL, draft, library, spec};

#[test]
fn a_second_program_is_told_that_the_library_is_open() {
    let (folder, first) = library();
    assert!(matches!(Library::open(folder.path()), Err(Error::InUse(_))));
    drop(first);
    assert!(Library::open(folder.path()).is_ok());
}

#[test]
fn a_reader_sees_what_a_writer_has_written() {
    let (folder, writer) = library();
    let id = writer
        .enqueue(&spec("Wolf, Hugo", 1), "abc", NORMAL, 1)
        .unwrap();
    let reader = Library::open_to_read(folder.path()).unwrap();
    assert_eq!(reader.job(id).unwrap(), writer.job(id).unwrap());
    assert!(
        reader
            .enqueue(&spec("Wolf, Hugo", 1), "abc", NORMAL, 1)
            .is_err()
    );
}

#[test]
fn reading_a_library_that_is_not_there_makes_none() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nowhere");
    assert!(matches!(
        Library::open_to_read(&missing),
        Err(Error::Folder { .. })
    ));
    assert!(!missing.exists());
}

#[test]
fn an_older_program_leaves_a_newer_library_alone() {
    let (folder, library) = library();
    drop(library);
    let database = folder.path().join(DATABASE);
    let connection = rusqlite::Connection::open(&database).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    connection.close().unwrap();
    let before = std::fs::read(&database).unwrap();
    for result in [
        Library::open(folder.path()),
        Library::open_to_read(folder.path()),
    ] {
        assert!(matches!(result, Err(Error::TooNew { found: 99, .. })));
    }
    assert_eq!(std::fs::read(&database).unwrap(), before);
}

#[test]
fn a_file_that_is_no_database_is_an_error_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join(DATABASE);
    std::fs::write(&database, "not a database, but somebody's file").unwrap();
    assert!(matches!(
        Library::open(folder.path()),
        Err(Error::Sqlite(_))
    ));
    let after = std::fs::read_to_string(&database).unwrap();
    assert_eq!(after, "not a database, but somebody's file");
}

#[test]
fn settings_are_remembered() {
    let (folder, first) = library();
    assert_eq!(first.setting::<u32>("zoom").unwrap(), None);
    first.put_setting("zoom", &3).unwrap();
    first.put_setting("zoom", &4).unwrap();
    drop(first);
    let again = Library::open(folder.path()).unwrap();
    assert_eq!(again.setting("zoom").unwrap(), Some(4));
}

#[test]
fn a_full_disk_is_said_and_leaves_the_library_as_it_was() {
    let (folder, library) = library();
    let kept = library
        .enqueue(&spec("Wolf, Hugo", 2), "abc", NORMAL, 1)
        .unwrap();
    library.allow_pages(20).unwrap();
    let mut refused = 0;
    for _ in 0..2_000 {
        match library.enqueue(&spec("Wolf, Hugo", 64), "abc", NORMAL, 1) {
            Ok(_) => {}
            Err(Error::Full) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(refused > 0);
    drop(library);
    let again = Library::open(folder.path()).unwrap();
    assert_eq!(again.job(kept).unwrap().variations.len(), 2);
    let whole = |job: &library::Job| matches!(job.variations.len(), 2 | 64);
    assert!(again.queue().unwrap().iter().all(whole), "no half jobs");
    again
        .enqueue(&spec("Wolf, Hugo", 1), "abc", NORMAL, 1)
        .unwrap();
}

#[test]
fn a_library_of_the_first_version_is_taken_over() {
    let (folder, library) = library();
    drop(library);
    let database = folder.path().join(DATABASE);
    std::fs::remove_file(&database).unwrap();
    let connection = rusqlite::Connection::open(&database).unwrap();
    let first = include_str!("../../src/migrations/1.sql");
    connection.execute_batch(first).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    let (id, json) = (JobId::new(), serde_json::to_string(&spec("Wolf, Hugo", 1)));
    connection
        .execute(
            "INSERT INTO jobs (id, created_ms, spec, model_sha256) VALUES (?1, 1, ?2, 'abc')",
            [id.to_string(), json.unwrap()],
        )
        .unwrap();
    connection
        .execute(
            "INSERT INTO variations (job, number, seed, state) VALUES (?1, 1, 7, 'queued')",
            [id.to_string()],
        )
        .unwrap();
    connection.close().unwrap();

    let library = Library::open(folder.path()).unwrap();
    let variation = VariationId { job: id, number: 1 };
    assert_eq!(library.unfinished().unwrap(), [(variation, NORMAL)]);
    library.begin(variation, 2).unwrap();
    let piece = library.save(&draft(variation, "Wolf, Hugo", 3)).unwrap();
    assert_eq!(library.piece(&piece).unwrap().dtype, None);
}
