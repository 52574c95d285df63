"""The micro-kernel: the innermost piece of every convolution and dense product, and where nearly all the time goes.

It computes one tile of a matrix product, `rows` x `columns` numbers that stay in vector registers throughout:

    C[out[i] + j]  (+)=  bias[j] + Σ over runs o, Σ over k < length  A[row[i] + run[o] + k·step] · B[o·length + k, j]

Three things make it fast.
- Each step loads one row of B (a panel: `columns` contiguous numbers) and one number for each row of A, and does
  rows x vectors multiply-adds with them. The larger the tile, the more arithmetic for each number loaded.
- The accumulators are independent of one another, so the multiply-adds of one step overlap in the pipeline.
- A is read where it lies. Row i starts at its own offset row[i], and its numbers come in runs: in NHWC a row of a
  filter's patch is S·C contiguous numbers, so the image itself serves as im2col's matrix, which is never built.
  Results go to out[i] likewise. Both tables may repeat a row, which is how a tile that is not full is filled up.

The IR is generated for a tile (so nothing fixes a vector width here), as text, because LLVM's own language is what
this file is about; loops carry their accumulators in memory slots that LLVM's mem2reg turns into registers.
Sources: Goto and van de Geijn, Anatomy of high-performance matrix multiplication (2008); Van Zee and van de Geijn,
BLIS (2015), section 4; Georganas et al., Anatomy of high-performance deep learning convolutions on SIMD (2018).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from minicnn.kernels.cpu.llvm import load
from minicnn.kernels.cpu.machine import Tile

UNROLL = 2  # steps of k for each turn of the loop: what the counting costs is shared
PREFETCH = 8  # panel rows that are fetched into L1 ahead of their use

ARGUMENTS = "A row B C out run runs length step bias accumulate columns"
"""All 64-bit integers; A B C bias: addresses of numbers, row out run: of int64 tables; bias 0: none."""


@cache
def microkernel(tile: Tile, unit_step: bool, line: int = 0, neighbours: bool = False, length: int = 0) -> int:
    """The address of the micro-kernel for `tile`, with what is known while compiling.

    unit_step: `step` is 1. line: B is not a packed panel; so many numbers lie between its rows, and no row is longer.
    neighbours: the rows of A start at neighbouring numbers, so that one address does for all of them.
    length: that of all runs if it is not 0; they are written out, without a loop.
    """
    kind = ("unit" if unit_step else "any") + (f"_{line}" if line else "") + ("_neighbours" if neighbours else "")
    kind += f"_runs_of_{length}" if length else ""
    name = f"micro_{tile.rows}x{tile.vectors}x{tile.lanes}_{tile.dtype}_{kind}"
    return load(name, source(name, tile, unit_step, line, neighbours, length))


def source(name: str, tile: Tile, unit_step: bool, line: int = 0, neighbours: bool = False, length: int = 0) -> str:
    """The micro-kernel as LLVM IR."""
    return _Writer(tile, unit_step, line, neighbours, length).module(name)


class _Writer:
    """Writes the IR of one tile, a line at a time."""

    def __init__(self, tile: Tile, unit_step: bool, line: int, neighbours: bool, length: int) -> None:
        self.tile, self.unit_step, self.line, self.neighbours = tile, unit_step, line or tile.columns, neighbours
        self.number = tile.dtype
        self.size = 4 if tile.dtype == "float" else 8
        self.vector = f"<{tile.lanes} x {tile.dtype}>"
        self.suffix = f"v{tile.lanes}f{8 * self.size}"
        self.length = length
        self.lines: list[str] = []
        self.names = 0

    def module(self, name: str) -> str:
        arguments = ", ".join(f"i64 %{a}" for a in ARGUMENTS.split())
        vector, mask = self.vector, f"<{self.tile.lanes} x i1>"
        self.put(f"define void @{name}({arguments}) {{", "entry:")
        self._prologue()
        self._sum()
        self._add_bias()
        self._add_to_c()
        self._store()
        self.put("  ret void", "}")
        self.put(f"declare {vector} @llvm.fmuladd.{self.suffix}({vector}, {vector}, {vector})")
        self.put(f"declare {vector} @llvm.masked.load.{self.suffix}.p0(ptr, i32, {mask}, {vector})")
        self.put(f"declare void @llvm.masked.store.{self.suffix}.p0({vector}, ptr, i32, {mask})")
        self.put("declare void @llvm.prefetch.p0(ptr, i32, i32, i32)")
        return "\n".join(self.lines)

    # The parts of the function, in order.

    def _prologue(self) -> None:
        """Accumulators at zero, a pointer for each row, a mask for a panel that is not full."""
        for acc in self._accumulators():
            self.put(f"  {acc} = alloca {self.vector}", f"  store {self.vector} zeroinitializer, ptr {acc}")
        for counter in "okt":
            self.put(f"  %{counter}_slot = alloca i64")
        for pointer in ("A", "row", "B", "C", "out", "run", "bias"):
            self.put(f"  %{pointer}_ = inttoptr i64 %{pointer} to ptr")
        for i in range(self.tile.rows):
            start = f"%a0, i64 {i}" if i and self.neighbours else f"%A_, i64 {self._entry('row', i)}"
            self.put(f"  %a{i} = getelementptr {self.number}, ptr {start}")
        lanes, indices = self.tile.lanes, f"<{self.tile.lanes} x i64>"
        one = self.new(f"insertelement {indices} poison, i64 %columns, i64 0")
        all_ = self.new(f"shufflevector {indices} {one}, {indices} poison, <{lanes} x i32> zeroinitializer")
        for j in range(self.tile.vectors):
            numbers = ", ".join(f"i64 {j * lanes + lane}" for lane in range(lanes))
            self.put(f"  %mask{j} = icmp slt {indices} <{numbers}>, {all_}")

    def _sum(self) -> None:
        """The loops over runs and over k: all the arithmetic."""
        self.put("  %whole = and i64 %length, " + str(-UNROLL))
        self._loop("o", "0", "%runs", 1, self._one_run)

    def _one_run(self, o: str) -> None:
        self.put(f"  %runp = getelementptr i64, ptr %run_, i64 {o}", "  %base = load i64, ptr %runp")
        self.put(f"  %first = mul i64 {o}, {self.length or '%length'}")
        if self.length:
            for k in range(self.length):
                self._step("0", k)
            return
        self._loop("k", "0", "%whole", UNROLL, lambda k: [self._step(k, u) for u in range(UNROLL)])
        self._loop("t", "%whole", "%length", 1, lambda k: self._step(k, 0))

    def _step(self, k: str, ahead: int) -> None:
        """One k: a row of the panel, a number from each row of A, and their products into all accumulators."""
        at = self.new(f"add i64 {k}, {ahead}")
        line = self.new(f"add i64 %first, {at}")
        offset = self.new(f"mul i64 {line}, {self.line}")
        panel = self.new(f"getelementptr {self.number}, ptr %B_, i64 {offset}")
        b = []
        for j in range(self.tile.vectors):
            here = self.new(f"getelementptr {self.number}, ptr {panel}, i64 {j * self.tile.lanes}")
            if self.line < self.tile.columns:
                b.append(self._load(panel, j))  # the row ends before the tile does
            else:
                b.append(self.new(f"load {self.vector}, ptr {here}, align {self.size}"))
            later = self.new(f"getelementptr {self.number}, ptr {here}, i64 {PREFETCH * self.line}")
            self.put(f"  call void @llvm.prefetch.p0(ptr {later}, i32 0, i32 3, i32 1)")
        along = at if self.unit_step else self.new(f"mul i64 {at}, %step")
        index = self.new(f"add i64 %base, {along}")
        for i in range(self.tile.rows):
            pointer = self.new(f"getelementptr {self.number}, ptr %a{i}, i64 {index}")
            a = self._broadcast(self.new(f"load {self.number}, ptr {pointer}"))
            for j in range(self.tile.vectors):
                acc = f"%c{i}_{j}"
                old = self.new(f"load {self.vector}, ptr {acc}")
                arguments = f"{self.vector} {a}, {self.vector} {b[j]}, {self.vector} {old}"
                new = self.new(f"call {self.vector} @llvm.fmuladd.{self.suffix}({arguments})")
                self.put(f"  store {self.vector} {new}, ptr {acc}")

    def _add_bias(self) -> None:
        with_bias, done = self._branch("icmp ne i64 %bias, 0")
        self.put(f"{with_bias}:")
        for j in range(self.tile.vectors):
            b = self._load("%bias_", j)
            for i in range(self.tile.rows):
                self._add(f"%c{i}_{j}", b)
        self.put(f"  br label %{done}", f"{done}:")

    def _add_to_c(self) -> None:
        """All of C is read before any of it is written: a row that stands in the tile twice is added to once."""
        accumulating, done = self._branch("icmp ne i64 %accumulate, 0")
        self.put(f"{accumulating}:")
        for i in range(self.tile.rows):
            c = self._row_of_c(i)
            for j in range(self.tile.vectors):
                self._add(f"%c{i}_{j}", self._load(c, j))
        self.put(f"  br label %{done}", f"{done}:")

    def _store(self) -> None:
        """Whole vectors if the panel is full: a masked store is slower, and cannot be forwarded to a later load."""
        full, ragged = self._branch(f"icmp sge i64 %columns, {self.tile.columns}")
        for label, masked in ((full, False), (ragged, True)):
            self.put(f"{label}:")
            for i in range(self.tile.rows):
                c = self._row_of_c(i)
                for j in range(self.tile.vectors):
                    self._store_vector(f"%c{i}_{j}", c, j, masked)
            self.put("  br label %end")
        self.put("end:")

    def _store_vector(self, acc: str, row: str, j: int, masked: bool) -> None:
        value = f"{self.vector} " + self.new(f"load {self.vector}, ptr {acc}")
        p = self.new(f"getelementptr {self.number}, ptr {row}, i64 {j * self.tile.lanes}")
        if masked:
            arguments = f"{value}, ptr {p}, i32 {self.size}, <{self.tile.lanes} x i1> %mask{j}"
            self.put(f"  call void @llvm.masked.store.{self.suffix}.p0({arguments})")
        else:
            self.put(f"  store {value}, ptr {p}, align {self.size}")

    # What those parts are made of.

    def put(self, *lines: str) -> None:
        self.lines += lines

    def new(self, instruction: str) -> str:
        """Writes `instruction`, giving its result a name."""
        self.names += 1
        self.put(f"  %v{self.names} = {instruction}")
        return f"%v{self.names}"

    def _accumulators(self) -> list[str]:
        return [f"%c{i}_{j}" for i in range(self.tile.rows) for j in range(self.tile.vectors)]

    def _entry(self, table: str, i: int) -> str:
        return self.new(f"load i64, ptr {self.new(f'getelementptr i64, ptr %{table}_, i64 {i}')}")

    def _row_of_c(self, i: int) -> str:
        return self.new(f"getelementptr {self.number}, ptr %C_, i64 {self._entry('out', i)}")

    def _broadcast(self, number: str) -> str:
        one = self.new(f"insertelement {self.vector} poison, {self.number} {number}, i64 0")
        zeros = f"<{self.tile.lanes} x i32> zeroinitializer"
        return self.new(f"shufflevector {self.vector} {one}, {self.vector} poison, {zeros}")

    def _load(self, pointer: str, j: int) -> str:
        """Vector j at `pointer`, nothing past the last column: it may not be ours to read."""
        p = self.new(f"getelementptr {self.number}, ptr {pointer}, i64 {j * self.tile.lanes}")
        mask = f"<{self.tile.lanes} x i1> %mask{j}"
        arguments = f"ptr {p}, i32 {self.size}, {mask}, {self.vector} zeroinitializer"
        return self.new(f"call {self.vector} @llvm.masked.load.{self.suffix}.p0({arguments})")

    def _add(self, acc: str, value: str) -> None:
        total = self.new(f"fadd {self.vector} {self.new(f'load {self.vector}, ptr {acc}')}, {value}")
        self.put(f"  store {self.vector} {total}, ptr {acc}")

    def _branch(self, condition: str) -> tuple[str, str]:
        """Labels for `condition` true and false; the caller writes both blocks."""
        flag = self.new(condition)
        yes, no = f"yes{self.names}", f"no{self.names}"
        self.put(f"  br i1 {flag}, label %{yes}, label %{no}")
        return yes, no

    def _loop(self, name: str, start: str, stop: str, by: int, body: Callable[[str], object]) -> None:
        """for name in range(start, stop, by): body. The counter is a memory slot, like the accumulators."""
        slot = f"%{name}_slot"
        self.put(f"  store i64 {start}, ptr {slot}", f"  br label %{name}_test", f"{name}_test:")
        value = self.new(f"load i64, ptr {slot}")
        more = self.new(f"icmp slt i64 {value}, {stop}")
        self.put(f"  br i1 {more}, label %{name}_body, label %{name}_done", f"{name}_body:")
        body(value)
        self.put(f"  %{name}_next = add i64 {value}, {by}", f"  store i64 %{name}_next, ptr {slot}")
        self.put(f"  br label %{name}_test", f"{name}_done:")
