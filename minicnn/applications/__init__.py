"""Floor 5: known networks, ready to train. Each is one short file; all end in logits, one number a class."""

from __future__ import annotations

from collections.abc import Callable

from minicnn.applications.lenet5 import lenet5
from minicnn.applications.mlp import mlp
from minicnn.applications.resnet9 import resnet9
from minicnn.applications.small import small
from minicnn.applications.three_blocks import three_blocks
from minicnn.applications.vgg16 import vgg16
from minicnn.models import Model

__all__ = ["NETWORKS", "lenet5", "mlp", "resnet9", "small", "three_blocks", "vgg16"]

# Each takes (height, width, channels) and the number of classes.
NETWORKS: dict[str, Callable[[tuple[int, int, int], int], Model]] = {
    "lenet5": lenet5,
    "small": small,
    "mlp": mlp,
    "vgg16": vgg16,
    "resnet9": resnet9,
    "three_blocks": three_blocks,
}
