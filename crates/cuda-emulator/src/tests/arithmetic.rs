use super::{of, of_singles, of32};

const MINUS: fn(i32) -> u32 = |value| value as u32;

#[test]
fn integers_of_32_bits_wrap() {
    let rows: &[(&str, &[u32], u32)] = &[
        ("add.s32 %r0, %r1, %r2;", &[u32::MAX, 3], 2),
        ("sub.u32 %r0, %r1, %r2;", &[1, 3], MINUS(-2)),
        ("mul.lo.s32 %r0, %r1, %r2;", &[MINUS(-3), 5], MINUS(-15)),
        (
            "mul.hi.u32 %r0, %r1, %r2;",
            &[u32::MAX, u32::MAX],
            0xffff_fffe,
        ),
        ("mul.hi.s32 %r0, %r1, %r2;", &[MINUS(-1), 1], u32::MAX),
        ("mad.lo.s32 %r0, %r1, %r2, %r3;", &[7, MINUS(-2), 20], 6),
        ("mad.hi.u32 %r0, %r1, %r2, %r3;", &[1 << 31, 6, 1], 4),
        ("div.s32 %r0, %r1, %r2;", &[MINUS(-7), 2], MINUS(-3)),
        ("rem.s32 %r0, %r1, %r2;", &[MINUS(-7), 2], MINUS(-1)),
        ("div.u32 %r0, %r1, %r2;", &[7, 0], u32::MAX),
        ("rem.u32 %r0, %r1, 5;", &[17], 2),
        ("neg.s32 %r0, %r1;", &[5], MINUS(-5)),
        ("abs.s32 %r0, %r1;", &[MINUS(-5)], 5),
        ("min.s32 %r0, %r1, %r2;", &[MINUS(-5), 3], MINUS(-5)),
        ("min.u32 %r0, %r1, %r2;", &[MINUS(-5), 3], 3),
        ("max.s32 %r0, %r1, %r2;", &[MINUS(-5), 3], 3),
        ("max.u32 %r0, %r1, %r2;", &[MINUS(-5), 3], MINUS(-5)),
        ("sad.s32 %r0, %r1, %r2, %r3;", &[MINUS(-5), 3, 10], 18),
        (
            "dp4a.s32.s32 %r0, %r1, %r2, %r3;",
            &[0xff02_0304, 0x0102_02ff, 100],
            100 - 1 + 4 + 6 - 4,
        ),
        (
            "dp4a.u32.u32 %r0, %r1, %r2, %r3;",
            &[0xff00_0001, 0x0200_0003, 1],
            514,
        ),
        (
            "dp4a.s32.u32 %r0, %r1, %r2, %r3;",
            &[0xff00_0000, 0xff00_0000, 0],
            MINUS(-255),
        ),
    ];
    for (text, values, wanted) in rows {
        assert_eq!(of32(text, values), *wanted, "{text} {values:?}");
    }
}

