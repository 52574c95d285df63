"""A block of numbers that LLVM may keep in registers: what an array in memory can never be.

An array that NumPy or Numba allocates could be seen by somebody else, so every change must be stored. A variable of
the function itself cannot be, and if all indices are known once the loops are unrolled, LLVM gives each vector of it
a register.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from minicnn.kernels.cpu.machine import vector_registers

_SIZE, _COUNT = vector_registers()
MR = _COUNT // 4
NR = max(2 * _SIZE // 4, 64 // MR)
"""The register tile: MR rows by NR float32 columns. With two vectors a row, half of the registers hold the sums: at
least eight, since an addition takes four cycles and two start in each. The rest are for what is multiplied. Of fewer
than 64 numbers LLVM would unroll the loops before it sees vectors in them."""


@intrinsic(prefer_literal=True)
def accumulators(typing_context: Any, rows: Any, columns: Any) -> Any:
    """Uninitialized float32 numbers (rows, columns), both constants. They live as long as the function that asks."""
    if not isinstance(rows, types.IntegerLiteral) or not isinstance(columns, types.IntegerLiteral):
        return None
    shape = rows.literal_value, columns.literal_value
    array = types.Array(types.float32, 2, "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        block = cgutils.alloca_once(builder, ir.ArrayType(ir.FloatType(), shape[0] * shape[1]))
        block.align = _SIZE
        made = context.make_array(array)(context, builder)
        numbers = [context.get_constant(types.intp, n) for n in (*shape, 4 * shape[1], 4)]
        context.populate_array(
            made,
            data=builder.bitcast(block, ir.FloatType().as_pointer()),
            shape=cgutils.pack_array(builder, numbers[:2]),
            strides=cgutils.pack_array(builder, numbers[2:]),
            itemsize=numbers[3],
            meminfo=None,
        )
        return made._getvalue()

    return array(rows, columns), generate
