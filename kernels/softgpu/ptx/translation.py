"""A whole PTX text -> C++ -> kernels that can be launched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from minicnn.kernels.softgpu.compiler import MODES, built
from minicnn.kernels.softgpu.errors import CompileError
from minicnn.kernels.softgpu.module import Module
from minicnn.kernels.softgpu.ptx.instructions import statement
from minicnn.kernels.softgpu.ptx.operands import Scope, UnknownOperand, identifier
from minicnn.kernels.softgpu.ptx.reading import Brace, Entry, Instruction, Label, Program, Registers, Variable, read
from minicnn.kernels.softgpu.signature import Parameter

# What no operation may be: contracted with another, or assumed not to overflow; nor may types keep memory apart.
_FLAGS = ["-ffp-contract=off", "-fwrapv", "-fno-strict-aliasing", "-Wno-narrowing"]
_BYTES = {"pred": 1, "b8": 1, "u8": 1, "s8": 1, "b16": 2, "u16": 2, "s16": 2}


def translate(text: str, parameters: Mapping[str, tuple[Parameter, ...]], *, name: str, mode: str = "fast") -> Module:
    """The kernels of a PTX text, ready to be launched.

    parameters: of each kernel, since PTX itself knows their widths only; `signature.kernels` reads them from CUDA C.
    name: of the text, for messages. mode: as of `softgpu.compile`. Raises CompileError, with the line, for an
    instruction that is not translated and for parameters that do not fit the text's; CompilerMissing; ValueError for an
    unknown mode.
    """
    if mode not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}, got {mode!r:.80}")
    return _translated(text, tuple(parameters.items()), name, mode)


@cache
def _translated(text: str, listed: tuple[tuple[str, tuple[Parameter, ...]], ...], name: str, mode: str) -> Module:
    program, parameters = read(text, name), dict(listed)
    if not program.entries:
        raise CompileError(f"{name}: there is no kernel in it, no .entry")
    for entry in program.entries:
        _check_parameters(entry, parameters, name)
    found = {entry.name: parameters[entry.name] for entry in program.entries}
    return built(cpp(program, name), name, mode, found, flags=_FLAGS)


def cpp(program: Program, name: str) -> str:
    """The program in C++. Raises CompileError for what is not translated."""
    lines = ['#include "cuda_ptx.h"', "using namespace ptx;"]
    lines += [_variable(variable) for variable in program.variables]
    lines += [f"SOFTGPU_DYNAMIC({identifier(v.name)})" for v in program.variables if _is_dynamic(v)]
    for entry in program.entries:
        lines += ["", *_function(entry, program.variables, name)]
    return "\n".join([*lines, ""])


def _check_parameters(entry: Entry, parameters: Mapping[str, tuple[Parameter, ...]], name: str) -> None:
    if entry.name not in parameters:
        raise CompileError(f"{name}: the parameters of {entry.name} are not given, only of {', '.join(parameters)}")
    expected = [width for parameter in parameters[entry.name] for width in parameter.widths]
    found = [_width(type_) for type_ in entry.parameters.values()]
    if expected != found:
        raise CompileError(
            f"{name}: {entry.name} takes parameters of {found} bytes, and those given for it have {expected}"
        )


def _variable(variable: Variable) -> str:
    name = identifier(variable.name)
    if _is_dynamic(variable):
        return f"extern __shared__ {variable.type} {name}[];"
    aligned, declared = f"alignas({variable.alignment})", f"{variable.type} {name}[{variable.length}]"
    if variable.space == "shared":
        return f"{aligned} static __shared__ {declared};"
    initial = variable.initial if variable.initial.startswith("{") else f"{{{variable.initial}}}"
    return f"{aligned} static {declared} = {initial};"


def _is_dynamic(variable: Variable) -> bool:
    return variable.space == "shared" and not variable.length


def _function(entry: Entry, outside: list[Variable], name: str) -> Iterator[str]:
    """A kernel. Jumps may not cross an initialization in C++, so all that it declares stands first in its scope."""
    inside = [item for item in entry.body if isinstance(item, Variable)]
    scope = Scope({variable.name: variable.space for variable in [*outside, *inside]}, entry.parameters)
    parameters = ", ".join(f"{type_} {identifier(parameter)}" for parameter, type_ in entry.parameters.items())
    yield f"static void {entry.name}({parameters}) {{"
    for item in entry.body:
        if isinstance(item, Registers):
            yield f"    {item.type} {', '.join(map(identifier, item.names))};"
        elif isinstance(item, Variable):
            yield f"    {_variable(item) if item.space == 'shared' else _local(item)}"
        elif isinstance(item, Brace):
            yield f"    {item.character}"
        elif isinstance(item, Label):
            yield f"{identifier(item.name)}: ;"
        else:
            yield from _placed(item, scope, name)
    yield "}"
    yield f"SOFTGPU_EXPORT({entry.name})"


def _local(variable: Variable) -> str:
    return f"alignas({variable.alignment}) {variable.type} {identifier(variable.name)}[{variable.length}];"


def _placed(instruction: Instruction, scope: Scope, name: str) -> Iterator[str]:
    """With the line that messages shall name: of the source, or else of the PTX."""
    try:
        done = statement(instruction, scope)
    except UnknownOperand as error:
        place = f"{name}:{instruction.line}" + (f" ({instruction.place})" if instruction.place else "")
        raise CompileError(f"{place}: {instruction.text!r}: {error}") from None
    file, _, line = (instruction.place or f"{name}:{instruction.line}").rpartition(":")
    yield f'#line {line} "{file}"'
    yield f"    {done}"


def _width(type_: str) -> int:
    return _BYTES.get(type_, int(re.sub(r"\D", "", type_) or 8) // 8)
