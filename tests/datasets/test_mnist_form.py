from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from minicnn.datasets import mnist_form
from minicnn.datasets.mnist_form import FASHION_MNIST, FILES, MNIST, recognise
from minicnn.errors import DataError, OutputError


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("inside", [".", "toy"])
@pytest.mark.parametrize("where", ["MINICNN_DATA", "cache"])
def test_found_in_each_place(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, toy, where: str, inside: str, zipped: bool
) -> None:
    root = cache if where == "cache" else tmp_path / "mine"
    toy.write(root / inside, zipped=zipped)
    if where == "MINICNN_DATA":
        monkeypatch.setenv("MINICNN_DATA", str(root))
    toy.agrees_with(toy.form.load())


def test_the_users_folder_goes_before_the_cache(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, toy
) -> None:
    toy.write(tmp_path / "mine", zipped=False)
    toy.write(cache / "toy", zipped=False)
    (cache / "toy" / FILES[0]).write_bytes(b"damaged")
    monkeypatch.setenv("MINICNN_DATA", str(tmp_path / "mine"))
    toy.agrees_with(toy.form.load())


def test_names_with_a_dot_as_some_archives_have_them(cache: Path, toy) -> None:
    toy.write(cache / "toy", zipped=False)
    for stem in FILES:
        (cache / "toy" / stem).rename(cache / "toy" / stem.replace("-idx", ".idx"))
    toy.agrees_with(toy.form.load())


def test_npz_in_keras_form(cache: Path, toy) -> None:
    cache.mkdir()
    np.savez(cache / "toy.npz", x_train=toy.x_train, y_train=toy.y_train, x_test=toy.x_test, y_test=toy.y_test)
    toy.agrees_with(toy.form.load())


NPZ_FAULTS = {
    "floats": ({"x_train": np.zeros((2, 28, 28))}, r"x_train is float64 of shape \(2, 28, 28\); expected uint8"),
    "another size": ({"x_test": np.zeros((4, 32, 32), np.uint8)}, r"expected uint8 of shape \(N, 28, 28\)"),
    "no images": ({"x_train": np.zeros((0, 28, 28), np.uint8)}, "with N >= 1"),
    "float labels": ({"y_train": np.zeros(12)}, "y_train is float64"),
    "one-hot labels": ({"y_train": np.zeros((12, 10), np.uint8)}, "one integer for each of the 12 images"),
    "fewer labels": ({"y_test": np.zeros(3, np.uint8)}, "each of the 4 images of x_test"),
    "label 10": ({"y_test": np.array([0, 1, 2, 10])}, "y_test goes from 0 to 10; expected class numbers 0 to 9"),
    "label -1": ({"y_test": np.array([0, 1, 2, -1])}, "y_test goes from -1 to 2"),
}


@pytest.mark.parametrize(("change", "message"), NPZ_FAULTS.values(), ids=NPZ_FAULTS)
def test_npz_of_another_form(cache: Path, toy, change: dict[str, np.ndarray], message: str) -> None:
    cache.mkdir()
    arrays = {"x_train": toy.x_train, "y_train": toy.y_train, "x_test": toy.x_test, "y_test": toy.y_test}
    np.savez(cache / "toy.npz", **(arrays | change))
    with pytest.raises(DataError, match=message):
        toy.form.load()


def test_nothing_there_says_where_it_looked_and_what_to_do(cache: Path, toy) -> None:
    with pytest.raises(DataError) as caught:
        toy.form.load()
    message = str(caught.value)
    for part in (
        "Toy is not on this machine",
        "MINICNN_DATA is not set",
        f"\n  {cache / 'toy'}\n  {cache}\n",
        'python -c "from minicnn.datasets import toy; toy.load_data(download=True)"',
        "train-images-idx3-ubyte",
        "toy.npz",
    ):
        assert part in message
    assert not cache.exists()


def test_a_missing_file_is_named(cache: Path, toy) -> None:
    toy.write(cache / "toy", zipped=True)
    (cache / "toy" / f"{FILES[3]}.gz").unlink()
    with pytest.raises(DataError, match=f"holds only some of the files: {FILES[3]} missing"):
        toy.form.load()


def test_a_data_variable_that_names_no_folder(cache: Path, monkeypatch: pytest.MonkeyPatch, toy) -> None:
    monkeypatch.setenv("MINICNN_DATA", "/no/such/folder")
    with pytest.raises(DataError, match="MINICNN_DATA is '/no/such/folder', which is no folder"):
        toy.form.load()


