from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from minicnn import Input, Sequential, layers, metrics
from minicnn.errors import ArgumentError, DataError, MinicnnError, ShapeError
from minicnn.metrics import AUC, F1Score, MeanIoU, Precision, Recall, confusion_matrix, roc_curve

RNG = np.random.default_rng(3)
YES, SCORES = RNG.integers(0, 2, 200), RNG.random(200).round(2)


def test_confusion_matrix_rows_are_the_truth() -> None:
    expected = [[1, 1, 0], [0, 0, 1], [0, 0, 2]]
    assert confusion_matrix([0, 0, 1, 2, 2], [0, 1, 2, 2, 2]).tolist() == expected
    assert confusion_matrix(np.eye(3)[[0, 0, 1, 2, 2]], np.eye(3)[[0, 1, 2, 2, 2]]).tolist() == expected
    assert confusion_matrix([0], [1], num_classes=2, sample_weight=[0.5]).tolist() == [[0, 0.5], [0, 0]]
    assert confusion_matrix([], [], num_classes=2).tolist() == [[0, 0], [0, 0]]


def test_precision_and_recall_by_hand() -> None:
    y, p = [1, 1, 0, 0, 1], [0.9, 0.4, 0.8, 0.1, 0.6]
    for metric, expected in ((Precision(), 2 / 3), (Recall(), 2 / 3), (Recall(thresholds=0.3), 1)):
        metric.update_state(y, p)
        np.testing.assert_allclose(metric.result(), expected)
    many = Precision(thresholds=[0.85, 0.0])
    many.update_state(y, p)
    np.testing.assert_allclose(many.result(), [1, 0.6])
    assert Precision().result() == 0, "no division by nothing"


def test_a_score_on_the_threshold_is_a_no_in_its_own_precision() -> None:
    metric = Precision(thresholds=0.3)
    metric.update_state([1], np.array([0.3], np.float32))  # more than 0.3 only in float64
    assert metric.result() == 0


def test_the_curve_by_hand() -> None:
    false_rate, true_rate, thresholds = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    assert false_rate.tolist() == [0, 0, 0.5, 0.5, 1]
    assert true_rate.tolist() == [0, 0.5, 0.5, 1, 1]
    assert thresholds.tolist() == [np.inf, 0.8, 0.4, 0.35, 0.1]


def test_the_exact_area_is_how_often_a_positive_beats_a_negative() -> None:
    false_rate, true_rate, _ = roc_curve(YES, SCORES)
    pairs = np.sign(SCORES[YES == 1][:, None] - SCORES[YES == 0])
    np.testing.assert_allclose(np.trapezoid(true_rate, false_rate), (pairs + 1).mean() / 2)
    assert len(false_rate) == len(np.unique(SCORES)) + 1, "equal scores are one point"
    area = AUC(num_thresholds=2001)
    area.update_state(YES, SCORES)
    np.testing.assert_allclose(area.result(), (pairs + 1).mean() / 2, atol=1e-3)


def test_weights_are_repetitions() -> None:
    weights = RNG.integers(1, 4, 200)
    repeated = np.repeat(YES, weights), np.repeat(SCORES, weights)
    for a, b in zip(roc_curve(YES, SCORES, weights), roc_curve(*repeated), strict=True):
        np.testing.assert_allclose(a, b)
    for make in (AUC, Precision, lambda: AUC(curve="PR", summation_method="majoring")):
        weighed, plain = make(), make()
        weighed.update_state(YES, SCORES, weights)
        plain.update_state(*repeated)
        np.testing.assert_allclose(weighed.result(), plain.result(), rtol=1e-12)


def test_every_metric_comes_back_from_its_config() -> None:
    given = {"IoU": {"num_classes": 3, "target_class_ids": [0]}, "MeanIoU": {"num_classes": 3}}
    asked = {"SensitivityAtSpecificity": "specificity", "SpecificityAtSensitivity": "sensitivity"}
    asked |= {"PrecisionAtRecall": "recall", "RecallAtPrecision": "precision"}
    for cls in metrics._CLASSES:
        options: dict[str, Any] = given.get(cls.__name__, {})
        options |= {asked[cls.__name__]: 0.5} if cls.__name__ in asked else {}
        metric = cls(**options)
        again = metrics.get(json.loads(json.dumps(metrics.serialize(metric))))
        assert type(again) is cls
        assert again.get_config() == metric.get_config()


def test_a_model_reports_them_also_those_of_several_numbers() -> None:
    net = Sequential([Input((3,)), layers.Dense(2, activation="softmax")])
    net.compile("sgd", "categorical_crossentropy", metrics=["auc", F1Score(), "ce", Recall(class_id=1)])
    x, y = RNG.random((20, 3)), np.eye(2)[RNG.integers(0, 2, 20)]
    history = net.fit(x, y, epochs=2, validation_split=0.2, verbose=2).history
    assert {"auc", "f1_score", "ce", "recall", "val_f1_score"} < set(history)
    assert history["f1_score"][0].shape == (2,)
    found = net.evaluate(x, y, return_dict=True)
    np.testing.assert_allclose(found["ce"], found["loss"], rtol=1e-5)


