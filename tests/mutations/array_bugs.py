"""Bugs in arithmetic, reductions and shapes."""

from __future__ import annotations

from tests.mutations.bug import KERNELS, OPS, Bug, adjoint, example, gradients
from tests.ops import test_pooling, test_worked_examples
from tests.tensor import test_tape

ARITHMETIC_BUGS = [
    Bug(
        "add: the repeats of broadcasting averaged instead of summed",
        f"{OPS}.arithmetic._unbroadcast",
        "total = np.sum(",
        "total = np.mean(",
        gradients("add"),
    ),
    Bug(
        "add: the repeats of broadcasting not summed",
        f"{OPS}.arithmetic._unbroadcast",
        "if not axes",
        "if True",
        gradients("add"),
    ),
    Bug("add: y twice", f"{KERNELS}.merging.add", "x + y", "y + y", gradients("add")),
    Bug(
        "add_to: the latest gradient alone",
        f"{KERNELS}.merging.add_to",
        "total += x",
        "total[...] = x",
        example(test_tape.test_both_paths_count_where_a_tensor_is_used_twice),
    ),
    Bug(
        "subtract: dy with the wrong sign",
        f"{OPS}.arithmetic.subtract",
        "computed(np.negative, dz)",
        "dz",
        gradients("subtract"),
    ),
    Bug("multiply: dx by x", f"{OPS}.arithmetic.multiply", "dz, y), x", "dz, x), x", gradients("multiply")),
    Bug(
        "divide: y divided by once",
        f"{OPS}.arithmetic._to_divisor",
        "np.divide(-dz * z, y",
        "np.multiply(-dz, z",
        gradients("divide"),
    ),
    Bug("power: not one less", f"{OPS}.arithmetic.power", "** (exponent - 1)", "** exponent", gradients("power")),
    Bug(
        "power: 0 times infinity at zero to the power 0",
        f"{OPS}.arithmetic.power",
        "if exponent == 0",
        "if False",
        example(test_worked_examples.test_a_number_to_the_power_0_is_constant_also_at_0, None),
    ),
    Bug("negative: its own slope", f"{OPS}.arithmetic.negative", "lambda: -dz", "lambda: dz", adjoint("negative", "x")),
    Bug("exp: slope x", f"{OPS}.arithmetic.exp", "dy * y", "dy * x", gradients("exp")),
    Bug("log: slope x", f"{OPS}.arithmetic.log", "lambda: dy / x", "lambda: dy * x", gradients("log")),
    Bug("sqrt: divided by x", f"{OPS}.arithmetic.sqrt", "dy / (2 * y)", "dy / (2 * x)", gradients("sqrt")),
    Bug(
        "maximum: dy to both",
        f"{OPS}.arithmetic.maximum",
        "computed(_to_larger, dz, x, y), x",
        "dz, x",
        gradients("maximum"),
    ),
    Bug(
        "minimum: dy to the larger one",
        f"{OPS}.arithmetic.minimum",
        "dz, y, x), x",
        "dz, x, y), x",
        gradients("minimum"),
    ),
    Bug(
        "maximum: all of a tie's dy to both",
        f"{OPS}.arithmetic._to_larger",
        "x.dtype.type(0.5)",
        "x.dtype.type(1)",
        example(test_worked_examples.test_a_tie_of_two_is_shared),
    ),
    Bug("absolute: slope 1", f"{OPS}.arithmetic.absolute", "dy * np.sign(x)", "dy", gradients("absolute")),
    Bug(
        "matmul: not transposed",
        f"{OPS}.arithmetic.matmul",
        "dz @ np.swapaxes(y, -1, -2)",
        "dz @ y",
        gradients("matmul"),
    ),
    Bug(
        "dense: dw averaged over the batch",
        f"{KERNELS}.dense.dense_weight_gradient",
        "x.T @ dy",
        "x.T @ dy / len(x)",
        adjoint("dense", "w"),
    ),
    Bug(
        "dense: forward without bias",
        f"{KERNELS}.dense.dense",
        "y if b is None else y + b",
        "y",
        example(test_worked_examples.test_dense_by_hand, None),
    ),
]

