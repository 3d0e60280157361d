"""Scaled dot-product attention: for each query, the mean of the values, weighted by how well their keys match it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import DtypeError, ShapeError, Tensor, general
from autograd.extend import ARRAY_TYPES, as_array, borrow, everywhere

from .._arguments import Array, TensorLike
from ._dropout import dropout
from ._kernels.operands import Saved, as_floating, as_operand, in_single


def _normalise(scores: Array, mask: Array | None) -> Array:
    """Replace `scores`, in place, by their softmax over the last axis, which is 0 in rows that are fully masked."""
    if mask is not None and type(mask) not in ARRAY_TYPES:  # of a batch of vmap, whose scores may be no batch
        scores = np.where(mask, scores, -math.inf) if mask.dtype == bool else scores + mask
    elif mask is not None and mask.dtype == bool:
        np.copyto(scores, -math.inf, where=~mask)
    elif mask is not None:
        scores += mask
    highest = np.maximum.reduce(scores, -1, keepdims=True, initial=-math.inf)
    if mask is not None:
        highest[highest == -math.inf] = 0  # -inf - -inf would be nan
    scores -= highest
    np.exp(scores, scores)
    mass = np.add.reduce(scores, -1, keepdims=True)
    if mask is not None:
        mass[mass == 0] = 1
    scores /= mass
    return scores


def _scores_gradient(g: Any, weights: Any) -> Any:
    """Return the gradient of the scores for that of the weights, p (g - sum(p g)); an array `g` is overwritten.

    The mean is taken off twice: where a weight is nearly 1, the first leaves of its g little more than rounding, whose
    mean the second takes off.
    """
    for _ in range(2):
        if type(g) in ARRAY_TYPES and type(weights) in ARRAY_TYPES:
            g -= np.vecdot(g, weights)[..., None]
        else:
            g = g - (g * weights).sum(axis=-1, keepdims=True)
    if type(g) in ARRAY_TYPES and type(weights) in ARRAY_TYPES:
        g *= weights
        return g
    return weights * g


_weights = general(
    lambda scores, mask: _normalise(scores.copy("K"), mask),
    lambda g, out: _scores_gradient(np.array(g) if type(g) in ARRAY_TYPES else g, out),
    name="attention_weights",
)


def _attention_forward(query: Any, key: Any, value: Any, scale: Any, mask: Any, saved: Saved) -> Any:
    """Return the weighted means, in the memory layout of `query`; leave the weights in `saved`.

    Heads that are views of one array of features are multiplied where they are, and the result can be viewed as one
    array of features again: nothing is copied.
    """
    weights = _normalise(np.matmul(query * scale, key.mT), mask)
    saved[:] = [weights]
    if type(query) not in ARRAY_TYPES or type(weights) not in ARRAY_TYPES or type(value) not in ARRAY_TYPES:
        return weights @ value
    shape, dtype = (*query.shape[:-1], value.shape[-1]), np.result_type(weights, value)
    return np.matmul(weights, value, np.empty_like(query, dtype, shape=shape))


def _product_like(x: Any, a: Any, b: Any) -> Any:
    """Return a @ b, for arrays in the memory layout of `x`, whose gradient it is part of."""
    if type(a) in ARRAY_TYPES and type(b) in ARRAY_TYPES and type(x) in ARRAY_TYPES:
        return np.matmul(a, b, np.empty_like(x))
    return a @ b


def _saved_weights(query: Any, key: Any, scale: Any, mask: Any, saved: Saved) -> Any:
    """Return the weights; where derivatives are recorded, by operations that lead back to `query` and `key`."""
    if isinstance(query, Tensor) or isinstance(key, Tensor):
        return _weights(query * scale @ key.mT, mask)
    return saved[0]


def _query_rule(g: Any, query: Any, key: Any, value: Any, scale: Any, mask: Any, saved: Saved) -> Any:
    scores = _scores_gradient(g @ value.mT, _saved_weights(query, key, scale, mask, saved))
    if not isinstance(scores, Tensor):
        saved[1:] = [g.copy("K"), scores]  # for the rule of the key
    return _product_like(query, scores, key) * scale


def _key_rule(g: Any, query: Any, key: Any, value: Any, scale: Any, mask: Any, saved: Saved) -> Any:
    # Reuse the gradient of the scores from the query's rule if that was given the same gradient. Elements are compared:
    # it may be from another backward pass, and the caller may have written to the gradient since.
    held, saved[1:] = saved[1:], []
    if held and not isinstance(g, Tensor) and everywhere(held[0] == g):
        scores = held[1]
    else:
        scores = _scores_gradient(g @ value.mT, _saved_weights(query, key, scale, mask, saved))
    return _product_like(key, scores.mT, query) * scale


def _value_rule(g: Any, query: Any, key: Any, value: Any, scale: Any, mask: Any, saved: Saved) -> Any:
    return _product_like(value, _saved_weights(query, key, scale, mask, saved).mT, g)


_attention = general(_attention_forward, _query_rule, _key_rule, _value_rule, name="attention")


@in_single
def attention_weights(
    query: Tensor, key: Tensor, mask: Array | Tensor | None = None, scale: float | None = None
) -> Tensor:
    """Return the weights of `scaled_dot_product_attention`, shape ``(..., queries, keys)``.

    Parameters
    ----------
    query, key, scale
        As for `scaled_dot_product_attention`.
    mask
        Its `attn_mask`, which may be a tensor that requires a gradient.
    """
    scores = query * _scale(query, scale) @ key.mT
    if isinstance(mask, Tensor):
        scores, mask = scores + mask.astype(scores.dtype), np.ones((), bool)
    return _weights(scores, mask)


@in_single
def scaled_dot_product_attention(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    attn_mask: TensorLike | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Return for each query the mean of the values, weighted by the softmax of its products with the keys.

    ``softmax(scale * query @ key.mT + mask) @ value``. It is a single operation, which saves the weights and its three
    inputs. With dropout, or with a mask that requires a gradient, it is composed of several.

    Parameters
    ----------
    query
        Shape ``(..., queries, features)``.
    key
        Shape ``(..., keys, features)``. The leading axes, such as batch and heads, broadcast against those of the
        others.
    value
        Shape ``(..., keys, values)``.
    attn_mask
        Broadcasts to ``(..., queries, keys)``. Booleans: whether the query attends to the key. Floats: added to the
        scores. A query that may attend to no key gets zeros, and passes no gradient on.
    dropout_p
        The probability of dropping a weight; the others are divided by ``1 - dropout_p``. Give 0 in evaluation: a
        function does not know the mode.
    is_causal
        Whether query i attends only to the keys 0 to i.
    scale
        ``1 / sqrt(features)`` by default.
    enable_gqa
        Grouped-query attention: whether `query` may have a multiple of the heads (axis -3) of `key` and `value`, each
        of which then serves several.

    Returns
    -------
    Tensor
        Shape ``(..., queries, values)``.

    Raises
    ------
    ShapeError, DtypeError
        If shapes or dtypes do not fit.
    ValueError
        If both `attn_mask` and `is_causal` are given.

    References
    ----------
    Vaswani et al., "Attention Is All You Need", NeurIPS 2017. Heads that share keys: Ainslie et al., "GQA: Training
    Generalized Multi-Query Transformer Models from Multi-Head Checkpoints", EMNLP 2023.

    Examples
    --------
    >>> import numpy as np
    >>> import nn.functional as F
    >>> query, key = np.array([[10.0, 0.0], [0.0, 10.0]]), np.array([[10.0, 0.0], [0.0, 10.0], [5.0, 5.0]])
    >>> F.scaled_dot_product_attention(query, key, np.array([[1.0], [2.0], [3.0]])).round(4)
    array([[1.],
           [2.]])
    >>> F.scaled_dot_product_attention(query, key, np.array([[1.0], [2.0], [3.0]]), is_causal=True, scale=0.0)
    array([[1. ],
           [1.5]])
    """
    query, key, value = (
        as_operand("scaled_dot_product_attention", name, x)
        for name, x in (("query", query), ("key", key), ("value", value))
    )
    query, key, value = (
        as_floating("scaled_dot_product_attention", "query", x, query, key, value) for x in (query, key, value)
    )
    if enable_gqa:
        key, value = _shared_heads(query, key), _shared_heads(query, value)
    query, key, value = _together(query, key, value)
    shape = (*query.shape[:-1], key.shape[-2])
    if is_causal:
        if attn_mask is not None:
            raise ValueError(
                "scaled_dot_product_attention has both attn_mask and is_causal=True: make one mask of them, such as "
                "attn_mask & np.tri(queries, keys, dtype=bool)"
            )
        mask: Any = np.tri(*shape[-2:], dtype=bool)
    else:
        mask = read_mask(attn_mask, shape, "scaled_dot_product_attention")
    if dropout_p or isinstance(mask, Tensor):
        return dropout(attention_weights(query, key, mask, scale), dropout_p) @ value
    return _attention(query, key, value, _scale(query, scale), mask, Saved())


