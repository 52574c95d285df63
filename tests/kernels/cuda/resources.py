"""What every kernel takes of a multiprocessor, by NVIDIA's compiler. Writes the kept table RESOURCES.md:

python -m tests.kernels.cuda.resources
"""

from __future__ import annotations

from minicnn.kernels.cuda import BUILDS, FOLDER, TILED, source
from minicnn.kernels.cuda.occupancy import MULTIPROCESSORS, occupancy
from tests.kernels.cuda.nvrtc import Cost, costs

KEPT = FOLDER / "RESOURCES.md"
WARPS_ALONE = "softmax", "cross_entropy"  # families that take a row a warp, four warps a block

INTRODUCTION = f"""# What the kernels take of a multiprocessor

Written by `python -m tests.kernels.cuda.resources` with NVIDIA's compiler (NVRTC 13.0), and held by a test. For each
architecture: registers of a thread, and the occupancy, which is how many of the warps that a multiprocessor can hold it
holds of this kernel (`minicnn.kernels.cuda.occupancy` says how it is reckoned). No kernel spills a register or has a
stack. The tiled programs sum up to 64 numbers in a thread's registers: what they lack in warps they have in independent
operations. Tensor cores know TF32 from sm_80 on; before that, exchanges of registers stand in for them.

| program | kernel | numbers | threads | shared bytes | {" | ".join(MULTIPROCESSORS)} |
|{"---|" * (5 + len(MULTIPROCESSORS))}
"""


def threads_of(program: str) -> int:
    """Of a block."""
    family = program.partition(".")[0]
    return 128 if family in (*TILED, *WARPS_ALONE) else 256


def architectures_of(program: str) -> list[str]:
    """Which it is compiled for: tensor cores know TF32 from sm_80 on."""
    return [a for a in MULTIPROCESSORS if not (program.endswith(".tf32") and a == "sm_75")]


def table() -> list[str]:
    """All rows; raises NvrtcError without the compiler."""
    return [row for program, real in BUILDS for row in rows(program, real)]


def rows(program: str, real: str) -> list[str]:
    """Of one program for one dtype, kernel by kernel."""
    text = source(program, real)
    found = {architecture: costs(text, architecture) for architecture in architectures_of(program)}
    kernels = sorted(next(iter(found.values())))
    return [_row(program, real, kernel, {a: of_kernel[kernel] for a, of_kernel in found.items()}) for kernel in kernels]


def _row(program: str, real: str, kernel: str, found: dict[str, Cost]) -> str:
    threads = threads_of(program)
    shared = max(cost.shared_bytes for cost in found.values())
    held = {a: occupancy(a, threads, cost.registers, cost.shared_bytes) for a, cost in found.items()}
    cells = [f"{found[a].registers}, {held[a].share:.0%}" if a in found else "" for a in MULTIPROCESSORS]
    return f"| {program} | {kernel} | {real} | {threads} | {shared} | {' | '.join(cells)} |"


def main() -> None:
    """Writes the table."""
    KEPT.write_text(INTRODUCTION + "".join(f"{row}\n" for row in table()), encoding="utf-8")


if __name__ == "__main__":
    main()
