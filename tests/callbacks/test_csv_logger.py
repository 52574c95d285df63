from __future__ import annotations

import csv
from pathlib import Path

import pytest

from minicnn.callbacks import CSVLogger, LambdaCallback
from minicnn.errors import ArgumentError, OutputError
from tests.training.tasks import network, quarters

X, Y = quarters()


def rows(file: Path, separator: str = ",") -> list[list[str]]:
    with file.open(newline="") as lines:
        return list(csv.reader(lines, delimiter=separator))


def test_a_row_an_epoch_from_which_the_numbers_come_back_exactly(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    history = network().fit(X, Y, epochs=2, callbacks=[CSVLogger(file)], verbose=0).history
    header, *table = rows(file)
    assert header == ["epoch", "accuracy", "loss"]
    assert [[float(v) for v in row] for row in table] == [
        [e, history["accuracy"][e], history["loss"][e]] for e in (0, 1)
    ]


def test_going_on_with_a_file_writes_no_second_header(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    for _ in range(2):
        network().fit(X, Y, callbacks=[CSVLogger(file, separator=";", append=True)], verbose=0)
    table = rows(file, ";")
    assert [row[0] for row in table] == ["epoch", "0", "0"]
    network().fit(X, Y, callbacks=[CSVLogger(file)], verbose=0)
    assert [row[0] for row in rows(file)] == ["epoch", "0"]


def test_what_a_later_epoch_lacks_is_na(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    extra = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update({"more": 1.5} if epoch == 0 else {"new": 2.5}))
    network().fit(X, Y, epochs=2, callbacks=[extra, CSVLogger(file)], verbose=0)
    assert [row[-1] for row in rows(file)] == ["more", "1.5", "NA"]


def test_each_row_is_on_the_disk_when_its_epoch_is_over(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    seen = []
    look = LambdaCallback(on_epoch_begin=lambda epoch, logs: seen.append(len(rows(file))))
    network().fit(X, Y, epochs=3, callbacks=[CSVLogger(file), look], verbose=0)
    assert seen == [0, 2, 3]


def test_places_and_separators_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"CSVLogger: cannot write .*No such file or directory"):
        network().fit(X, Y, callbacks=[CSVLogger(tmp_path / "missing" / "log.csv")], verbose=0)
    for arguments in (("log.csv", "ab"), ("log.csv", 5), (5,)):
        with pytest.raises(ArgumentError, match=r"CSVLogger: (separator|filename) must be"):
            CSVLogger(*arguments)  # type: ignore[arg-type]
