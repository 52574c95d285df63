"""Rows of pooling windows as vectors over channels: what `relu_pool` and `normalized_pool` call for each row.

Five functions, written as LLVM IR for one window size and one vector width: ReLU and pooling forwards, with or without
a normalization before it; the way back through both; and the two of batch normalization on that way. The outer loop
takes a vector of channels (`vector_writer`), so that what belongs to a channel stays in registers while the inner loop
runs along the row.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from llvmlite import ir

from minicnn.kernels.cpu.llvm import load
from minicnn.kernels.cpu.vector_writer import VectorWriter, int64

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


class _Writer(VectorWriter):
    """Beside vectors of channels, the loop along the row and the places in it."""

    def for_each_window(self, body: Callable[[ir.Value], None]) -> None:
        self.loop(int64(0), self.arguments["windows"], 1, body)

    # Places, counted in numbers from an argument.

    def window_of(self, j: ir.Value) -> ir.Value:
        """Where window j's result lies."""
        return self.builder.add(self.channel, self.builder.mul(j, self.arguments["pixel"]))

    def pixel_of(self, j: ir.Value, r: int, s: int, size: tuple[int, int]) -> ir.Value:
        """Where tap (r, s) of window j lies."""
        b = self.builder
        column = b.add(b.mul(j, int64(size[1])), int64(s))
        row = b.mul(self.arguments["line"], int64(r))
        return b.add(self.channel, b.add(row, b.mul(column, self.arguments["pixel"])))
