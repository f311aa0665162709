use super::{Bench, of32};

/// What every thread of 32 leaves in `%r0`.
fn of_warp(body: &str) -> Vec<u32> {
    let mut bench = Bench::new(1, 32);
    let to = bench.words(&[0; 32]);
    let body = format!(
        "ld.param.u64 %rd1, [p0]; mov.u32 %r1, %tid.x; mul.wide.u32 %rd2, %r1, 4;
         add.s64 %rd1, %rd1, %rd2; mov.u32 %r0, 0;
         {body}
         st.global.u32 [%rd1], %r0;"
    );
    bench.run(&body, &[to]).unwrap();
    bench.read(to, 32)
}

fn each(of: impl Fn(u32) -> u32) -> Vec<u32> {
    (0..32).map(of).collect()
}

#[test]
fn lanes_that_part_meet_again() {
    // Odd lanes go another way; each loops as often as its number; then all vote together.
    let got = of_warp(
        "and.b32 %r2, %r1, 1; setp.eq.s32 %p1, %r2, 1; mov.u32 %r3, 0;
         @%p1 bra odd;
         mov.u32 %r0, 1000; bra.uni join;
         odd: mov.u32 %r0, 2000;
         join: setp.ge.s32 %p2, %r3, %r1; @%p2 bra done;
         add.s32 %r0, %r0, 1; add.s32 %r3, %r3, 1; bra join;
         done: vote.sync.ballot.b32 %r4, %p1, 0xffffffff;
         setp.eq.u32 %p3, %r4, 0xaaaaaaaa; @!%p3 trap;",
    );
    assert_eq!(got, each(|lane| 1000 + lane % 2 * 1000 + lane));
}

#[test]
fn guards_leave_other_lanes_as_they_were() {
    let got = of_warp(
        "setp.lt.u32 %p1, %r1, 5; @%p1 mov.u32 %r0, 7; @!%p1 add.s32 %r0, %r1, 100;
         setp.eq.u32 %p2, %r1, 9; @%p2 ld.global.u32 %r0, [%rd1];",
    );
    assert_eq!(
        got,
        each(|lane| if lane < 5 {
            7
        } else if lane == 9 {
            0
        } else {
            lane + 100
        })
    );
}

#[test]
fn lanes_that_end_early_are_not_waited_for() {
    let mut bench = Bench::new(1, 64);
    let to = bench.words(&[9; 64]);
    bench
        .run(
            "ld.param.u64 %rd1, [p0]; mov.u32 %r1, %tid.x; setp.ge.u32 %p1, %r1, 40; @%p1 exit;
             bar.sync 0; mul.wide.u32 %rd2, %r1, 4; add.s64 %rd1, %rd1, %rd2;
             st.global.u32 [%rd1], %r1;",
            &[to],
        )
        .unwrap();
    assert_eq!(
        bench.read(to, 64),
        (0..64)
            .map(|at| if at < 40 { at } else { 9 })
            .collect::<Vec<_>>()
    );
}

#[test]
fn shuffles_move_values_between_lanes() {
    let all = 0xffff_ffff_u32;
    type Wanted = fn(u32) -> u32;
    let cases: [(&str, Wanted); 6] = [
        ("bfly.b32 %r0, %r1, 4, 31", |lane| lane ^ 4),
        ("idx.b32 %r0, %r1, 3, 31", |_| 3),
        ("up.b32 %r0, %r1, 2, 0", |lane| {
            if lane < 2 { lane } else { lane - 2 }
        }),
        ("down.b32 %r0, %r1, 2, 31", |lane| {
            if lane > 29 { lane } else { lane + 2 }
        }),
        // In segments of 8.
        ("idx.b32 %r0, %r1, 1, 6175", |lane| lane / 8 * 8 + 1),
        ("down.b32 %r0, %r1, 6, 6175", |lane| {
            if lane % 8 < 2 { lane + 6 } else { lane }
        }),
    ];
    for (text, wanted) in cases {
        assert_eq!(
            of_warp(&format!("shfl.sync.{text}, {all};")),
            each(wanted),
            "{text}"
        );
    }
    let got = of_warp("shfl.sync.up.b32 %r2|%p1, %r1, 5, 0, -1; selp.u32 %r0, 1, 0, %p1;");
    assert_eq!(got, each(|lane| u32::from(lane >= 5)));
}

#[test]
fn votes_matches_and_masks() {
    assert_eq!(
        of_warp("setp.lt.u32 %p1, %r1, 3; vote.sync.ballot.b32 %r0, %p1, -1;"),
        [7; 32]
    );
    assert_eq!(
        of_warp("setp.lt.u32 %p1, %r1, 3; vote.sync.ballot.b32 %r0, !%p1, -1;"),
        [!7; 32]
    );
    let any = "setp.eq.u32 %p1, %r1, 3; vote.sync.any.pred %p2, %p1, -1; selp.u32 %r0, 1, 0, %p2;";
    assert_eq!(of_warp(any), [1; 32]);
    assert_eq!(of_warp(&any.replace("any", "all")), [0; 32]);
    assert_eq!(of_warp(&any.replace("any", "uni")), [0; 32]);
    assert_eq!(
        of_warp("setp.lt.u32 %p1, %r1, 9; @%p1 activemask.b32 %r0;")[..10],
        [[511; 9].as_slice(), &[0]].concat()
    );
    let same = "shr.u32 %r2, %r1, 3; match.any.sync.b32 %r0, %r2, -1;";
    assert_eq!(of_warp(same), each(|lane| 0xff << (lane / 8 * 8)));
    assert_eq!(
        of_warp("mov.u32 %r0, %lanemask_lt;"),
        each(|lane| (1 << lane) - 1)
    );
}