#[test]
fn bits_are_moved_as_ptx_says() {
    let rows: &[(&str, &[u32], u32)] = &[
        ("and.b32 %r0, %r1, %r2;", &[0b1100, 0b1010], 0b1000),
        ("or.b32 %r0, %r1, %r2;", &[0b1100, 0b1010], 0b1110),
        ("xor.b32 %r0, %r1, %r2;", &[0b1100, 0b1010], 0b0110),
        ("not.b32 %r0, %r1;", &[0], u32::MAX),
        ("shl.b32 %r0, %r1, %r2;", &[1, 31], 1 << 31),
        ("shl.b32 %r0, %r1, %r2;", &[1, 32], 0),
        ("shr.u32 %r0, %r1, %r2;", &[1 << 31, 31], 1),
        ("shr.u32 %r0, %r1, %r2;", &[1 << 31, 77], 0),
        ("shr.s32 %r0, %r1, %r2;", &[1 << 31, 77], u32::MAX),
        ("popc.b32 %r0, %r1;", &[0xf0f0], 8),
        ("clz.b32 %r0, %r1;", &[0x0001_0000], 15),
        ("clz.b32 %r0, %r1;", &[0], 32),
        ("brev.b32 %r0, %r1;", &[1], 1 << 31),
        ("bfind.u32 %r0, %r1;", &[0x0001_0000], 16),
        ("bfind.u32 %r0, %r1;", &[0], u32::MAX),
        ("bfind.shiftamt.u32 %r0, %r1;", &[0x0001_0000], 15),
        ("bfe.u32 %r0, %r1, 4, 8;", &[0xabcd_ef12], 0xf1),
        ("bfe.s32 %r0, %r1, 4, 8;", &[0xabcd_ef12], 0xffff_fff1),
        ("bfe.u32 %r0, %r1, 28, 8;", &[0xabcd_ef12], 0xa),
        ("bfe.s32 %r0, %r1, 28, 8;", &[0xabcd_ef12], 0xffff_fffa),
        ("bfe.u32 %r0, %r1, 0, 32;", &[0xabcd_ef12], 0xabcd_ef12),
        ("bfe.u32 %r0, %r1, 8, 0;", &[0xabcd_ef12], 0),
        (
            "bfi.b32 %r0, %r1, %r2, 8, 8;",
            &[0x1ab, 0xffff_ffff],
            0xffff_abff,
        ),
        ("bfi.b32 %r0, %r1, %r2, 32, 8;", &[0xab, 7], 7),
        ("bfi.b32 %r0, %r1, %r2, 24, 16;", &[0x1234, 0], 0x3400_0000),
        (
            "lop3.b32 %r0, %r1, %r2, %r3, 0xe8;",
            &[0b1111_0000, 0b1100_1100, 0b1010_1010],
            0b1110_1000,
        ),
        (
            "lop3.b32 %r0, %r1, %r2, %r3, 0x96;",
            &[0b1111_0000, 0b1100_1100, 0b1010_1010],
            0b1001_0110,
        ),
        (
            "shf.l.wrap.b32 %r0, %r1, %r2, %r3;",
            &[0x8000_0000, 1, 1],
            3,
        ),
        (
            "shf.r.wrap.b32 %r0, %r1, %r2, %r3;",
            &[2, 1, 33],
            0x8000_0001,
        ),
        ("shf.r.clamp.b32 %r0, %r1, %r2, %r3;", &[2, 1, 33], 1),
        ("shf.l.clamp.b32 %r0, %r1, %r2, %r3;", &[5, 1, 40], 5),
        (
            "prmt.b32 %r0, %r1, %r2, 0x7531;",
            &[0x3322_1100, 0x7766_5544],
            0x7755_3311,
        ),
        (
            "prmt.b32 %r0, %r1, %r2, 0x7440;",
            &[0x0000_00ab, 0x4b00_0000],
            0x4b00_00ab,
        ),
        (
            "prmt.b32 %r0, %r1, %r2, 0x080a;",
            &[0x0080_007f, 0],
            0x7f00_7fff,
        ),
    ];
    for (text, values, wanted) in rows {
        assert_eq!(of32(text, values), *wanted, "{text} {values:x?}");
    }
}

#[test]
fn integers_of_64_and_16_bits_and_products_of_twice_the_width() {
    let minus = |value: i64| value as u64;
    let rows: &[(&str, &str, &[u64], u64)] = &[
        ("add.s64 %rd0, %rd1, %rd2;", "%rd0", &[u64::MAX, 2], 1),
        ("sub.s64 %rd0, %rd1, 2;", "%rd0", &[1], u64::MAX),
        (
            "mul.lo.s64 %rd0, %rd1, %rd2;",
            "%rd0",
            &[minus(-3), 1 << 40],
            minus(-3 << 40),
        ),
        ("mul.hi.u64 %rd0, %rd1, %rd2;", "%rd0", &[1 << 63, 6], 3),
        (
            "mul.wide.s32 %rd0, %r1, %r2;",
            "%rd0",
            &[0xffff_ffff, 4],
            minus(-4),
        ),
        (
            "mul.wide.u32 %rd0, %r1, %r2;",
            "%rd0",
            &[0xffff_ffff, 4],
            0x3_ffff_fffc,
        ),
        (
            "mad.wide.s32 %rd0, %r1, %r2, %rd3;",
            "%rd0",
            &[0xffff_ffff, 4, 5],
            1,
        ),
        (
            "mul.wide.s16 %r0, %h1, %h2;",
            "%r0",
            &[0xffff, 4],
            0xffff_fffc,
        ),
        ("mul.wide.u16 %r0, %h1, %h2;", "%r0", &[0xffff, 4], 0x3_fffc),
        ("mad.lo.s64 %rd0, %rd1, %rd2, %rd3;", "%rd0", &[3, 4, 5], 17),
        (
            "div.s64 %rd0, %rd1, %rd2;",
            "%rd0",
            &[minus(-9), 2],
            minus(-4),
        ),
        (
            "rem.u64 %rd0, %rd1, %rd2;",
            "%rd0",
            &[1 << 40, 1000],
            (1u64 << 40) % 1000,
        ),
        ("shl.b64 %rd0, %rd1, %r2;", "%rd0", &[1, 40], 1 << 40),
        ("shr.s64 %rd0, %rd1, 60;", "%rd0", &[1 << 63], minus(-8)),
        ("shr.u64 %rd0, %rd1, 64;", "%rd0", &[1 << 63], 0),
        (
            "bfe.u64 %rd0, %rd1, 36, 8;",
            "%rd0",
            &[0xabc_dead_beef],
            0xab,
        ),
        ("popc.b64 %r0, %rd1;", "%r0", &[u64::MAX], 64),
        ("clz.b64 %r0, %rd1;", "%r0", &[1], 63),
        (
            "min.s64 %rd0, %rd1, %rd2;",
            "%rd0",
            &[minus(-1), 1],
            minus(-1),
        ),
        ("xor.b64 %rd0, %rd1, -1;", "%rd0", &[0], u64::MAX),
        ("add.s16 %h0, %h1, %h2;", "%h0", &[0xffff, 3], 2),
        ("sub.u16 %h0, %h1, %h2;", "%h0", &[1, 3], 0xfffe),
        ("mul.lo.u16 %h0, %h1, %h2;", "%h0", &[0x1234, 0x100], 0x3400),
        ("min.s16 %h0, %h1, %h2;", "%h0", &[0xffff, 3], 0xffff),
        ("shr.s16 %h0, %h1, 4;", "%h0", &[0x8000], 0xf800),
        ("not.b16 %h0, %h1;", "%h0", &[0x00ff], 0xff00),
        ("neg.s16 %h0, %h1;", "%h0", &[1], 0xffff),
        ("mov.u16 %h0, -1;", "%h0", &[], 0xffff),
    ];
    for (text, result, values, wanted) in rows {
        assert_eq!(of(text, result, values), *wanted, "{text} {values:x?}");
    }
}

