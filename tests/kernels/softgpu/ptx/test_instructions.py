"""Each instruction by itself: what it makes of numbers, chosen where C++ by itself would do something else."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.kernels.softgpu.ptx.programs import Computation, compute_all, per_thread

F, D, S, U, L, UL = np.float32, np.float64, np.int32, np.uint32, np.int64, np.uint64
NAN, INF = F(math.nan), F(math.inf)
SMALLEST = S(-(2**31))

# instructions, what %d holds of which type, and the operands %a, %b, %c
CASES: list[tuple[str, Any, tuple[Any, ...]]] = [
    ("add.s32 %d, %a, %b;", SMALLEST, (S(2**31 - 1), S(1))),
    ("sub.s64 %d, %a, %b;", L(-3), (L(4), L(7))),
    ("add.rn.f32 %d, %a, %b;", F(0.1) + F(0.2), (F(0.1), F(0.2))),
    ("mul.f64 %d, %a, %b;", D(0.1) * D(0.2), (D(0.1), D(0.2))),
    ("mul.lo.s32 %d, %a, %b;", S(1410065408), (S(100000), S(100000))),
    ("mul.hi.u32 %d, %a, %b;", U(0xFFFFFFFE), (U(2**32 - 1), U(2**32 - 1))),
    ("mul.hi.s64 %d, %a, %b;", L(-1), (L(-5), L(3))),
    ("mul.wide.s32 %d, %a, %b;", L(-(2**33)), (S(-(2**31)), S(4))),
    ("mul.wide.u32 %d, %a, -1;", UL(5 * (2**32 - 1)), (U(5),)),
    ("mad.lo.s32 %d, %a, %b, %c;", S(47), (S(5), S(8), S(7))),
    ("mad.wide.u32 %d, %a, %b, %c;", UL(2**33 + 7), (U(2**31), U(4), UL(7))),
    ("fma.rn.f32 %d, %a, %b, %c;", F(2**-46), (F(1 + 2**-23), F(1 + 2**-23), F(-1 - 2**-22))),
    ("mad.rn.f32 %d, %a, %b, %c;", F(2**-46), (F(1 + 2**-23), F(1 + 2**-23), F(-1 - 2**-22))),
    ("mul.f32 %f0, %a, %b; add.f32 %d, %f0, %c;", F(0), (F(1 + 2**-23),) * 2 + (F(-1 - 2**-22),)),
    ("fma.rm.f32 %d, %a, %b, %c;", F(16777215), (F(1), F(1.9), F(16777214))),
    ("div.rn.f32 %d, %a, %b;", F(1) / F(3), (F(1), F(3))),
    ("div.s32 %d, %a, %b;", S(-3), (S(-7), S(2))),
    ("div.s32 %d, %a, %b;", S(-1), (S(7), S(0))),
    ("div.s32 %d, %a, %b;", SMALLEST, (SMALLEST, S(-1))),
    ("rem.s64 %d, %a, %b;", L(-1), (L(-7), L(2))),
    ("rem.u32 %d, %a, %b;", U(7), (U(7), U(0))),
    ("rem.s32 %d, %a, %b;", S(0), (SMALLEST, S(-1))),
    ("neg.f32 %d, %a;", F(-0.0), (F(0),)),
    ("neg.s32 %d, %a;", S(5), (S(-5),)),
    ("abs.f32 %d, %a;", F(0), (F(-0.0),)),
    ("abs.s32 %d, %a;", SMALLEST, (SMALLEST,)),
    ("min.s32 %d, %a, %b;", S(-2), (S(-2), S(1))),
    ("min.u32 %d, %a, %b;", U(1), (U(2**32 - 2), U(1))),
    ("max.f32 %d, %a, %b;", F(1), (NAN, F(1))),
    ("min.f32 %d, %a, %b;", F(1), (F(1), NAN)),
    ("max.s64 %d, %a, %b;", L(3), (L(3), L(-9))),
    ("sqrt.rn.f64 %d, %a;", np.sqrt(D(2)), (D(2),)),
    ("rsqrt.approx.ftz.f32 %d, %a;", F(0.5), (F(4),)),
    ("rcp.rn.f32 %d, %a;", F(1) / F(3), (F(3),)),
    ("ex2.approx.ftz.f32 %d, %a;", F(0.125), (F(-3),)),
    ("lg2.approx.f32 %d, %a;", F(-3), (F(0.125),)),
    ("sin.approx.f32 %d, %a;", F(0), (F(0),)),
    ("cos.approx.f32 %d, %a;", F(1), (F(0),)),
    ("tanh.approx.f32 %d, %a;", F(1), (F(40),)),
    ("copysign.f32 %d, %a, %b;", F(-3), (F(-1), F(3))),
    ("and.b32 %d, %a, %b;", U(8), (U(12), U(10))),
    ("or.b64 %d, %a, %b;", UL(14), (UL(12), UL(10))),
    ("xor.b32 %d, %a, -1;", U(2**32 - 13), (U(12),)),
    ("not.b32 %d, %a;", U(2**32 - 13), (U(12),)),
    ("shl.b32 %d, %a, %b;", U(2**31), (U(3), U(31))),
    ("shl.b32 %d, %a, %b;", U(0), (U(3), U(32))),
    ("shr.u64 %d, %a, %b;", UL(3), (UL(2**40 * 3), U(40))),
    ("shr.s32 %d, %a, %b;", S(-1), (S(-5), U(40))),
    ("shr.s32 %d, %a, %b;", S(-2), (S(-5), U(2))),
    ("shf.l.wrap.b32 %d, %a, %b, %c;", U(0x22222221), (U(0x11111111), U(0x22222222), U(36))),
    ("shf.r.wrap.b32 %d, %a, %b, %c;", U(0x21111111), (U(0x11111111), U(0x22222222), U(4))),
    ("prmt.b32 %d, %a, %b, %c;", U(0xFF110055), (U(0x77665511), U(0x9900AABB), U(0xF061))),
    ("popc.b32 %d, %a;", U(8), (U(0xFF),)),
    ("popc.b64 %d, %a;", U(40), (UL(2**40 - 1),)),
    ("clz.b32 %d, %a;", U(24), (U(0xFF),)),
    ("clz.b64 %d, %a;", U(64), (UL(0),)),
    ("bfi.b32 %d, %a, %b, 8, 4;", U(0xFFFFF5FF), (U(0x35), U(0xFFFFFFFF))),
    ("bfi.b64 %d, %a, %b, 32, 32;", UL(0x7_0000_0009), (UL(7), UL(0xFF_0000_0009))),
    ("setp.gt.f32 %p0, %a, %b; selp.f32 %d, %a, %b, %p0;", F(3), (F(2), F(3))),
    ("mov.b32 %d, %a;", U(0x3F800000), (F(1),)),
    ("mov.f32 %d, 0f40490FDB;", F(math.pi), ()),
    ("mov.f64 %d, 0d400921FB54442D18;", D(math.pi), ()),
    ("mov.u64 %d, 0x8000000000000000;", UL(2**63), ()),
    ("mov.s64 %d, -9223372036854775808;", L(-(2**63)), ()),
    ("mov.b64 {%r0, %r1}, %a; sub.u32 %d, %r1, %r0;", U(4), (UL(2**32 * 7 + 3),)),
    ("mov.b64 %d, {%a, %b};", UL(2**32 * 7 + 3), (U(3), U(7))),
    ("cvt.s64.s32 %d, %a;", L(-5), (S(-5),)),
    ("cvt.u64.u32 %d, %a;", UL(2**32 - 5), (U(2**32 - 5),)),
    ("cvt.u32.u64 %d, %a;", U(7), (UL(2**40 + 7),)),
    ("cvt.s32.s8 %d, %a;", S(-1), (S(255),)),
    ("cvt.rn.f32.s64 %d, %a;", F(2**24), (L(2**24 + 1),)),
    ("cvt.rn.f32.f64 %d, %a;", F(0.1), (D(0.1),)),
    ("cvt.f64.f32 %d, %a;", D(F(0.1)), (F(0.1),)),
    ("cvt.rzi.s32.f32 %d, %a;", S(-2), (F(-2.7),)),
    ("cvt.rni.s32.f32 %d, %a;", S(2), (F(2.5),)),
    ("cvt.rmi.s64.f64 %d, %a;", L(-3), (D(-2.1),)),
    ("cvt.rpi.s32.f32 %d, %a;", S(3), (F(2.1),)),
    ("cvt.rzi.s32.f32 %d, %a;", S(2**31 - 1), (F(1e20),)),
    ("cvt.rzi.s32.f32 %d, %a;", SMALLEST, (-INF,)),
    ("cvt.rzi.u32.f32 %d, %a;", U(0), (NAN,)),
    ("cvt.rni.f32.f32 %d, %a;", F(2), (F(2.5),)),
    ("cvt.sat.f32.f32 %d, %a;", F(1), (F(7),)),
    ("cvt.sat.f32.f32 %d, %a;", F(0), (NAN,)),
]


# What a comparison of a and b says.
COMPARISONS: list[tuple[str, Any, Any, bool]] = [
    *(("eq.s32", S(2), S(2), True), ("ne.s32", S(2), S(2), False), ("lt.s32", S(-1), S(1), True)),
    *(("lt.u32", S(-1), S(1), False), ("lo.u32", S(1), S(-1), True), ("hs.u32", S(-1), S(1), True)),
    *(("le.s64", L(3), L(3), True), ("gt.f32", F(2), F(1), True), ("ge.f32", F(1), NAN, False)),
    *(("ne.f32", F(1), F(2), True), ("ne.f32", F(1), NAN, False), ("neu.f32", F(1), NAN, True)),
    *(("geu.f32", F(1), NAN, True), ("geu.f32", F(1), F(2), False), ("equ.f32", F(1), F(1), True)),
    *(("nan.f32", F(1), NAN, True), ("num.f32", F(1), NAN, False), ("num.f32", F(1), F(1), True)),
]
for name, a, b, truth in COMPARISONS:
    CASES.append((f"setp.{name} %p0, %a, %b; selp.u32 %d, 1, 0, %p0;", U(truth), (a, b)))

# Predicates, of which %p1 is false, by way of each other; and instructions that depend on one.
for combination, truth in {"and": False, "or": True, "xor": True}.items():
    combined = f"setp.ne.u32 %p1, %a, %a; setp.eq.{combination}.u32 %p0, %a, %a, %p1; selp.u32 %d, 1, 0, %p0;"
    CASES.append((combined, U(truth), (U(1),)))
LOGIC = "setp.eq.u32 %p0, %a, 1; not.pred %p1, %p0; or.pred %p2, %p1, %p0; and.pred %p3, %p2, !%p1;"
CASES.append((f"{LOGIC} selp.u32 %d, 1, 0, %p3;", U(1), (U(1),)))
CASES.append((f"mov.u32 %d, 5; {LOGIC} @%p1 mov.u32 %d, 6; @!%p0 add.u32 %d, %d, 1;", U(7), (U(0),)))


@pytest.fixture(scope="module")
def results() -> list[Any]:
    return compute_all([Computation(text, expected.dtype.name, operands) for text, expected, operands in CASES])


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case[0] for case in CASES])
def test_computes(number: int, results: list[Any]) -> None:
    expected = CASES[number][1]
    assert results[number].tobytes() == expected.tobytes(), (results[number], expected)


LANES = np.arange(32)


@pytest.mark.parametrize(
    ("shuffle", "source", "valid"),
    [
        ("bfly.b32 %r1|%p0, %r0, 5, 31, -1", LANES ^ 5, LANES >= 0),
        ("up.b32 %r1|%p0, %r0, 3, 0, -1", np.where(LANES >= 3, LANES - 3, LANES), LANES >= 3),
        ("down.b32 %r1|%p0, %r0, 3, 31, -1", np.where(LANES < 29, LANES + 3, LANES), LANES < 29),
        ("idx.b32 %r1|%p0, %r0, 7, 31, -1", np.full(32, 7), LANES >= 0),
        # Segments of eight lanes: 0x1807 holds the three upper bits of a lane's number, and the last lane, 7.
        ("down.b32 %r1|%p0, %r0, 3, 6151, -1", np.where(LANES % 8 < 5, LANES + 3, LANES), LANES % 8 < 5),
        ("idx.b32 %r1|%p0, %r0, 2, 6151, -1", LANES // 8 * 8 + 2, LANES >= 0),
    ],
)
def test_shuffles(shuffle: str, source: np.ndarray, valid: np.ndarray) -> None:
    found = per_thread(
        f"shfl.sync.{shuffle};\nselp.u32 %r2, 100, 0, %p0;\nadd.u32 %r3, %r1, %r2;\nst.global.u32 [%rd1], %r3;"
    )
    assert found.tolist() == (source + 100 * valid).tolist()


def test_votes() -> None:
    body = """setp.lt.u32 %p0, %r0, 4;
    vote.sync.ballot.b32 %r1, %p0, -1;
    vote.sync.any.pred %p1, %p0, -1;
    vote.sync.all.pred %p2, %p0, -1;
    bar.warp.sync -1;
    @%p1 add.u32 %r1, %r1, 100;
    @%p2 add.u32 %r1, %r1, 1000;
    st.global.u32 [%rd1], %r1;"""
    assert per_thread(body).tolist() == [115] * 32


@pytest.mark.parametrize(("outside", "shared_bytes"), [("[256]", 0), ("[]", 256)], ids=["static", "dynamic"])
def test_shared_memory_and_barriers(outside: str, shared_bytes: int) -> None:
    """Turned round by way of shared memory, at 32-bit and at generic addresses; every thread writes, then reads."""
    body = """mov.u32 %r1, kept;
    shl.b32 %r2, %r0, 2;
    add.s32 %r3, %r1, %r2;
    st.shared.u32 [%r3], %r0;
    bar.sync 0;
    mov.u64 %rd3, kept;
    cvta.shared.u64 %rd4, %rd3;
    sub.s64 %rd5, %rd4, %rd2;
    ld.u32 %r4, [%rd5+252];
    cvta.to.shared.u64 %rd6, %rd5;
    ld.shared.u32 %r5, [%rd6+252];
    add.u32 %r6, %r4, %r5;
    st.global.u32 [%rd1], %r6;"""
    extern = ".extern " if shared_bytes else ""
    kept = f"{extern}.shared .align 4 .b8 kept{outside};"
    for mode in ("fast", "check"):
        found = per_thread(body, 64, kept, mode, shared_bytes)
        assert found.tolist() == [2 * (63 - i) for i in range(64)]


def test_vectors_and_local_memory() -> None:
    body = """.local .align 16 .b8 own[16];
    mov.u64 %rd3, own;
    cvta.local.u64 %rd4, %rd3;
    add.u32 %r1, %r0, 1;
    add.u32 %r2, %r0, 2;
    st.local.v4.u32 [%rd3], {%r0, %r1, %r2, 7};
    ld.local.v2.u32 {%r3, %r4}, [%rd3+8];
    ld.u32 %r5, [%rd4+4];
    add.u32 %r6, %r3, %r4;
    add.u32 %r6, %r6, %r5;
    st.global.u32 [%rd1], %r6;"""
    assert per_thread(body).tolist() == [(i + 2) + 7 + (i + 1) for i in range(32)]


def test_global_variables_and_atomics() -> None:
    body = """mov.u64 %rd3, total;
    atom.global.add.u32 %r1, [%rd3], 2;
    red.global.max.u32 [%rd3+4], %r0;
    bar.sync 0;
    ld.global.u32 %r2, [%rd3];
    ld.global.u32 %r3, [%rd3+4];
    ld.const.u32 %r4, [thousand];
    mad.lo.s32 %r5, %r3, %r4, %r2;
    st.global.u32 [%rd1], %r5;"""
    outside = ".global .align 4 .b32 total[2];\n.const .align 4 .u32 thousand = 1000;"
    assert per_thread(body, outside=outside).tolist() == [31064] * 32


def test_loops_labels_and_special_registers() -> None:
    body = """mov.u32 %r1, 0;
    mov.u32 %r2, %ntid.x;
$L__loop:
    add.u32 %r1, %r1, %r2;
    setp.lt.u32 %p0, %r1, 1000;
    @%p0 bra $L__loop;
    mov.u32 %r3, %laneid;
    mov.u32 %r4, %nctaid.x;
    mov.u32 %r5, %ctaid.x;
    add.u32 %r1, %r1, %r3;
    add.u32 %r1, %r1, %r4;
    add.u32 %r1, %r1, %r5;
    {
    .reg .b32 %inner;
    add.u32 %inner, %r1, 1;
    st.global.u32 [%rd1], %inner;
    }
    bra.uni $L__end;
    st.global.u32 [%rd1], 0;
$L__end:"""
    assert per_thread(body, 40).tolist() == [1000 + i % 32 + 2 for i in range(40)]
