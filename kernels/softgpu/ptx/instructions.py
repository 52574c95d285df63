"""One PTX instruction -> one C++ statement, in the words of runtime/cuda_ptx.h.

`_PATTERNS` has the instructions that compute one value from values of one type; the others are functions below it.
Every modifier must be known: one that is overlooked would change what is computed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from minicnn.kernels.softgpu.ptx.operands import Scope, UnknownOperand, identifier
from minicnn.kernels.softgpu.ptx.reading import Instruction, parts_of

_TYPE = re.compile(r"pred|[bus](?:8|16|32|64)|f(?:32|64)")
_SPACES = ("param", "shared", "global", "local", "const")
# How an access is cached and ordered: there is no cache here, and what runs, runs one after another.
_CACHING = {"nc", "ca", "cg", "cs", "lu", "cv", "wb", "wt", "volatile", "relaxed", "weak", "cta", "gpu", "sys"}
_VECTORS = {"v2": 2, "v4": 4}


@dataclass(frozen=True)
class _Pattern:
    """expression: of the operands {0}, {1}, ...; modifiers: that may stand there and change nothing; shift: whether the
    last operand is a number of bits, u32 whatever the type."""

    expression: str
    modifiers: frozenset[str] = frozenset()
    shift: bool = False
    result: str = ""


_ROUNDED = frozenset({"rn", "ftz"})
_APPROXIMATED = frozenset({"rn", "ftz", "approx", "full"})
_PATTERNS = {
    "add": _Pattern("{0} + {1}", _ROUNDED),
    "sub": _Pattern("{0} - {1}", _ROUNDED),
    "fma": _Pattern("std::fma({0}, {1}, {2})", _ROUNDED),
    "div": _Pattern("divide({0}, {1})", _APPROXIMATED),
    "rem": _Pattern("modulo({0}, {1})"),
    "neg": _Pattern("-{0}", _ROUNDED),
    "abs": _Pattern("magnitude({0})", _ROUNDED),
    "min": _Pattern("smaller({0}, {1})", _ROUNDED),
    "max": _Pattern("larger({0}, {1})", _ROUNDED),
    "sqrt": _Pattern("std::sqrt({0})", _APPROXIMATED),
    "rsqrt": _Pattern("1 / std::sqrt({0})", _APPROXIMATED),
    "rcp": _Pattern("1 / {0}", _APPROXIMATED),
    "ex2": _Pattern("std::exp2({0})", _APPROXIMATED),
    "lg2": _Pattern("std::log2({0})", _APPROXIMATED),
    "sin": _Pattern("std::sin({0})", _APPROXIMATED),
    "cos": _Pattern("std::cos({0})", _APPROXIMATED),
    "tanh": _Pattern("std::tanh({0})", _APPROXIMATED),
    "copysign": _Pattern("std::copysign({1}, {0})"),
    "and": _Pattern("{0} & {1}"),
    "or": _Pattern("{0} | {1}"),
    "xor": _Pattern("{0} ^ {1}"),
    "not": _Pattern("~{0}"),
    "shl": _Pattern("shift_left({0}, {1})", shift=True),
    "shr": _Pattern("shift_right({0}, {1})", shift=True),
    "popc": _Pattern("count_bits({0})", result="u32"),
    "clz": _Pattern("leading_zeros({0})", result="u32"),
    "prmt": _Pattern("permute({0}, {1}, {2})"),
}
_COMPARISONS = {
    **{"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="},
    **{"lo": "<", "ls": "<=", "hi": ">", "hs": ">="},  # of unsigned numbers
}
_COMBINATIONS = {"and": "&&", "or": "||", "xor": "!="}
_TO_WHOLE = {"rni": "std::nearbyint", "rzi": "std::trunc", "rmi": "std::floor", "rpi": "std::ceil"}
_ATOMICS = {
    **{"add": "atomicAdd", "min": "atomicMin", "max": "atomicMax", "exch": "atomicExch", "cas": "atomicCAS"},
    **{"and": "atomicAnd", "or": "atomicOr", "xor": "atomicXor"},
}


def statement(instruction: Instruction, scope: Scope) -> str:
    """C++ that does the same. Raises UnknownOperand for an instruction, modifier or operand that is not translated."""
    translate = _FUNCTIONS.get(instruction.opcode, _by_pattern)
    cpp = translate(_Given(instruction, scope))
    if not instruction.guard:
        return cpp
    return f"if ({scope.value(instruction.guard, 'pred')}) {{ {cpp} }}"


class _Given:
    """An instruction, taken apart."""

    def __init__(self, instruction: Instruction, scope: Scope) -> None:
        self.opcode = instruction.opcode
        self.operands = instruction.operands
        self.scope = scope
        self.types = [m for m in instruction.modifiers if _TYPE.fullmatch(m)]
        self.modifiers = {m for m in instruction.modifiers if not _TYPE.fullmatch(m)}
        self._expected = 0

    @property
    def type(self) -> str:
        """The one that counts: the last."""
        if not self.types:
            raise UnknownOperand("it has no type, or one that is not known")
        return self.types[-1]

    def only(self, *known: str) -> None:
        """Raises UnknownOperand for any modifier but these."""
        if others := sorted(self.modifiers - set(known)):
            raise UnknownOperand(f"the modifier .{others[0]} is not translated")

    def one_of(self, known: dict[str, str]) -> str:
        """What the one modifier among the known stands for; it counts as seen."""
        found = self.modifiers & known.keys()
        if len(found) != 1:
            raise UnknownOperand(f"one of .{', .'.join(known)} is expected")
        self.modifiers -= found
        return known[found.pop()]

    def space(self) -> str:
        """Of the memory it speaks of; "" is any. It counts as seen, and so does the caching."""
        self.modifiers -= _CACHING
        found = next((space for space in _SPACES if space in self.modifiers), "")
        self.modifiers.discard(found)
        return found

    def value(self, number: int, type_: str | None = None) -> str:
        """Operand `number` as C++."""
        if number >= len(self.operands):
            raise UnknownOperand(f"it has {len(self.operands)} operands only")
        return self.scope.value(self.operands[number], type_ or self.type)

    def set(self, value: str, target: str | None = None) -> str:
        """The result, operand 0, gets a value."""
        name = self.operands[0] if target is None else target
        return f"{value};" if name == "_" else f"set({identifier(name)}, {value});"


def _by_pattern(given: _Given) -> str:
    pattern = _PATTERNS.get(given.opcode)
    if pattern is None:
        raise UnknownOperand("this instruction is not translated")
    given.only(*pattern.modifiers)
    if given.opcode == "not" and given.type == "pred":
        return given.set(f"!{given.value(1)}")
    last, takes = len(given.operands) - 1, pattern.expression.count("{")
    if last != takes:
        raise UnknownOperand(f"it takes {takes} values, not {last}")
    values = [given.value(i, "u32" if pattern.shift and i == last else None) for i in range(1, last + 1)]
    return given.set(f"{pattern.result or given.type}({pattern.expression.format(*values)})")


def _fma(given: _Given) -> str:
    if given.modifiers - {"ftz"} == {"rm"} and given.type == "f32":
        return given.set(f"fma_down({given.value(1)}, {given.value(2)}, {given.value(3)})")
    return _by_pattern(given)


def _multiply(given: _Given) -> str:
    """mul and mad: of integers the low half, the high half or the whole."""
    if given.type.startswith("f"):
        given.only("rn", "ftz")
        if given.opcode == "mad":
            return given.set(f"std::fma({given.value(1)}, {given.value(2)}, {given.value(3)})")
        return given.set(f"{given.value(1)} * {given.value(2)}")
    half = given.one_of({"lo": "multiply_low", "hi": "multiply_high", "wide": "multiply_wide"})
    given.only()
    product = f"{half}({given.value(1)}, {given.value(2)})"
    if given.opcode == "mad":
        wide = half == "multiply_wide"
        addend = f"{given.type[0]}{2 * int(given.type[1:])}" if wide else given.type
        product = f"{addend}({product} + {given.value(3, addend)})"
    return given.set(product)


def _move(given: _Given) -> str:
    """One register; or one of two halves in braces, or into two."""
    given.only()
    target, source = given.operands
    if not (target.startswith("{") or source.startswith("{")):
        return given.set(given.value(1))
    halves = parts_of((target if target.startswith("{") else source).strip("{}"))
    if given.type not in ("b32", "b64") or len(halves) != 2:
        raise UnknownOperand("a register is put together of two halves, and taken apart into two")
    bits = int(given.type[1:]) // 2
    if target.startswith("{"):
        taken = [given.set(f"u{bits}(whole >> {i * bits})", half) for i, half in enumerate(halves) if half != "_"]
        return f"{{ const {given.type} whole = {given.value(1)}; {' '.join(taken)} }}"
    low, high = (f"{given.type}({given.scope.value(half, f'u{bits}')})" for half in halves)
    return given.set(f"{given.type}({low} | {high} << {bits})")


def _load(given: _Given) -> str:
    space = given.space()
    count = _vector(given)
    given.only()
    if count == 1:
        return given.set(given.scope.memory(given.operands[1], space, given.type))
    vector = f"Vector<{given.type}, {count}>"
    targets = parts_of(given.operands[0].strip("{}"))
    parts = [given.set(f"loaded.part[{i}]", target) for i, target in enumerate(targets) if target != "_"]
    return f"{{ const {vector} loaded = {given.scope.memory(given.operands[1], space, vector)}; {' '.join(parts)} }}"


def _store(given: _Given) -> str:
    space = given.space()
    count = _vector(given)
    given.only()
    address, source = given.operands
    if count == 1:
        return f"{given.scope.memory(address, space, given.type)} = {given.value(1)};"
    vector = f"Vector<{given.type}, {count}>"
    values = ", ".join(given.scope.value(part, given.type) for part in parts_of(source.strip("{}")))
    return f"{given.scope.memory(address, space, vector)} = {vector}{{{{{values}}}}};"


def _vector(given: _Given) -> int:
    found = given.modifiers & _VECTORS.keys()
    given.modifiers -= found
    return _VECTORS[found.pop()] if found else 1


def _convert_address(given: _Given) -> str:
    """cvta: between an address of one space and one of any; they differ for shared memory only."""
    to = "to" in given.modifiers
    given.modifiers.discard("to")
    space = given.space()
    given.only()
    if space != "shared":
        return given.set(given.value(1))
    return given.set(f"{'shared_of_generic' if to else 'generic_of_shared'}({given.value(1, 'u64')})")


def _set_predicate(given: _Given) -> str:
    """setp: a comparison, combined with another predicate if there is one."""
    given.modifiers.discard("ftz")
    combined = given.one_of(_COMBINATIONS) if len(given.operands) > 3 else ""
    if "|" in given.operands[0] or len(given.modifiers) != 1:
        raise UnknownOperand("one comparison with one result is expected")
    truth = _comparison(given, given.modifiers.pop())
    if combined:
        truth = f"({truth}) {combined} {given.value(3, 'pred')}"
    return given.set(truth)


def _comparison(given: _Given, name: str) -> str:
    a, b = given.value(1), given.value(2)
    real = given.type.startswith("f")
    if real and name in ("nan", "num"):
        return f"{'' if name == 'nan' else '!'}unordered({a}, {b})"
    or_unordered = real and name.endswith("u") and name[:-1] in _COMPARISONS  # true if there is a NaN
    sign = _COMPARISONS.get(name[:-1] if or_unordered else name)
    if sign is None:
        raise UnknownOperand(f"the comparison .{name} of {given.type} is not known")
    if real and name == "ne":  # false if there is a NaN, which C++ sees otherwise
        return f"!unordered({a}, {b}) && {a} != {b}"
    return f"unordered({a}, {b}) || {a} {sign} {b}" if or_unordered else f"{a} {sign} {b}"


def _select(given: _Given) -> str:
    given.only()
    return given.set(f"{given.value(3, 'pred')} ? {given.value(1)} : {given.value(2)}")


def _convert(given: _Given) -> str:
    if len(given.types) != 2:
        raise UnknownOperand("a conversion to, or from, a type that is not known")
    given.modifiers.discard("ftz")
    to, source = given.types
    value = given.value(1, source)
    if source.startswith("f") and given.modifiers & _TO_WHOLE.keys():
        value = f"{given.one_of(_TO_WHOLE)}({value})"
    elif source.startswith("f") and not to.startswith("f"):
        raise UnknownOperand("how it rounds must be said")
    if to.startswith("f") and "sat" in given.modifiers:
        given.modifiers.remove("sat")
        value = f"saturate({value})"
    given.only(*(["rn"] if to.startswith("f") else []))
    if source.startswith("f") and not to.startswith("f"):
        return given.set(f"to_integer<{to}>({value})")
    return given.set(f"{to}({value})")


def _funnel_shift(given: _Given) -> str:
    direction = given.one_of({"l": "funnel_left", "r": "funnel_right"})
    given.only("wrap")
    return given.set(f"{direction}({given.value(1, 'u32')}, {given.value(2, 'u32')}, {given.value(3, 'u32')})")


def _insert_bits(given: _Given) -> str:
    """bfi: operand 1 into operand 2, from bit operand 3 on, as many bits as operand 4 says."""
    given.only()
    place = f"{given.value(3, 'u32')}, {given.value(4, 'u32')}"
    return given.set(f"insert_bits<{given.type}>({given.value(1)}, {given.value(2)}, {place})")


def _shuffle(given: _Given) -> str:
    kind = given.one_of({"idx": "IDX", "up": "UP", "down": "DOWN", "bfly": "BFLY"})
    given.only("sync")
    target, _, valid = given.operands[0].partition("|")
    values = ", ".join(given.value(i, "u32") for i in range(1, 5))
    known = f" {given.set('valid', valid)}" if valid else ""
    return f"{{ bool valid; {given.set(f'shuffle<{kind}>({values}, valid)', target)}{known} }}"


def _vote(given: _Given) -> str:
    function = given.one_of({"ballot": "__ballot_sync", "any": "__any_sync", "all": "__all_sync"})
    given.only("sync")
    type_ = "u32" if function == "__ballot_sync" else "pred"
    return given.set(f"{type_}({function}({given.value(2, 'u32')}, {given.value(1, 'pred')}))")


def _barrier(given: _Given) -> str:
    if "warp" in given.modifiers:
        given.only("warp", "sync")
        return f"__syncwarp({given.value(0, 'u32')});"
    given.only("sync", "aligned", "cta")
    if given.operands != ("0",):
        raise UnknownOperand("only barrier 0, of all threads of the block, is there")
    return "__syncthreads();"


def _atomic(given: _Given) -> str:
    """atom, which gives what was there before, and red, which does not."""
    space = given.space()
    function = given.one_of(_ATOMICS)
    given.only("noftz")
    first = 1 if given.opcode == "atom" else 0
    type_ = given.type.replace("b", "u")
    values = ", ".join(given.value(i, type_) for i in range(first + 1, len(given.operands)))
    call = f"{function}({given.scope.pointer(given.operands[first], space, type_)}, {values})"
    return given.set(call) if first else f"{call};"


def _branch(given: _Given) -> str:
    given.only("uni")
    return f"goto {identifier(given.operands[0])};"


def _return(given: _Given) -> str:
    given.only("uni")
    return "return;"


def _nothing(given: _Given) -> str:
    return ";"


def _trap(given: _Given) -> str:
    return "__trap();"


_FUNCTIONS: dict[str, Callable[[_Given], str]] = {
    **{"fma": _fma, "mul": _multiply, "mad": _multiply},
    **{"mov": _move, "ld": _load, "ldu": _load, "st": _store, "cvta": _convert_address, "cvt": _convert},
    **{"setp": _set_predicate, "selp": _select, "shf": _funnel_shift, "bfi": _insert_bits},
    **{"shfl": _shuffle, "vote": _vote, "bar": _barrier, "barrier": _barrier, "atom": _atomic, "red": _atomic},
    **{"bra": _branch, "ret": _return, "exit": _return, "trap": _trap},
    **{"membar": _nothing, "fence": _nothing, "prefetch": _nothing},
}
