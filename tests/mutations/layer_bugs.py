"""Bugs in normalization, activations and losses."""

from __future__ import annotations

from tests.mutations.bug import KERNELS, OPS, Bug, adjoint, example, gradients
from tests.ops import test_worked_examples

NORMALIZATION_BUGS = [
    Bug(
        "batch_norm: 1/N forgotten in the mean's path",
        f"{KERNELS}.normalization.batch_norm_input_gradient",
        "through_mean = dbeta / n",
        "through_mean = dbeta",
        gradients("batch_norm"),
    ),
    Bug(
        "batch_norm: the path through the mean missing",
        f"{KERNELS}.normalization.batch_norm_input_gradient",
        "direct - through_mean - through_variance",
        "direct - through_variance",
        gradients("batch_norm"),
    ),
    Bug(
        "batch_norm: the path through the variance missing",
        f"{KERNELS}.normalization.batch_norm_input_gradient",
        "direct - through_mean - through_variance",
        "direct - through_mean",
        gradients("batch_norm"),
    ),
    Bug(
        "batch_norm: unbiased variance",
        f"{KERNELS}.normalization.batch_norm",
        "channel_sums(np.square(x - mean)) / n",
        "channel_sums(np.square(x - mean)) / (n - 1)",
        example(test_worked_examples.test_batch_norm_of_the_worked_example, None),
    ),
    Bug(
        "batch_norm: unbiased variance, told by its gradient",
        f"{KERNELS}.normalization.batch_norm",
        "channel_sums(np.square(x - mean)) / n",
        "channel_sums(np.square(x - mean)) / (n - 1)",
        gradients("batch_norm"),
    ),
    Bug(
        "batch_norm: epsilon outside the root",
        f"{KERNELS}.normalization._scale",
        "np.sqrt(variance + gamma.dtype.type(epsilon))",
        "(np.sqrt(variance) + gamma.dtype.type(epsilon))",
        gradients("batch_norm"),
    ),
    Bug(
        "batch_norm: dgamma of x that is not normalized",
        f"{KERNELS}.normalization.batch_norm_parameter_gradients",
        "(dy * _normalized(x, mean, variance, epsilon))",
        "(dy * (x - mean))",
        adjoint("batch_norm", "gamma"),
    ),
    Bug(
        "batch_norm_inference: dx without gamma",
        f"{OPS}.normalization.batch_norm_inference",
        "gamma / np.sqrt",
        "1 / np.sqrt",
        adjoint("batch_norm_inference", "x"),
    ),
]

