use super::{Bench, of, of32};

#[test]
fn values_of_every_size_are_loaded_and_stored() {
    let mut bench = Bench::new(1, 1);
    let from = bench.words(&[0x8899_aabb, 0xccdd_eeff, 3, 4]);
    let to = bench.words(&[0; 10]);
    bench
        .run(
            "ld.param.u64 %rd1, [p0]; ld.param.u64 %rd2, [p1];
             ld.global.u8 %r1, [%rd1+3]; st.global.u32 [%rd2], %r1;
             ld.global.s8 %r1, [%rd1+3]; st.global.u32 [%rd2+4], %r1;
             ld.global.nc.s16 %r1, [%rd1+2]; st.global.u32 [%rd2+8], %r1;
             ld.global.s8 %h1, [%rd1]; st.global.u16 [%rd2+12], %h1; st.global.u8 [%rd2+14], %h1;
             ld.global.cg.v2.u64 {%rd3, %rd4}, [%rd1]; st.global.v2.u64 [%rd2+16], {%rd4, %rd3};
             ld.volatile.global.u32 %r2, [%rd1+8]; ld.global.v2.u32 {%r3, %r4}, [%rd1];
             add.s64 %rd5, %rd2, 40; st.global.v2.b32 [%rd5+-8], {%r4, %r2};",
            &[from, to],
        )
        .unwrap();
    let wanted = [
        0x88,
        0xffff_ff88,
        0xffff_8899,
        0x00bb_ffbb,
        3,
        4,
        0x8899_aabb,
        0xccdd_eeff,
        0xccdd_eeff,
        3,
    ];
    assert_eq!(bench.read(to, 10), wanted);
    assert_eq!(
        (bench.work.read, bench.work.written),
        (1 + 1 + 2 + 1 + 16 + 4 + 8, 4 * 3 + 3 + 16 + 8)
    );
}

#[test]
fn registers_are_taken_apart_and_put_together() {
    let apart = "mov.b32 {%h1, %h2}, %r1; mov.b32 %r0, {%h2, %h1};";
    assert_eq!(of32(apart, &[0x1234_5678]), 0x5678_1234);
    let apart = "mov.b64 {%r1, %r2}, %rd1; mov.b64 %rd0, {%r2, %r1};";
    assert_eq!(
        of(apart, "%rd0", &[0x1111_2222_3333_4444]),
        0x3333_4444_1111_2222
    );
    let scoped = "{ .reg .b16 low, high; mov.b32 {low, high}, %r1; cvt.u32.u16 %r0, high; }";
    assert_eq!(of32(scoped, &[0xabcd_0000]), 0xabcd);
}

#[test]
fn shared_local_constant_and_generic_memory() {
    let mut bench = Bench::new(2, 64);
    bench.dynamic_shared = 64 * 4;
    let to = bench.words(&[0; 128]);
    // Every thread writes to its own place of the dynamic memory behind the static one, and reads the mirrored one.
    bench
        .run_with(
            ".extern .shared .align 4 .b8 given[]; .const .align 4 .b8 table[8] = {5, 0, 0, 0, 7};
             .global .u32 counter = 100;",
            ".shared .align 4 .b8 own[16]; .local .align 8 .b8 depot[16];
             .reg .b64 %SP; .reg .b64 %SPL;
             ld.param.u64 %rd1, [p0]; mov.u32 %r1, %tid.x; mov.u32 %r2, %ctaid.x;
             mov.u64 %rd2, given; mul.wide.u32 %rd3, %r1, 4; add.s64 %rd4, %rd2, %rd3;
             st.shared.u32 [%rd4], %r1;
             setp.eq.s32 %p1, %r1, 0; @%p1 st.shared.u32 [own+4], %r2;
             bar.sync 0;
             sub.s32 %r3, 63, %r1; mul.wide.u32 %rd5, %r3, 4; add.s64 %rd5, %rd5, %rd2;
             cvta.shared.u64 %rd6, %rd5; ld.u32 %r4, [%rd6];
             ld.shared.u32 %r5, [own+4];
             mov.u64 %SPL, depot; cvta.local.u64 %SP, %SPL;
             st.u32 [%SP+8], %r4; ld.local.u32 %r6, [%SPL+8];
             ld.const.u32 %r7, [table+4]; mad.lo.s32 %r6, %r5, 1000, %r6;
             mad.lo.s32 %r6, %r7, 10000, %r6;
             atom.global.add.u32 %r9, [counter], 1;
             mad.lo.s32 %r8, %r2, 64, %r1; mul.wide.u32 %rd7, %r8, 4; add.s64 %rd8, %rd1, %rd7;
             st.u32 [%rd8], %r6;",
            &[to],
        )
        .unwrap();
    let wanted: Vec<u32> = (0..128)
        .map(|at| 70_000 + at / 64 * 1000 + (63 - at % 64))
        .collect();
    assert_eq!(bench.read(to, 128), wanted);
}

