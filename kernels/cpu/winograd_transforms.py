"""Winograd's transforms of tiles and kernels: the matrices, and functions that apply them to vectors of channels.

A product of two polynomials is known when its values at enough points are: evaluate both factors, multiply the values,
interpolate. A one-dimensional correlation of r taps with m outputs is that read backwards (its transpose), and takes
m + r - 1 multiplications, one for each point, instead of m·r. In two dimensions, with a 3x3 kernel g and the
(m + 2)x(m + 2) pixels d that m x m outputs Y see:

    Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A              ⊙ element by element

Points: 0, pairs ±p, and infinity. A pair shares its even and its odd part, f(±p) = even(p²) ± p·odd(p²), which halves
the work. The textbook's choice for m = 4 is ±1, ±2. The powers of p grow apart then, and what they add must cancel;
with ±3/4 and ±3/2 the worst error is a sixth, for as many instructions. All four are exact in binary.
Sources: Lavin and Gray, Fast algorithms for convolutional neural networks (2016), section 4; Barabasz et al., Error
analysis and improving the accuracy of Winograd convolution for deep neural networks (2020), section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from llvmlite import ir

from minicnn.kernels.cpu.llvm import load
from minicnn.kernels.cpu.vector_writer import VectorWriter, int64

TAPS = 3
PAIRS = {2: (1.0,), 4: (0.75, 1.5)}  # outputs of a tile, on one axis -> the points ±p beside 0 and infinity

ARGUMENTS = "channels source source_row source_column target target_row target_column"
"""What every transform is told: addresses, and how many numbers lie between neighbouring rows and columns of each."""


class Matrices(NamedTuple):
    """For tiles of m x m outputs, with m + 2 points."""

    pixels: np.ndarray  # Bᵀ (points, points)
    kernel: np.ndarray  # G (points, 3)
    outputs: np.ndarray  # Aᵀ (m, points)


@cache
def matrices(m: int) -> Matrices:
    """Bᵀ, G and Aᵀ in float64, from the points (Toom and Cook's construction). Their order: 0, p, -p, ..., infinity."""
    points = np.array([0.0, *(sign * p for p in PAIRS[m] for sign in (1, -1))])
    n = m + TAPS - 1
    pixels, kernel, outputs = np.zeros((n, n)), np.zeros((n, TAPS)), np.zeros((m, n))
    for i, point in enumerate(points):
        others = np.delete(points, i)
        pixels[i, :-1] = np.polynomial.polynomial.polyfromroots(others)
        kernel[i] = point ** np.arange(TAPS) / np.prod(point - others)
        outputs[:, i] = point ** np.arange(m)
    pixels[-1] = np.polynomial.polynomial.polyfromroots(points)
    kernel[-1, -1] = outputs[-1, -1] = 1
    return Matrices(pixels, kernel, outputs)


@cache
def pixels_in(m: int, dtype: str) -> int:
    """ARGUMENTS: (m + 2)x(m + 2) pixels d -> Bᵀ d B, as many values."""
    return _address(f"winograd{m}_pixels_{dtype}", dtype, _evaluation(matrices(m).pixels))


@cache
def kernel_in(m: int, dtype: str) -> int:
    """ARGUMENTS: 3x3 taps g -> G g Gᵀ, (m + 2)x(m + 2) values."""
    return _address(f"winograd{m}_kernel_{dtype}", dtype, _evaluation(matrices(m).kernel))


@cache
def gradients_in(m: int, dtype: str) -> int:
    """ARGUMENTS: m x m gradients of outputs dY -> A dY Aᵀ, (m + 2)x(m + 2) values."""
    return _address(f"winograd{m}_gradients_{dtype}", dtype, _evaluation(matrices(m).outputs.T))


@cache
def outputs_from(m: int, dtype: str) -> int:
    """ARGUMENTS, bias, rows, columns: (m + 2)x(m + 2) values v -> Aᵀ v A + bias, of it `rows` x `columns` outputs."""
    return _address(f"winograd{m}_outputs_{dtype}", dtype, _interpolation(matrices(m).outputs), " bias rows columns")


@cache
def kernel_from(m: int, dtype: str) -> int:
    """ARGUMENTS, bias, rows, columns: (m + 2)x(m + 2) values v -> Gᵀ v G, the 3x3 gradients of taps; as above."""
    return _address(f"winograd{m}_taps_{dtype}", dtype, _interpolation(matrices(m).kernel.T), " bias rows columns")


def _address(name: str, dtype: str, body: Callable[[VectorWriter], None], more: str = "") -> int:
    return load(name, VectorWriter(name, (ARGUMENTS + more).split(), dtype).function(body))


def _evaluation(matrix: np.ndarray) -> Callable[[VectorWriter], None]:
    """matrix (points, n): n x n numbers -> their values at points x points."""

    def body(w: VectorWriter) -> None:
        n = matrix.shape[1]
        columns = [
            _evaluate(w, matrix, [w.load("source", _place(w, "source", i, j)) for i in range(n)]) for j in range(n)
        ]
        for i, row in enumerate(zip(*columns, strict=True)):
            for j, value in enumerate(_evaluate(w, matrix, row)):
                w.store("target", _place(w, "target", i, j), value)

    return body


def _interpolation(matrix: np.ndarray) -> Callable[[VectorWriter], None]:
    """matrix (m, points): values at points x points -> m x m outputs, of which those past the image's rim are left."""

    def body(w: VectorWriter) -> None:
        m, n = matrix.shape
        columns = [
            _interpolate(w, matrix, [w.load("source", _place(w, "source", i, j)) for i in range(n)]) for j in range(n)
        ]
        bias = w.load("bias", w.channel)
        exists = {
            (axis, i): w.builder.icmp_signed("<", int64(i), w.arguments[axis])
            for axis in ("rows", "columns")
            for i in range(m)
        }
        for i, row in enumerate(zip(*columns, strict=True)):
            for j, value in enumerate(_interpolate(w, matrix, row)):
                with w.builder.if_then(w.builder.and_(exists["rows", i], exists["columns", j])):
                    w.store("target", _place(w, "target", i, j), w.add(value, bias))

    return body


def _evaluate(w: VectorWriter, matrix: np.ndarray, x: Sequence[ir.Value]) -> list[ir.Value]:
    """matrix @ x, where the rows of p and -p differ only in the sign of their odd elements."""
    values = [_sum(w, matrix[0], x)]
    for plus in matrix[1:-1:2]:
        slope = plus[np.flatnonzero(plus[1::2])[-1] * 2 + 1]
        even, odd = _sum(w, plus[::2], x[::2]), _sum(w, plus[1::2] / slope, x[1::2])
        values += [_add_product(w, even, slope, odd), _add_product(w, even, -slope, odd)]
    return [*values, _sum(w, matrix[-1], x)]


def _interpolate(w: VectorWriter, matrix: np.ndarray, x: Sequence[ir.Value]) -> list[ir.Value]:
    """matrix @ x, where the columns of p and -p differ only in the sign of their odd elements."""
    pairs = list(zip(x[1:-1:2], x[2:-1:2], strict=True))
    sums, differences = [w.add(a, b) for a, b in pairs], [w.subtract(a, b) for a, b in pairs]
    return [
        _sum(w, np.array([row[0], *row[1:-1:2], row[-1]]), [x[0], *(differences if i % 2 else sums), x[-1]])
        for i, row in enumerate(matrix)
    ]


def _sum(w: VectorWriter, factors: np.ndarray, x: Sequence[ir.Value]) -> ir.Value:
    """Σ factor · x, beginning with a factor of 1 if there is one."""
    terms = sorted(((f, value) for f, value in zip(factors, x, strict=True) if f != 0), key=lambda t: t[0] != 1)
    first, total = terms[0]
    if first != 1:
        total = w.multiply(w.constant(first), total)
    for factor, value in terms[1:]:
        total = _add_product(w, total, factor, value)
    return total


def _add_product(w: VectorWriter, total: ir.Value, factor: float, value: ir.Value) -> ir.Value:
    """total + factor · value."""
    if factor == 1:
        return w.add(total, value)
    if factor == -1:
        return w.subtract(total, value)
    return w.multiply_add(w.constant(factor), value, total)


def _place(w: VectorWriter, array: str, i: int, j: int) -> ir.Value:
    """Where the numbers of row i and column j begin."""
    b = w.builder
    row, column = w.arguments[f"{array}_row"], w.arguments[f"{array}_column"]
    return b.add(w.channel, b.add(b.mul(row, int64(i)), b.mul(column, int64(j))))
