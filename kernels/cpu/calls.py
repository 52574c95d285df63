"""What Numba has no words for: addresses, calls by address, and one shared counter. Each is one machine instruction.

Addresses are 64-bit integers. They keep nothing alive: the arrays must be arguments of the kernel that takes them.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from minicnn.kernels.cpu.microkernel import ARGUMENTS

_I64, _I8, _I1 = ir.IntType(64), ir.IntType(8), ir.IntType(1)
_PARAMETERS = len(ARGUMENTS.split())


@intrinsic
def address_of(typing_context: Any, array: Any) -> Any:
    """The address of the first element of a contiguous array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.ptrtoint(data, _I64)

    return types.int64(array), generate


@intrinsic
def array_at(typing_context: Any, addresses: Any, piece: Any, like: Any) -> Any:
    """The numbers of one piece = (which array, first number, how many), of the dtype of `like`, as an array.

    addresses: of the first number of each array.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def number(place: int, index: Any) -> Any:
            array = context.make_array(signature.args[place])(context, builder, arguments[place])
            return builder.load(builder.gep(array.data, [index]))

        which, first, count = (number(1, ir.Constant(_I64, i)) for i in range(3))
        size = ir.Constant(_I64, context.get_abi_sizeof(context.get_value_type(like.dtype)))
        address = builder.add(number(0, which), builder.mul(first, size))
        array = context.make_array(like)(context, builder)
        populate_array(
            array,
            data=builder.inttoptr(address, array.data.type),
            shape=[count],
            strides=[size],
            itemsize=size,
            meminfo=None,
        )
        return array._getvalue()

    return like(addresses, piece, like), generate


@intrinsic
def call_microkernel(
    typing_context: Any,
    function: Any,
    a: Any,
    row: Any,
    b: Any,
    c: Any,
    out: Any,
    run: Any,
    runs: Any,
    length: Any,
    step: Any,
    bias: Any,
    accumulate: Any,
    columns: Any,
) -> Any:
    """Calls the micro-kernel at address `function` with the arguments that `microkernel.ARGUMENTS` names."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [_I64] * _PARAMETERS)
        builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), arguments[1:])
        return context.get_dummy_value()

    return types.void(*[types.int64] * (1 + _PARAMETERS)), generate


@intrinsic
def next_item(typing_context: Any, counter: Any) -> Any:
    """counter[0], and adds one to it for whoever asks next: how threads share out work without a lock."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.atomic_rmw("add", data, ir.Constant(_I64, 1), "monotonic")

    return types.int64(counter), generate


@intrinsic
def copy_bytes(typing_context: Any, target: Any, source: Any, count: Any) -> Any:
    """memcpy between two addresses."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _I8.as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, pointer, _I64, _I1])
        function = builder.module.globals.get("llvm.memcpy.p0.p0.i64") or ir.Function(
            builder.module, kind, "llvm.memcpy.p0.p0.i64"
        )
        places = [builder.inttoptr(a, pointer) for a in arguments[:2]]
        builder.call(function, [*places, arguments[2], ir.Constant(_I1, 0)])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@intrinsic
def clear_bytes(typing_context: Any, target: Any, count: Any) -> Any:
    """memset to zero at an address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _I8.as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, _I8, _I64, _I1])
        function = builder.module.globals.get("llvm.memset.p0.i64") or ir.Function(
            builder.module, kind, "llvm.memset.p0.i64"
        )
        zero, plain = ir.Constant(_I8, 0), ir.Constant(_I1, 0)
        builder.call(function, [builder.inttoptr(arguments[0], pointer), zero, arguments[1], plain])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@intrinsic
def call_address(typing_context: Any, function: Any, arguments: Any) -> Any:
    """Calls the function at address `function`, which takes 64-bit integers, with a tuple of them."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        kinds = list(signature.args[1])
        numbers = [
            context.cast(builder, builder.extract_value(given[1], i), kind, types.int64) for i, kind in enumerate(kinds)
        ]
        kind = ir.FunctionType(ir.VoidType(), [_I64] * len(kinds))
        builder.call(builder.inttoptr(given[0], kind.as_pointer()), numbers)
        return context.get_dummy_value()

    return types.void(types.int64, arguments), generate


def _fetching(to_write: bool) -> Any:
    def typed(typing_context: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            pointer, number = _I8.as_pointer(), ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
            known = builder.module.globals.get("llvm.prefetch.p0")
            function = known or ir.Function(builder.module, kind, "llvm.prefetch.p0")
            near = 3 if to_write else 2  # into L1, or L2
            line = builder.inttoptr(arguments[0], pointer)
            builder.call(function, [line, number(int(to_write)), number(near), number(1)])
            return context.get_dummy_value()

        return types.void(types.int64), generate

    return typed


fetch_to_read = intrinsic(_fetching(False))
"""Asks for the cache line at an address, and waits for nothing. Any address will do."""

fetch_to_write = intrinsic(_fetching(True))
"""The same, for a line that is going to be written: otherwise its first store has it fetched."""
