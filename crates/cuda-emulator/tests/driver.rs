//! The driver through `cudarc`, as the product uses it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cuda_emulator::Emulator;
use cudarc::driver::sys::CUresult as Code;
use cudarc::driver::sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL as THREAD_LOCAL;
use cudarc::driver::sys::CUstreamCaptureStatus as Status;
use cudarc::driver::{
    CudaContext, CudaFunction, CudaSlice, CudaStream, DriverError, LaunchConfig, PushKernelArg,
    result, sys,
};
use cudarc::nvrtc::Ptx;

const KERNELS: &str = "
.version 6.4
.target sm_60
.address_size 64
.visible .entry doubled(.param .u64 to, .param .u32 count)
{
    .reg .pred %p<2>; .reg .b32 %r<6>; .reg .f32 %f<3>; .reg .b64 %rd<4>;
    ld.param.u64 %rd1, [to];
    ld.param.u32 %r1, [count];
    mov.u32 %r2, %ctaid.x;
    mov.u32 %r3, %ntid.x;
    mov.u32 %r4, %tid.x;
    mad.lo.s32 %r5, %r2, %r3, %r4;
    setp.ge.s32 %p1, %r5, %r1;
    @%p1 bra $end;
    cvta.to.global.u64 %rd1, %rd1;
    mul.wide.s32 %rd2, %r5, 4;
    add.s64 %rd3, %rd1, %rd2;
    ld.global.f32 %f1, [%rd3];
    mov.f32 %f2, 0f40000000;
    fma.rn.f32 %f2, %f1, %f2, 0f00000000;
    st.global.f32 [%rd3], %f2;
$end:
    ret;
}
";

/// One test at a time, each with a machine of its own.
fn machine() -> (MutexGuard<'static, ()>, &'static Emulator) {
    static ONE: Mutex<()> = Mutex::new(());
    let guard = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let emulator = cuda_emulator::load().unwrap();
    emulator.reset();
    (guard, emulator)
}

struct Card {
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    doubled: CudaFunction,
}

impl Card {
    fn new() -> Self {
        let context = CudaContext::new(0).unwrap();
        unsafe { context.disable_event_tracking() };
        let module = context.load_module(Ptx::from_src(KERNELS)).unwrap();
        let doubled = module.load_function("doubled").unwrap();
        let stream = context.new_stream().unwrap();
        Self {
            context,
            stream,
            doubled,
        }
    }

    fn double(&self, values: &mut CudaSlice<f32>, count: u32) -> Result<(), DriverError> {
        let config = LaunchConfig {
            grid_dim: (count.div_ceil(32), 1, 1),
            block_dim: (32, 1, 1),
            shared_mem_bytes: 0,
        };
        let mut launch = self.stream.launch_builder(&self.doubled);
        unsafe { launch.arg(values).arg(&count).launch(config) }.map(drop)
    }
}

fn code<T>(result: Result<T, DriverError>) -> Code {
    result.err().map_or(Code::CUDA_SUCCESS, |error| error.0)
}

#[test]
fn a_captured_launch_computes_at_each_replay() {
    let _machine = machine();
    let card = Card::new();
    let values: Vec<f32> = (0..100u8).map(f32::from).collect();
    let mut on_card = card.stream.clone_htod(&values).unwrap();
    card.stream.begin_capture(THREAD_LOCAL).unwrap();
    card.double(&mut on_card, 100).unwrap();
    assert_eq!(
        card.stream.capture_status().unwrap(),
        Status::CU_STREAM_CAPTURE_STATUS_ACTIVE
    );
    let graph = card
        .stream
        .end_capture(sys::CUgraphInstantiate_flags(0))
        .unwrap()
        .unwrap();
    assert_eq!(
        card.stream.clone_dtoh(&on_card).unwrap(),
        values,
        "a capture does nothing"
    );
    graph.upload().unwrap();
    graph.launch().unwrap();
    graph.launch().unwrap();
    let fourfold: Vec<f32> = values.iter().map(|value| value * 4.0).collect();
    assert_eq!(card.stream.clone_dtoh(&on_card).unwrap(), fourfold);
}

/// Set for the process that the next test starts, which is that test again.
const CHILD: &str = "CUDA_EMULATOR_TEST_CHILD";

#[test]
#[allow(clippy::print_stdout, reason = "the child says so to its parent")]
fn a_folder_gives_the_driver_to_child_processes() {
    if std::env::var_os(CHILD).is_some() {
        let card = Card::new();
        let mut values = card.stream.clone_htod(&[1.0, 2.0]).unwrap();
        card.double(&mut values, 2).unwrap();
        assert_eq!(card.stream.clone_dtoh(&values).unwrap(), [2.0, 4.0]);
        println!("a card of {} bytes", card.context.total_mem().unwrap());
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "a_folder_gives_the_driver_to_child_processes",
            "--nocapture",
        ])
        .env(CHILD, "1")
        .env("LD_LIBRARY_PATH", cuda_emulator::folder().unwrap())
        .env("CUDA_EMULATOR_MEMORY", "100000000")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("a card of 100000000 bytes"),
        "{output:?}"
    );
}

