"""The deep dives run from any folder, draw their pictures, and notice an engine that computes something else."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"
LESSONS = sorted((path.stem for path in EXAMPLES.glob("[0-9]*_*.py")), key=lambda name: int(name.split("_")[0]))
SLOW = {"6_gradient_check", "8_kernel_ladder"}
ON_THE_SOFTWARE_GPU = {"9_cuda_ladder", "10_find_the_race"}
NO_COMPILER = pytest.mark.skipif(
    shutil.which("g++") is None, reason="the software GPU compiles with g++, and there is none on this machine"
)
STRICT = ["-X", "utf8", "-W", "error::RuntimeWarning", "-W", "error::UserWarning"]  # overflows, layouts, lost glyphs


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *STRICT, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=300, check=False)


def marks(name: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.slow] * (name in SLOW) + [NO_COMPILER] * (name in ON_THE_SOFTWARE_GPU)


def test_there_are_ten() -> None:
    assert [int(name.split("_")[0]) for name in LESSONS] == list(range(1, 11))
    assert set(LESSONS) >= SLOW | ON_THE_SOFTWARE_GPU


@pytest.mark.parametrize("name", [pytest.param(name, marks=marks(name)) for name in LESSONS])
def test_a_lesson_draws_its_picture(name: str, tmp_path: Path) -> None:
    out = tmp_path / "pictures"
    done = run(str(EXAMPLES / f"{name}.py"), "--quick", "--out", str(out), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "agreed: " in done.stdout
    assert [path.name for path in out.iterdir()] == [f"{name}.png"]
    with Image.open(out / f"{name}.png") as picture:
        assert picture.format == "PNG"
        assert picture.width >= 1200
        assert picture.height >= 450
        colours = picture.convert("RGB").getcolors(picture.width * picture.height)
    assert len(colours) > 100
    background = max(count for count, _ in colours)
    assert background < 0.97 * picture.width * picture.height


@pytest.mark.parametrize(
    ("number", "broken"),
    [
        (1, "dense_weight_gradient"),
        (2, "conv2d_input_gradient"),
        (3, "max_pool2d_gradient"),
        (4, "batch_norm_input_gradient"),
        (5, "softmax_cross_entropy_gradient"),
        (7, "conv2d"),
    ],
)
def test_a_lesson_notices_an_engine_that_is_off_by_a_thousandth(number: int, broken: str, tmp_path: Path) -> None:
    plant = (
        "import runpy, sys\n"
        "from minicnn.backends import current_backend\n"
        "backend = current_backend()\n"
        f"right = backend.{broken}\n"
        f"backend.{broken} = lambda *arguments: right(*arguments) * 1.001\n"
        f"sys.argv[1:] = ['--out', {str(tmp_path)!r}]\n"
        f"runpy.run_path({str(EXAMPLES / LESSONS[number - 1])!r} + '.py', run_name='__main__')\n"
    )
    done = run("-c", plant, folder=EXAMPLES)
    assert done.returncode == 1
    assert "lesson.DisagreementError: " in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_race_is_not_run_by_a_step_that_is_off_by_a_thousandth(tmp_path: Path) -> None:
    plant = (
        "import runpy, sys\n"
        "from minicnn.kernels.cpu import correlation\n"
        "right = correlation.conv2d\n"
        "correlation.conv2d = lambda x, w, *rest: right(x, w * w.dtype.type(1.001), *rest)\n"
        f"sys.argv[1:] = ['--quick', '--out', {str(tmp_path)!r}]\n"
        f"runpy.run_path({str(EXAMPLES / LESSONS[7])!r} + '.py', run_name='__main__')\n"
    )
    done = run("-c", plant, folder=EXAMPLES)
    assert done.returncode == 1
    assert "lesson.DisagreementError: micro-kernel and float64" in done.stderr
    assert list(tmp_path.iterdir()) == []


@NO_COMPILER
def test_the_cuda_ladder_notices_a_step_that_is_off_by_a_thousandth(tmp_path: Path) -> None:
    plant = (
        "import runpy, sys\n"
        "from minicnn.kernels import softgpu\n"
        "right = softgpu.compile\n"
        "def wrong(source, **options):\n"
        "    if getattr(source, 'name', '') != 'coalesced.cu':\n"
        "        return right(source, **options)\n"
        "    return right(source.read_text().replace('sum += x[', 'sum += 1.001f * x['), **options)\n"
        "softgpu.compile = wrong\n"
        f"sys.argv[1:] = ['--quick', '--out', {str(tmp_path)!r}]\n"
        f"runpy.run_path({str(EXAMPLES / LESSONS[8])!r} + '.py', run_name='__main__')\n"
    )
    done = run("-c", plant, folder=EXAMPLES)
    assert done.returncode == 1
    assert "lesson.DisagreementError: coalesced: " in done.stderr
    assert list(tmp_path.iterdir()) == []


@NO_COMPILER
def test_the_race_lesson_notices_a_kernel_without_a_race(tmp_path: Path) -> None:
    plant = (
        "import runpy, sys\n"
        "from minicnn.kernels import softgpu\n"
        "right = softgpu.compile\n"
        "def sound(source, **options):\n"
        "    return right(source.replace('    return total;', '    __syncthreads(); return total;'), **options)\n"
        "softgpu.compile = sound\n"
        f"sys.argv[1:] = ['--out', {str(tmp_path)!r}]\n"
        f"runpy.run_path({str(EXAMPLES / LESSONS[9])!r} + '.py', run_name='__main__')\n"
    )
    done = run("-c", plant, folder=EXAMPLES)
    assert done.returncode == 1
    assert "lesson.DisagreementError: the number of orders in which it is wrong" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_agree_can_fail() -> None:
    program = (
        "import lesson\n"
        "for one, other in ((1.0, 1.1), ([1.0, float('nan')], [1.0, float('nan')]), ([1.0], [[1.0]])):\n"
        "    try:\n"
        "        lesson.agree('it', one, other)\n"
        "    except lesson.DisagreementError as error:\n"
        "        print('disagreed:', error)\n"
    )
    done = run("-c", program, folder=EXAMPLES)
    assert re.findall(r"^(?:dis)?agreed: it", done.stdout, re.M) == ["disagreed: it"] * 3, done.stderr


def test_an_unknown_option_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    done = run(str(EXAMPLES / f"{LESSONS[0]}.py"), "--to", "x", folder=tmp_path)
    assert done.returncode == 2
    assert "[--out OUT] [--quick]" in done.stderr
    assert "agreed" not in done.stdout


@pytest.mark.slow
def test_functional_models_learn_and_are_drawn(tmp_path: Path) -> None:
    done = run(str(EXAMPLES / "functional_models.py"), str(tmp_path), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    found = dict(re.findall(r"^(two outputs|shoes|residual): ([\d.]+)$", done.stdout, re.M))
    assert float(found["two outputs"]) > 0.6
    assert float(found["shoes"]) > 0.7
    assert (tmp_path / "two_outputs.png").stat().st_size > 10_000


@pytest.mark.slow
def test_the_keras_tutorial_learns(tmp_path: Path) -> None:
    done = run(str(EXAMPLES / "keras_style.py"), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    found = re.search(r"test accuracy ([\d.]+)%", done.stdout)
    assert found is not None, done.stdout
    assert float(found[1]) > 60


def check_picture(file: Path) -> None:
    with Image.open(file) as picture:
        assert picture.format == "PNG"
        assert picture.width >= 1200
        assert len(picture.convert("RGB").getcolors(picture.width * picture.height)) > 100


def test_mlp_against_cnn_tells_of_both_and_draws(tmp_path: Path) -> None:
    done = run(str(EXAMPLES / "mlp_against_cnn.py"), "--quick", "--out", str(tmp_path / "new"), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"(MLP|CNN) +([\d,]+) +([\d.]+) +([\d.]+)% +([\d.]+)%$", done.stdout, re.M)
    assert [(name, parameters) for name, parameters, *_ in rows] == [("MLP", "109,386"), ("CNN", "109,042")]
    assert min(float(accuracy) for *_, accuracy, _ in rows) > 20
    check_picture(tmp_path / "new" / "mlp_against_cnn.png")


def test_all_of_mnist_is_asked_for_where_it_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINICNN_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    done = run(str(EXAMPLES / "mlp_against_cnn.py"), "--full", "--out", str(tmp_path), folder=tmp_path)
    assert done.returncode == 1
    assert "MNIST is not on this machine" in done.stderr
    assert "Traceback" not in done.stderr


def test_overfitting_tells_of_each_cure_and_draws(tmp_path: Path) -> None:
    done = run(str(EXAMPLES / "overfitting.py"), "--quick", "--out", str(tmp_path), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^(\S.*?) +([\d,]+) +([\d.]+)% +([\d.]+)% +(-?[\d.]+) +([\d.]+) +([\d.]+)$", done.stdout, re.M)
    assert len(rows) == 6
    for _, _, training, validation, gap, last, lowest in rows:
        assert abs(float(training) - float(validation) - float(gap)) < 0.11
        assert float(lowest) <= float(last)
    check_picture(tmp_path / "overfitting.png")


def test_a_search_goes_on_where_it_was_ended_and_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="Optuna is not installed: pip install 'minicnn[search]'")
    for trials, numbers in ((2, ["0", "1"]), (3, ["2"])):
        done = run(
            str(EXAMPLES / "search.py"), "--quick", "--trials", str(trials), "--out", str(tmp_path), folder=tmp_path
        )
        assert done.returncode == 0, done.stderr
        assert re.findall(r"^trial +(\d+)  (?:complete|pruned) ", done.stdout, re.M) == numbers
    best = re.search(r"^best: trial (\d+), ([\d.]+)%", done.stdout, re.M)
    assert best is not None
    assert float(best[2]) > 20
    assert re.search(r"^mean of them +[\d.]+%$", done.stdout, re.M)
    check_picture(tmp_path / "search.png")