#[test]
fn a_structure_is_passed_as_bytes() {
    let text = ".version 6.4 .target sm_60 .address_size 64
        .visible .entry kernel(.param .align 8 .b8 both[16], .param .u32 third) {
        .reg .b32 %r<4>; .reg .b64 %rd<4>;
        ld.param.u64 %rd1, [both]; ld.param.v2.u32 {%r1, %r2}, [both+8]; ld.param.u32 %r3, [third];
        add.s32 %r1, %r1, %r2; add.s32 %r1, %r1, %r3; st.global.u32 [%rd1], %r1; ret; }";
    let mut bench = Bench::new(1, 1);
    let to = bench.words(&[0]);
    let source = crate::ptx::read(text).unwrap();
    let kernel = &source.functions[0];
    let program =
        crate::decode::decode(&source, kernel, &Default::default(), &text.into()).unwrap();
    assert_eq!(program.parameters, [(0, 16), (16, 4)]);
    let mut parameters = to.to_le_bytes().to_vec();
    for value in [10u32, 20, 3] {
        parameters.extend(value.to_le_bytes());
    }
    let (blocks, threads) = ([1; 3], [1; 3]);
    let shape = crate::launch::Shape {
        card: 0,
        blocks,
        threads,
        dynamic_shared: 0,
        parameters,
    };
    crate::launch::run(&program, &mut bench.memory, &shape, 1000, None).unwrap();
    assert_eq!(bench.read(to, 1), [33]);
}

#[test]
fn atomics_of_all_lanes_add_up() {
    let cases = [
        ("add.u32", 5, (0..32).map(|lane| lane + 1).sum::<u32>() + 5),
        ("min.u32", 50, 1),
        ("max.s32", 5, 32),
        ("and.b32", 0xff, 0),
        ("or.b32", 0, 63),
        ("xor.b32", 7, 32 ^ 7),
        ("exch.b32", 0, 32),
    ];
    for (op, before, wanted) in cases {
        let mut bench = Bench::new(1, 32);
        let at = bench.words(&[before]);
        let body = format!(
            "ld.param.u64 %rd1, [p0]; mov.u32 %r1, %tid.x; add.s32 %r1, %r1, 1;
             red.global.{op} [%rd1], %r1;"
        )
        .replace("red.global.exch.b32 [", "atom.global.exch.b32 %r2, [");
        bench.run(&body, &[at]).unwrap();
        assert_eq!(bench.read(at, 1), [wanted], "{op}");
    }
    assert_eq!(of32("", &[]), of32("mov.u32 %r0, 0;", &[]));
}

#[test]
fn counting_and_swapping_atomics_give_the_old_value() {
    // Each of 8 threads counts up to 2 and then from 0 again: 8 = 2 * 3 + 2.
    let mut bench = Bench::new(1, 8);
    let at = bench.words(&[0, 7, 0, 0, 0, 0, 0, 0, 0, 0]);
    bench
        .run(
            "ld.param.u64 %rd1, [p0]; mov.u32 %r1, %tid.x;
             atom.global.inc.u32 %r2, [%rd1], 2;
             mul.wide.u32 %rd2, %r1, 4; add.s64 %rd2, %rd2, %rd1; st.global.u32 [%rd2+8], %r2;
             add.s32 %r3, %r1, 100; atom.global.cas.b32 %r4, [%rd1+4], 7, %r3;",
            &[at],
        )
        .unwrap();
    assert_eq!(bench.read(at, 10), [2, 100, 0, 1, 2, 0, 1, 2, 0, 1]);
}