#[test]
fn memory_beyond_the_cards_is_refused_and_nothing_else_breaks() {
    let (_machine, emulator) = machine();
    emulator.set("CUDA_EMULATOR_MEMORY", "1000000").unwrap();
    let card = Card::new();
    let held = card.stream.alloc_zeros::<u8>(600_000).unwrap();
    let refused = card.stream.alloc_zeros::<u8>(600_000);
    assert_eq!(code(refused), Code::CUDA_ERROR_OUT_OF_MEMORY);
    drop(held);
    card.stream.synchronize().unwrap();
    let (free, all) = card.context.mem_get_info().unwrap();
    assert!(
        (900_000..=1_000_000).contains(&free) && all == 1_000_000,
        "{free} of {all}"
    );
    card.stream.alloc_zeros::<u8>(600_000).unwrap();
}

#[test]
fn a_kernel_that_does_wrong_breaks_all_that_comes_after() {
    let _machine = machine();
    let card = Card::new();
    let mut values = card.stream.clone_htod(&[1.0; 8]).unwrap();
    card.double(&mut values, 9).unwrap();
    assert_eq!(
        code(card.stream.synchronize()),
        Code::CUDA_ERROR_ILLEGAL_ADDRESS
    );
    assert_eq!(
        code(card.stream.alloc_zeros::<u8>(8)),
        Code::CUDA_ERROR_ILLEGAL_ADDRESS
    );
}

#[test]
fn memory_that_was_never_written_is_not_read_unless_that_is_allowed() {
    let (_machine, emulator) = machine();
    let card = Card::new();
    let unwritten = unsafe { card.stream.alloc::<f32>(8) }.unwrap();
    emulator.set("CUDA_EMULATOR_UNWRITTEN", "1").unwrap();
    card.stream.clone_dtoh(&unwritten).unwrap();
    emulator.set("CUDA_EMULATOR_UNWRITTEN", "").unwrap();
    assert_eq!(
        code(card.stream.clone_dtoh(&unwritten)),
        Code::CUDA_ERROR_LAUNCH_FAILED
    );
}

#[test]
fn calls_fail_when_they_shall() {
    let (_machine, emulator) = machine();
    emulator
        .set("CUDA_EMULATOR_FAIL", "launch:2:700,alloc:1:2")
        .unwrap();
    let card = Card::new();
    assert_eq!(
        code(card.stream.clone_htod(&[1.0])),
        Code::CUDA_ERROR_OUT_OF_MEMORY
    );
    let mut values = card.stream.clone_htod(&[1.0]).unwrap();
    card.double(&mut values, 1).unwrap();
    assert_eq!(
        code(card.double(&mut values, 1)),
        Code::CUDA_ERROR_ILLEGAL_ADDRESS
    );
    assert_eq!(
        code(card.stream.synchronize()),
        Code::CUDA_ERROR_ILLEGAL_ADDRESS
    );
    emulator.reset();
    emulator.set("CUDA_EMULATOR_FAIL", "init:1:100").unwrap();
    assert_eq!(code(result::init()), Code::CUDA_ERROR_NO_DEVICE);
    result::init().unwrap();
}

#[test]
fn a_broken_card_computes_wrong() {
    let (_machine, emulator) = machine();
    let card = Card::new();
    let mut values = card.stream.clone_htod(&[1.0; 5000]).unwrap();
    card.double(&mut values, 5000).unwrap();
    assert_eq!(card.stream.clone_dtoh(&values).unwrap(), [2.0; 5000]);
    emulator.set("CUDA_EMULATOR_WRONG", "1").unwrap();
    card.double(&mut values, 5000).unwrap();
    let wrong = card
        .stream
        .clone_dtoh(&values)
        .unwrap()
        .iter()
        .filter(|&&one| one != 4.0)
        .count();
    assert!((1..100).contains(&wrong), "{wrong}");
}

