"""PyTorch on the same GPU, with cuDNN: whom the GPU's kernels are measured against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minicnn.benchmarks.layers import Layer
from minicnn.benchmarks.nets import Net, torch_model
from minicnn.benchmarks.opponents import missing
from minicnn.benchmarks.race import Candidates
from minicnn.benchmarks.steps import MOMENTUM, RATE, examples


def reason_against() -> str | None:
    """Why PyTorch cannot race on a GPU here, None if it can."""
    if (reason := missing("torch")) is not None:
        return f"PyTorch is not installed ({reason})"
    import torch

    if not torch.cuda.is_available():
        return "this PyTorch sees no GPU: it may be built without CUDA"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False  # float32, as ours
    torch.backends.cudnn.benchmark = True
    return None


class TorchClock:
    """Tells what PyTorch's stream took."""

    def seconds(self, work: Callable[[], object]) -> float:
        """Between two events, before and after what `work` launches."""
        import torch

        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        work()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) / 1e3


def layer_runs(layer: Layer) -> Candidates:
    """The three parts of a convolution, channels last."""
    import torch

    def normal(*shape: int) -> Any:
        values = torch.randn(shape, device="cuda")
        return values.to(memory_format=torch.channels_last) if len(shape) == 4 else values

    x = normal(layer.batch, layer.channels, layer.side, layer.side)
    w, b = normal(layer.filters, layer.channels // layer.groups, layer.kernel, layer.kernel), normal(layer.filters)
    dy = normal(layer.batch, layer.filters, *layer.windows().outputs)
    geometry = [layer.stride] * 2, [layer.padding] * 2, [1, 1]

    def backward(dx: bool, dw: bool) -> object:
        asked = [dx, dw, False]
        return torch.ops.aten.convolution_backward(dy, x, w, None, *geometry, False, [0, 0], layer.groups, asked)

    return {
        "forward": lambda: torch.conv2d(x, w, b, *geometry, layer.groups),
        "dx": lambda: backward(True, False),
        "dw": lambda: backward(False, True),
    }


def step(net: Net) -> Callable[[], object]:
    """Eager, channels last, with its fused SGD; images and labels come from main memory, the loss goes back."""
    import torch

    images, labels = examples(net)
    x = torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).pin_memory()
    y = torch.from_numpy(labels).pin_memory()
    model = torch_model(net).to("cuda", memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM, fused=True)

    def run() -> float:
        there = x.to("cuda", non_blocking=True).to(memory_format=torch.channels_last)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(there), y.to("cuda", non_blocking=True))
        loss.backward()
        optimizer.step()
        return loss.item()

    return run