#[test]
fn members_that_come_later_are_waited_for() {
    // The lower half does more before the shuffle that both halves name.
    let got = of_warp(
        "setp.lt.u32 %p1, %r1, 16; mov.u32 %r3, 0;
         @%p1 bra low;
         bra both;
         low: add.s32 %r3, %r3, 1; setp.lt.u32 %p2, %r3, %r1; @%p2 bra low;
         both: shfl.sync.idx.b32 %r0, %r3, 15, 31, -1;",
    );
    assert_eq!(got, [15; 32]);
    // In the order of the text the upper half is at its barrier first, and the lower half jumps back to it.
    let got = of_warp(
        "setp.lt.u32 %p1, %r1, 16; mov.u32 %r3, 5;
         @%p1 bra low;
         both: bar.warp.sync -1; mov.u32 %r0, %r3; bra end;
         low: mov.u32 %r3, 6; bra both;
         end:",
    );
    assert_eq!(got, each(|lane| if lane < 16 { 6 } else { 5 }));
}

#[test]
fn special_registers_tell_where_a_thread_is() {
    let mut bench = Bench::new(1, 1);
    bench.blocks = [2, 3, 2];
    bench.threads = [4, 2, 8];
    let to = bench.words(&[0; 12 * 64]);
    bench
        .run(
            "ld.param.u64 %rd1, [p0];
             mad.lo.s32 %r1, %tid.z, %ntid.y, %tid.y; mad.lo.s32 %r1, %r1, %ntid.x, %tid.x;
             mad.lo.s32 %r2, %ctaid.z, %nctaid.y, %ctaid.y; mad.lo.s32 %r2, %r2, %nctaid.x, %ctaid.x;
             mad.lo.s32 %r3, %r2, 64, %r1; mul.wide.u32 %rd2, %r3, 4; add.s64 %rd1, %rd1, %rd2;
             mov.u32 %r4, %warpid; mov.u32 %r5, %laneid; mad.lo.s32 %r4, %r4, 32, %r5;
             mad.lo.s32 %r4, %r2, 1000, %r4; st.global.u32 [%rd1], %r4;",
            &[to],
        )
        .unwrap();
    let wanted: Vec<u32> = (0..12 * 64).map(|at| at / 64 * 1000 + at % 64).collect();
    assert_eq!(bench.read(to, 12 * 64), wanted);
}

#[test]
fn named_barriers_count_warps() {
    // Warps 0 and 1 meet at barrier 1; warp 2 arrives at barrier 2, for which warp 0 waits.
    let mut bench = Bench::new(1, 96);
    let to = bench.words(&[0; 96]);
    bench
        .run(
            ".shared .u32 told;
             ld.param.u64 %rd1, [p0]; mov.u32 %r1, %tid.x; mul.wide.u32 %rd2, %r1, 4;
             add.s64 %rd1, %rd1, %rd2; setp.ge.u32 %p1, %r1, 64; setp.lt.u32 %p3, %r1, 32;
             @%p1 bra last;
             @%p3 bar.sync 2, 64; @%p3 ld.shared.u32 %r2, [told];
             @!%p3 mov.u32 %r2, 5;
             bar.sync 1, 64; st.global.u32 [%rd1], %r2; ret;
             last: setp.eq.u32 %p2, %r1, 64; @%p2 st.shared.u32 [told], 77; bar.arrive 2, 64;
             st.global.u32 [%rd1], %r1;",
            &[to],
        )
        .unwrap();
    let wanted: Vec<u32> = (0..96)
        .map(|at| {
            if at < 32 {
                77
            } else if at < 64 {
                5
            } else {
                at
            }
        })
        .collect();
    assert_eq!(bench.read(to, 96), wanted);
}

#[test]
fn device_functions_are_called() {
    let mut bench = Bench::new(1, 32);
    let to = bench.words(&[0; 32]);
    bench
        .run_with(
            ".func (.param .b32 back) twice(.param .b32 a, .param .b64 b) {
             .reg .b32 %r<4>; .reg .b64 %rd<2>; .reg .pred %p<2>;
             ld.param.u32 %r1, [a]; ld.param.u64 %rd1, [b]; cvt.u32.u64 %r2, %rd1;
             setp.lt.u32 %p1, %r1, 16; @%p1 bra small;
             add.s32 %r3, %r1, %r2; st.param.b32 [back+0], %r3; ret;
             small: add.s32 %r3, %r1, %r1; st.param.b32 [back+0], %r3; ret; }",
            "ld.param.u64 %rd1, [p0]; mov.u32 %r1, %tid.x; mul.wide.u32 %rd2, %r1, 4;
             add.s64 %rd1, %rd1, %rd2; mov.u64 %rd3, 500;
             { .param .b32 param0; st.param.b32 [param0+0], %r1;
             .param .b64 param1; st.param.b64 [param1+0], %rd3; .param .b32 retval0;
             call.uni (retval0), twice, (param0, param1);
             ld.param.b32 %r2, [retval0+0]; }
             st.global.u32 [%rd1], %r2;",
            &[to],
        )
        .unwrap();
    assert_eq!(
        bench.read(to, 32),
        each(|lane| if lane < 16 { 2 * lane } else { lane + 500 })
    );
}

#[test]
fn a_jump_table_takes_each_lane_where_it_says() {
    let got = of_warp(
        "rem.u32 %r2, %r1, 3; ways: .branchtargets zero, one, two;
         brx.idx %r2, ways;
         zero: mov.u32 %r0, 10; bra end;
         one: mov.u32 %r0, 11; bra end;
         two: mov.u32 %r0, 12;
         end:",
    );
    assert_eq!(got, each(|lane| 10 + lane % 3));
    assert_eq!(
        of32("bra end; mov.u32 %r0, 1; end: add.s32 %r0, %r1, 1;", &[4]),
        5
    );
}
