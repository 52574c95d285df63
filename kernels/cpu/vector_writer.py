"""LLVM IR over channels: what `pool_rows` and `winograd_transforms` write their functions with.

A compiler that is given a loop over a handful of channels spends more time on deciding whether to use vectors than in
them. Here the loop takes as many channels as a vector holds, and the channels that are left over take a masked turn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from llvmlite import ir

from minicnn.kernels.cpu.machine import vector_registers

_I64, _I32, _I8, _I1, _POINTER = ir.IntType(64), ir.IntType(32), ir.IntType(8), ir.IntType(1), ir.PointerType()


class VectorWriter:
    """Writes one function: the loop over blocks of channels around a body, and the operations that bodies use.

    The function takes 64-bit integers, addresses among them; one is called `channels`, how many there are.
    """

    def __init__(self, name: str, parameters: list[str], dtype: str) -> None:
        self.number, self.size = (ir.FloatType(), 4) if dtype == "float" else (ir.DoubleType(), 8)
        self.lanes = vector_registers()[0] // self.size
        self.vector, self.bytes = ir.VectorType(self.number, self.lanes), ir.VectorType(_I8, self.lanes)
        self.module = ir.Module(name)
        function = ir.Function(self.module, ir.FunctionType(ir.VoidType(), [_I64] * len(parameters)), name)
        self.arguments = dict(zip(parameters, function.args, strict=True))
        self.entry = function.append_basic_block("entry")
        self.builder = ir.IRBuilder(self.entry)
        self.zero = ir.Constant(self.vector, [0.0] * self.lanes)
        self.mask: ir.Value | None = None
        self.channel: ir.Value = int64(0)

    def function(self, body: Callable[[Self], None]) -> str:
        """The module's IR: `body` for whole vectors of channels, and once more, masked, for those that are left."""
        b, channels = self.builder, self.arguments["channels"]
        whole = b.and_(channels, int64(-self.lanes))

        def block(first: ir.Value) -> None:
            self.channel = first
            body(self)

        self.loop(int64(0), whole, self.lanes, block)
        with b.if_then(b.icmp_signed("<", whole, channels)):
            numbers = ir.Constant(ir.VectorType(_I64, self.lanes), list(range(self.lanes)))
            self.mask = b.icmp_signed("<", numbers, self._splat(b.sub(channels, whole), _I64))
            block(whole)
        b.ret_void()
        return str(self.module)

    # Loads and stores; places are counted in numbers from an argument.

    def load(self, argument: str, at: ir.Value) -> ir.Value:
        """A vector of numbers of the array at address `argument`, from number `at` on."""
        return self._load(argument, at, self.vector, self.size)

    def load_bytes(self, argument: str, at: ir.Value) -> ir.Value:
        """A byte a lane."""
        return self._load(argument, at, self.bytes, 1)

    def store(self, argument: str, at: ir.Value, value: ir.Value) -> None:
        """What `load` would read there from now on."""
        self._store(argument, at, value, self.size)

    def store_bytes(self, argument: str, at: ir.Value, value: ir.Value) -> None:
        """A byte a lane."""
        self._store(argument, at, value, 1)

    # Variables are memory slots, which LLVM turns into registers.

    def variable(self, value: ir.Value) -> ir.Value:
        """A place for a vector that changes, holding `value`."""
        with self.builder.goto_block(self.entry):
            slot = self.builder.alloca(self.vector)
        self.builder.store(value, slot)
        return slot

    def value(self, slot: ir.Value) -> ir.Value:
        """What the variable holds."""
        return self.builder.load(slot, typ=self.vector)

    def add_to(self, slot: ir.Value, value: ir.Value) -> None:
        """variable += value."""
        self.builder.store(self.builder.fadd(self.value(slot), value), slot)

    # Arithmetic on vectors.

    def byte(self, value: int) -> ir.Value:
        """The same byte in every lane."""
        return ir.Constant(self.bytes, [value] * self.lanes)

    def compare(self, how: str, a: ir.Value, b: ir.Value) -> ir.Value:
        """Lane by lane; false where one is NaN."""
        return self.builder.fcmp_ordered(how, a, b)

    def is_nan(self, a: ir.Value) -> ir.Value:
        """Lane by lane."""
        return self.builder.fcmp_unordered("uno", a, a)

    def equal(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Lane by lane, of bytes."""
        return self.builder.icmp_unsigned("==", a, b)

    def or_(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Lane by lane, of truth values."""
        return self.builder.or_(a, b)

    def select(self, condition: ir.Value, a: ir.Value, b: ir.Value) -> ir.Value:
        """a where the condition holds, else b."""
        return self.builder.select(condition, a, b)

    def add(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """a + b."""
        return self.builder.fadd(a, b)

    def multiply(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """a · b."""
        return self.builder.fmul(a, b)

    def subtract(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """a - b."""
        return self.builder.fsub(a, b)

    def constant(self, value: float) -> ir.Value:
        """The same number in every lane."""
        return ir.Constant(self.vector, [value] * self.lanes)

    def multiply_add(self, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        """a · b + c, rounded once where the CPU can."""
        return self.builder.call(self._declared("fmuladd", self.vector, [self.vector] * 3), [a, b, c])

    # Beneath them.

    def _pointer(self, argument: str, at: ir.Value, size: int) -> ir.Value:
        b = self.builder
        return b.inttoptr(b.add(self.arguments[argument], b.mul(at, int64(size))), _POINTER)

    def _load(self, argument: str, at: ir.Value, kind: ir.Type, size: int) -> ir.Value:
        pointer = self._pointer(argument, at, size)
        if self.mask is None:
            return self.builder.load(pointer, typ=kind, align=size)
        function = self._intrinsic("load", kind, kind, [_POINTER, _I32, self.mask.type, kind])
        return self.builder.call(function, [pointer, _I32(size), self.mask, ir.Constant(kind, None)])

    def _store(self, argument: str, at: ir.Value, value: ir.Value, size: int) -> None:
        pointer = self._pointer(argument, at, size)
        if self.mask is None:
            self.builder.store(value, pointer, align=size)
            return
        function = self._intrinsic("store", value.type, ir.VoidType(), [value.type, _POINTER, _I32, self.mask.type])
        self.builder.call(function, [value, pointer, _I32(size), self.mask])

    def _intrinsic(self, verb: str, kind: ir.Type, result: ir.Type, parameters: list[ir.Type]) -> ir.Function:
        letters = "i8" if kind == self.bytes else f"f{8 * self.size}"
        return self._declared(f"masked.{verb}", result, parameters, f"v{self.lanes}{letters}.p0")

    def _declared(self, name: str, result: ir.Type, parameters: list[ir.Type], kind: str = "") -> ir.Function:
        name = f"llvm.{name}.{kind or f'v{self.lanes}f{8 * self.size}'}"
        known = self.module.globals.get(name)
        return known or ir.Function(self.module, ir.FunctionType(result, parameters), name)

    def _splat(self, value: ir.Value, kind: ir.Type) -> ir.Value:
        vector = ir.VectorType(kind, self.lanes)
        one = self.builder.insert_element(ir.Constant(vector, ir.Undefined), value, _I32(0))
        zeros = ir.Constant(ir.VectorType(_I32, self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), zeros)

    def loop(self, start: ir.Value, stop: ir.Value, by: int, body: Callable[[ir.Value], None]) -> None:
        """for i in range(start, stop, by): body(i)."""
        b = self.builder
        with b.goto_block(self.entry):
            slot = b.alloca(_I64)
        b.store(start, slot)
        test, inside, done = (b.append_basic_block() for _ in range(3))
        b.branch(test)
        b.position_at_end(test)
        i = b.load(slot, typ=_I64)
        b.cbranch(b.icmp_signed("<", i, stop), inside, done)
        b.position_at_end(inside)
        body(i)
        b.store(b.add(i, int64(by)), slot)
        b.branch(test)
        b.position_at_end(done)


def int64(value: int) -> ir.Value:
    """A constant: a count, or a place."""
    return ir.Constant(_I64, value)