def test_a_damaged_file_is_refused(cache: Path, toy) -> None:
    toy.write(cache / "toy", zipped=False)
    path = cache / "toy" / FILES[0]
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"{FILES[0]}: the content has SHA-256"):
        toy.form.load()


def test_files_of_the_twin_are_recognised(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, toy, other_toy
) -> None:
    monkeypatch.setattr(mnist_form, "MNIST", toy.form)
    monkeypatch.setattr(mnist_form, "FASHION_MNIST", other_toy.form)
    folder = other_toy.write(tmp_path / "mine", zipped=True)
    assert recognise(folder) == other_toy.form
    assert recognise(tmp_path) is None
    monkeypatch.setenv("MINICNN_DATA", str(folder))
    other_toy.agrees_with(other_toy.form.load())
    with pytest.raises(DataError, match=f"{folder} holds the files of Other, which have the same names"):
        toy.form.load()
    toy.write(cache, zipped=True)  # a twin in the way does not hide what lies behind it
    toy.agrees_with(toy.form.load())


def test_download_then_the_cache_without_network(cache: Path, toy, server) -> None:
    server.offer(toy)
    toy.agrees_with(toy.form.load(download=True))
    assert server.requests == [f"/toy/{stem}.gz" for stem in FILES]
    toy.agrees_with(toy.form.load(download=True))
    toy.agrees_with(toy.form.load())
    assert len(server.requests) == 4
    assert sorted(entry.name for entry in (cache / "toy").iterdir()) == sorted(f"{stem}.gz" for stem in FILES)


def test_nothing_is_fetched_unasked(cache: Path, toy, server) -> None:
    server.offer(toy)
    with pytest.raises(DataError, match="not on this machine"):
        toy.form.load()
    assert server.requests == []


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
def test_download_replaces_what_is_damaged_in_the_cache_and_nothing_else(
    cache: Path, toy, server, zipped: bool
) -> None:
    server.offer(toy)
    toy.write(cache / "toy", zipped=zipped)
    damaged = cache / "toy" / (FILES[0] + ".gz" * zipped)
    damaged.write_bytes(b"damaged")
    toy.agrees_with(toy.form.load(download=True))
    assert server.requests == [f"/toy/{FILES[0]}.gz"]
    toy.agrees_with(toy.form.load())


def test_download_leaves_the_users_own_folder_alone(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, toy, server
) -> None:
    server.offer(toy)
    toy.write(tmp_path / "mine", zipped=False)
    (tmp_path / "mine" / FILES[0]).write_bytes(b"damaged")
    monkeypatch.setenv("MINICNN_DATA", str(tmp_path / "mine"))
    with pytest.raises(DataError, match="no IDX file"):
        toy.form.load(download=True)
    assert server.requests == []


@pytest.mark.parametrize("wrong", ["another file", "truncated gzip", "html"])
def test_a_wrong_body_is_told_with_its_address_and_not_kept(cache: Path, toy, other_toy, server, wrong: str) -> None:
    server.offer(toy)
    server.offer(other_toy)
    address = f"/toy/{FILES[2]}.gz"
    server.bodies[address] = {
        "another file": server.bodies[f"/other/{FILES[2]}.gz"],
        "truncated gzip": server.bodies[address][:-20],
        "html": b"<html>Please log in</html>",
    }[wrong]
    with pytest.raises(DataError, match=f"^{server.url}{address}: .*(SHA-256|gzip stream|HTML page)"):
        toy.form.load(download=True)
    kept = sorted(entry.name for entry in (cache / "toy").iterdir())
    assert kept == sorted(f"{stem}.gz" for stem in FILES[:2])


def test_an_unwritable_cache(cache: Path, toy, server) -> None:
    server.offer(toy)
    cache.write_text("a file where the folder should be")
    with pytest.raises(OutputError, match="cannot be written"):
        toy.form.load(download=True)
    assert server.requests == []


def test_two_at_once(cache: Path, toy, server) -> None:
    server.offer(toy)
    results: list[object] = []

    def load() -> None:
        results.append(toy.form.load(download=True))

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for result in results:
        toy.agrees_with(result)
    assert len(list((cache / "toy").iterdir())) == 4


@pytest.mark.parametrize("known", [MNIST, FASHION_MNIST], ids=lambda known: known.title)
def test_the_tables_are_complete(known) -> None:
    assert set(known.sha256) == set(FILES)
    assert all(len(bytes.fromhex(digest)) == 32 for digest in known.sha256.values())
    assert len(set(known.class_names)) == 10