SHAPING_BUGS = [
    Bug(
        "sum: dy shared out as by a mean",
        f"{OPS}.reductions.sum",
        "np.broadcast_to(_kept(dy, axes, x), x.shape).copy()",
        "np.broadcast_to(_kept(dy, axes, x), x.shape) / x.size",
        gradients("sum"),
    ),
    Bug(
        "mean: 1/n forgotten",
        f"{OPS}.reductions.mean",
        "_kept(dy, axes, x) / n",
        "_kept(dy, axes, x)",
        gradients("mean"),
    ),
    Bug(
        "max: a tie's dy sent to all of them",
        f"{OPS}.reductions.max",
        "np.put_along_axis(spread, winners, dy.reshape(y.shape)[..., None], axis=-1)",
        "spread += (rows == y[..., None]) * dy.reshape(y.shape)[..., None]",
        example(test_pooling.test_ties_of_max_and_global_max_go_to_the_first_too, None),
    ),
    Bug(
        "max: axes not put back in order",
        f"{OPS}.reductions.max",
        "spread.transpose(tuple(np.argsort([*others, *axes]).tolist()))",
        "spread.transpose([*others, *axes])",
        gradients("max"),
    ),
    Bug(
        "reshape: dy read by columns",
        f"{OPS}.shaping.reshape",
        "_reshaped(dy, x.shape)",
        'dy.reshape(x.shape, order="F")',
        gradients("reshape"),
    ),
    Bug(
        "transpose: dy by the same order, not the inverse",
        f"{OPS}.shaping.transpose",
        "dy.transpose(back)",
        "dy.transpose(order)",
        adjoint("transpose", "x"),
    ),
    Bug(
        "getitem: assigned where picked twice",
        f"{OPS}.shaping.getitem",
        "np.add.at(spread, index, dy)",
        "spread[index] = dy",
        gradients("getitem"),
    ),
    Bug(
        "concatenate: each its part from the front",
        f"{OPS}.shaping._concatenate",
        "*ends[i : i + 2]",
        "0, ends[i + 1] - ends[i]",
        adjoint("concatenate", "x1"),
    ),
    Bug(
        "concatenate: the last array first",
        f"{KERNELS}.merging.concatenate",
        "np.concatenate(xs, axis)",
        "np.concatenate(xs[::-1], axis)",
        gradients("concatenate"),
    ),
    Bug(
        "part: of the first axis",
        f"{KERNELS}.merging.part",
        "(slice(None),) * axis",
        "() * axis",
        gradients("concatenate"),
    ),
    Bug(
        "zero_pad2d: dy cut from the corner",
        f"{OPS}.shaping.zero_pad2d",
        "backend.col2im(_reshaped(dy, patches), windows)",
        "dy[:, : x.shape[1], : x.shape[2]]",
        adjoint("zero_pad2d", "x"),
    ),
    Bug(
        "upsample2d: dx averages the copies of a pixel",
        f"{OPS}.shaping.upsample2d",
        'np.einsum("pi,npqc,qj->nijc", u, dy, v, optimize=True)',
        'np.einsum("pi,npqc,qj->nijc", u, dy, v, optimize=True) / (size[0] * size[1])',
        gradients("upsample2d"),
    ),
    Bug(
        "upsample2d: bilinear weights overwritten at the edge",
        f"{OPS}.shaping._bilinear",
        "np.add.at(weights, (rows, right), centre - left)",
        "weights[rows, right] = centre - left",
        example(test_worked_examples.test_upsampling_by_hand, None),
    ),
    Bug(
        "upsample2d: bilinear with pixel centres at whole pixels",
        f"{OPS}.shaping._bilinear",
        "(np.arange(n * factor) + 0.5) / factor - 0.5",
        "np.arange(n * factor) / factor",
        example(test_worked_examples.test_upsampling_by_hand, None),
    ),
]

ARRAY_BUGS = [*ARITHMETIC_BUGS, *SHAPING_BUGS]
