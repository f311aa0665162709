use super::of;

fn bits(value: f32) -> u64 {
    u64::from(value.to_bits())
}

#[test]
fn integers_grow_shrink_and_saturate() {
    let rows: &[(&str, &str, u64, u64)] = &[
        ("cvt.s64.s32 %rd0, %r1;", "%rd0", 0xffff_fffe, u64::MAX - 1),
        ("cvt.u64.u32 %rd0, %r1;", "%rd0", 0xffff_fffe, 0xffff_fffe),
        ("cvt.u32.u64 %r0, %rd1;", "%r0", 0x1_2345_6789, 0x2345_6789),
        ("cvt.u16.u32 %h0, %r1;", "%h0", 0x12345, 0x2345),
        ("cvt.s16.s8 %h0, %h1;", "%h0", 0x80, 0xff80),
        ("cvt.s32.s8 %r0, %r1;", "%r0", 0x1ff, 0xffff_ffff),
        ("cvt.u32.u8 %r0, %r1;", "%r0", 0x1ff, 0xff),
        ("cvt.s32.s16 %r0, %h1;", "%r0", 0x8000, 0xffff_8000),
        ("cvt.u32.u16 %r0, %h1;", "%r0", 0x8000, 0x8000),
        ("cvt.s64.s16 %rd0, %h1;", "%rd0", 0xffff, u64::MAX),
        ("cvt.sat.u8.s32 %r0, %r1;", "%r0", 300, 255),
        ("cvt.sat.u8.s32 %r0, %r1;", "%r0", 0xffff_ffff, 0),
        ("cvt.sat.s8.s32 %r0, %r1;", "%r0", 0xffff_ff00, 0xffff_ff80),
    ];
    for &(text, result, value, wanted) in rows {
        assert_eq!(of(text, result, &[value]), wanted, "{text} {value:x}");
    }
}

#[test]
fn floats_become_integers_by_the_rounding_that_is_named() {
    let minus = |value: i32| u64::from(value as u32);
    let rows: &[(&str, f32, u64)] = &[
        ("cvt.rzi.s32.f32 %r0, %f1;", -1.75, minus(-1)),
        ("cvt.rni.s32.f32 %r0, %f1;", 2.5, 2),
        ("cvt.rni.s32.f32 %r0, %f1;", 3.5, 4),
        ("cvt.rmi.s32.f32 %r0, %f1;", -1.25, minus(-2)),
        ("cvt.rpi.s32.f32 %r0, %f1;", 1.25, 2),
        ("cvt.rzi.u32.f32 %r0, %f1;", -5.0, 0),
        ("cvt.rzi.u32.f32 %r0, %f1;", 5e9, 0xffff_ffff),
        ("cvt.rzi.s32.f32 %r0, %f1;", f32::NEG_INFINITY, 0x8000_0000),
        ("cvt.rzi.s32.f32 %r0, %f1;", f32::NAN, 0),
    ];
    for &(text, value, wanted) in rows {
        assert_eq!(of(text, "%r0", &[bits(value)]), wanted, "{text} {value}");
    }
    assert_eq!(
        of("cvt.rzi.u64.f32 %rd0, %f1;", "%rd0", &[bits(1e12)]),
        999_999_995_904
    );
    assert_eq!(
        of("cvt.rni.f32.f32 %f0, %f1;", "%f0", &[bits(2.5)]),
        bits(2.0)
    );
    assert_eq!(
        of("cvt.rmi.f32.f32 %f0, %f1;", "%f0", &[bits(-2.5)]),
        bits(-3.0)
    );
    assert_eq!(
        of("cvt.sat.f32.f32 %f0, %f1;", "%f0", &[bits(-2.5)]),
        bits(0.0)
    );
}

#[test]
fn integers_become_floats_rounded_once() {
    // 2²⁴ + 1 lies between two singles; 2⁶⁰ + 2³⁶ + 1 just above the middle of two.
    assert_eq!(
        of("cvt.rn.f32.s32 %f0, %r1;", "%f0", &[16_777_217]),
        bits(16_777_216.0)
    );
    assert_eq!(
        of("cvt.rp.f32.u32 %f0, %r1;", "%f0", &[16_777_217]),
        bits(16_777_218.0)
    );
    assert_eq!(
        of("cvt.rn.f32.s32 %f0, %r1;", "%f0", &[0xffff_ffff]),
        bits(-1.0)
    );
    assert_eq!(
        of("cvt.rn.f32.u32 %f0, %r1;", "%f0", &[0xffff_ffff]),
        bits(4_294_967_296.0)
    );
    let above = (1u64 << 60) + (1 << 36) + 1;
    assert_eq!(
        of("cvt.rn.f32.u64 %f0, %rd1;", "%f0", &[above]),
        bits(above as f32)
    );
    assert_eq!(of("cvt.rn.f32.u16 %f0, %h1;", "%f0", &[7]), bits(7.0));
    assert_eq!(
        of("cvt.rn.f64.s32 %fd0, %r1;", "%fd0", &[0xffff_fffd]),
        (-3f64).to_bits()
    );
}

#[test]
fn halves_round_to_even_and_keep_subnormals() {
    let rows: &[(f32, u64)] = &[
        (1.0, 0x3c00),
        (-2.0, 0xc000),
        (65504.0, 0x7bff),
        (65519.0, 0x7bff),
        (65520.0, 0x7c00),
        (5.960_464_5e-8, 0x0001),
        (2.980_232_2e-8, 0x0000),
        (1.000_488_3, 0x3c00),
        (1.001_464_8, 0x3c02),
    ];
    for &(value, wanted) in rows {
        assert_eq!(
            of("cvt.rn.f16.f32 %h0, %f1;", "%h0", &[bits(value)]),
            wanted,
            "{value}"
        );
    }
    assert_eq!(
        of("cvt.f32.f16 %f0, %h1;", "%f0", &[0x0001]),
        bits(5.960_464_5e-8)
    );
    assert_eq!(
        of("cvt.f32.f16 %f0, %h1;", "%f0", &[0xfc00]),
        bits(f32::NEG_INFINITY)
    );
    assert_eq!(
        of("cvt.rz.f16.f32 %h0, %f1;", "%h0", &[bits(1.000_9)]),
        0x3c00
    );
    assert_eq!(
        of("cvt.rm.f16.f32 %h0, %f1;", "%h0", &[bits(-1.000_1)]),
        0xbc01
    );
    assert_eq!(
        of("cvt.rn.f32.f64 %f0, %fd1;", "%f0", &[0.1f64.to_bits()]),
        bits(0.1)
    );
    assert_eq!(
        of("cvt.rz.f32.f64 %f0, %fd1;", "%f0", &[0.1f64.to_bits()]),
        bits(0.1f32.next_down())
    );
    assert_eq!(
        of("cvt.f64.f32 %fd0, %f1;", "%fd0", &[bits(0.5)]),
        0.5f64.to_bits()
    );
    assert_eq!(of("cvt.ftz.f32.f32 %f0, %f1;", "%f0", &[1]), 0);
}
