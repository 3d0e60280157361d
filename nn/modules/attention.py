"""Multi-head attention: each head projects the features with its own weights."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd import ShapeError, Tensor
from autograd.extend import as_array, borrow

from .. import functional, init
from .._arguments import Share, Size, TensorLike, example
from ..functional._attention import attention_weights, read_mask
from ..functional._kernels.operands import as_operand, not_real
from ..module import Module
from ..parameter import Parameter
from .linear import Linear

_INPUTS = ("query", "key", "value")


@example(
    "layer = nn.MultiheadAttention(8, num_heads=2, batch_first=True)",
    "x = np.zeros((3, 5, 8), np.float32)",
    "out, weights = layer(x, x, x)",
    "out.shape, weights.shape",
    "((3, 5, 8), (3, 5, 5))",
)
class MultiheadAttention(Module):
    """Multi-head attention: each position of one sequence attends to all positions of another, once per head.

    Queries, keys and values are linear maps of the inputs, split into heads along the features. Each head computes
    ``softmax(q @ k.mT / sqrt(features of a head) + mask) @ v``, and a last linear map joins them.

    Parameters
    ----------
    embed_dim
        The number of features of the query and of the output.
    num_heads
        The number of heads, a divisor of `embed_dim`.
    dropout
        The probability of dropping an attention weight during training.
    bias
        Whether the linear maps add biases.
    add_bias_kv
        Whether to append a trained key and value to those of each sequence.
    add_zero_attn
        Whether to append a key and value of zeros, to attend to where no key matches.
    kdim, vdim
        The number of features of the key and of the value; `embed_dim` by default.
    batch_first
        Whether inputs have shape ``(n, length, features)`` rather than ``(length, n, features)``.
    dtype
        The dtype of the parameters; float32 by default.

    Attributes
    ----------
    in_proj_weight
        Shape ``(3 * embed_dim, embed_dim)``: the maps to queries, keys and values. If `kdim` or `vdim` differs from
        `embed_dim`, it is None, and there are `q_proj_weight`, `k_proj_weight` and `v_proj_weight`.
    in_proj_bias
        Shape ``(3 * embed_dim,)``, or None.
    bias_k, bias_v
        Shape ``(1, 1, embed_dim)``, or None.
    out_proj
        The `Linear` that joins the heads.

    References
    ----------
    Vaswani et al., "Attention Is All You Need", NeurIPS 2017.
    """

    in_proj_weight: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: Size,
        num_heads: Size,
        dropout: Share = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: Size | None = None,
        vdim: Size | None = None,
        batch_first: bool = False,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        if embed_dim < 1 or num_heads < 1 or embed_dim % num_heads:
            raise ValueError(f"embed_dim={embed_dim} cannot be cut into num_heads={num_heads} equal heads")
        self.embed_dim, self.num_heads, self.dropout, self.batch_first = embed_dim, num_heads, dropout, batch_first
        self.kdim, self.vdim = embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        self.add_zero_attn = add_zero_attn

        def empty(*shape: int) -> Parameter:
            return Parameter(np.empty(shape, dtype or np.float32), dtype=dtype)

        packed = self.kdim == self.vdim == embed_dim
        self.in_proj_weight = empty(3 * embed_dim, embed_dim) if packed else None
        self.q_proj_weight = None if packed else empty(embed_dim, embed_dim)
        self.k_proj_weight = None if packed else empty(embed_dim, self.kdim)
        self.v_proj_weight = None if packed else empty(embed_dim, self.vdim)
        self.in_proj_bias = empty(3 * embed_dim) if bias else None
        self.bias_k = empty(1, 1, embed_dim) if add_bias_kv else None
        self.bias_v = empty(1, 1, embed_dim) if add_bias_kv else None
        self.out_proj = Linear(embed_dim, embed_dim, bias, dtype=dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new parameters from the generator that `nn.manual_seed` seeds; biases of the linear maps become 0."""
        self.out_proj.reset_parameters()
        weights = (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        biases, rows = (self.in_proj_bias, self.out_proj.bias), (self.bias_k, self.bias_v)
        for fill, held in ((init.xavier_uniform_, weights), (init.zeros_, biases), (init.xavier_normal_, rows)):
            for parameter in held:
                if parameter is not None:
                    fill(parameter)

    def forward(
        self,
        query: TensorLike,
        key: TensorLike,
        value: TensorLike,
        key_padding_mask: TensorLike | None = None,
        need_weights: bool = True,
        attn_mask: TensorLike | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Attend to `key` and `value`, which have the same length.

        Parameters
        ----------
        query, key, value
            Shape ``(length, n, features)``, or ``(n, length, features)`` if `batch_first`; or ``(length, features)``.
        key_padding_mask
            Shape ``(n, keys)``, or ``(keys,)`` without a batch: True for a key that is padding and ignored; or floats
            to add to the scores.
        need_weights
            Whether to return the weights too, which takes time and memory.
        attn_mask
            Shape ``(queries, keys)`` or ``(n * num_heads, queries, keys)``: True where the query must not attend to the
            key, unlike in `functional.scaled_dot_product_attention`; or floats to add to the scores.
        average_attn_weights
            Whether to return the mean of the weights over the heads, instead of the weights of each.
        is_causal
            Whether query i may attend only to the keys 0 to i, in addition to the masks.

        Returns
        -------
        output
            In the shape of `query`. Where all keys are excluded, it is the bias of `out_proj`.
        weights
            Shape ``(n, queries, keys)``, ``(n, num_heads, queries, keys)``, or without the batch axis; None without
            `need_weights`.
        """
        inputs, batched = self._batches(query, key, value)
        q, k, v = map(self._heads, self._appended(*self._projected(*inputs)))
        mask = self._mask(inputs[0], inputs[1].shape[1], k.shape[-2], key_padding_mask, attn_mask, is_causal)
        out, weights = self._attend(q, k, v, mask, need_weights)
        n, _, length, _ = out.shape
        out = self.out_proj(out.transpose(0, 2, 1, 3).reshape(n, length, self.embed_dim))
        if weights is not None and average_attn_weights:
            weights = weights.mean(axis=1)
        if not batched:
            return out[0], None if weights is None else weights[0]
        return out if self.batch_first else out.swapaxes(0, 1), weights

    def _batches(self, *given: Any) -> tuple[list[Any], bool]:
        """Return the inputs with shape ``(n, length, features)``, and whether they had a batch axis."""
        inputs = [as_operand("MultiheadAttention", name, x) for name, x in zip(_INPUTS, given, strict=True)]
        batched = inputs[0].ndim == 3
        if all(x.ndim == (3 if batched else 2) for x in inputs):
            inputs = [(x if self.batch_first else x.swapaxes(0, 1)) if batched else x[None] for x in inputs]
            n, lengths, features = zip(*(x.shape for x in inputs), strict=True)
            if len(set(n)) == 1 and lengths[1] == lengths[2] and features == (self.embed_dim, self.kdim, self.vdim):
                for name, x in zip(_INPUTS, inputs, strict=True):
                    if x.dtype.kind == "c":
                        raise not_real("MultiheadAttention", name, x)
                return inputs, batched
        layout = "(n, length, features)" if self.batch_first else "(length, n, features)"
        shapes = ", ".join(f"{name} {np.shape(x)}" for name, x in zip(_INPUTS, given, strict=True))
        raise ShapeError(
            f"MultiheadAttention has {shapes}: with batch_first={self.batch_first} they should all be {layout}, or "
            f"(length, features), with {self.embed_dim}, {self.kdim} and {self.vdim} features, and key and value of "
            f"one length"
        )

    def _projected(self, query: Any, key: Any, value: Any) -> list[Any]:
        """Return queries, keys and values of all heads side by side, shape ``(n, length, embed_dim)``."""
        weights: Any = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        if self.in_proj_weight is not None:
            weights = np.split(self.in_proj_weight, 3)
        biases: Any = [None] * 3 if self.in_proj_bias is None else np.split(self.in_proj_bias, 3)
        triples = zip((query, key, value), weights, biases, strict=True)
        return [functional.linear(x, weight, bias) for x, weight, bias in triples]

    def _appended(self, query: Any, key: Any, value: Any) -> tuple[Any, Any, Any]:
        """Append to keys and values the rows that the options ask for."""
        n = query.shape[0]
        if self.bias_k is not None and self.bias_v is not None:
            key, value = (
                np.concatenate([x, np.broadcast_to(row, (n, 1, self.embed_dim))], axis=1)
                for x, row in ((key, self.bias_k), (value, self.bias_v))
            )
        if self.add_zero_attn:
            key, value = (np.concatenate([x, np.zeros_like(x.data[:, :1])], axis=1) for x in (key, value))
        return query, key, value

    def _heads(self, x: Any) -> Any:
        """Return ``(n, length, embed_dim)`` as ``(n, heads, length, features of a head)``, without a copy."""
        n, length, _ = x.shape
        return x.reshape(n, length, self.num_heads, self.embed_dim // self.num_heads).transpose(0, 2, 1, 3)

    def _mask(self, query: Any, given: int, keys: int, padding: Any, attn_mask: Any, is_causal: bool) -> Any:
        """Combine all masks into one, in the convention of `scaled_dot_product_attention`; None if there are none.

        The first `given` keys are those of the caller; masks do not cover the appended ones.
        """
        n, length, _ = query.shape
        excluded = [] if not is_causal else [~np.tri(length, given, dtype=bool)]
        if padding is not None:
            shapes = ((n, given), (given,))[: 2 if n == 1 else 1]
            excluded.append(_fitting("key_padding_mask", padding, *shapes).reshape(n, 1, 1, given))
        if attn_mask is not None:
            mask = _fitting("attn_mask", attn_mask, (length, given), (n * self.num_heads, length, given))
            excluded.append(mask if mask.ndim == 2 else mask.reshape(n, self.num_heads, length, given))
        if not excluded:
            return None
        if all(mask.dtype == bool for mask in excluded):
            return _widened(~functools.reduce(np.logical_or, excluded), keys - given)
        barred = query.dtype.type(-math.inf)
        floats = [np.where(mask, barred, query.dtype.type(0)) if mask.dtype == bool else mask for mask in excluded]
        return _widened(functools.reduce(np.add, floats), keys - given)

    def _attend(self, query: Any, key: Any, value: Any, mask: Any, need_weights: bool) -> tuple[Any, Any]:
        dropout = self.dropout if self.training else 0.0
        if not need_weights:
            return functional.scaled_dot_product_attention(query, key, value, mask, dropout), None
        weights = functional.dropout(attention_weights(query, key, mask), dropout)
        return weights @ value, weights

    def extra_repr(self) -> str:
        options = f"embed_dim={self.embed_dim}, num_heads={self.num_heads}, batch_first={self.batch_first}"
        return options + (f", dropout={self.dropout}" if self.dropout else "")


def _fitting(name: str, mask: Any, *shapes: tuple[int, ...]) -> Any:
    """Return `mask`, which must have one of the shapes: others that broadcast to them would mean something else."""
    mask = mask if isinstance(mask, Tensor) else as_array(borrow(mask))
    if mask.shape not in shapes:
        expected = " or ".join(map(str, shapes))
        raise ShapeError(f"MultiheadAttention has {name} of shape {mask.shape}, which should be {expected}")
    return read_mask(mask, mask.shape, f"MultiheadAttention's {name}")


def _widened(mask: Any, count: int) -> Any:
    """Return `mask` with `count` more keys, to which all queries may attend."""
    more = np.full((*mask.shape[:-1], count), mask.dtype == bool, mask.dtype)
    return np.concatenate([mask, more], axis=-1) if count else mask
