use jobs::{JobId, Priority, VariationId, VariationState};
use library::{Error, Interruption, Library};

use crate::{NORMAL, draft, library, spec};

fn why() -> Interruption {
    Interruption {
        code: "worker_died".into(),
        message: "the worker died".into(),
    }
}

#[test]
fn a_queued_job_is_there_with_all_its_variations() {
    let (folder, first) = library();
    let id = first
        .enqueue(&spec("Wolf, Hugo", 3), "abc", NORMAL, 17)
        .unwrap();
    drop(first);
    let again = Library::open(folder.path()).unwrap();
    let job = again.job(id).unwrap();
    assert_eq!((job.created_ms, job.spec), (17, spec("Wolf, Hugo", 3)));
    let seeds: Vec<u64> = job.variations.iter().map(|v| v.seed).collect();
    assert_eq!(seeds, [7, 8, 9]);
    assert_eq!(again.unfinished().unwrap().len(), 3);
}

#[test]
fn a_life_from_the_queue_to_the_end_is_recorded() {
    let (_folder, library) = library();
    let job = library
        .enqueue(&spec("Wolf, Hugo", 1), "abc", NORMAL, 1)
        .unwrap();
    let id = VariationId { job, number: 1 };
    library.begin(id, 20).unwrap();
    library.requeue(id, &why()).unwrap();
    let interrupted = library.variation(id).unwrap();
    assert_eq!(interrupted.state, VariationState::Queued);
    assert_eq!(interrupted.error, Some(why()));
    library.begin(id, 30).unwrap();
    library.end(id, VariationState::Done, None, 40).unwrap();
    let done = library.variation(id).unwrap();
    assert_eq!(done.state, VariationState::Done);
    assert_eq!(done.attempt, 2);
    assert_eq!((done.started_ms, done.ended_ms), (Some(30), Some(40)));
    assert_eq!(done.error, None);
}

#[test]
fn an_illegal_step_is_refused_and_changes_nothing() {
    let (_folder, library) = library();
    let job = library
        .enqueue(&spec("Wolf, Hugo", 1), "abc", NORMAL, 1)
        .unwrap();
    let id = VariationId { job, number: 1 };
    let early = library.end(id, VariationState::Done, None, 2);
    assert!(matches!(early, Err(Error::NotNow(..))));
    assert_eq!(library.variation(id).unwrap().state, VariationState::Queued);
    library.begin(id, 2).unwrap();
    assert!(matches!(library.retry(id), Err(Error::NotNow(..))));
    library
        .end(id, VariationState::Failed, Some(&why()), 3)
        .unwrap();
    assert!(matches!(
        library.requeue(id, &why()),
        Err(Error::NotNow(..))
    ));
    let nobody = VariationId { job, number: 2 };
    assert!(matches!(library.begin(nobody, 2), Err(Error::NotFound(_))));
}

#[test]
fn what_ran_when_the_program_died_waits_again() {
    let (folder, first) = library();
    let job = first
        .enqueue(&spec("Wolf, Hugo", 3), "abc", NORMAL, 1)
        .unwrap();
    let id = |number| VariationId { job, number };
    for number in [1, 2] {
        first.begin(id(number), 2).unwrap();
    }
    first.end(id(1), VariationState::Done, None, 3).unwrap();
    drop(first);
    let again = Library::open(folder.path()).unwrap();
    again.requeue_running(&why()).unwrap();
    let left: Vec<_> = again.unfinished().unwrap();
    assert_eq!(left, [(id(2), NORMAL), (id(3), NORMAL)]);
    assert_eq!(again.variation(id(2)).unwrap().error, Some(why()));
    assert_eq!(again.variation(id(3)).unwrap().error, None);
}

#[test]
fn finished_jobs_leave_the_queue_and_their_pieces_stay() {
    let (_folder, library) = library();
    let finished = library
        .enqueue(&spec("Wolf, Hugo", 1), "abc", NORMAL, 1)
        .unwrap();
    let waiting = library
        .enqueue(&spec("Wolf, Hugo", 1), "abc", NORMAL, 2)
        .unwrap();
    let id = VariationId {
        job: finished,
        number: 1,
    };
    library.begin(id, 2).unwrap();
    let piece = library.save(&draft(id, "Wolf, Hugo", 2)).unwrap();
    library.end(id, VariationState::Cancelled, None, 3).unwrap();
    library.clear_finished().unwrap();
    let shown: Vec<_> = library.queue().unwrap().iter().map(|job| job.id).collect();
    assert_eq!(shown, [waiting]);
    assert!(library.piece(&piece).is_ok());
    library.delete(&piece, 4).unwrap();
    library.retry(id).unwrap();
    assert_eq!(library.variation(id).unwrap().piece, Some(piece));
    let shown: Vec<_> = library.queue().unwrap().iter().map(|job| job.id).collect();
    assert_eq!(shown, [waiting, finished], "trying again shows it again");
}

#[test]
fn a_priority_is_kept_and_can_be_changed() {
    let (folder, first) = library();
    let spec = spec("Wolf, Hugo", 2);
    let job = first.enqueue(&spec, "abc", Priority::High, 1).unwrap();
    assert_eq!(first.job(job).unwrap().priority, Priority::High);
    first.prioritise(job, Priority::Low).unwrap();
    drop(first);
    let again = Library::open(folder.path()).unwrap();
    let priorities: Vec<Priority> = again
        .unfinished()
        .unwrap()
        .iter()
        .map(|(_, p)| *p)
        .collect();
    assert_eq!(priorities, [Priority::Low; 2]);
    let nobody = JobId::new();
    let error = again.prioritise(nobody, Priority::High).unwrap_err();
    assert!(matches!(error, Error::NotFound(_)));
}
