"""What this CPU offers a kernel: how wide a vector register is, how many there are, and the tiles that fit them.

Nothing is assumed from a CPU's name. LLVM's own code generator is asked: it compiles one addition of a vector, and
the registers in its assembly tell. NUMBA_CPU_NAME and NUMBA_CPU_FEATURES choose another CPU than the host, for
Numba's code and for this one alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from llvmlite import binding as llvm
from numba.core import config


@dataclass(frozen=True)
class Tile:
    """A register block: `rows` x `vectors` accumulators of `lanes` numbers each, `dtype` "float" or "double"."""

    rows: int
    vectors: int
    lanes: int
    dtype: str

    @property
    def columns(self) -> int:
        """How many columns of the result one tile covers: the width of a panel."""
        return self.vectors * self.lanes

    def shared_evenly(self, rows: int) -> Tile:
        """This tile, less high where as many tiles cover a result of so many rows with fewer rows to spare."""
        return replace(self, rows=-(-rows // -(-rows // self.rows)))


@cache
def cpu() -> tuple[str, str]:
    """Name and feature string of the CPU that is compiled for, as LLVM spells them."""
    host = llvm.get_host_cpu_name()
    name = config.CPU_NAME or host
    if config.CPU_FEATURES is not None:
        return name, config.CPU_FEATURES
    return name, llvm.get_host_cpu_features().flatten() if name == host else ""


@cache
def target_machine() -> llvm.TargetMachine:
    """LLVM's code generator for that CPU."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    name, features = cpu()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=name, features=features, opt=3, jit=True, codemodel="jitdefault"
    )


_ADDITION = """
define <16 x float> @add(<16 x float> %a, <16 x float> %b) {
  %c = fadd <16 x float> %a, %b
  ret <16 x float> %c
}"""


@cache
def vector_registers() -> tuple[int, int]:
    """(bytes in one, how many there are)."""
    assembly = target_machine().emit_assembly(llvm.parse_assembly(_ADDITION))
    if "zmm" in assembly:
        return 64, 32
    if "ymm" in assembly:
        return 32, 16
    return 16, 16 if "xmm" in assembly else 32  # x86-64's SSE; NEON has 32


# Registers -> (wide tile, narrow tile) as rows x vectors. Every accumulator takes a register, and so do the vectors of
# the panel and, where an instruction cannot broadcast from memory, the number from the left matrix. At least ten
# accumulators are wanted in any case: an FMA takes 4 to 5 cycles and two start in each.
_TILES = {
    (64, 32): ((12, 2), (12, 1)),
    (32, 16): ((6, 2), (12, 1)),
    (16, 16): ((4, 2), (8, 1)),
    (16, 32): ((8, 2), (16, 1)),
}


def tile_for(columns: int, dtype: str) -> Tile:
    """The tile that wastes least on a result of so many columns: two vectors wide unless one is enough."""
    size, count = vector_registers()
    lanes = size // (4 if dtype == "float" else 8)
    wide, narrow = _TILES[size, count]
    one_is_enough = columns <= lanes or (-(-columns // lanes) % 2 and columns < 4 * lanes)
    rows, vectors = narrow if one_is_enough else wide
    return Tile(rows, vectors, lanes, dtype)
