use super::Bench;
use crate::ptx;

/// The address of what the thread of the block is to have: `%rd1`, and its number: `%r1`.
const OWN: &str = "ld.param.u64 %rd1, [p0]; mov.u32 %r1, %tid.x; mul.wide.u32 %rd2, %r1, 4;
    add.s64 %rd1, %rd1, %rd2;";

#[test]
fn an_access_past_the_end_names_kernel_thread_line_and_allocation() {
    let mut bench = Bench::new(3, 64);
    let at = bench.words(&[0; 50]);
    let body = format!("{OWN} mov.u32 %r2, %ctaid.x;\nst.global.u32 [%rd1], %r1;");
    let (code, message) = bench.fault(&body, &[at]);
    assert_eq!(code, 700);
    for part in [
        "in kernel, block (0, 0, 0), thread (50, 0, 0)",
        "st.global.u32 [%rd1], %r1;",
        "0 bytes past the end of allocation 1 (200 bytes",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn an_access_before_the_start_and_after_a_free_is_told() {
    let mut bench = Bench::new(1, 1);
    let at = bench.words(&[0; 4]);
    let (code, message) = bench.fault(
        "ld.param.u64 %rd1, [p0]; ld.global.u32 %r1, [%rd1+-4];",
        &[at],
    );
    assert!(
        code == 700 && message.contains("4 bytes before allocation 1"),
        "{message}"
    );
    bench.words(&[0; 4]);
    bench.memory.free(at);
    let (code, message) = bench.fault(
        "ld.param.u64 %rd1, [p0]; ld.global.u32 %r1, [%rd1+4];",
        &[at],
    );
    assert!(
        code == 700 && message.contains("byte 4 of allocation 1"),
        "{message}"
    );
    assert!(message.contains("which was freed"), "{message}");
    let (code, message) = bench.fault("mov.u64 %rd1, 0; ld.global.u32 %r1, [%rd1];", &[]);
    assert!(code == 700, "{message}");
}

#[test]
fn sixteen_bytes_are_read_at_multiples_of_sixteen_only() {
    let mut bench = Bench::new(1, 1);
    let at = bench.words(&[0; 8]);
    let body = "ld.param.u64 %rd1, [p0]; ld.global.v4.u32 {%r1, %r2, %r3, %r4}, [%rd1+8];";
    let (code, message) = bench.fault(body, &[at]);
    assert!(code == 716 && message.contains("not aligned"), "{message}");
}

#[test]
fn memory_that_nobody_wrote_is_not_read() {
    let mut bench = Bench::new(1, 1);
    let at = bench.memory.allocate(64).unwrap();
    let write = "ld.param.u64 %rd1, [p0]; st.global.u16 [%rd1+6], 5; st.global.u32 [%rd1], 5;";
    bench.run(write, &[at]).unwrap();
    bench
        .run(
            "ld.param.u64 %rd1, [p0]; ld.global.u16 %h1, [%rd1+6];",
            &[at],
        )
        .unwrap();
    let read = "ld.param.u64 %rd1, [p0]; ld.global.u32 %r1, [%rd1+4];";
    let (code, message) = bench.fault(read, &[at]);
    assert!(
        code == 719 && message.contains("nobody has written"),
        "{message}"
    );
    bench.memory.strict = false;
    bench.run(read, &[at]).unwrap();
}

#[test]
fn shared_memory_has_an_end() {
    let mut bench = Bench::new(1, 32);
    let body = ".shared .align 4 .b8 few[64]; mov.u32 %r1, %tid.x; mul.wide.u32 %rd1, %r1, 4;
        st.shared.u32 [%rd1], %r1;";
    let (code, message) = bench.fault(body, &[]);
    assert!(
        code == 700 && message.contains("thread (16, 0, 0)"),
        "{message}"
    );
}

#[test]
fn warps_that_do_not_wait_for_each_other_race() {
    let share = ".shared .align 4 .b8 both[256]; mov.u32 %r1, %tid.x; mul.wide.u32 %rd1, %r1, 4;
        mov.u64 %rd2, both; add.s64 %rd1, %rd1, %rd2; xor.b64 %rd3, %rd1, 128;
        st.shared.u32 [%rd1], %r1; WAIT ld.shared.u32 %r2, [%rd3];";
    let mut bench = Bench::new(1, 64);
    bench
        .run(&share.replace("WAIT", "bar.sync 0;"), &[])
        .unwrap();
    let (code, message) = bench.fault(&share.replace("WAIT", ""), &[]);
    assert!(
        code == 719 && message.contains("a race in shared memory"),
        "{message}"
    );
    // Writing over what another warp may still be reading.
    let over = share.replace("WAIT", "bar.sync 0;") + "st.shared.u32 [%rd1], %r2;";
    let (_, message) = bench.fault(&over, &[]);
    assert!(message.contains("Read after Write by warp 0"), "{message}");
    // Within a warp, lanes go together.
    let mut bench = Bench::new(1, 32);
    bench
        .run(&share.replace("WAIT", "").replace("128", "64"), &[])
        .unwrap();
}

#[test]
fn bytes_of_one_word_are_no_race_but_a_word_of_other_bytes_is() {
    let bytes = ".shared .align 4 .b8 all[64]; mov.u32 %r1, %tid.x; cvt.u64.u32 %rd1, %r1;
        and.b32 %r2, %r1, 1; shl.b32 %r2, %r2, 1; shr.u32 %r3, %r1, 5; add.s32 %r2, %r2, %r3;
        setp.lt.u32 %p1, %r2, 4; cvt.u64.u32 %rd1, %r2; @%p1 st.shared.u8 [%rd1], %r3;";
    let mut bench = Bench::new(1, 64);
    bench.run(bytes, &[]).unwrap();
    let read = format!("{bytes} ld.shared.u32 %r4, [all];");
    assert!(
        bench.fault(&read, &[]).1.contains("a race"),
        "read after write"
    );
}

#[test]
fn atomics_on_shared_memory_do_not_race_among_themselves() {
    let body = ".shared .u32 count; mov.u32 %r1, %tid.x; setp.eq.u32 %p1, %r1, 0;
        @%p1 st.shared.u32 [count], 0; WAIT atom.shared.add.u32 %r2, [count], 1;";
    let mut bench = Bench::new(1, 128);
    bench
        .run(&body.replace("WAIT", "bar.sync 0;"), &[])
        .unwrap();
    assert!(
        bench
            .fault(&body.replace("WAIT", ""), &[])
            .1
            .contains("a race")
    );
}

#[test]
fn lanes_that_store_different_values_to_one_place_are_told() {
    let mut bench = Bench::new(1, 32);
    let at = bench.words(&[0]);
    bench
        .run("ld.param.u64 %rd1, [p0]; st.global.u32 [%rd1], 7;", &[at])
        .unwrap();
    let body = "ld.param.u64 %rd1, [p0]; mov.u32 %r1, %tid.x; st.global.u32 [%rd1], %r1;";
    let (code, message) = bench.fault(body, &[at]);
    assert!(
        code == 719 && message.contains("lanes 0 and 1 store different values"),
        "{message}"
    );
}

#[test]
fn a_barrier_that_a_warp_never_reaches_is_told() {
    let mut bench = Bench::new(1, 64);
    let body = "mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 32; @%p1 bra low;
        bar.sync 1; bra end; low: bar.sync 2; end:";
    let (code, message) = bench.fault(body, &[]);
    assert!(
        code == 719 && message.contains("a barrier that not all threads reach"),
        "{message}"
    );
    let parted = "mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 5; @%p1 bra low;
        bar.sync 0; bra end; low: bar.sync 0; end:";
    let (_, message) = bench.fault(parted, &[]);
    assert!(
        message.contains("a barrier for the whole warp"),
        "{message}"
    );
}

#[test]
fn a_member_that_is_elsewhere_for_good_is_told() {
    let mut bench = Bench::new(1, 32);
    let body = "mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 5; @%p1 bra low;
        shfl.sync.bfly.b32 %r2, %r1, 1, 31, -1; bra end;
        low: shfl.sync.bfly.b32 %r2, %r1, 1, 31, -1; end:";
    let (code, message) = bench.fault(body, &[]);
    assert!(
        code == 719 && message.contains("which never come"),
        "{message}"
    );
    let outsider = "mov.u32 %r1, %tid.x; shfl.sync.bfly.b32 %r2, %r1, 1, 31, 0xffff;";
    let (_, message) = bench.fault(outsider, &[]);
    assert!(message.contains("not among the members"), "{message}");
}

#[test]
fn a_launch_without_end_is_ended() {
    let mut bench = Bench::new(1, 32);
    let (code, message) = bench.fault("again: bra again;", &[]);
    assert!(code == 702 && message.contains("is not done"), "{message}");
    // Two warps, of which one waits for what the other writes: a pause lets it.
    let mut bench = Bench::new(1, 64);
    let at = bench.words(&[0]);
    bench
        .run(
            "ld.param.u64 %rd1, [p0]; mov.u32 %r1, %tid.x; setp.ge.u32 %p1, %r1, 32; @%p1 bra tell;
             ask: ld.volatile.global.u32 %r2, [%rd1]; setp.eq.u32 %p2, %r2, 0; @%p2 bra ask; bra end;
             tell: st.volatile.global.u32 [%rd1], 1; end:",
            &[at],
        )
        .unwrap();
}

#[test]
fn a_trap_is_told() {
    let (code, message) = Bench::new(1, 1).fault("trap;", &[]);
    assert!(code == 719 && message.contains("trap"), "{message}");
}

#[test]
fn what_is_no_ptx_is_refused_with_its_line() {
    let head =
        ".version 6.4\n.target sm_60\n.address_size 64\n.visible .entry k() {\n.reg .b32 %r<3>;\n";
    let wrong = |body: &str| {
        let text = format!("{head}{body}\n}}\n");
        let source = ptx::read(&text)?;
        let addresses = Default::default();
        crate::decode::decode(
            &source,
            &source.functions[0],
            &addresses,
            &text.as_str().into(),
        )
        .map(drop)
    };
    wrong("mov.u32 %r1, 1; ret;").unwrap();
    for (body, part) in [
        ("frobnicate.u32 %r1;", "not known"),
        ("mov.u32 %r7, 1;", "%r7"),
        ("bra nowhere;", "no label nowhere"),
        ("add.rz.f32 %r1, %r1, %r1;", "rounding"),
        ("ld.global.u32 %r1, [%r1", "expected ]"),
    ] {
        let wrong = wrong(body).unwrap_err();
        assert!(wrong.message.contains(part), "{}", wrong.message);
        assert!(wrong.line >= 6, "{}", wrong.line);
    }
}
