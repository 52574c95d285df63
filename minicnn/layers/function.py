"""Functions as layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Unpack

from minicnn.errors import ArgumentError
from minicnn.layers.arguments import LayerOptions
from minicnn.layers.base import Layer
from minicnn.registry import custom_object
from minicnn.tensor import Tensor


class Identity(Layer):
    """The input itself: a name for a place in a model."""

    keeps_shape = True

    def call(self, x: Tensor, training: bool) -> Tensor:
        """x itself."""
        return x


class Lambda(Layer):
    """A function of one's own, made of `minicnn.ops` and the arithmetic of Tensors: `Lambda(lambda x: x * 2)`.

    function: (N, ...) -> (N, ...); output_shape: of one example, tried out where it is left out; arguments: options
    of the function. A file holds only the function's name: whoever loads the model passes the function in,
    `load_model(path, custom_objects={"twice": twice})`. One without a name, a `lambda`, cannot be saved.
    Raises ArgumentError for what is no function.
    """

    def __init__(
        self,
        function: Any,
        output_shape: Any = None,
        arguments: dict[str, Any] | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        known = custom_object(function)
        if not callable(known or function):
            raise ArgumentError(
                f"Lambda: function must be a function, got {function!r:.80}; when loading a model, pass it in with "
                "custom_objects={name: function}"
            )
        self.function: Callable[..., Any] = known or function
        self.arguments = dict(arguments or {})
        self.given_output_shape = None if output_shape is None else tuple(output_shape)

    def call(self, x: Any, training: bool) -> Any:
        """function(x, **arguments)."""
        return self.function(x, **self.arguments)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """What was said when the layer was made, or what comes out of a trial."""
        if self.given_output_shape is not None:
            return None, *self.given_output_shape
        return super().compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The function's name, and the other arguments. Raises ArgumentError for a function without a name."""
        name = getattr(self.function, "__name__", "<lambda>")
        if not name.isidentifier():
            raise ArgumentError(
                f"{self!r} holds a function without a name, which no file could bring back; define it with `def`"
            )
        shape = None if self.given_output_shape is None else list(self.given_output_shape)
        own = {"function": name, "output_shape": shape, "arguments": self.arguments}
        return own | self.options_config()
