"""Whole numbers to vectors that are learned: how text becomes a one-dimensional image."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from minicnn import constraints, initializers, regularizers
from minicnn.backends import to_host
from minicnn.errors import ArgumentError, DataError
from minicnn.layers.arguments import LayerOptions, positive
from minicnn.layers.base import Layer, Shape
from minicnn.tensor import Tensor

# Models hold their inputs in float32, which tells whole numbers apart up to here.
MOST_WORDS = 2**24


class Embedding(Layer):
    """A row of a table for each number: (N, ...) of whole numbers from 0 to input_dim - 1 -> (N, ..., output_dim).

    Weights: embeddings (input_dim, output_dim). Gradient: dy is added to the rows that were taken; none to the input.
    Raises ArgumentError for sizes below 1, DataError for numbers that are not whole, or have no row.
    Source: Bengio, Ducharme, Vincent and Jauvin, A neural probabilistic language model (2003), section 2.
    """

    bound_axes = ()

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        self.input_dim, self.output_dim = (
            positive(self, "input_dim", input_dim),
            positive(self, "output_dim", output_dim),
        )
        if self.input_dim > MOST_WORDS:
            raise ArgumentError(f"Embedding: input_dim must be at most {MOST_WORDS:,}, got {input_dim}")
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)

    def build(self, input_shape: Shape) -> None:
        """Makes the table."""
        self.embeddings = self.add_weight(
            "embeddings",
            (self.input_dim, self.output_dim),
            self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )

    def call(self, x: Tensor, training: bool) -> Any:
        """embeddings[x]."""
        numbers = to_host(x.data)
        with np.errstate(invalid="ignore"):  # what is no number is told below
            rows = numbers.astype(np.int64)
        wrong = (rows != numbers) | (rows < 0) | (rows >= self.input_dim)
        if wrong.any():
            raise DataError(
                f"{self.name}: numbers must be whole and from 0 to {self.input_dim - 1}, got {numbers[wrong][0]}"
            )
        return self.embeddings[rows]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, ..., output_dim)."""
        return *input_shape, self.output_dim