BAD: dict[str, tuple[Any, type[MinicnnError], str]] = {
    "thresholds": (
        lambda: Precision(thresholds=[0.5, 1.5]),
        ArgumentError,
        "Precision: thresholds must be from 0 to 1",
    ),
    "no thresholds": (lambda: Recall(thresholds=[]), ArgumentError, "Recall: thresholds must be from 0 to 1, got"),
    "top_k": (lambda: Recall(top_k=0), ArgumentError, "Recall: top_k must be a whole number, got 0"),
    "class_id": (lambda: Precision(class_id=-1), ArgumentError, "Precision: class_id must be a whole number, got -1"),
    "no such class": (
        lambda: Precision(class_id=1).update_state([1], [0.5]),
        ShapeError,
        r"precision: there is no class_id 1 in predictions \(1, 1\)",
    ),
    "NaN": (lambda: AUC().update_state([1], [np.nan]), DataError, "auc: predictions hold NaN"),
    "logits": (lambda: AUC().update_state([1], [3.0]), DataError, "predictions must be from 0 to 1; logits go with"),
    "weights": (
        lambda: AUC().update_state([1], [0.5], [1, 2]),
        ShapeError,
        r"auc: sample_weight must have shape \(1,\)",
    ),
    "curve": (lambda: AUC(curve="DET"), ArgumentError, "AUC: curve must be 'ROC' or 'PR', got 'DET'"),
    "summation": (lambda: AUC(summation_method="left"), ArgumentError, "AUC: summation_method must be"),
    "one threshold": (lambda: AUC(1), ArgumentError, "AUC: num_thresholds must be a whole number of at least 2"),
    "very many": (lambda: AUC(10**9), ArgumentError, "num_thresholds must be .* at most 100,000, got 1000000000"),
    "labels of one": (lambda: AUC(num_labels=3), ArgumentError, "num_labels goes with multi_label=True only"),
    "label weights in words": (
        lambda: AUC(label_weights="relu"),
        ArgumentError,
        "AUC: label_weights must be a finite number",
    ),
    "label weights": (
        lambda: AUC(label_weights=[1, 2]).update_state(np.ones((2, 3)), np.ones((2, 3))),
        ShapeError,
        "auc: 2 label_weights for predictions",
    ),
    "columns": (
        lambda: AUC(multi_label=True, num_labels=2).update_state(np.ones((2, 3)), np.ones((2, 3))),
        ShapeError,
        r"multi_label takes predictions \(N, 2\), got shape \(2, 3\)",
    ),
    "specificity": (
        lambda: metrics.SensitivityAtSpecificity(1.5),
        ArgumentError,
        "SensitivityAtSpecificity: specificity must be at most 1, got 1.5",
    ),
    "k": (lambda: metrics.TopKCategoricalAccuracy(0), ArgumentError, "k must be a whole number of at least 1, got 0"),
    "labels past the classes": (
        lambda: metrics.SparseTopKCategoricalAccuracy().update_state([5], np.ones((1, 3))),
        ShapeError,
        "labels must be from 0 to 2",
    ),
    "average": (lambda: F1Score("mean"), ArgumentError, "F1Score: average must be None, 'micro', 'macro' or"),
    "f threshold": (lambda: F1Score(threshold=0.0), ArgumentError, "F1Score: threshold must be above 0 and at most 1"),
    "beta": (lambda: metrics.FBetaScore(beta=0), ArgumentError, "FBetaScore: beta must be above 0"),
    "f shapes": (lambda: F1Score().update_state([1], [1]), ShapeError, r"takes labels and predictions \(N, K\)"),
    "classes": (
        lambda: MeanIoU(0),
        ArgumentError,
        "MeanIoU: num_classes must be a whole number from 1 to 10,000, got 0",
    ),
    "very many classes": (lambda: MeanIoU(10**9), ArgumentError, "from 1 to 10,000, got 1000000000"),
    "target": (lambda: metrics.IoU(2, [2]), ArgumentError, "IoU: target_class_ids must be from 0 to 1"),
    "a class too many": (lambda: MeanIoU(2).update_state([2], [0]), DataError, "classes must be from 0 to 1"),
    "scores of one axis": (
        lambda: confusion_matrix([0, 1], [0.3, 0.7]),
        DataError,
        "y_pred .N,. must hold whole numbers",
    ),
    "lengths": (lambda: confusion_matrix([0, 1], [0]), ShapeError, r"\(2,\) labels for \(1,\) predictions"),
    "matrix of none": (lambda: confusion_matrix([0], [0], num_classes=0), ArgumentError, "num_classes must be a whole"),
    "curve of one label": (lambda: roc_curve([1, 1], [0.1, 0.2]), DataError, "there must be labels of 0 and of 1"),
    "curve of other labels": (lambda: roc_curve([1, 2], [0.1, 0.2]), DataError, "labels must be 0 or 1"),
    "curve of lengths": (
        lambda: roc_curve([1, 0], [0.1]),
        ShapeError,
        "one label, one score and one weight an example",
    ),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD)
def test_what_does_not_fit(call: Any, error: type[MinicnnError], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
