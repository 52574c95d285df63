"""Rows of pooling windows as vectors over channels: what `relu_pool` and `normalized_pool` call for each row.

Five functions, written as LLVM IR for one window size and one vector width: ReLU and pooling forwards, with or without
a normalization before it; the way back through both; and the two of batch normalization on that way. A compiler that
is given such loops over a handful of channels spends more time on deciding whether to use vectors than in them. Here
the outer loop takes as many channels as a vector holds, so that what belongs to a channel stays in registers while the
inner loop runs along the row; the channels that are left over take a masked turn.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from llvmlite import ir

from minicnn.kernels.cpu.llvm import load
from minicnn.kernels.cpu.machine import vector_registers

_I64, _I32, _I8, _I1, _POINTER = ir.IntType(64), ir.IntType(32), ir.IntType(8), ir.IntType(1), ir.PointerType()

GEOMETRY = "windows channels line pixel"
"""What every function is told first: windows in the row, channels of them, and how many numbers lie between
neighbouring rows of the image, and between neighbouring pixels of the image and of what is pooled."""


@cache
def forward(size: tuple[int, int], dtype: str) -> int:
    """GEOMETRY, source, y, winners: y and winners of max_pool(relu(source)), as `relu_pool` defines them."""
    return _address("pool", size, dtype, "source y winners", _forward(size, normalizing=False))


@cache
def normalized_forward(size: tuple[int, int], dtype: str) -> int:
    """GEOMETRY, source, y, winners, mean, scale, gamma, beta: the same of (source - mean) · scale · gamma + beta."""
    parameters = "source y winners mean scale gamma beta"
    return _address("normalized_pool", size, dtype, parameters, _forward(size, normalizing=True))


@cache
def backward(size: tuple[int, int], dtype: str) -> int:
    """GEOMETRY, dy, winners, dx, sums: all pixels of dx in the windows, and sums (C,) += those of dx."""
    return _address("unpool", size, dtype, "dy winners dx sums", _backward(size))


@cache
def normalized_sums(size: tuple[int, int], dtype: str) -> int:
    """GEOMETRY, dy, winners, x, mean, scale, dgamma, dbeta: dgamma += Σ dz · (x - mean) · scale, dbeta += Σ dz."""
    return _address("sums", size, dtype, "dy winners x mean scale dgamma dbeta", _normalized_sums(size))


@cache
def normalized_backward(size: tuple[int, int], dtype: str) -> int:
    """GEOMETRY, dy, winners, x, mean, scale, factor, through_mean, through_variance, dx.

    dx = (dz - through_mean - (x - mean) · scale · through_variance) · factor.
    """
    parameters = "dy winners x mean scale factor through_mean through_variance dx"
    return _address("normalized", size, dtype, parameters, _normalized_backward(size))


# The bodies: what is done with each block of channels.


def _forward(size: tuple[int, int], normalizing: bool) -> Callable[[_Writer], None]:
    def body(w: _Writer) -> None:
        names = ("mean", "scale", "gamma", "beta") if normalizing else ()
        channel = [w.load(name, w.channel) for name in names]

        def pixel(at: ir.Value) -> ir.Value:
            value = w.load("source", at)
            if normalizing:
                mean, scale, gamma, beta = channel
                value = w.add(w.multiply(w.multiply(w.subtract(value, mean), scale), gamma), beta)
            return value

        def window(j: ir.Value) -> None:
            best, tap = None, w.byte(0)
            for number, (r, s) in enumerate(_taps(size)):
                value = pixel(w.pixel_of(j, r, s, size))
                if best is None:
                    best = value
                    continue
                # a NaN wins over every number, so that it stays visible
                better = w.or_(w.compare(">", value, best), w.is_nan(value))
                best, tap = w.select(better, value, best), w.select(better, w.byte(number), tap)
            dead = w.compare("<=", best, w.zero)
            at = w.window_of(j)
            w.store("y", at, w.select(dead, w.zero, best))
            w.store_bytes("winners", at, w.select(dead, w.byte(size[0] * size[1]), tap))

        w.for_each_window(window)

    return body


def _backward(size: tuple[int, int]) -> Callable[[_Writer], None]:
    def body(w: _Writer) -> None:
        total = w.variable(w.load("sums", w.channel))

        def window(j: ir.Value) -> None:
            dy, winner = w.load("dy", w.window_of(j)), w.load_bytes("winners", w.window_of(j))
            for number, (r, s) in enumerate(_taps(size)):
                dx = w.select(w.equal(winner, w.byte(number)), dy, w.zero)
                w.store("dx", w.pixel_of(j, r, s, size), dx)
            dead = w.equal(winner, w.byte(size[0] * size[1]))
            w.add_to(total, w.select(dead, w.zero, dy))

        w.for_each_window(window)
        w.store("sums", w.channel, w.value(total))

    return body


def _normalized_sums(size: tuple[int, int]) -> Callable[[_Writer], None]:
    def body(w: _Writer) -> None:
        mean, scale = w.load("mean", w.channel), w.load("scale", w.channel)
        dgamma, dbeta = (w.variable(w.load(name, w.channel)) for name in ("dgamma", "dbeta"))

        def window(j: ir.Value) -> None:
            winner = w.load_bytes("winners", w.window_of(j))
            dead = w.equal(winner, w.byte(size[0] * size[1]))
            dz = w.select(dead, w.zero, w.load("dy", w.window_of(j)))
            won = None
            for number, (r, s) in enumerate(_taps(size)):
                x = w.load("x", w.pixel_of(j, r, s, size))
                won = x if won is None else w.select(w.equal(winner, w.byte(number)), x, won)
            w.add_to(dgamma, w.multiply(dz, w.multiply(w.subtract(won, mean), scale)))
            w.add_to(dbeta, dz)

        w.for_each_window(window)
        w.store("dgamma", w.channel, w.value(dgamma))
        w.store("dbeta", w.channel, w.value(dbeta))

    return body


def _normalized_backward(size: tuple[int, int]) -> Callable[[_Writer], None]:
    def body(w: _Writer) -> None:
        names = "mean", "scale", "factor", "through_mean", "through_variance"
        mean, scale, factor, through_mean, through_variance = (w.load(name, w.channel) for name in names)

        def window(j: ir.Value) -> None:
            dy, winner = w.load("dy", w.window_of(j)), w.load_bytes("winners", w.window_of(j))
            for number, (r, s) in enumerate(_taps(size)):
                at = w.pixel_of(j, r, s, size)
                normalized = w.multiply(w.subtract(w.load("x", at), mean), scale)
                dz = w.select(w.equal(winner, w.byte(number)), dy, w.zero)
                direct = w.subtract(w.subtract(dz, through_mean), w.multiply(normalized, through_variance))
                w.store("dx", at, w.multiply(direct, factor))

        w.for_each_window(window)

    return body


def _taps(size: tuple[int, int]) -> list[tuple[int, int]]:
    return [(r, s) for r in range(size[0]) for s in range(size[1])]


# What the bodies are written with.


def _address(name: str, size: tuple[int, int], dtype: str, parameters: str, body: Callable[[_Writer], None]) -> int:
    name = f"{name}_{size[0]}x{size[1]}_{dtype}"
    writer = _Writer(name, [*GEOMETRY.split(), *parameters.split()], dtype)
    return load(name, writer.function(body))


class _Writer:
    """Writes one function: the loop over blocks of channels around a body, and the operations that bodies use."""

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
        self.channel: ir.Value = _i64(0)

    def function(self, body: Callable[[_Writer], None]) -> str:
        """The module's IR: `body` for whole vectors of channels, and once more, masked, for those that are left."""
        b, channels = self.builder, self.arguments["channels"]
        whole = b.and_(channels, _i64(-self.lanes))

        def block(first: ir.Value) -> None:
            self.channel = first
            body(self)

        self._loop(_i64(0), whole, self.lanes, block)
        with b.if_then(b.icmp_signed("<", whole, channels)):
            numbers = ir.Constant(ir.VectorType(_I64, self.lanes), list(range(self.lanes)))
            self.mask = b.icmp_signed("<", numbers, self._splat(b.sub(channels, whole), _I64))
            block(whole)
        b.ret_void()
        return str(self.module)

    def for_each_window(self, body: Callable[[ir.Value], None]) -> None:
        self._loop(_i64(0), self.arguments["windows"], 1, body)

    # Places, counted in numbers from an argument.

    def window_of(self, j: ir.Value) -> ir.Value:
        """Where window j's result lies."""
        return self.builder.add(self.channel, self.builder.mul(j, self.arguments["pixel"]))

    def pixel_of(self, j: ir.Value, r: int, s: int, size: tuple[int, int]) -> ir.Value:
        """Where tap (r, s) of window j lies."""
        b = self.builder
        column = b.add(b.mul(j, _i64(size[1])), _i64(s))
        row = b.mul(self.arguments["line"], _i64(r))
        return b.add(self.channel, b.add(row, b.mul(column, self.arguments["pixel"])))

    def load(self, argument: str, at: ir.Value) -> ir.Value:
        return self._load(argument, at, self.vector, self.size)

    def load_bytes(self, argument: str, at: ir.Value) -> ir.Value:
        return self._load(argument, at, self.bytes, 1)

    def store(self, argument: str, at: ir.Value, value: ir.Value) -> None:
        self._store(argument, at, value, self.size)

    def store_bytes(self, argument: str, at: ir.Value, value: ir.Value) -> None:
        self._store(argument, at, value, 1)

    # Variables are memory slots, which LLVM turns into registers.

    def variable(self, value: ir.Value) -> ir.Value:
        with self.builder.goto_block(self.entry):
            slot = self.builder.alloca(self.vector)
        self.builder.store(value, slot)
        return slot

    def value(self, slot: ir.Value) -> ir.Value:
        return self.builder.load(slot, typ=self.vector)

    def add_to(self, slot: ir.Value, value: ir.Value) -> None:
        self.builder.store(self.builder.fadd(self.value(slot), value), slot)

    # Arithmetic on vectors.

    def byte(self, value: int) -> ir.Value:
        return ir.Constant(self.bytes, [value] * self.lanes)

    def compare(self, how: str, a: ir.Value, b: ir.Value) -> ir.Value:
        return self.builder.fcmp_ordered(how, a, b)

    def is_nan(self, a: ir.Value) -> ir.Value:
        return self.builder.fcmp_unordered("uno", a, a)

    def equal(self, a: ir.Value, b: ir.Value) -> ir.Value:
        return self.builder.icmp_unsigned("==", a, b)

    def or_(self, a: ir.Value, b: ir.Value) -> ir.Value:
        return self.builder.or_(a, b)

    def select(self, condition: ir.Value, a: ir.Value, b: ir.Value) -> ir.Value:
        return self.builder.select(condition, a, b)

    def add(self, a: ir.Value, b: ir.Value) -> ir.Value:
        return self.builder.fadd(a, b)

    def multiply(self, a: ir.Value, b: ir.Value) -> ir.Value:
        return self.builder.fmul(a, b)

    def subtract(self, a: ir.Value, b: ir.Value) -> ir.Value:
        return self.builder.fsub(a, b)

    # Beneath them.

    def _pointer(self, argument: str, at: ir.Value, size: int) -> ir.Value:
        b = self.builder
        return b.inttoptr(b.add(self.arguments[argument], b.mul(at, _i64(size))), _POINTER)

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
        name = f"llvm.masked.{verb}.v{self.lanes}{letters}.p0"
        known = self.module.globals.get(name)
        return known or ir.Function(self.module, ir.FunctionType(result, parameters), name)

    def _splat(self, value: ir.Value, kind: ir.Type) -> ir.Value:
        vector = ir.VectorType(kind, self.lanes)
        one = self.builder.insert_element(ir.Constant(vector, ir.Undefined), value, _I32(0))
        zeros = ir.Constant(ir.VectorType(_I32, self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), zeros)

    def _loop(self, start: ir.Value, stop: ir.Value, by: int, body: Callable[[ir.Value], None]) -> None:
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
        b.store(b.add(i, _i64(by)), slot)
        b.branch(test)
        b.position_at_end(done)


def _i64(value: int) -> ir.Value:
    return ir.Constant(_I64, value)
