from __future__ import annotations

from pathlib import Path

import pytest

from minicnn import Input, Model, Sequential, layers
from minicnn.cli.profile import as_table, measure, peak
from minicnn.plan_table import flops
from tests.cli.conftest import Run


def network() -> Sequential:
    return Sequential(
        [
            Input((9, 9, 2)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


def test_every_group_has_a_row_and_the_shares_are_all_there_is(minicnn: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    outcome = minicnn("profile", "lenet5", "--batch", 2, "--repeat", 1, "--train")
    assert outcome.status == 0
    lines = [" ".join(line.replace("│", " ").split()) for line in outcome.out.splitlines()]
    assert lines[0].startswith("lenet5: a batch of 2 forward and backward, numba backend, ")
    rows = {line.split()[0].rstrip(","): line for line in lines if line.endswith("%")}
    assert list(rows) == ["conv2d", "conv2d_1", "flatten", "dense", "dense_1", "dense_2", "total"]
    assert "conv2d, max_pooling2d conv2d + relu + max_pool " in rows["conv2d"]
    shares = {name: int(line.split()[-1].rstrip("%")) for name, line in rows.items()}
    assert shares.pop("total") == 100
    assert abs(sum(shares.values()) - 100) <= 3


def test_forward_alone_on_another_backend(minicnn: Run, run_folder: Path) -> None:
    outcome = minicnn("profile", run_folder, "--repeat", 1, "--backend", "numpy")
    assert outcome.status == 0
    assert "forward, numpy backend" in " ".join(outcome.out.split())
    assert "backward" not in outcome.out


@pytest.mark.parametrize("train", [False, True])
def test_work_and_bytes(train: bool) -> None:
    model = network()
    (conv, at_conv), (_, at_flatten), (dense, at_dense) = measure(model, batch=5, train=train, repeat=3)
    assert (len(at_conv.forward), len(at_conv.backward)) == (3, 3 if train else 0)
    # The first layer's input has no gradient: forward and weight gradient; the dense layer computes dx too.
    assert at_conv.flop == 5 * flops(conv.layers[0]) * (2 if train else 1)
    assert at_dense.flop == 5 * flops(dense.layers[0]) * (3 if train else 1)
    assert (at_flatten.flop, at_flatten.least_bytes) == (0, 0)
    x, w, y = 5 * 36 * 4, (36 * 3 + 3) * 4, 5 * 3 * 4
    assert at_dense.least_bytes == x + w + y + (train and x + w + y + x + w)


def test_a_model_that_branches_has_a_row_for_each_group() -> None:
    x, other = Input((8, 8, 2)), Input((6, 6, 4))
    y = layers.Conv2D(4, 3, activation="relu")(x)
    y = layers.Add(name="sum")([y, layers.Conv2D(4, 3, padding="same", name="inner")(y), other])
    model = Model([x, other], [layers.Dense(3)(layers.Flatten()(y)), layers.GlobalMaxPooling2D(name="most")(y)])
    rows = {group.layers[-1].name: cost for group, cost in measure(model, batch=5, train=True, repeat=2)}
    assert list(rows) == ["conv2d", "inner", "sum", "flatten", "dense", "most"]
    assert all(len(cost.backward) == 2 for cost in rows.values())
    image = 5 * 6 * 6 * 4 * 4
    assert rows["sum"].least_bytes == 4 * image + 4 * image + 2 * image  # both ways, and the gradients of two inputs
    assert all(variable.grad is not None for variable in model.trainable_weights)


def test_the_time_of_a_group_is_its_own() -> None:
    rows = measure(network(), batch=1, train=True, repeat=2)
    assert all(cost.seconds > 0 for _, cost in rows)
    table = as_table(rows, "title", ceiling=1e9)
    assert table.row_count == len(rows) == 3


def test_profiling_changes_no_weight() -> None:
    model = network()
    before = [w.tobytes() for w in model.get_weights()]
    measure(model, batch=2, train=True, repeat=1)
    assert [w.tobytes() for w in model.get_weights()] == before


def test_the_peak_is_a_rate() -> None:
    assert peak() > 1e8  # a hundred million a second: any CPU's


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nosuch"], "nosuch"),
        (["lenet5", "--input-shape", "28,28"], "--input-shape must be height,width,channels"),
        (["open.json"], "does not say how large its images are: give --input-shape"),
    ],
)
def test_what_cannot_be_profiled(minicnn: Run, tmp_path: Path, arguments: list[str], says: str) -> None:
    (tmp_path / "open.json").write_text(Sequential([layers.Flatten(), layers.Dense(2)]).to_json())
    outcome = minicnn("profile", *arguments)
    assert outcome.status == 1
    assert says in outcome.err