ACTIVATION_BUGS = [
    Bug(
        "relu: the slope of the negative side forgotten",
        f"{KERNELS}.activations.relu_gradient",
        "if negative_slope != 0 else",
        "if False else",
        gradients("relu"),
    ),
    Bug(
        "relu: dx by the sign of x, whatever the threshold",
        f"{KERNELS}.activations.relu_gradient",
        "x <= threshold",
        "x <= 0",
        gradients("relu"),
    ),
    Bug(
        "relu: a slope of 1 at zero",
        f"{KERNELS}.activations.relu_gradient",
        "x <= threshold",
        "x < threshold",
        example(test_worked_examples.test_relu_of_zero_has_no_slope, None),
    ),
    Bug(
        "relu6: dx passes the ceiling",
        f"{KERNELS}.activations.relu_gradient",
        "np.where(x >= max_value, 0, dx)",
        "dx",
        gradients("relu6"),
    ),
    Bug(
        "leaky_relu: negative values cut off",
        f"{KERNELS}.activations.relu",
        "if negative_slope == 0 and threshold == 0",
        "if threshold == 0",
        gradients("leaky_relu"),
    ),
    Bug(
        "prelu: dalpha of the first example only",
        f"{OPS}.activations.prelu",
        "_unbroadcast(np.where(x > 0, 0, x) * dy, alpha)",
        "_unbroadcast((np.where(x > 0, 0, x) * dy)[:1], alpha)",
        gradients("prelu"),
    ),
    Bug(
        "prelu: dx takes the positive side's slope for both",
        f"{OPS}.activations.prelu",
        "np.where(x > 0, dy, alpha * dy)",
        "dy",
        gradients("prelu"),
    ),
    Bug(
        "elu: dx without alpha",
        f"{KERNELS}.activations.elu_gradient",
        "alpha * np.exp",
        "np.exp",
        gradients("elu"),
    ),
    Bug(
        "selu: the positive side not scaled",
        f"{KERNELS}.activations.elu_gradient",
        "np.where(x > 0, 1,",
        "np.where(x > 0, 1 / scale,",
        gradients("selu"),
    ),
    Bug(
        "gelu: the density forgotten",
        f"{KERNELS}.activations.gelu_gradient",
        "(below + x * density)",
        "below",
        gradients("gelu"),
    ),
    Bug(
        "gelu: the cube's slope not three times its factor",
        f"{KERNELS}.activations.gelu_gradient",
        "3 * 0.044715",
        "0.044715",
        gradients("gelu"),
    ),
    Bug(
        "silu: the slope of the sigmoid only",
        f"{KERNELS}.activations.silu_gradient",
        "(1 + x * (1 - s))",
        "(1 - s)",
        gradients("silu"),
    ),
    Bug(
        "softplus: slope that of a ReLU",
        f"{KERNELS}.activations.softplus_gradient",
        "sigmoid(x)",
        "(x > 0)",
        gradients("softplus"),
    ),
    Bug(
        "log_softmax: the sum of dy not shared out",
        f"{OPS}.soft_activations.log_softmax",
        "dy - np.exp(y) * dy.sum(axis=-1, keepdims=True)",
        "dy - np.exp(y) * dy",
        gradients("log_softmax"),
    ),
    Bug(
        "sigmoid: slope 1 - y",
        f"{KERNELS}.activations.sigmoid_gradient",
        "dy * y * (1 - y)",
        "dy * (1 - y)",
        gradients("sigmoid"),
    ),
    Bug(
        "tanh: slope 1 - y",
        f"{KERNELS}.activations.tanh_gradient",
        "(1 - y * y)",
        "(1 - y)",
        gradients("tanh"),
    ),
    Bug(
        "softmax: the sum of the Jacobian's second term forgotten",
        f"{KERNELS}.activations.softmax_gradient",
        "(dy - (dy * y).sum(axis=-1, keepdims=True))",
        "(dy - dy * y)",
        gradients("softmax"),
    ),
    Bug(
        "softmax: no gradient at all",
        f"{KERNELS}.activations.softmax_gradient",
        "y * (dy - (dy * y).sum(axis=-1, keepdims=True))",
        "0 * dy",
        gradients("softmax"),
    ),
    Bug(
        "dropout: another mask on the way back",
        f"{OPS}.dropout.dropout",
        "backend.dropout(dy, rate, key)",
        "backend.dropout(dy, rate, as_key(7))",
        adjoint("dropout", "x"),
    ),
    Bug(
        "dropout: dx without the scale",
        f"{OPS}.dropout.dropout",
        "backend.dropout(dy, rate, key)",
        "backend.dropout(dy, rate, key) * (1 - rate)",
        gradients("dropout"),
    ),
    Bug(
        "dropout: kept elements not scaled up",
        f"{KERNELS}.activations.dropout",
        "x * x.dtype.type(1 / (1 - rate))",
        "x",
        example(test_worked_examples.test_dropout_keeps_what_its_key_says_and_scales_it, None, "float64"),
    ),
]

LOSS_BUGS = [
    Bug(
        "softmax_cross_entropy: p instead of p - y, for labels",
        f"{KERNELS}.cross_entropy.softmax_cross_entropy_gradient",
        "difference[np.arange(len(targets)), targets] -= 1",
        "difference[np.arange(len(targets)), targets] -= 0",
        gradients("softmax_cross_entropy"),
    ),
    Bug(
        "softmax_cross_entropy: targets taken to sum to 1",
        f"{KERNELS}.cross_entropy.softmax_cross_entropy_gradient",
        "probabilities * targets.sum(axis=1, keepdims=True) - targets",
        "probabilities - targets",
        gradients("softmax_cross_entropy"),
    ),
    Bug(
        "softmax_cross_entropy: logarithm of rounded zeros",
        f"{KERNELS}.cross_entropy.softmax_cross_entropy",
        "log_probabilities = shifted - np.log(total)",
        "log_probabilities = np.log(e / total + 1e-30)",
        example(test_worked_examples.test_softmax_cross_entropy_of_a_hopeless_case_is_finite, None, "float64"),
    ),
    Bug(
        "cross_entropy: the row's sum taken for a constant",
        f"{OPS}.cross_entropy.cross_entropy",
        "(dscaled - (dscaled * scaled).sum(axis=1, keepdims=True)) / total",
        "dscaled / total",
        gradients("cross_entropy"),
    ),
    Bug(
        "binary_cross_entropy: the mean's 1/K forgotten",
        f"{OPS}.cross_entropy.binary_cross_entropy",
        "slope() * dlosses[:, None] / k",
        "slope() * dlosses[:, None]",
        gradients("binary_cross_entropy"),
    ),
]

LAYER_BUGS = [*NORMALIZATION_BUGS, *ACTIVATION_BUGS, *LOSS_BUGS]
