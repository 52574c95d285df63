"""PTX written by hand, one kernel around the instructions that a test is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from minicnn.kernels import softgpu
from minicnn.kernels.softgpu.ptx import translate
from minicnn.kernels.softgpu.signature import Parameter

PTX_TYPES = {
    **{"float32": "f32", "float64": "f64", "int32": "s32", "uint32": "u32", "int64": "s64", "uint64": "u64"},
}
HEAD = ".version 8.0\n.target sm_80\n.address_size 64\n"
REGISTERS = """
    .reg .pred %p<4>;
    .reg .b32 %r<16>;
    .reg .b64 %rd<16>;
    .reg .f32 %f<16>;
    .reg .f64 %fd<8>;"""


def program(body: str, parameters: str = ".param .u64 k_param_0", outside: str = "") -> str:
    """A PTX text with one kernel, k."""
    return f"{HEAD}{outside}\n.visible .entry k(\n    {parameters}\n)\n{{{REGISTERS}\n{body}\n}}\n"


def array(name: str, dtype: str, **options: Any) -> Parameter:
    """A parameter that is an array."""
    return Parameter(name, f"{name}: {dtype}[]", np.dtype(dtype), True, **options)


@dataclass(frozen=True)
class Computation:
    """Instructions that leave a result in %d, from operands in %a, %b, %c. dtype: of the result."""

    instructions: str
    dtype: str
    operands: tuple[np.generic, ...] = ()


def compute_all(computations: list[Computation]) -> list[Any]:
    """Their results. One text with a kernel for each, since a compilation takes longer than all of them."""
    kernels, parameters = [], {}
    for i, computation in enumerate(computations):
        kernels.append(_kernel_of(f"k{i}", computation))
        numbers = (Parameter(f"p{j}", f"p{j}", o.dtype, False) for j, o in enumerate(computation.operands))
        parameters[f"k{i}"] = array("out", computation.dtype), *numbers
    module = translate(HEAD + "".join(kernels), parameters, name="k.ptx")
    results = []
    for i, computation in enumerate(computations):
        out = softgpu.empty((1,), computation.dtype)
        module.kernel(f"k{i}")((1,), (1,), (out, *computation.operands))
        results.append(out.to_host()[0])
    return results


def _kernel_of(name: str, computation: Computation) -> str:
    types = [PTX_TYPES[operand.dtype.name] for operand in computation.operands]
    registers = [f".reg .{_bits(type_)} %{r};" for type_, r in zip(types, "abc", strict=False)]
    loads = [f"ld.param.{type_} %{r}, [p{i}];" for i, (type_, r) in enumerate(zip(types, "abc", strict=False))]
    result = PTX_TYPES[computation.dtype]
    body = [*registers, f".reg .{_bits(result)} %d;", "ld.param.u64 %rd0, [out];", *loads]
    body += [computation.instructions, f"st.global.{result} [%rd0], %d;", "ret;"]
    listed = [".param .u64 out", *(f".param .{type_} p{i}" for i, type_ in enumerate(types))]
    return f".visible .entry {name}({', '.join(listed)})\n{{{REGISTERS}\n{chr(10).join(body)}\n}}\n"


def _bits(type_: str) -> str:
    """Integers live in registers without a sign."""
    return re.sub("[su]", "b", type_)


def per_thread(body: str, threads: int = 32, outside: str = "", mode: str = "fast", shared_bytes: int = 0) -> Any:
    """What the threads of one block write to out[thread], uint32; %rd1 is that place, %r0 the thread."""
    begin = """ld.param.u64 %rd0, [k_param_0];
    mov.u32 %r0, %tid.x;
    mul.wide.u32 %rd2, %r0, 4;
    add.s64 %rd1, %rd0, %rd2;
    """
    text = program(begin + body + "\nret;", outside=outside)
    module = translate(text, {"k": (array("out", "uint32"),)}, name="k.ptx", mode=mode)
    out = softgpu.empty((threads,), np.uint32)
    module.kernel("k")((1,), (threads,), (out,), shared_bytes)
    return out.to_host()
