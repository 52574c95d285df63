"""Segments of rows of depthwise convolutions as vectors over channels: what `depthwise` calls for each of them.

Two functions, written as LLVM IR for one vector width; they know no stride, dilation or padding, only how far apart
things lie, and at most how many taps there are in a row, so that these follow one another without a loop.

There is one multiply-add for each number of the source that is loaded, so loads are the ceiling. Some pixels at a time
share those of the weights; they are taken through all channels, from the first to the last, as they lie in memory:
the other way round, with a stride between loads, no cache line would be fetched ahead of its use.

Both take PARAMETERS; places are addresses, distances are in numbers. `taps` is `columns` where it is known, else 0.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from llvmlite import ir

from minicnn.kernels.cpu.llvm import load
from minicnn.kernels.cpu.machine import vector_registers

PIXELS = 8  # in a turn: so many multiply-adds are under way at once
PARAMETERS = "pixels channels source pixel row column rows columns w w_row w_column bias y y_pixel"

_I64, _I32, _POINTER = ir.IntType(64), ir.IntType(32), ir.PointerType()


@cache
def correlate(dtype: str, taps: int = 0) -> int:
    """For i < pixels and c < channels, sums over r < rows and s < columns:

    y[i · y_pixel + c] = bias[c] + Σ source[i · pixel + r · row + s · column + c] · w[r · w_row + s · w_column + c].
    """
    f = _Writer("depthwise", dtype, taps)

    def turn(first: ir.Value, count: int, c: ir.Value) -> None:
        start = f.load("bias", c)
        f.fetch_ahead(first, count, c)
        totals = [f.variable(start) for _ in range(count)]

        def tap(weight: ir.Value, sources: list[ir.Value]) -> None:
            w = f.load("w", weight)
            for total, source in zip(totals, sources, strict=True):
                f.set(total, f.plus_product(f.value(total), f.load("source", source), w))

        f.for_each_tap(first, count, c, tap)
        for i, total in enumerate(totals):
            f.store("y", f.place(c, (first, "y_pixel"), i), f.value(total))

    return load(f.name, f.function(turn, again=True))


@cache
def sum_products(dtype: str, taps: int = 0) -> int:
    """For c < channels, r < rows and s < columns, sums over i < pixels; bias is not looked at:

    w[r · w_row + s · w_column + c] += Σ source[i · pixel + r · row + s · column + c] · y[i · y_pixel + c].
    """
    f = _Writer("depthwise_sums", dtype, taps)

    def turn(first: ir.Value, count: int, c: ir.Value) -> None:
        f.fetch_ahead(first, count, c)
        upstream = [f.load("y", f.place(c, (first, "y_pixel"), i)) for i in range(count)]

        def tap(weight: ir.Value, sources: list[ir.Value]) -> None:
            total = f.zero  # of the turn by itself: one long chain of additions would round more
            for source, dy in zip(sources, upstream, strict=True):
                total = f.plus_product(total, f.load("source", source), dy)
            f.store("w", weight, f.plus(f.load("w", weight), total))

        f.for_each_tap(first, count, c, tap)

    return load(f.name, f.function(turn, again=False))


class _Writer:
    """Writes one function: its loops over pixels, channels and taps, and the operations of their bodies."""

    def __init__(self, name: str, dtype: str, taps: int) -> None:
        number, self.size = (ir.FloatType(), 4) if dtype == "float" else (ir.DoubleType(), 8)
        self.lanes = vector_registers()[0] // self.size
        self.vector, self.name, self.taps = ir.VectorType(number, self.lanes), f"{name}_{dtype}_{taps}", taps
        self.module = ir.Module(self.name)
        names = PARAMETERS.split()
        function = ir.Function(self.module, ir.FunctionType(ir.VoidType(), [_I64] * len(names)), self.name)
        self.arguments = dict(zip(names, function.args, strict=True))
        self.entry = function.append_basic_block("entry")
        self.builder = ir.IRBuilder(self.entry)
        self.zero = ir.Constant(self.vector, [0.0] * self.lanes)
        self.mask: ir.Value | None = None

    def function(self, turn: Callable[[ir.Value, int, ir.Value], None], again: bool) -> str:
        """The module's IR: turn(first pixel, pixels, first channel) for all pixels, PIXELS at a time, then singly.

        Of each, whole vectors of channels come first, and then, masked, those that are left.
        again: pixels may be computed twice, and the last PIXELS are, if there are as many, instead of singly.
        """
        b, pixels = self.builder, self.arguments["pixels"]
        channels = self.arguments["channels"]
        whole = b.and_(channels, _i64(-self.lanes))
        vector = ir.VectorType(_I64, self.lanes)
        left = b.insert_element(ir.Constant(vector, ir.Undefined), b.sub(channels, whole), _I32(0))
        zeros = ir.Constant(ir.VectorType(_I32, self.lanes), [0] * self.lanes)
        left = b.shuffle_vector(left, ir.Constant(vector, ir.Undefined), zeros)
        mask = b.icmp_signed("<", ir.Constant(vector, list(range(self.lanes))), left)

        def through_channels(first: ir.Value, count: int) -> None:
            self._loop(_i64(0), whole, self.lanes, lambda c: turn(first, count, c))
            with b.if_then(b.icmp_signed("<", whole, channels)):
                self.mask = mask
                turn(first, count, whole)
                self.mask = None

        in_turns = b.and_(pixels, _i64(-PIXELS))
        self._loop(_i64(0), in_turns, PIXELS, lambda i: through_channels(i, PIXELS))
        if again:
            some = b.icmp_signed(">", in_turns, _i64(0))
            with b.if_then(b.and_(some, b.icmp_signed("<", in_turns, pixels))):
                through_channels(b.sub(pixels, _i64(PIXELS)), PIXELS)
            in_turns = b.select(some, pixels, _i64(0))
        self._loop(in_turns, pixels, 1, lambda i: through_channels(i, 1))
        b.ret_void()
        return str(self.module)

    def for_each_tap(
        self, first: ir.Value, count: int, c: ir.Value, body: Callable[[ir.Value, list[ir.Value]], None]
    ) -> None:
        """body(where the tap's weight lies, where each pixel's number lies that it reads)."""

        def tap(r: ir.Value, s: ir.Value) -> None:
            there = self.place(c, (r, "row"), 0, (s, "column"))
            sources = [self.place(there, (first, "pixel"), i) for i in range(count)]
            body(self.place(c, (r, "w_row"), 0, (s, "w_column")), sources)

        def line(r: ir.Value) -> None:
            if not self.taps:
                self._loop(_i64(0), self.arguments["columns"], 1, lambda s: tap(r, s))
            for s in range(self.taps):
                tap(r, _i64(s))

        self._loop(_i64(0), self.arguments["rows"], 1, line)

    def fetch_ahead(self, first: ir.Value, count: int, c: ir.Value) -> None:
        """What the next turn is the first to touch: its numbers of the last row of taps, and of y."""
        b = self.builder
        corner = self.place(
            c, (self.arguments["rows"], "row"), -1, (b.add(self.arguments["columns"], _i64(-1)), "column")
        )
        name = "llvm.prefetch.p0"
        known = self.module.globals.get(name)
        function = known or ir.Function(self.module, ir.FunctionType(ir.VoidType(), [_POINTER, _I32, _I32, _I32]), name)
        for i in range(count):
            for argument, start, distance in (("source", corner, "pixel"), ("y", c, "y_pixel")):
                at = self.place(start, (first, distance), count + i)
                b.call(function, [self._pointer(argument, at), _I32(0), _I32(3), _I32(1)])

    def place(
        self, start: ir.Value, outer: tuple[ir.Value, str], more: int, inner: tuple[ir.Value, str] | None = None
    ) -> ir.Value:
        """start + (index + more) · distance, of `outer` and of `inner`."""
        b = self.builder
        index, distance = outer
        at = b.add(start, b.mul(b.add(index, _i64(more)), self.arguments[distance]))
        return at if inner is None else self.place(at, inner, 0)

    # Vectors. Variables are memory slots, which LLVM turns into registers.

    def load(self, argument: str, at: ir.Value) -> ir.Value:
        pointer = self._pointer(argument, at)
        if self.mask is None:
            return self.builder.load(pointer, typ=self.vector, align=self.size)
        kinds = [_POINTER, _I32, self.mask.type, self.vector]
        function = self._intrinsic("masked.load", ".p0", self.vector, kinds)
        return self.builder.call(function, [pointer, _I32(self.size), self.mask, self.zero])

    def store(self, argument: str, at: ir.Value, value: ir.Value) -> None:
        pointer = self._pointer(argument, at)
        if self.mask is None:
            self.builder.store(value, pointer, align=self.size)
            return
        kinds = [self.vector, _POINTER, _I32, self.mask.type]
        function = self._intrinsic("masked.store", ".p0", ir.VoidType(), kinds)
        self.builder.call(function, [value, pointer, _I32(self.size), self.mask])

    def variable(self, value: ir.Value) -> ir.Value:
        slot = self._slot(self.vector)
        self.builder.store(value, slot)
        return slot

    def value(self, slot: ir.Value) -> ir.Value:
        return self.builder.load(slot, typ=self.vector)

    def set(self, slot: ir.Value, value: ir.Value) -> None:
        self.builder.store(value, slot)

    def plus(self, a: ir.Value, b: ir.Value) -> ir.Value:
        return self.builder.fadd(a, b)

    def plus_product(self, total: ir.Value, a: ir.Value, b: ir.Value) -> ir.Value:
        function = self._intrinsic("fmuladd", "", self.vector, [self.vector] * 3)
        return self.builder.call(function, [a, b, total])

    # Beneath them.

    def _loop(self, start: ir.Value, stop: ir.Value, by: int, body: Callable[[ir.Value], None]) -> None:
        """for i in range(start, stop, by): body(i)."""
        b = self.builder
        slot = self._slot(_I64)
        b.store(start, slot)
        test, inside, done = (b.append_basic_block() for _ in range(3))
        b.branch(test)
        b.position_at_end(test)
        i = b.load(slot, typ=_I64)
        b.cbranch(b.icmp_signed("<", i, stop), inside, done)
        b.position_at_end(inside)
        body(i)
        b.store(b.add(i, _i64(by)), slot)
        b.branch(test)
        b.position_at_end(done)

    def _slot(self, kind: ir.Type) -> ir.Value:
        with self.builder.goto_block(self.entry):
            return self.builder.alloca(kind)

    def _pointer(self, argument: str, at: ir.Value) -> ir.Value:
        b = self.builder
        return b.inttoptr(b.add(self.arguments[argument], b.mul(at, _i64(self.size))), _POINTER)

    def _intrinsic(self, verb: str, ending: str, result: ir.Type, parameters: list[ir.Type]) -> ir.Function:
        name = f"llvm.{verb}.v{self.lanes}f{8 * self.size}{ending}"
        known = self.module.globals.get(name)
        return known or ir.Function(self.module, ir.FunctionType(result, parameters), name)


def _i64(value: int) -> ir.Value:
    return ir.Constant(_I64, value)