#[test]
fn ptx_is_refused_by_old_drivers_and_old_cards() {
    let load = |settings: &[(&str, &str)], ptx: &str| {
        let (_machine, emulator) = machine();
        for (name, value) in settings {
            emulator.set(name, value).unwrap();
        }
        code(CudaContext::new(0).unwrap().load_module(Ptx::from_src(ptx)))
    };
    let newer = KERNELS.replace("6.4", "7.4");
    assert_eq!(load(&[], KERNELS), Code::CUDA_SUCCESS);
    assert_eq!(
        load(&[("CUDA_EMULATOR_DRIVER", "11040")], &newer),
        Code::CUDA_SUCCESS
    );
    let old = [("CUDA_EMULATOR_DRIVER", "11030")];
    assert_eq!(load(&old, &newer), Code::CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
    let small = [("CUDA_EMULATOR_CAPABILITY", "5.2")];
    assert_eq!(load(&small, KERNELS), Code::CUDA_ERROR_NO_BINARY_FOR_GPU);
    assert_eq!(
        load(&[], &KERNELS.replace("mul.wide", "mul.broad")),
        Code::CUDA_ERROR_INVALID_PTX
    );
}

#[test]
fn what_may_not_be_captured_spoils_the_capture() {
    let _machine = machine();
    let card = Card::new();
    let end = |wanted: Code| {
        let ended = card.stream.end_capture(sys::CUgraphInstantiate_flags(0));
        assert_eq!(code(ended), wanted);
        assert_eq!(
            card.stream.capture_status().unwrap(),
            Status::CU_STREAM_CAPTURE_STATUS_NONE
        );
    };
    let values = card.stream.clone_htod(&[1.0f32]).unwrap();

    card.stream.begin_capture(THREAD_LOCAL).unwrap();
    assert_eq!(
        code(card.stream.synchronize()),
        Code::CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED
    );
    assert_eq!(
        card.stream.capture_status().unwrap(),
        Status::CU_STREAM_CAPTURE_STATUS_INVALIDATED
    );
    end(Code::CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);

    card.stream.begin_capture(THREAD_LOCAL).unwrap();
    let allocated = card.stream.alloc_zeros::<u8>(8);
    assert_eq!(code(allocated), Code::CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    end(Code::CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);

    // A copy to memory that is not pinned.
    card.stream.begin_capture(THREAD_LOCAL).unwrap();
    let mut host = [0.0f32];
    let copied = card.stream.memcpy_dtoh(&values, &mut host);
    assert_eq!(code(copied), Code::CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    end(Code::CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);

    // Of another thread, a capture of this one does not speak.
    card.stream.begin_capture(THREAD_LOCAL).unwrap();
    let other = Arc::clone(&card.context);
    std::thread::spawn(move || other.default_stream().alloc_zeros::<u8>(8).map(drop))
        .join()
        .unwrap()
        .unwrap();
    end(Code::CUDA_SUCCESS);
}

#[test]
fn events_join_streams_to_a_capture_and_have_times() {
    let _machine = machine();
    let card = Card::new();
    let other = card.context.new_stream().unwrap();
    let mut values = card.stream.clone_htod(&[1.0f32]).unwrap();
    let flags = sys::CUevent_flags::CU_EVENT_DEFAULT;
    let (start, end) = (
        card.context.new_event(Some(flags)).unwrap(),
        card.context.new_event(Some(flags)).unwrap(),
    );
    start.record(&card.stream).unwrap();
    card.double(&mut values, 1).unwrap();
    end.record(&card.stream).unwrap();
    end.synchronize().unwrap();
    assert!(start.elapsed_ms(&end).unwrap() >= 0.0);

    card.stream.begin_capture(THREAD_LOCAL).unwrap();
    let fork = card.stream.record_event(None).unwrap();
    other.wait(&fork).unwrap();
    other.memset_zeros(&mut values).unwrap();
    card.stream
        .wait(&other.record_event(None).unwrap())
        .unwrap();
    let graph = card
        .stream
        .end_capture(sys::CUgraphInstantiate_flags(0))
        .unwrap()
        .unwrap();
    graph.launch().unwrap();
    assert_eq!(card.stream.clone_dtoh(&values).unwrap(), [0.0]);

    // What was recorded before a capture cannot be waited for within.
    card.stream.begin_capture(THREAD_LOCAL).unwrap();
    assert_eq!(
        code(card.stream.wait(&end)),
        Code::CUDA_ERROR_STREAM_CAPTURE_ISOLATION
    );
    let ended = card.stream.end_capture(sys::CUgraphInstantiate_flags(0));
    assert_eq!(code(ended), Code::CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
}

#[test]
fn launches_beyond_what_a_card_can_are_refused() {
    let _machine = machine();
    let card = Card::new();
    let values = card.stream.clone_htod(&[1.0f32]).unwrap();
    for (threads, blocks, shared) in [(1025, 1, 0), (0, 1, 0), (32, 0, 0), (32, 1, 50_000)] {
        let config = LaunchConfig {
            grid_dim: (blocks, 1, 1),
            block_dim: (threads, 1, 1),
            shared_mem_bytes: shared,
        };
        let mut launch = card.stream.launch_builder(&card.doubled);
        let launched = unsafe { launch.arg(&values).arg(&1u32).launch(config) };
        assert_eq!(
            code(launched),
            Code::CUDA_ERROR_INVALID_VALUE,
            "{threads} {blocks} {shared}"
        );
    }
    card.stream.synchronize().unwrap();
}

#[test]
fn cards_are_counted_and_described() {
    let (_machine, emulator) = machine();
    emulator.set("CUDA_EMULATOR_DEVICES", "2").unwrap();
    emulator.set("CUDA_EMULATOR_CAPABILITY", "7.5").unwrap();
    assert_eq!(CudaContext::device_count().unwrap(), 2);
    let (first, second) = (CudaContext::new(0).unwrap(), CudaContext::new(1).unwrap());
    assert_eq!(second.compute_capability().unwrap(), (7, 5));
    assert_eq!(second.name().unwrap(), "CUDA emulator");
    assert_ne!(first.uuid().unwrap().bytes, second.uuid().unwrap().bytes);
    assert_eq!(code(CudaContext::new(2)), Code::CUDA_ERROR_INVALID_DEVICE);
    let values = first.default_stream().clone_htod(&[5u32; 4]).unwrap();
    let copied = second.default_stream().clone_dtod(&values).unwrap();
    assert_eq!(second.default_stream().clone_dtoh(&copied).unwrap(), [5; 4]);
}

#[test]
fn a_profile_says_what_each_kernel_did() {
    let (_machine, emulator) = machine();
    let card = Card::new();
    let mut values = card.stream.clone_htod(&[1.0; 32]).unwrap();
    card.double(&mut values, 32).unwrap();
    card.double(&mut values, 32).unwrap();
    card.stream.synchronize().unwrap();
    let path = cuda_emulator::folder().unwrap().join("profile.test");
    emulator.write_profile(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    // 15 instructions of 32 lanes, but the jump, which none takes.
    assert!(text.contains("\ndoubled\t2\t960\t256\t256\n"), "{text}");
}

#[test]
fn work_is_done_when_somebody_waits_for_it_and_not_before() {
    let _machine = machine();
    let card = Card::new();
    let other = card.context.new_stream().unwrap();
    let mut values = card.stream.clone_htod(&[1.0f32; 4]).unwrap();
    let mut back = unsafe { card.context.alloc_pinned::<f32>(4) }.unwrap();
    let start = back.as_mut_ptr().unwrap();
    // Read past the wait that the safe way to the memory has in it.
    let read = || unsafe { std::ptr::read_volatile(start) };
    card.double(&mut values, 4).unwrap();
    card.stream.memcpy_dtoh(&values, &mut back).unwrap();
    assert_eq!(read(), 0.0, "nobody has waited");
    let event = card.context.new_event(None).unwrap();
    event.record(&card.stream).unwrap();
    other.wait(&event).unwrap();
    assert!(!event.is_complete());
    other.synchronize().unwrap();
    assert_eq!(read(), 2.0);
    assert!(event.is_complete());

    // Another stream that does not wait reads what was there before.
    card.double(&mut values, 4).unwrap();
    let before = other.clone_dtoh(&values).unwrap();
    assert_eq!(before, [2.0; 4], "the other stream did not wait");
    let after = card.stream.clone_dtoh(&values).unwrap();
    assert_eq!(after, [4.0; 4]);
    // Who asks again and again sees it done in the end.
    card.double(&mut values, 4).unwrap();
    event.record(&card.stream).unwrap();
    let asked = (0..100).take_while(|_| !event.is_complete()).count();
    assert!((1..10).contains(&asked), "{asked}");
}

#[test]
fn the_legacy_stream_and_blocking_streams_wait_for_each_other() {
    let _machine = machine();
    let card = Card::new();
    let legacy = card.context.default_stream();
    let mut values = legacy.clone_htod(&[1.0f32; 4]).unwrap();
    let blocking = result::stream::create(result::stream::StreamKind::Default).unwrap();
    let address = {
        use cudarc::driver::DevicePtr;
        values.device_ptr(&legacy).0
    };
    unsafe { result::memset_d8_async(address, 0, 8, blocking) }.unwrap();
    // A copy of the legacy stream comes after the filling.
    assert_eq!(legacy.clone_dtoh(&values).unwrap(), [0.0, 0.0, 1.0, 1.0]);
    legacy.memset_zeros(&mut values).unwrap();
    unsafe { result::memset_d8_async(address, 0xff, 4, blocking) }.unwrap();
    unsafe { result::stream::synchronize(blocking) }.unwrap();
    unsafe { result::stream::destroy(blocking) }.unwrap();
    let got: Vec<u32> = legacy
        .clone_dtoh(&values)
        .unwrap()
        .into_iter()
        .map(f32::to_bits)
        .collect();
    assert_eq!(got, [u32::MAX, 0, 0, 0]);
}