#[test]
fn singles_are_rounded_once() {
    let rows: &[(&str, &[f32], f32)] = &[
        ("add.rn.f32 %f0, %f1, %f2;", &[1.0, f32::EPSILON / 2.0], 1.0),
        ("sub.f32 %f0, %f1, %f2;", &[3.0, 5.0], -2.0),
        ("mul.rn.f32 %f0, %f1, %f2;", &[3.0, -5.0], -15.0),
        (
            "fma.rn.f32 %f0, %f1, %f2, %f3;",
            &[1.0 + f32::EPSILON, 1.0 - f32::EPSILON, -1.0],
            -f32::EPSILON * f32::EPSILON,
        ),
        ("div.rn.f32 %f0, %f1, %f2;", &[1.0, 3.0], 1.0 / 3.0),
        ("div.full.f32 %f0, %f1, %f2;", &[1.0, 4.0], 0.25),
        ("rcp.rn.f32 %f0, %f1;", &[3.0], 1.0 / 3.0),
        ("sqrt.rn.f32 %f0, %f1;", &[2.0], std::f32::consts::SQRT_2),
        ("rsqrt.approx.f32 %f0, %f1;", &[4.0], 0.5),
        ("ex2.approx.f32 %f0, %f1;", &[-3.0], 0.125),
        ("ex2.approx.ftz.f32 %f0, %f1;", &[-140.0], 0.0),
        ("lg2.approx.f32 %f0, %f1;", &[8.0], 3.0),
        ("neg.f32 %f0, %f1;", &[0.0], -0.0),
        ("abs.f32 %f0, %f1;", &[-2.0], 2.0),
        ("min.f32 %f0, %f1, %f2;", &[f32::NAN, 2.0], 2.0),
        ("max.f32 %f0, %f1, %f2;", &[2.0, f32::NAN], 2.0),
        ("max.f32 %f0, %f1, %f2;", &[-0.0, 0.0], 0.0),
        ("min.f32 %f0, %f1, %f2;", &[0.0, -0.0], -0.0),
        ("add.ftz.f32 %f0, %f1, %f2;", &[1e-40, 1e-40], 0.0),
        ("add.f32 %f0, %f1, %f2;", &[1e-40, 1e-40], 1e-40 + 1e-40),
        ("mul.ftz.f32 %f0, %f1, %f2;", &[1e-20, 1e-20], 0.0),
        ("add.sat.f32 %f0, %f1, %f2;", &[0.75, 0.75], 1.0),
        ("mov.f32 %f0, 0f40490FDB;", &[], std::f32::consts::PI),
        ("add.f32 %f0, %f1, 0.5;", &[1.0], 1.5),
        ("copysign.f32 %f0, %f1, %f2;", &[-1.0, 5.0], -5.0),
    ];
    for (text, values, wanted) in rows {
        let got = of_singles(text, values);
        assert_eq!(got.to_bits(), wanted.to_bits(), "{text} {values:?}: {got}");
    }
}

