"""What cannot be translated is said with its line; launches are as strict as those of CUDA C; check mode checks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicnn.kernels import softgpu
from minicnn.kernels.softgpu.ptx import translate
from minicnn.kernels.softgpu.signature import Parameter
from tests.kernels.softgpu.ptx.programs import array, per_thread, program

OUT = array("out", "uint32")


def compiled(body: str, parameters: tuple[Parameter, ...] = (OUT,), **options: Any) -> softgpu.Module:
    return translate(program(body, **options), {"k": parameters}, name="k.ptx")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("add.cc.u32 %r0, %r1, %r2;", r"k\.ptx:14: 'add\.cc\.u32 %r0, %r1, %r2': the modifier \.cc is not translated"),
        ("\nvabsdiff.u32 %r0, %r1, %r2;", r"k\.ptx:15: 'vabsdiff.*: this instruction is not translated"),
        ("add.rz.f32 %f0, %f1, %f2;", r"the modifier \.rz"),
        ("add %r0, %r1, %r2;", "it has no type"),
        ("cvt.f32.f16 %f0, %r0;", "a type that is not known"),
        ("cvt.s32.f32 %r0, %f0;", "how it rounds must be said"),
        ("setp.ltu.s32 %p0, %r0, %r1;", r"the comparison \.ltu of s32 is not known"),
        ("setp.lt.s32 %p0|%p1, %r0, %r1;", "one comparison with one result"),
        ("mad.lo.s32 %r0, %r1, %r2;", "it has 3 operands only"),
        ("mul.s32 %r0, %r1, %r2;", r"one of \.lo, \.hi, \.wide is expected"),
        ("bar.sync 1;", "only barrier 0"),
        ("mov.u32 %r0, %clock;", "special register %clock is not there"),
        ("mov.u32 %r0, %tid.w;", "special register %tid.w is not there"),
        ("mov.u64 %rd0, nowhere;", "what 'nowhere' is, is not known"),
        ("ld.param.u64 %rd0, [k_param_0+4];", "a kernel's own parameters, and whole ones"),
        ("ld.global.u32 %r0, %rd0;", "'%rd0' is no address"),
        ("add.s32 %r0, %r1;", "takes 2 values, not 1"),
        (".reg .b32 %r99", "this has no end"),
        ("%r0 = %r1;", "is no instruction"),
        (".unheard of;", "this directive is not known"),
        ("mov.b64 {%r0, %r1, %r2, %r3}, %rd0;", "two halves"),
        ("call.uni (%r0), sine, (%r1);", "this instruction is not translated"),
    ],
)
def test_what_is_not_translated_is_said_with_its_line(body: str, says: str) -> None:
    with pytest.raises(softgpu.CompileError, match=says):
        compiled(body)


def test_a_function_that_is_called() -> None:
    function = ".func (.param .b32 result) sine (.param .b32 x)\n{\nret;\n}"
    with pytest.raises(softgpu.CompileError, match=r"k\.ptx:4: sine is a function that is called"):
        compiled("ret;", outside=function)


def test_the_source_line_is_named_where_the_compiler_tells_it() -> None:
    with pytest.raises(softgpu.CompileError, match=r"k\.ptx:15 \(scale\.py:31\): 'vadd"):
        compiled(".loc 1 31 5\nvadd.u32 %r0, %r1;", outside='.file 1 "/somewhere/scale.py"')


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ((), r"takes parameters of \[8\] bytes, and those given for it have \[\]"),
        ((Parameter("n", "int n", np.dtype(np.int32), False),), r"of \[8\] bytes.*\[4\]"),
        ((array("out", "uint32", described=True),), r"of \[8\] bytes.*\[8, 8, 8, 8, 8, 8, 8\]"),
    ],
)
def test_parameters_that_do_not_fit(parameters: tuple[Parameter, ...], says: str) -> None:
    with pytest.raises(softgpu.CompileError, match=says):
        compiled("ret;", parameters)


def test_a_structure_cannot_be_passed() -> None:
    with pytest.raises(softgpu.CompileError, match="k takes a structure"):
        translate(program("ret;", ".param .align 8 .b8 k_param_0[24]"), {"k": (OUT,)}, name="k.ptx")


def test_parameters_of_another_kernel() -> None:
    with pytest.raises(softgpu.CompileError, match="the parameters of k are not given, only of scale"):
        translate(program("ret;"), {"scale": (OUT,)}, name="k.ptx")


def test_a_text_without_a_kernel() -> None:
    with pytest.raises(softgpu.CompileError, match="there is no kernel in it"):
        translate(".version 8.0\n.target sm_80\n.address_size 64\n", {}, name="k.ptx")


def test_an_unknown_mode() -> None:
    with pytest.raises(ValueError, match="mode must be one of fast, check, prof, got 'slow'"):
        translate(program("ret;"), {"k": (OUT,)}, name="k.ptx", mode="slow")


def test_launches_are_strict() -> None:
    kernel, x = compiled("ret;").kernel("k"), softgpu.empty((4,), np.uint32)
    for wrong in (softgpu.empty((4,), np.float32), np.zeros(4, np.uint32), 3):
        with pytest.raises(softgpu.LaunchError, match=r"'out: uint32\[\]' takes a device array of uint32"):
            kernel((1,), (4,), (wrong,))
    with pytest.raises(softgpu.LaunchError, match="k takes 1 arguments"):
        kernel((1,), (4,), (x, x))
    with pytest.raises(softgpu.LaunchError, match="at most 1024 threads"):
        kernel((1,), (64, 64), (x,))


def test_an_array_as_numba_passes_it() -> None:
    words = ", ".join(f".param .u64 w{i}" for i in range(7))
    loads = "\n".join(f"ld.param.u64 %rd{i}, [w{i}];" for i in range(7))
    total = "\n".join(f"add.s64 %rd2, %rd2, %rd{i};" for i in (0, 1, 3, 5, 6))
    text = program(f"{loads}\n{total}\nst.global.u64 [%rd4], %rd2;\nret;", words)
    x = softgpu.to_device(np.zeros(11, np.uint64))
    translate(text, {"k": (array("x", "uint64", described=True),)}, name="k.ptx").kernel("k")((1,), (1,), (x,))
    assert x.to_host()[0] == 11 + 8 + 11 + 8  # length, bytes of a number, shape, stride; no owner and no parent


RACE = """mov.u32 %r1, kept;
    .loc 1 7 1
    st.shared.u32 [%r1], %r0;
    .loc 1 9 1
    ld.shared.u32 %r2, [%r1];
    st.global.u32 [%rd1], %r2;"""
KEPT = '.file 1 "race.py"\n.shared .align 4 .b8 kept[4];'


def test_check_mode_finds_a_race_and_names_the_lines() -> None:
    per_thread(RACE, outside=KEPT)
    with pytest.raises(softgpu.RaceError, match=r"race\.py:7.*data race on shared memory"):
        per_thread(RACE, outside=KEPT, mode="check")


def test_check_mode_finds_what_is_out_of_bounds_and_names_the_line_of_the_ptx() -> None:
    with pytest.raises(softgpu.BoundsError, match=r"k at k\.ptx:18.*4 bytes past the end of 'out'"):
        per_thread("st.global.u32 [%rd1+4], %r0;", mode="check")


def test_threads_that_miss_a_barrier() -> None:
    body = "setp.lt.u32 %p0, %r0, 7;\n@%p0 bra $end;\nbar.sync 0;\n$end:\nst.global.u32 [%rd1], %r0;"
    with pytest.raises(softgpu.BarrierError, match="not all threads reach"):
        per_thread(body)


def test_a_trap() -> None:
    with pytest.raises(softgpu.TrapError, match="__trap"):
        per_thread("trap;")
