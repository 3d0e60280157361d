"""Embeddings: a table of vectors, looked up by index, for words, characters or users, one by one or in bags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from autograd import DtypeError, ShapeError, Tensor
from autograd.extend import borrow

from .. import functional, init
from .._arguments import Size, TensorLike, document, example
from ..module import Module
from ..parameter import Parameter


class _Table(Module):
    """Base class with the rows, of which one may be for padding."""

    weight: Parameter

    def __init_subclass__(cls, function: Callable[..., object] | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        document(cls, function, functional)

    def _make_rows(self, count: int, length: int, padding_idx: int | None, dtype: DTypeLike | None) -> None:
        if padding_idx is not None:
            if not -count <= padding_idx < count:
                raise ValueError(f"padding_idx={padding_idx} is none of the {count} rows")
            padding_idx %= count
        self.num_embeddings, self.embedding_dim, self.padding_idx = count, length, padding_idx
        self.weight = Parameter(np.zeros((count, length), np.float32), dtype=dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new rows from the generator that `nn.manual_seed` seeds; set the padding row to 0."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.data[self.padding_idx] = 0

    def _take_rows(self, table: np.ndarray[Any, Any], freeze: bool) -> None:
        self.weight.data[...] = table
        self.weight.requires_grad_(not freeze)

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"


def _given_rows(embeddings: ArrayLike | Tensor) -> np.ndarray[Any, Any]:
    """Return the rows of `from_pretrained` after checking them."""
    table = embeddings.data if isinstance(embeddings, Tensor) else np.asarray(borrow(embeddings))
    if table.ndim != 2:
        raise ShapeError(
            f"from_pretrained needs embeddings of shape (num_embeddings, embedding_dim), not {table.shape}"
        )
    if table.dtype.kind != "f":
        raise DtypeError(f"from_pretrained needs floating-point numbers, not dtype {table.dtype}: use astype(float)")
    return table


@example("nn.Embedding(27, 16)(np.array([[0, 5, 3]])).shape", "(1, 3, 16)")
class Embedding(_Table, function=functional.embedding):
    """Embedding: look up a trained row of numbers for each index.

    Parameters
    ----------
    num_embeddings, embedding_dim
        The number of rows, and the length of each.
    padding_idx
        The index of a row for padding: zeros at first, and never trained. A negative index counts from the end.
    dtype
        The dtype of the parameter; float32 by default.

    Attributes
    ----------
    weight
        Shape ``(num_embeddings, embedding_dim)``, drawn from the standard normal distribution.
    """

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
        self.max_norm, self.norm_type, self.scale_grad_by_freq = max_norm, norm_type, scale_grad_by_freq
        self._make_rows(num_embeddings, embedding_dim, padding_idx, dtype)

    @classmethod
    @example("nn.Embedding.from_pretrained(np.array([[1.0, 2.0], [3.0, 4.0]]))(np.array([1]))", "Tensor([[3., 4.]])")
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
        """
        table = _given_rows(embeddings)
        rows, length = table.shape
        layer = cls(rows, length, padding_idx, max_norm, norm_type, scale_grad_by_freq, dtype=table.dtype)
        layer._take_rows(table, freeze)
        return layer

    def forward(self, input: TensorLike) -> Tensor:
        """Return the rows at indices of any shape, in the shape ``(*input.shape, embedding_dim)``."""
        return functional.embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq
        )


@example("nn.EmbeddingBag(27, 16)(np.array([[0, 5, 3], [1, 1, 2]])).shape", "(2, 16)")
class EmbeddingBag(_Table, function=functional.embedding_bag):
    """Embedding of bags of indices: the sum, the mean or the maximum of their rows, such as the words of a text.

    Parameters
    ----------
    num_embeddings, embedding_dim
        The number of rows, and the length of each.
    dtype
        The dtype of the parameter; float32 by default.

    Attributes
    ----------
    weight
        Shape ``(num_embeddings, embedding_dim)``, drawn from the standard normal distribution.
    """

    def __init__(
        self,
        num_embeddings: Size,
        embedding_dim: Size,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: Literal["sum", "mean", "max"] = "mean",
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        self.max_norm, self.norm_type, self.scale_grad_by_freq = max_norm, norm_type, scale_grad_by_freq
        self.mode, self.include_last_offset = mode, include_last_offset
        self._make_rows(num_embeddings, embedding_dim, padding_idx, dtype)

    @classmethod
    @example(
        "nn.EmbeddingBag.from_pretrained(np.array([[1.0, 2.0], [3.0, 4.0]]))(np.array([[0, 1]]))", "Tensor([[2., 3.]])"
    )
    def from_pretrained(
        cls,
        embeddings: ArrayLike | Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: Literal["sum", "mean", "max"] = "mean",
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> EmbeddingBag:
        """Return a layer with a copy of the given rows.

        Parameters
        ----------
        embeddings
            Shape ``(num_embeddings, embedding_dim)``; their dtype is kept.
        freeze
            Whether the rows stay fixed; False trains them.
        max_norm, norm_type, scale_grad_by_freq, mode, include_last_offset, padding_idx
            As for the class; the row `padding_idx` stays as given.
        """
        table = _given_rows(embeddings)
        rows, length = table.shape
        layer = cls(
            rows, length, max_norm, norm_type, scale_grad_by_freq, mode, include_last_offset, padding_idx, table.dtype
        )
        layer._take_rows(table, freeze)
        return layer

    def forward(
        self, input: TensorLike, offsets: TensorLike | None = None, per_sample_weights: TensorLike | None = None
    ) -> Tensor:
        """Return the rows of bags, in the shape ``(bags, embedding_dim)``: see `functional.embedding_bag`."""
        norm = (self.max_norm, self.norm_type, self.scale_grad_by_freq)
        last = (self.include_last_offset, self.padding_idx)
        return functional.embedding_bag(input, self.weight, offsets, *norm, self.mode, per_sample_weights, *last)

    def extra_repr(self) -> str:
        options = [f"max_norm={self.max_norm}"] if self.max_norm is not None else []
        options += [f"norm_type={self.norm_type}"] if self.norm_type != 2 else []
        options += ["scale_grad_by_freq=True"] if self.scale_grad_by_freq else []
        options += [f"mode={self.mode!r}"]
        options += [f"padding_idx={self.padding_idx}"] if self.padding_idx is not None else []
        return ", ".join([f"{self.num_embeddings}, {self.embedding_dim}", *options])
