"""Numbers at an address: what CUDA C says with a pointer from a table of pointers, Numba has no word for."""

from minicnn.kernels.numba_cuda.target import intrinsic, types


@intrinsic
def number_at(context, address, index, like):
    """The number that lies `index` numbers behind an address, all of the type of the number `like`."""

    def generate(target, builder, signature, arguments):
        return builder.load(_place(target, builder, like, *arguments[:2]))

    return like(types.uint64, types.int64, like), generate


@intrinsic
def put_number_at(context, address, index, value):
    """Writes a number there."""

    def generate(target, builder, signature, arguments):
        builder.store(arguments[2], _place(target, builder, value, *arguments[:2]))
        return target.get_dummy_value()

    return types.void(types.uint64, types.int64, value), generate


def _place(target, builder, type_, address, index):
    pointer = builder.inttoptr(address, target.get_value_type(type_).as_pointer())
    return builder.gep(pointer, [index])
