"""The backend contract: every array-level function that a backend provides, documented once.

The operators of `minicnn.ops` have checked shapes, dtypes and values before they call: a backend checks nothing.
All arrays of one call share one dtype, float32 or float64, and results keep it. Inputs are never changed, except by
the optimizer updates, which work in place. The same inputs give the same bits.

Letters: N images, H x W pixels, C channels; kernel R x S taps, K filters; OH x OW = `windows.outputs`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from minicnn.geometry import Windows
from minicnn.random import Key

# What operators compute on: np.ndarray, or a device array on a GPU. NumPy's type cannot say that, so nothing does.
Array: TypeAlias = Any
Arrays: TypeAlias = Sequence[Array]
Results: TypeAlias = tuple[Array, ...]

ALGORITHMS = ("auto", "direct", "winograd", "im2col")


class Backend(Protocol):
    """What `numpy`, and every faster backend, implements."""

    name: str

    def recorded(self, compute: Callable[[], Results]) -> tuple[Results, Callable[[], None] | None]:
        """compute()'s results, and a function that computes them again into the same memory; None if there is none.

        compute may use what the operators offer, and nothing else that computes: the second function does what was
        launched, not what was written.
        """

    # Patches: the two maps that turn a convolution into a matrix product, and back.

    def im2col(self, x: Array, windows: Windows) -> Array:
        """Every patch that a window sees, padding included: (N, H, W, C) -> (N, OH, OW, R, S, C)."""

    def col2im(self, columns: Array, windows: Windows) -> Array:
        """The adjoint of im2col: every pixel sums what the windows over it hold; -> (N, H, W, C)."""

    # Convolution. x (N, H, W, C), w (R, S, C / groups, K), b (K,) or None, y and dy (N, OH, OW, K).
    # `algorithm` is one of `ALGORITHMS`: a wish how to compute it, never what. "direct" sums as the definition does,
    # "winograd" with fewer multiplications (3x3 kernels, strides, dilation and groups of 1), "im2col" multiplies the
    # matrix of all patches, "auto" leaves it to the backend. One that has a single way, or none of that name for
    # these shapes, takes what it has.

    def conv2d(
        self, x: Array, w: Array, b: Array | None, windows: Windows, groups: int, algorithm: str = "auto"
    ) -> Array:
        """y[n,i,j,k] = b[k] + sum over r,s,c of x[n, i·stride + r·dilation - pad, ..., c] · w[r,s,c,k]."""

    def conv2d_input_gradient(
        self, dy: Array, w: Array, windows: Windows, groups: int, algorithm: str = "auto"
    ) -> Array:
        """dL/dx (N, H, W, C): dy spread back through the taps. Also the transposed convolution of dy."""

    def conv2d_weight_gradient(
        self, x: Array, dy: Array, windows: Windows, groups: int, algorithm: str = "auto"
    ) -> Array:
        """dL/dw (R, S, C / groups, K): every patch of x times the dy it led to."""

    # Depthwise convolution. x (N, H, W, C), w (R, S, C, M), b (C·M,) or None, y and dy (N, OH, OW, C·M).

    def depthwise_conv2d(self, x: Array, w: Array, b: Array | None, windows: Windows) -> Array:
        """Each channel by itself through its own M filters; channel c·M + m of y is filter m of channel c."""

    def depthwise_conv2d_input_gradient(self, dy: Array, w: Array, windows: Windows) -> Array:
        """dL/dx (N, H, W, C)."""

    def depthwise_conv2d_weight_gradient(self, x: Array, dy: Array, windows: Windows) -> Array:
        """dL/dw (R, S, C, M)."""

    # Pooling, without dilation. Padding is never part of a maximum or a mean.

    def max_pool2d(self, x: Array, windows: Windows) -> tuple[Array, Array]:
        """y (N, OH, OW, C) and each window's winning tap r·S + s (int32); the first in row-major order wins ties."""

    def max_pool2d_gradient(self, dy: Array, winners: Array, windows: Windows) -> Array:
        """dL/dx (N, H, W, C): each dy goes to its window's winner; a pixel that won twice gets the sum."""

    def average_pool2d(self, x: Array, windows: Windows) -> Array:
        """The mean of the pixels (not of the padding) in each window."""

    def average_pool2d_gradient(self, dy: Array, windows: Windows) -> Array:
        """dL/dx (N, H, W, C): each dy in equal parts to the pixels of its window."""

    # Batch normalization over all axes but the last. x (..., C); gamma, beta, mean, variance (C,).

    def batch_norm(self, x: Array, gamma: Array, beta: Array, epsilon: float) -> tuple[Array, Array, Array]:
        """gamma · (x - mean) / sqrt(variance + epsilon) + beta; also the mean and the (biased, 1/n) variance of x."""

    def batch_norm_inference(
        self, x: Array, gamma: Array, beta: Array, mean: Array, variance: Array, epsilon: float
    ) -> Array:
        """The same with given mean and variance."""

    def batch_norm_parameter_gradients(
        self, dy: Array, x: Array, mean: Array, variance: Array, epsilon: float
    ) -> tuple[Array, Array]:
        """dL/dgamma = sum of dy · normalized x, and dL/dbeta = sum of dy; both (C,)."""

    def batch_norm_input_gradient(
        self,
        dy: Array,
        x: Array,
        gamma: Array,
        mean: Array,
        variance: Array,
        epsilon: float,
        dgamma: Array,
        dbeta: Array,
    ) -> Array:
        """dL/dx through all three paths: x itself, the mean, the variance."""

    # Dense. x (N, I), w (I, O), b (O,) or None, y and dy (N, O).

    def dense(self, x: Array, w: Array, b: Array | None) -> Array:
        """x @ w + b."""

    def dense_input_gradient(self, dy: Array, w: Array) -> Array:
        """dL/dx = dy @ w.T."""

    def dense_weight_gradient(self, x: Array, dy: Array) -> Array:
        """dL/dw = x.T @ dy."""

    def bias_gradient(self, dy: Array) -> Array:
        """dL/db: dy summed over all axes but the last. For convolutions too."""

    # Fused groups: as the functions above one after another, in fewer passes over memory. `pooling` are windows that
    # tile the image, (R, S) at a distance of (R, S), without padding; of size (1, 1) they leave ReLU alone.
    # winners (N, PH, PW, K), uint8: each window's winning tap r·S + s, or R·S where no pixel of it was positive.

    def conv2d_relu_pool(
        self,
        x: Array,
        w: Array,
        b: Array | None,
        windows: Windows,
        groups: int,
        pooling: Windows,
        algorithm: str = "auto",
    ) -> tuple[Array, Array]:
        """The largest of relu(conv2d) in each pooling window (N, PH, PW, K), and the winners."""

    def relu_pool_gradient(self, dy: Array, winners: Array, pooling: Windows) -> tuple[Array, Array]:
        """dL/dz of what went into ReLU (N, OH, OW, K): dy where it won, else 0; and its sums (K,), dL/db."""

    def batch_norm_relu_pool(
        self, x: Array, gamma: Array, beta: Array, epsilon: float, pooling: Windows
    ) -> tuple[Array, Array, Array, Array]:
        """The largest of relu(batch_norm) in each pooling window, the winners, the mean and the (biased) variance."""

    def batch_norm_relu_pool_parameter_gradients(
        self, dy: Array, winners: Array, x: Array, mean: Array, variance: Array, epsilon: float, pooling: Windows
    ) -> tuple[Array, Array]:
        """batch_norm_parameter_gradients of relu_pool_gradient: dL/dgamma and dL/dbeta, both (C,)."""

    def batch_norm_relu_pool_input_gradient(
        self,
        dy: Array,
        winners: Array,
        x: Array,
        gamma: Array,
        mean: Array,
        variance: Array,
        epsilon: float,
        dgamma: Array,
        dbeta: Array,
        pooling: Windows,
    ) -> Array:
        """batch_norm_input_gradient of relu_pool_gradient: dL/dx (N, H, W, C)."""

    # The end of a residual block. x, shortcut and y (..., C); winners (..., C), uint8, as of windows of one pixel: 0
    # where ReLU let something through, 1 where it did not.

    def add_relu(self, x: Array, y: Array) -> Array:
        """relu(x + y), of one shape; relu_gradient takes it back, since the result is positive where x + y was."""

    def batch_norm_add(
        self, x: Array, gamma: Array, beta: Array, shortcut: Array, epsilon: float
    ) -> tuple[Array, Array, Array]:
        """batch_norm(x) + shortcut, the mean and the (biased) variance of x."""

    def batch_norm_add_relu(
        self, x: Array, gamma: Array, beta: Array, shortcut: Array, epsilon: float, relu_first: bool
    ) -> tuple[Array, Array, Array, Array]:
        """relu(batch_norm(x) + shortcut), or relu(batch_norm(x)) + shortcut; the winners, the mean, the variance.

        Where ReLU comes first, the functions of batch_norm_relu_pool take it back.
        """

    def batch_norm_add_relu_gradients(
        self, dy: Array, winners: Array, x: Array, mean: Array, variance: Array, epsilon: float
    ) -> tuple[Array, Array, Array]:
        """dL/dz of what went into ReLU (..., C), also dL/dshortcut, and its batch_norm_parameter_gradients."""

    def dense_relu(self, x: Array, w: Array, b: Array | None) -> Array:
        """relu(x @ w + b); relu_gradient takes it back, since y is positive where x @ w + b was."""

    # Where branches of a network meet. All arrays of a call have as many axes.

    def add(self, x: Array, y: Array) -> Array:
        """x + y, of one shape."""

    def add_to(self, total: Array, x: Array) -> Array:
        """total + x, of one shape. total, which is contiguous, is given away: the sum may lie in its memory."""

    def concatenate(self, xs: Arrays, axis: int) -> Array:
        """The arrays, whose shapes differ along `axis` only, behind one another; axis counts from 0."""

    def part(self, x: Array, axis: int, start: int, stop: int) -> Array:
        """A copy of what lies from start to stop (not included) along `axis`: concatenate's way back."""

    # Activations, element by element (softmax: over the last axis). The gradients take y where y is enough.

    def relu(self, x: Array, negative_slope: float, max_value: float | None, threshold: float) -> Array:
        """max_value above max_value, x from threshold on, negative_slope · (x - threshold) below."""

    def relu_gradient(
        self, dy: Array, x: Array, negative_slope: float, max_value: float | None, threshold: float
    ) -> Array:
        """dy · 1 strictly between threshold and max_value, dy · negative_slope up to threshold, 0 from max_value on."""

    def sigmoid(self, x: Array) -> Array:
        """1 / (1 + exp(-x)), without overflow."""

    def sigmoid_gradient(self, dy: Array, y: Array) -> Array:
        """dy · y · (1 - y)."""

    def tanh(self, x: Array) -> Array:
        """The hyperbolic tangent."""

    def tanh_gradient(self, dy: Array, y: Array) -> Array:
        """dy · (1 - y²)."""

    def softmax(self, x: Array) -> Array:
        """exp(x - max) / its sum, over the last axis."""

    def softmax_gradient(self, dy: Array, y: Array) -> Array:
        """y · (dy - sum of dy · y), over the last axis."""

    def elu(self, x: Array, alpha: float, scale: float) -> Array:
        """scale · x where positive, scale · alpha · (exp(x) - 1) elsewhere."""

    def elu_gradient(self, dy: Array, x: Array, alpha: float, scale: float) -> Array:
        """dy · scale where x is positive, dy · scale · alpha · exp(x) elsewhere."""

    def gelu(self, x: Array, approximate: bool) -> Array:
        """x · Φ(x), Φ the part of a normal distribution below x; approximate: Φ by a hyperbolic tangent."""

    def gelu_gradient(self, dy: Array, x: Array, approximate: bool) -> Array:
        """dy · (Φ(x) + x · Φ'(x))."""

    def silu(self, x: Array) -> Array:
        """x · sigmoid(x)."""

    def silu_gradient(self, dy: Array, x: Array) -> Array:
        """dy · s · (1 + x · (1 - s)), s = sigmoid(x)."""

    def softplus(self, x: Array) -> Array:
        """log(1 + exp(x)), without overflow."""

    def softplus_gradient(self, dy: Array, x: Array) -> Array:
        """dy · sigmoid(x)."""

    def dropout(self, x: Array, rate: float, key: Key) -> Array:
        """x / (1 - rate) where random number i of `key` is at least rate · 2³², else 0. It is its own gradient."""

    # Softmax cross-entropy. logits (N, K), targets (N,) whole numbers or (N, K) probabilities.

    def softmax_cross_entropy(self, logits: Array, targets: Array) -> tuple[Array, Array]:
        """- sum of target · log softmax(logits) for each row (N,), and the probabilities (N, K)."""

    def softmax_cross_entropy_gradient(self, dlosses: Array, probabilities: Array, targets: Array) -> Array:
        """dL/dlogits (N, K): (p · sum of targets - target) · dlosses."""

    # Optimizer updates, of all parameters at once: lists with an array for each. Parameters and state change in place.

    def sgd_update(
        self,
        parameters: Arrays,
        gradients: Arrays,
        velocities: Arrays | None,
        learning_rate: float,
        momentum: float,
        nesterov: bool,
    ) -> None:
        """velocity = momentum · velocity - learning_rate · gradient; parameter += velocity (or Nesterov's step)."""

    def adam_update(
        self,
        parameters: Arrays,
        gradients: Arrays,
        firsts: Arrays,
        seconds: Arrays,
        largest: Arrays | None,
        learning_rate: float,
        beta_1: float,
        beta_2: float,
        epsilon: float,
        step: int,
    ) -> None:
        """Adam's update number `step` (from 1), with both moments corrected for their start at zero.

        With `largest` AMSGrad's, which divides by the root of the largest second moment so far.
        """

    def nadam_update(
        self,
        parameters: Arrays,
        gradients: Arrays,
        firsts: Arrays,
        seconds: Arrays,
        rate_of_mean: float,
        rate_of_gradient: float,
        beta_1: float,
        beta_2: float,
        epsilon: float,
        step: int,
    ) -> None:
        """parameter -= (rate_of_mean · first + rate_of_gradient · gradient) / (sqrt(corrected second) + epsilon)."""

    def adamax_update(
        self,
        parameters: Arrays,
        gradients: Arrays,
        firsts: Arrays,
        norms: Arrays,
        learning_rate: float,
        beta_1: float,
        beta_2: float,
        epsilon: float,
        step: int,
    ) -> None:
        """norm = max(beta_2 · norm, |gradient|); parameter -= learning_rate · corrected first / (norm + epsilon)."""

    def adagrad_update(
        self, parameters: Arrays, gradients: Arrays, squares: Arrays, learning_rate: float, epsilon: float
    ) -> None:
        """square += gradient²; parameter -= learning_rate · gradient / sqrt(square + epsilon)."""

    def adadelta_update(
        self,
        parameters: Arrays,
        gradients: Arrays,
        squares: Arrays,
        step_squares: Arrays,
        learning_rate: float,
        rho: float,
        epsilon: float,
    ) -> None:
        """Gradients times sqrt(mean step² + epsilon) / sqrt(mean gradient² + epsilon); both means forget by rho."""

    def rmsprop_update(
        self,
        parameters: Arrays,
        gradients: Arrays,
        squares: Arrays,
        velocities: Arrays | None,
        means: Arrays | None,
        learning_rate: float,
        rho: float,
        momentum: float,
        epsilon: float,
    ) -> None:
        """parameter -= learning_rate · gradient / sqrt(running mean of gradient² + epsilon); centred with `means`."""
