"""Embedding: a table of vectors, looked up by index, for words, characters or users."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from autograd import DtypeError, ShapeError, Tensor
from autograd.extend import borrow

from .. import functional, init
from .._arguments import Size, TensorLike
from ..module import Module
from ..parameter import Parameter

__all__ = ["Embedding"]


class Embedding(Module):
    """Embedding: look up a trained row of numbers for each index.

    Parameters
    ----------
    num_embeddings, embedding_dim
        The number of rows, and the length of each.
    padding_idx
        The index of a row for padding: zeros at first, and never trained. A negative index counts from the end.
    max_norm
        Rows that are looked up and have a larger norm are first scaled down to it, in place.
    norm_type
        The order of the norm that `max_norm` bounds.
    scale_grad_by_freq
        Whether to divide the gradient of each row by its number of occurrences in the batch.
    dtype
        The dtype of the parameter; float32 by default.

    Attributes
    ----------
    weight
        Shape ``(num_embeddings, embedding_dim)``, drawn from the standard normal distribution.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> nn.Embedding(27, 16)(np.array([[0, 5, 3]])).shape
    (1, 3, 16)
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: Size,
        embedding_dim: Size,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise ValueError(f"padding_idx={padding_idx} is none of the {num_embeddings} rows")
            padding_idx %= num_embeddings
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.max_norm, self.norm_type, self.scale_grad_by_freq = max_norm, norm_type, scale_grad_by_freq
        self.weight = Parameter(np.zeros((num_embeddings, embedding_dim), np.float32), dtype=dtype)
        self.reset_parameters()

    @classmethod
    def from_pretrained(
        cls,
        embeddings: ArrayLike | Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
    ) -> Embedding:
        """Return a layer with a copy of the given rows.

        Parameters
        ----------
        embeddings
            Shape ``(num_embeddings, embedding_dim)``; their dtype is kept.
        freeze
            Whether the rows stay fixed; False trains them.
        padding_idx, max_norm, norm_type, scale_grad_by_freq
            As for the class; the row `padding_idx` stays as given.

        Examples
        --------
        >>> import numpy as np
        >>> import nn
        >>> nn.Embedding.from_pretrained(np.array([[1.0, 2.0], [3.0, 4.0]]))(np.array([1]))
        Tensor([[3., 4.]])
        """
        table = embeddings.data if isinstance(embeddings, Tensor) else np.asarray(borrow(embeddings))
        if table.ndim != 2:
            raise ShapeError(
                f"from_pretrained needs embeddings of shape (num_embeddings, embedding_dim), not {table.shape}"
            )
        if table.dtype.kind != "f":
            raise DtypeError(
                f"from_pretrained needs floating-point numbers, not dtype {table.dtype}: use astype(float)"
            )
        rows, length = table.shape
        layer = cls(rows, length, padding_idx, max_norm, norm_type, scale_grad_by_freq, dtype=table.dtype)
        layer.weight.data[...] = table
        layer.weight.requires_grad_(not freeze)
        return layer

    def reset_parameters(self) -> None:
        """Draw new rows from the generator that `nn.manual_seed` seeds; set the padding row to 0."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.data[self.padding_idx] = 0

    def forward(self, input: TensorLike) -> Tensor:
        """Return the rows at indices of any shape, in the shape ``(*input.shape, embedding_dim)``."""
        out: Tensor = functional.embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq
        )
        return out

    def extra_repr(self) -> str:
        """Return the text that `repr` shows between the parentheses."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
