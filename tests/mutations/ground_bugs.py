"""Bugs beneath the operators: the tape, geometry, random numbers, optimizer updates."""

from __future__ import annotations

from tests import test_geometry, test_random
from tests.backends import formulas
from tests.mutations.bug import KERNELS, Bug, Checker, example
from tests.tensor import known_gradients, test_tape

TAPE_AND_GEOMETRY_BUGS = [
    Bug(
        "tape: a second use overwrites the first",
        "minicnn.tensor.tape.Node.pass_back",
        "_sum(upstream[tensor], tensor in own, g, new)",
        "g",
        Checker("used_twice", known_gradients.used_twice),
    ),
    Bug(
        "tape: tensors visited in the order of discovery",
        "minicnn.tensor.tape._in_reverse",
        "            order.append(tensor)\n        elif tensor not in seen:\n",
        "            pass\n        elif tensor not in seen:\n            order.insert(0, tensor)\n",
        Checker("long_way_and_short_cut", known_gradients.long_way_and_short_cut),
    ),
    Bug(
        "tape: a second backward overwrites the leaf's gradient",
        "minicnn.tensor.tape.Tensor._keep",
        "as_array(self.grad + gradient)",
        "gradient",
        Checker("two_calls", known_gradients.two_calls),
    ),
    Bug(
        "tape: two leaves share one gradient",
        "minicnn.tensor.tape.Tensor._keep",
        "gradient if own else _copied(gradient)",
        "gradient",
        example(test_tape.test_gradients_alias_neither_one_another_nor_the_upstream_gradient),
    ),
    Bug(
        "tape: two leaves share one gradient that is not dy",
        "minicnn.tensor.tape._is_new",
        "for other in given)",
        "for other in given[:1])",
        example(test_tape.test_a_gradient_that_two_inputs_share_is_copied),
    ),
    Bug(
        "tape: a sum in the place of a gradient that another input shares",
        "minicnn.tensor.tape.Node.pass_back",
        "(*found[:i], *found[i + 1 :])",
        "found[:i]",
        example(test_tape.test_a_sum_of_gradients_changes_none_that_is_needed_elsewhere),
    ),
    Bug(
        "tape: nothing is ever released",
        "minicnn.tensor.tape.Tensor.backward",
        "if not retain_graph:",
        "if False:",
        example(test_tape.test_the_graph_is_released_by_backward),
    ),
    Bug(
        "tape: every gradient computed, wanted or not",
        "minicnn.tensor.tape.Node._gradients",
        "self.pullback(dy), []",
        "{k: g() if callable(g) else g for k, g in self.pullback(dy).items()}, []",
        example(test_tape.test_a_gradient_nobody_wants_is_never_computed),
    ),
    Bug(
        "geometry: the odd pixel of 'same' at the top",
        "minicnn.geometry._halves",
        "return pixels // 2, pixels - pixels // 2",
        "return pixels - pixels // 2, pixels // 2",
        example(test_geometry.test_same_with_output_padding_lies_where_keras_has_it, 3, 2, 1, 1, (0, 1), 6),
    ),
    Bug(
        "geometry: dilation forgotten in a window's reach",
        "minicnn.geometry._reach",
        "(size[0] - 1) * dilation[0] + 1",
        "size[0]",
        example(test_geometry.test_same_with_output_padding_lies_where_keras_has_it, 3, 1, 2, 0, (2, 2), 3),
    ),
    Bug(
        "random: one round of Philox too few",
        "minicnn.random.philox",
        "rounds: int = 10",
        "rounds: int = 9",
        example(test_random.test_philox_gives_the_known_answers, *test_random.KNOWN_ANSWERS[0]),
    ),
]

UPDATE_BUGS = [
    Bug(
        "sgd_update: uphill",
        f"{KERNELS}.updates.sgd_update",
        "velocity -= step",
        "velocity += step",
        Checker("sgd with momentum", lambda: formulas.sgd(momentum=0.9, nesterov=False)),
    ),
    Bug(
        "sgd_update: Nesterov looks ahead by the whole velocity",
        f"{KERNELS}.updates.sgd_update",
        "momentum * velocity - step if nesterov",
        "velocity - step if nesterov",
        Checker("sgd with Nesterov's momentum", lambda: formulas.sgd(momentum=0.9, nesterov=True)),
    ),
    Bug(
        "adam_update: the first step's correction at every step",
        f"{KERNELS}.updates.adam_update",
        "(1 - beta_1**step)",
        "(1 - beta_1)",
        Checker("adam", formulas.adam),
    ),
    Bug(
        "adam_update: epsilon inside the root",
        f"{KERNELS}.updates.adam_update",
        "(np.sqrt(second) + epsilon)",
        "np.sqrt(second + epsilon)",
        Checker("adam", formulas.adam),
    ),
    Bug(
        "rmsprop_update: epsilon outside the root",
        f"{KERNELS}.updates.rmsprop_update",
        "np.sqrt(spread + epsilon)",
        "(np.sqrt(spread) + epsilon)",
        Checker("rmsprop", lambda: formulas.rmsprop(momentum=0.0, centered=False)),
    ),
    Bug(
        "rmsprop_update: the mean subtracted without its square",
        f"{KERNELS}.updates.rmsprop_update",
        "square - np.square(mean)",
        "square - np.abs(mean) / 10",
        Checker("centred rmsprop", lambda: formulas.rmsprop(momentum=0.8, centered=True)),
    ),
    Bug(
        "adam_update: AMSGrad keeps the last second moment, not the largest",
        f"{KERNELS}.updates.adam_update",
        "np.maximum(largest[i], second, out=largest[i])",
        "second",
        Checker("amsgrad", lambda: formulas.adam(amsgrad=True)),
    ),
    Bug(
        "nadam_update: the second moment not corrected",
        f"{KERNELS}.updates.nadam_update",
        "correction * np.sqrt(second)",
        "np.sqrt(second)",
        Checker("nadam", formulas.nadam),
    ),
    Bug(
        "adamax_update: the norm never shrinks",
        f"{KERNELS}.updates.adamax_update",
        "norm *= beta_2",
        "norm *= 1",
        Checker("adamax", formulas.adamax),
    ),
    Bug(
        "adagrad_update: the last square instead of their sum",
        f"{KERNELS}.updates.adagrad_update",
        "square += np.square(gradient)",
        "square[...] = np.square(gradient)",
        Checker("adagrad", formulas.adagrad),
    ),
    Bug(
        "adadelta_update: the mean of steps as far as the learning rate takes them",
        f"{KERNELS}.updates.adadelta_update",
        "(1 - rho) * np.square(step)",
        "(1 - rho) * np.square(learning_rate * step)",
        Checker("adadelta", formulas.adadelta),
    ),
]

GROUND_BUGS = [*TAPE_AND_GEOMETRY_BUGS, *UPDATE_BUGS]
