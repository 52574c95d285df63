"""Floor 1: Tensors and the tape that remembers how each was made."""

from minicnn.tensor.symbolic import Call, Symbolic, is_symbolic, recordable
from minicnn.tensor.tape import Array, Gradients, Node, Tensor, as_array, differentiable, is_recording, no_grad

__all__ = [
    "Array",
    "Call",
    "Gradients",
    "Node",
    "Symbolic",
    "Tensor",
    "as_array",
    "differentiable",
    "is_recording",
    "is_symbolic",
    "no_grad",
    "recordable",
]
