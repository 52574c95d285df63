"""Makes the reference files: `cd tests && python -m reference.make_reference`.

PyTorch and NumPy are all it needs. No code of minicnn takes part; the images that the three networks are trained on are
those that come with it. The committed files are from PyTorch 2.13.0 on a CPU.
"""

from __future__ import annotations

import torch

from . import torch_operators
from .archive import FOLDER, Group, write
from .operator_cases import Case, cases
from .torch_optimizers import optimizers
from .torch_training import trajectories


def operators() -> dict[str, Group]:
    """`operators.npz`: every case with its inputs, its output, an upstream gradient and each input's gradient."""
    return {case.name: _run(case) for case in cases()}


def _run(case: Case) -> Group:
    tensors = {name: torch.tensor(array, requires_grad=name in case.learned) for name, array in case.inputs.items()}
    options = dict(case.options)
    observed: list[torch.Tensor] = []
    if case.operator == "batch_norm":
        options["observe"] = lambda mean, variance: observed.extend((mean, variance))
    output = getattr(torch_operators, case.operator)(**tensors, **options)
    upstream = case.upstream(tuple(output.shape))
    gradients = torch.autograd.grad(output, [tensors[name] for name in case.learned], torch.tensor(upstream))
    arrays = {
        **{f"input {name}": array for name, array in case.inputs.items()},
        "upstream": upstream,
        "output": output.detach().numpy(),
        **{f"gradient {name}": g.numpy() for name, g in zip(case.learned, gradients, strict=True)},
        **{f"observed {name}": a.numpy() for name, a in zip(("mean", "variance"), observed, strict=False)},
    }
    return Group(arrays, {"operator": case.operator, "options": case.options, "learned": case.learned})


FILES = {"operators.npz": operators, "optimizers.npz": optimizers, "trajectories.npz": trajectories}


def main() -> None:
    """Writes the files beside this script and prints their sizes."""
    torch.set_num_threads(1)  # the same sums in the same order
    for name, make in FILES.items():
        path = FOLDER / name
        write(path, make())
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
