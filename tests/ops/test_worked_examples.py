"""Examples small enough to be worked by hand, and properties that a definition promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicnn import Tensor, ops
from minicnn.gradient_check import Case
from minicnn.random import Key, generator, random_bits
from tests.conftest import Spy
from tests.ops.calls import run

FLOATS = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def test_a_convolution_by_hand(backend: Spy) -> None:
    x = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]])[None, :, :, None]
    w = np.array([[1.0, 2], [3, 4]])[:, :, None, None]
    case = Case(ops.conv2d, {"x": x, "w": w, "b": np.array([0.5])})
    y, gradients = run(case, np.array([[1.0, 0], [0, 10]])[None, :, :, None])
    assert y[0, :, :, 0].tolist() == [[37.5, 47.5], [67.5, 77.5]]  # not flipped: 1·1 + 2·2 + 4·3 + 5·4 + 0.5
    assert gradients["x"][0, :, :, 0].tolist() == [[1, 2, 0], [3, 4 + 10, 20], [0, 30, 40]]
    assert gradients["w"][:, :, 0, 0].tolist() == [[1 + 50, 2 + 60], [4 + 80, 5 + 90]]
    assert gradients["b"].tolist() == [11]


def test_the_identity_kernel_changes_nothing(backend: Spy) -> None:
    x = generator(0).standard_normal((2, 5, 6, 3))
    w = np.zeros((3, 3, 3, 3))
    w[1, 1] = np.eye(3)
    np.testing.assert_array_equal(ops.conv2d(x, w, padding="same"), x)
    np.testing.assert_array_equal(ops.conv2d(x, np.eye(3)[None, None]), x)
    np.testing.assert_array_equal(
        ops.depthwise_conv2d(x, w[..., :1].sum(axis=2, keepdims=True).repeat(3, 2), padding=1), x
    )


def test_a_transposed_convolution_by_hand(backend: Spy) -> None:
    x = np.array([[1.0, 2], [3, 4]])[None, :, :, None]
    w = np.array([[1.0, 10], [100, 1000]])[:, :, None, None]
    stamped = ops.conv2d_transpose(x, w, strides=2)
    assert stamped[0, :, :, 0].tolist() == [
        [1, 10, 2, 20],
        [100, 1000, 200, 2000],
        [3, 30, 4, 40],
        [300, 3000, 400, 4000],
    ]
    overlapping = ops.conv2d_transpose(x, w)
    assert overlapping[0, :, :, 0].tolist() == [[1, 12, 20], [103, 1234, 2040], [300, 3400, 4000]]


def test_depthwise_channels_come_out_filter_by_filter(backend: Spy) -> None:
    x = np.array([1.0, 10]).reshape(1, 1, 1, 2)
    w = np.array([[1.0, 2], [3, 4]]).reshape(1, 1, 2, 2)
    assert ops.depthwise_conv2d(x, w).ravel().tolist() == [1, 2, 30, 40]


def test_batch_norm_of_the_worked_example(backend: Spy) -> None:
    told: list[Any] = []
    x = np.array([1.0, 1, 1, 2, 0, -1, 2, 2])[:, None]
    y = ops.batch_norm(x, np.ones(1), np.zeros(1), epsilon=0.0, observe=lambda *statistics: told.extend(statistics))
    assert [float(s[0]) for s in told] == [1.0, 1.0]  # mean; variance, divided by 8 and not by 7
    assert y[:, 0].tolist() == [0, 0, 0, 1, -1, -2, 1, 1]


def test_batch_norm_has_mean_beta_and_deviation_gamma(backend: Spy) -> None:
    x = 5 + 3 * generator(1).standard_normal((4, 6, 7, 3))
    gamma, beta = np.array([1.0, 2.0, -3.0]), np.array([0.0, 5.0, -1.0])
    y = ops.batch_norm(x, gamma, beta, epsilon=0.0)
    np.testing.assert_allclose(y.mean(axis=(0, 1, 2)), beta, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=(0, 1, 2)), abs(gamma), rtol=1e-12)


def test_batch_norm_does_not_cancel_far_from_zero(backend: Spy) -> None:
    x = (np.array([0, 1, 2, 3], np.float32) + np.float32(30000))[:, None]
    y = ops.batch_norm(x, np.ones(1, np.float32), np.zeros(1, np.float32), epsilon=0.0)
    np.testing.assert_allclose(y[:, 0], [-1.3416408, -0.4472136, 0.4472136, 1.3416408], rtol=1e-6)


def test_batch_norm_inference_is_batch_norm_with_the_batchs_own_statistics(backend: Spy) -> None:
    x = generator(2).standard_normal((5, 4))
    gamma, beta = np.array([1.0, 2, 3, 4]), np.array([4.0, 3, 2, 1])
    np.testing.assert_allclose(
        ops.batch_norm_inference(x, gamma, beta, x.mean(axis=0), x.var(axis=0), epsilon=0.1),
        ops.batch_norm(x, gamma, beta, epsilon=0.1),
        rtol=1e-12,
    )


@FLOATS
def test_softmax_of_the_worked_example(backend: Spy, dtype: Any) -> None:
    y = ops.softmax(np.array([1, 2, 3, 4, 1, 2, 3], dtype))
    assert y.round(3).tolist() == np.array([0.024, 0.064, 0.175, 0.475, 0.024, 0.064, 0.175], dtype).tolist()


@FLOATS
def test_softmax_survives_large_numbers(backend: Spy, dtype: Any) -> None:
    y = ops.softmax(np.array([[1e4, 0.0, -1e4], [3e4, 3e4, -np.inf]], dtype))
    assert y.tolist() == [[1, 0, 0], [0.5, 0.5, 0]]


@FLOATS
def test_sigmoid_and_tanh_survive_large_numbers(backend: Spy, dtype: Any) -> None:
    x = np.array([-1e4, 0, 1e4], dtype)
    assert ops.sigmoid(x).tolist() == [0, 0.5, 1]
    assert ops.tanh(x).tolist() == [-1, 0, 1]


def test_the_gradient_of_softmax_cross_entropy_is_p_minus_y(backend: Spy) -> None:
    logits = np.array([[1.0, 2, 3], [0, 0, 0]])
    losses, gradients = run(Case(ops.softmax_cross_entropy, {"logits": logits}, {"labels": [2, 0]}), np.ones(2))
    p = ops.softmax(logits)
    np.testing.assert_allclose(losses, -np.log(p[[0, 1], [2, 0]]), rtol=1e-14)
    np.testing.assert_allclose(gradients["logits"], p - np.array([[0, 0, 1], [1, 0, 0]]), rtol=1e-12)


@FLOATS
def test_softmax_cross_entropy_of_a_hopeless_case_is_finite(backend: Spy, dtype: Any) -> None:
    logits = Tensor(np.array([[0, 1000]], dtype), requires_grad=True)
    loss = ops.softmax_cross_entropy(logits, np.array([0]))
    loss.backward()
    assert (loss.data.tolist(), logits.grad.tolist()) == ([1000], [[-1, 1]])


def test_whole_number_labels_and_one_hot_targets_agree(backend: Spy) -> None:
    logits, labels = generator(3).standard_normal((6, 4)), np.array([0, 3, 1, 2, 2, 0])
    hot = np.eye(4)[labels]
    dy = np.arange(1.0, 7.0)
    for operator, name, x in (
        (ops.softmax_cross_entropy, "logits", logits),
        (ops.cross_entropy, "probabilities", ops.softmax(logits)),
    ):
        by_label = run(Case(operator, {name: x}, {"labels": labels}), dy)
        by_target = run(Case(operator, {name: x}, {"labels": hot}), dy)
        np.testing.assert_allclose(by_label.y, by_target.y, rtol=1e-12)
        np.testing.assert_allclose(by_label.gradients[name], by_target.gradients[name], rtol=1e-12, atol=1e-12)


def test_cross_entropy_after_softmax_is_softmax_cross_entropy(backend: Spy) -> None:
    x, labels = generator(4).standard_normal((5, 3)), np.array([0, 1, 2, 0, 1])
    apart = run(
        Case(lambda x, labels: ops.cross_entropy(ops.softmax(x), labels), {"x": x}, {"labels": labels}), np.ones(5)
    )
    fused = run(Case(ops.softmax_cross_entropy, {"logits": x}, {"labels": labels}), np.ones(5))
    np.testing.assert_allclose(apart.y, fused.y, rtol=1e-12)
    np.testing.assert_allclose(apart.gradients["x"], fused.gradients["logits"], rtol=1e-9, atol=1e-12)


def test_binary_cross_entropy_by_hand_and_by_logits(backend: Spy) -> None:
    p, targets = np.array([[0.8, 0.3]]), np.array([[1.0, 0.0]])
    by_probability = run(Case(ops.binary_cross_entropy, {"predictions": p}, {"targets": targets}), np.ones(1))
    np.testing.assert_allclose(by_probability.y, [-(np.log(0.8) + np.log(0.7)) / 2], rtol=1e-14)
    logits = np.log(p / (1 - p))
    options = {"targets": targets, "from_logits": True}
    by_logit = run(Case(ops.binary_cross_entropy, {"predictions": logits}, options), np.ones(1))
    np.testing.assert_allclose(by_logit.y, by_probability.y, rtol=1e-12)
    np.testing.assert_allclose(by_logit.gradients["predictions"], (p - targets) / 2, rtol=1e-12)


@pytest.mark.parametrize("from_logits", [False, True])
def test_binary_cross_entropy_of_a_hopeless_case_is_finite(backend: Spy, from_logits: bool) -> None:
    predictions = np.array([[-500.0, 500.0]]) if from_logits else np.array([[0.0, 1.0]])
    loss = ops.binary_cross_entropy(predictions, np.array([[1.0, 0.0]]), from_logits=from_logits)
    np.testing.assert_allclose(loss, [500.0 if from_logits else -np.log(1e-7)], rtol=1e-6)


def test_relu_with_all_of_keras_options(backend: Spy) -> None:
    x = np.array([-2.0, 0.0, 0.5, 1.0, 2.0, 3.0])
    options = {"negative_slope": 0.1, "max_value": 2.0, "threshold": 1.0}
    y, gradients = run(Case(ops.relu, {"x": x}, options), np.ones(6))
    np.testing.assert_allclose(y, [-0.3, -0.1, -0.05, 1.0, 2.0, 2.0])
    assert gradients["x"].tolist() == [0.1, 0.1, 0.1, 0.1, 0, 0]
    assert ops.relu6(np.array([-1.0, 3, 7])).tolist() == [0, 3, 6]
    assert ops.leaky_relu(np.array([-1.0, 3])).tolist() == [-0.2, 3]


def test_relu_of_zero_has_no_slope(backend: Spy) -> None:
    _, gradients = run(Case(ops.relu, {"x": np.array([-1.0, 0.0, 1.0])}), np.ones(3))
    assert gradients["x"].tolist() == [0, 0, 1]


def test_prelu_learns_a_slope_for_each_channel(backend: Spy) -> None:
    x, alpha = np.array([[-1.0, 2.0], [-3.0, -4.0]]), np.array([0.1, 0.5])
    y, gradients = run(Case(ops.prelu, {"x": x, "alpha": alpha}), np.ones((2, 2)))
    np.testing.assert_allclose(y, [[-0.1, 2.0], [-0.3, -2.0]])
    assert gradients["x"].tolist() == [[0.1, 1.0], [0.1, 0.5]]
    assert gradients["alpha"].tolist() == [-4, -4]


@FLOATS
def test_dropout_keeps_what_its_key_says_and_scales_it(backend: Spy, dtype: Any) -> None:
    x = np.arange(1, 1001, dtype=dtype)
    keep = random_bits(Key(42, 3), 1000) >= 0.25 * 2**32
    y, gradients = run(Case(ops.dropout, {"x": x}, {"rate": 0.25, "seed": Key(42, 3)}), np.ones_like(x))
    np.testing.assert_allclose(y, np.where(keep, x / 0.75, 0), rtol=1e-6)
    np.testing.assert_allclose(gradients["x"], np.where(keep, 1 / 0.75, 0), rtol=1e-6)
    assert abs(keep.mean() - 0.75) < 0.05


def test_dropout_of_rate_zero_changes_nothing(backend: Spy) -> None:
    x = generator(5).standard_normal((3, 4))
    np.testing.assert_array_equal(ops.dropout(x, 0.0, seed=1), x)


def test_dropout_masks_follow_from_the_seed(backend: Spy) -> None:
    x = np.ones(64)
    assert (ops.dropout(x, 0.5, seed=1) == ops.dropout(x, 0.5, seed=1)).all()
    assert (ops.dropout(x, 0.5, seed=1) != ops.dropout(x, 0.5, seed=2)).any()


def test_picking_twice_adds_twice(backend: Spy) -> None:
    _, gradients = run(Case(ops.getitem, {"x": np.zeros(3)}, {"index": [0, 2, 2]}), np.array([1.0, 10, 100]))
    assert gradients["x"].tolist() == [1, 0, 110]


def test_upsampling_by_hand(backend: Spy) -> None:
    x = np.array([[0.0, 4.0]])[None, :, :, None]
    nearest = ops.upsample2d(x, (2, 2))
    assert nearest[0, :, :, 0].tolist() == [[0, 0, 4, 4], [0, 0, 4, 4]]
    blended = ops.upsample2d(x, (1, 2), interpolation="bilinear")
    assert blended[0, :, :, 0].tolist() == [[0, 1, 3, 4]]  # centres at half pixels, edges held
    _, gradients = run(
        Case(ops.upsample2d, {"x": x}, {"size": (1, 2), "interpolation": "bilinear"}), np.ones((1, 1, 4, 1))
    )
    assert gradients["x"].ravel().tolist() == [2, 2]


def test_zero_padding_by_hand(backend: Spy) -> None:
    padded = ops.zero_pad2d(np.ones((1, 1, 1, 1)), ((1, 0), (0, 2)))
    assert padded[0, :, :, 0].tolist() == [[0, 0, 0], [1, 0, 0]]


def test_dense_by_hand(backend: Spy) -> None:
    case = Case(
        ops.dense, {"x": np.array([[1.0, 2]]), "w": np.array([[1.0, 0, 2], [0, 1, 3]]), "b": np.array([10.0, 0, 0])}
    )
    y, gradients = run(case, np.array([[1.0, 1, 1]]))
    assert y.tolist() == [[11, 2, 8]]
    assert gradients["x"].tolist() == [[3, 4]]
    assert gradients["w"].tolist() == [[1, 1, 1], [2, 2, 2]]
    assert gradients["b"].tolist() == [1, 1, 1]


def test_the_maximum_of_one_number_is_that_number() -> None:
    x = Tensor(np.array(3.0), requires_grad=True)
    y = ops.max(x, axis=())
    y.backward()
    assert (y.item(), x.grad) == (3.0, 1.0)


def test_a_number_to_the_power_0_is_constant_also_at_0(backend: Spy) -> None:
    with np.errstate(divide="ignore", invalid="ignore"):  # it is the numbers that count
        y, gradients = run(Case(ops.power, {"x": np.array([0.0, 2, -3])}, {"exponent": 0}), np.array([5.0, 6, 7]))
    assert y.tolist() == [1, 1, 1]
    assert gradients["x"].tolist() == [0, 0, 0]


def test_a_tie_of_two_is_shared() -> None:
    x, y = np.array([1.0, 2, 3]), np.array([1.0, 5, 2])
    for operator, larger in ((ops.maximum, [0.5, 0, 1]), (ops.minimum, [0.5, 1, 0])):
        _, gradients = run(Case(operator, {"x": x, "y": y}), np.ones(3))
        assert gradients["x"].tolist() == larger
        assert gradients["y"].tolist() == [1 - g for g in larger]
