"""Bugs in convolutions and poolings."""

from __future__ import annotations

from tests.mutations.bug import KERNELS, OPS, Bug, adjoint, example, gradients, loops
from tests.ops import test_pooling

CONVOLUTION_BUGS = [
    Bug(
        "conv2d: col2im overwrites at overlaps instead of adding",
        f"{KERNELS}.patches.col2im",
        "padded[touched] += columns",
        "padded[touched] = columns",
        loops("conv2d"),
    ),
    Bug(
        "conv2d: dx spread through the flipped kernel",
        f"{KERNELS}.convolution.conv2d_input_gradient",
        "w_g.reshape(-1, k).T",
        "w_g[::-1, ::-1].reshape(-1, k).T",
        adjoint("conv2d", "x"),
    ),
    Bug(
        "conv2d: forward with the kernel flipped",
        f"{KERNELS}.convolution.conv2d",
        "@ w_g.reshape",
        "@ w_g[::-1, ::-1].reshape",
        loops("conv2d"),
    ),
    Bug(
        "conv2d: dx with the groups mixed up",
        f"{KERNELS}.convolution.conv2d_input_gradient",
        "_split(dy, groups)",
        "_split(dy, groups)[::-1]",
        gradients("conv2d", draws=15),
    ),
    Bug(
        "conv2d: dw with the groups mixed up",
        f"{KERNELS}.convolution.conv2d_weight_gradient",
        "_split(dy, groups)",
        "_split(dy, groups)[::-1]",
        gradients("conv2d", draws=15),
    ),
    Bug(
        "conv2d: dw of patches without their stride",
        f"{KERNELS}.convolution.conv2d_weight_gradient",
        "_patch_matrix(x_g, windows)",
        "_patch_matrix(x_g, Windows(windows.image, windows.size, (1, 1), windows.dilation, windows.pads))"
        "[: len(x) * windows.outputs[0] * windows.outputs[1]]",
        adjoint("conv2d", "w"),
    ),
    Bug(
        "conv2d: the edge repeated where zeros belong",
        f"{KERNELS}.patches.pad",
        "constant_values=value",
        'mode="edge"',
        loops("conv2d"),
    ),
    Bug(
        "conv2d: dx cropped by the pads of the other side",
        f"{KERNELS}.patches.crop",
        "(top, _), (left, _) = windows.pads",
        "(_, top), (_, left) = windows.pads",
        adjoint("conv2d", "x"),
    ),
    Bug(
        "conv2d: db not summed over the images",
        f"{KERNELS}.dense.bias_gradient",
        "channel_sums(dy)",
        "channel_sums(dy[:1])",
        gradients("conv2d", draws=15),
    ),
    Bug(
        "depthwise_conv2d: multiplier before channel in the output",
        f"{KERNELS}.depthwise.depthwise_conv2d",
        "y = y.reshape(",
        "y = y.swapaxes(3, 4).reshape(",
        loops("depthwise_conv2d"),
    ),
    Bug(
        "depthwise_conv2d: dx averages the filters of a channel",
        f"{KERNELS}.depthwise.depthwise_conv2d_input_gradient",
        "(dy * w[r, s]).sum(axis=-1)",
        "(dy * w[r, s]).mean(axis=-1)",
        gradients("depthwise_conv2d"),
    ),
    Bug(
        "depthwise_conv2d: dw of the first image only",
        f"{KERNELS}.depthwise.depthwise_conv2d_weight_gradient",
        "* dy).sum(axis=(0, 1, 2))",
        "* dy)[0].sum(axis=(0, 1))",
        adjoint("depthwise_conv2d", "w"),
    ),
    Bug(
        "depthwise_conv2d: forward with the kernel upside down",
        f"{KERNELS}.depthwise.depthwise_conv2d",
        "[..., None] * w[r, s]",
        "[..., None] * w[-1 - r, s]",
        loops("depthwise_conv2d"),
    ),
    Bug(
        "conv2d_transpose: forward with the kernel flipped",
        f"{OPS}.convolution.conv2d_transpose",
        "backend.conv2d_input_gradient(x, w, windows, 1)",
        "backend.conv2d_input_gradient(x, w[::-1], windows, 1)",
        loops("conv2d_transpose"),
    ),
    Bug(
        "conv2d_transpose: dx through the flipped kernel",
        f"{OPS}.convolution.conv2d_transpose",
        "backend.conv2d(dy, w, None",
        "backend.conv2d(dy, w[::-1, ::-1], None",
        gradients("conv2d_transpose"),
    ),
    Bug(
        "conv2d_transpose: dw with the channels of x and y swapped",
        f"{OPS}.convolution.conv2d_transpose",
        "backend.conv2d_weight_gradient(dy, x, windows, 1)",
        "backend.conv2d_weight_gradient(dy, x, windows, 1).swapaxes(2, 3)",
        gradients("conv2d_transpose"),
    ),
]

POOLING_BUGS = [
    Bug(
        "max_pool2d: padding of zeros",
        f"{KERNELS}.pooling.max_pool2d",
        "value=-np.inf",
        "value=0.0",
        loops("max_pool2d"),
    ),
    Bug(
        "max_pool2d: taps visited from the last, so that it wins ties",
        f"{KERNELS}.patches.taps",
        "for r in range(windows.size[0])",
        "for r in reversed(range(windows.size[0]))",
        loops("max_pool2d"),
    ),
    Bug(
        "max_pool2d: the last pixel wins, so that a later tap gets dy",
        f"{KERNELS}.pooling.max_pool2d",
        "winners = np.where(better, ",
        "winners = np.where(True, ",
        loops("max_pool2d"),
    ),
    Bug(
        "max_pool2d: a NaN loses against what came before it",
        f"{KERNELS}.pooling.max_pool2d",
        " | np.isnan(pixel)",
        "",
        example(test_pooling.test_a_nan_pixel_stays_visible, None),
    ),
    Bug(
        "max_pool2d: of overlapping windows the last one's dy only",
        f"{KERNELS}.pooling.max_pool2d_gradient",
        "padded[touched] += np.where(winners == r * windows.size[1] + s, dy, 0)",
        "padded[touched] = np.where(winners == r * windows.size[1] + s, dy, padded[touched])",
        gradients("max_pool2d"),
    ),
    Bug(
        "global_max_pool2d: taps numbered by the height of the window",
        f"{KERNELS}.pooling.max_pool2d_gradient",
        "winners == r * windows.size[1] + s",
        "winners == r * windows.size[0] + s",
        gradients("global_max_pool2d"),
    ),
    Bug(
        "average_pool2d: padding counted among the pixels",
        f"{KERNELS}.pooling._pixels",
        "pad(np.ones((1, *windows.image, 1), dtype), windows)",
        "pad(np.ones((1, *windows.image, 1), dtype), windows, 1.0)",
        loops("average_pool2d"),
    ),
    Bug(
        "average_pool2d: dx overwritten at overlaps",
        f"{KERNELS}.pooling.average_pool2d_gradient",
        "padded[touched] += share",
        "padded[touched] = share",
        adjoint("average_pool2d", "x"),
    ),
    Bug(
        "global_average_pool2d: every pixel gets all of dy",
        f"{KERNELS}.pooling.average_pool2d_gradient",
        "share = dy / _pixels(windows, dy.dtype)",
        "share = dy",
        gradients("global_average_pool2d"),
    ),
]

WINDOW_BUGS = [*CONVOLUTION_BUGS, *POOLING_BUGS]
