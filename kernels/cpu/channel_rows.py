"""Rows of channels as vectors: what `moments` and `normalized_sum` call for some rows at a time.

Each function is LLVM IR for one vector width. Its outer loop takes a vector of channels (`vector_writer`), its inner
loop runs down the rows, so that what belongs to a channel, sums too, stays in registers: a compiler keeps the sums of
a loop over channels in memory, and each addition waits for the one before it to be stored.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from llvmlite import ir

from minicnn.kernels.cpu.jit import kernel
from minicnn.kernels.cpu.llvm import load
from minicnn.kernels.cpu.vector_writer import VectorWriter, int64

GEOMETRY = "rows channels"
"""What every function is told first. Rows lie one behind another."""

NUMBERS = 4096
"""As many are treated at a time, at most: they stay in the L1 cache while the outer loop passes over them again."""


@kernel
def rows_at_a_time(channels):
    """How many rows a function is best given in one call."""
    return max(1, NUMBERS // channels)


@cache
def sums(dtype: str) -> int:
    """GEOMETRY, x, sums: sums (C,) += Σ x."""

    def body(w: _Writer) -> None:
        total = w.variable(w.load("sums", w.channel))
        w.for_each_row(lambda at: w.add_to(total, w.load("x", at)))
        w.store("sums", w.channel, w.value(total))

    return _address("sums_of_rows", dtype, "x sums", body)


@cache
def squares(dtype: str) -> int:
    """GEOMETRY, x, mean, squares: squares (C,) += Σ (x - mean)²."""

    def body(w: _Writer) -> None:
        mean, total = w.load("mean", w.channel), w.variable(w.load("squares", w.channel))

        def row(at: ir.Value) -> None:
            distance = w.subtract(w.load("x", at), mean)
            w.add_to(total, w.multiply(distance, distance))

        w.for_each_row(row)
        w.store("squares", w.channel, w.value(total))

    return _address("squares_of_rows", dtype, "x mean squares", body)


@cache
def normalized_sum(relu: str, dtype: str) -> int:
    """GEOMETRY, x, mean, scale, gamma, beta, shortcut, y, winners: y = (x - mean) · scale · gamma + beta + shortcut.

    relu: "after" the sum, "before" it, or "" for none. winners: 1 where ReLU let nothing through, 0 elsewhere; not
    touched without ReLU.
    """

    def body(w: _Writer) -> None:
        mean, scale, gamma, beta = (w.load(name, w.channel) for name in ("mean", "scale", "gamma", "beta"))

        def let_through(at: ir.Value, value: ir.Value) -> ir.Value:
            dead = w.compare("<=", value, w.zero)
            w.store_bytes("winners", at, w.select(dead, w.byte(1), w.byte(0)))
            return w.select(dead, w.zero, value)

        def row(at: ir.Value) -> None:
            value = w.multiply(w.multiply(w.subtract(w.load("x", at), mean), scale), gamma)
            value = w.add(value, beta)
            if relu == "before":
                value = let_through(at, value)
            value = w.add(value, w.load("shortcut", at))
            if relu == "after":
                value = let_through(at, value)
            w.store("y", at, value)

        w.for_each_row(row)

    return _address(f"normalized_sum_{relu}", dtype, "x mean scale gamma beta shortcut y winners", body)


@cache
def gradients(dtype: str) -> int:
    """GEOMETRY, dy, winners, x, mean, scale, dz, dgamma, dbeta: dz is dy where the winner is 0, 0 elsewhere.

    dgamma (C,) += Σ dz · (x - mean) · scale, dbeta += Σ dz.
    """

    def body(w: _Writer) -> None:
        mean, scale = w.load("mean", w.channel), w.load("scale", w.channel)
        dgamma, dbeta = (w.variable(w.load(name, w.channel)) for name in ("dgamma", "dbeta"))

        def row(at: ir.Value) -> None:
            dead = w.equal(w.load_bytes("winners", at), w.byte(1))
            dz = w.select(dead, w.zero, w.load("dy", at))
            w.store("dz", at, dz)
            w.add_to(dgamma, w.multiply(dz, w.multiply(w.subtract(w.load("x", at), mean), scale)))
            w.add_to(dbeta, dz)

        w.for_each_row(row)
        w.store("dgamma", w.channel, w.value(dgamma))
        w.store("dbeta", w.channel, w.value(dbeta))

    return _address("gradients_of_rows", dtype, "dy winners x mean scale dz dgamma dbeta", body)


def _address(name: str, dtype: str, parameters: str, body: Callable[[_Writer], None]) -> int:
    name = f"{name}_{dtype}"
    return load(name, _Writer(name, [*GEOMETRY.split(), *parameters.split()], dtype).function(body))


class _Writer(VectorWriter):
    """Beside vectors of channels, the loop down the rows."""

    def for_each_row(self, body: Callable[[ir.Value], None]) -> None:
        """body(at): where the row's numbers of these channels lie, counted in numbers from an argument."""
        b, channels = self.builder, self.arguments["channels"]
        self.loop(int64(0), self.arguments["rows"], 1, lambda row: body(b.add(self.channel, b.mul(row, channels))))
