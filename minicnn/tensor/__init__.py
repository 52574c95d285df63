"""Floor 1: Tensors and the tape that remembers how each was made."""

from minicnn.tensor.tape import Array, Gradients, Node, Tensor, as_array, differentiable, is_recording, no_grad

__all__ = ["Array", "Gradients", "Node", "Tensor", "as_array", "differentiable", "is_recording", "no_grad"]