def _scale(query: Any, scale: float | None) -> float:
    return 1 / math.sqrt(max(query.shape[-1], 1)) if scale is None else float(scale)


def _shared_heads(query: Any, x: Any) -> Any:
    """Return keys or values with each head repeated for all heads of `query` that share it."""
    if query.ndim < 3 or x.ndim < 3 or x.shape[-3] == 0 or query.shape[-3] % x.shape[-3]:
        raise ShapeError(
            f"scaled_dot_product_attention with enable_gqa=True has a query of shape {query.shape} and a key or value "
            f"of shape {x.shape}: the heads of the query, axis -3, should be a multiple of theirs"
        )
    return np.repeat(x, query.shape[-3] // x.shape[-3], axis=-3)


def _together(query: Any, key: Any, value: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Broadcast all three to the same leading axes."""
    if not query.dtype.kind == key.dtype.kind == value.dtype.kind == "f":
        raise DtypeError(
            f"scaled_dot_product_attention computes with real numbers, but query has dtype {query.dtype}, key "
            f"{key.dtype} and value {value.dtype}: use .real and .imag, or np.abs"
        )
    leading = [x.shape[:-2] for x in (query, key, value)]
    fits = min(query.ndim, key.ndim, value.ndim) >= 2 and query.shape[-1] == key.shape[-1]
    fits = fits and key.shape[-2] == value.shape[-2]
    if fits and leading[0] == leading[1] == leading[2]:
        return query, key, value
    try:
        shape = np.broadcast_shapes(*leading)
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"scaled_dot_product_attention has query {query.shape}, key {key.shape} and value {value.shape}: they "
            f"should be (..., queries, features), (..., keys, features) and (..., keys, values), with leading axes "
            f"that are the same or broadcast"
        )
    query, key, value = (np.broadcast_to(x, (*shape, *x.shape[-2:])) for x in (query, key, value))
    return query, key, value


def read_mask(mask: Any, shape: tuple[int, ...], name: str) -> Any:
    """Return `mask` as an array, or as a tensor if it requires a gradient; check that it broadcasts to `shape`."""
    if mask is None:
        return None
    if not isinstance(mask, Tensor):
        mask = as_array(borrow(mask))
    elif not mask.requires_grad:
        mask = mask.data
    if mask.dtype.kind not in "bf":
        raise DtypeError(
            f"a mask of {name} has booleans, or floats that are added to the scores, but it has dtype {mask.dtype}: "
            f"use mask.astype(bool)"
        )
    lengths = zip(reversed(mask.shape), reversed(shape), strict=False)
    if mask.ndim > len(shape) or any(own not in (1, length) for own, length in lengths):
        raise ShapeError(
            f"{name} has scores of shape {shape}, (..., queries, keys), and a mask of shape {mask.shape}, which does "
            f"not broadcast to that"
        )
    return mask