#[test]
fn doubles_and_halves() {
    let double = |text: &str, values: &[f64]| {
        let values: Vec<u64> = values.iter().map(|value| value.to_bits()).collect();
        f64::from_bits(of(text, "%fd0", &values))
    };
    assert_eq!(
        double("fma.rn.f64 %fd0, %fd1, %fd2, %fd3;", &[3.0, 5.0, 0.5]),
        15.5
    );
    assert_eq!(
        double("div.rn.f64 %fd0, %fd1, %fd2;", &[1.0, 3.0]),
        1.0 / 3.0
    );
    assert_eq!(
        double("add.f64 %fd0, %fd1, 0d3FF8000000000000;", &[1.0]),
        2.5
    );
    assert_eq!(double("max.f64 %fd0, %fd1, %fd2;", &[f64::NAN, 2.0]), 2.0);
    // 1, 2 and 65504, the largest.
    assert_eq!(
        of("add.f16 %h0, %h1, %h2;", "%h0", &[0x3c00, 0x3c00]),
        0x4000
    );
    assert_eq!(
        of("mul.f16 %h0, %h1, %h2;", "%h0", &[0x7bff, 0x4000]),
        0x7c00
    );
    assert_eq!(
        of(
            "fma.rn.f16 %h0, %h1, %h2, %h3;",
            "%h0",
            &[0x4000, 0x4000, 0x3c00]
        ),
        0x4500
    );
    assert_eq!(
        of32("add.f16x2 %r0, %r1, %r2;", &[0x4000_3c00, 0x3c00_3c00]),
        0x4200_4000
    );
}

#[test]
fn comparisons_order_signs_and_nans() {
    let nan = u64::from(f32::NAN.to_bits());
    let one = u64::from(1f32.to_bits());
    let minus = 0xffff_ffff;
    let rows: &[(&str, &[u64], u64)] = &[
        ("setp.lt.s32 %p1, %r1, %r2;", &[minus, 1], 1),
        ("setp.lt.u32 %p1, %r1, %r2;", &[minus, 1], 0),
        ("setp.hi.u32 %p1, %r1, %r2;", &[minus, 1], 1),
        ("setp.eq.b32 %p1, %r1, 1;", &[1], 1),
        ("setp.ge.s64 %p1, %rd1, -1;", &[u64::MAX], 1),
        ("setp.gt.u64 %p1, %rd1, 5;", &[5], 0),
        ("setp.lt.s16 %p1, %h1, 0;", &[0xffff], 1),
        ("setp.lt.u16 %p1, %h1, 0;", &[0xffff], 0),
        ("setp.ne.s16 %p1, %h1, -1;", &[0xffff], 0),
        ("setp.eq.f32 %p1, %f1, %f2;", &[nan, nan], 0),
        ("setp.ne.f32 %p1, %f1, %f2;", &[nan, nan], 0),
        ("setp.neu.f32 %p1, %f1, %f2;", &[nan, nan], 1),
        ("setp.leu.f32 %p1, %f1, %f2;", &[nan, one], 1),
        ("setp.le.f32 %p1, %f1, %f2;", &[nan, one], 0),
        ("setp.gtu.f32 %p1, %f1, %f2;", &[one, one], 0),
        ("setp.num.f32 %p1, %f1, %f2;", &[one, nan], 0),
        ("setp.nan.f32 %p1, %f1, %f2;", &[one, nan], 1),
        ("setp.eq.ftz.f32 %p1, %f1, 0f00000000;", &[1], 1),
        (
            "setp.eq.u32 %p2, %r1, 1; setp.eq.and.s32 %p1, %r1, 1, %p2;",
            &[1],
            1,
        ),
        (
            "setp.eq.u32 %p2, %r1, 1; setp.eq.and.s32 %p1, %r1, 1, !%p2;",
            &[1],
            0,
        ),
        (
            "setp.eq.u32 %p2, %r1, 1; setp.eq.or.s32 %p1, %r1, 2, %p2;",
            &[1],
            1,
        ),
        ("setp.eq.u32 %p2|%p1, %r1, 1;", &[1], 0),
        ("setp.eq.u32 %p2, %r1, 1; not.pred %p1, %p2;", &[1], 0),
        (
            "mov.pred %p2, -1; mov.pred %p3, 0; xor.pred %p1, %p2, %p3;",
            &[1],
            1,
        ),
        ("testp.infinite.f32 %p1, %f1;", &[0x7f80_0000], 1),
        ("testp.notanumber.f32 %p1, %f1;", &[nan], 1),
    ];
    for (text, values, wanted) in rows {
        assert_eq!(of(text, "%p1", values), *wanted, "{text} {values:x?}");
    }
    assert_eq!(
        of32("setp.eq.u32 %p1, %r1, 3; selp.b32 %r0, 7, 8, %p1;", &[3]),
        7
    );
    assert_eq!(of32("set.lt.u32.s32 %r0, %r1, 5;", &[3]), u32::MAX);
    assert_eq!(
        of32("slct.u32.s32 %r0, %r1, %r2, %r3;", &[1, 2, MINUS(-1)]),
        2
    );
}
