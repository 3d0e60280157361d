"""Attention, rotary embeddings, and attention without softmax."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.extend import as_array, borrow

from .._program import Node, Program, Run
from .common import Operator
from .control import run_program
from .shapes import cast, dtype_of


def _heads(x: Any, count: int | None) -> Any:
    """Return ``(batch, time, heads * size)`` as ``(batch, heads, time, size)``."""
    if x.ndim == 4:
        return x
    return x.reshape(*x.shape[:2], count, x.shape[2] // (count or 1)).transpose(0, 2, 1, 3)


def _joined(x: Any) -> Any:
    return x.transpose(0, 2, 1, 3).reshape(x.shape[0], x.shape[2], -1)


def _softmax(scores: Any, hidden: Any = None) -> Any:
    """Return the softmax along the last axis; a row in which all is hidden becomes 0."""
    values = as_array(borrow(scores))
    most = values.max(-1, keepdims=True, initial=-np.inf)
    empty = np.isneginf(most) if hidden is None else hidden
    powers = np.exp(np.where(empty, 0, scores) - np.where(np.isfinite(most), most, 0))
    return np.where(empty, 0, powers / np.sum(powers, -1, keepdims=True))


def _attention(
    n: Node, query: Any, key: Any, value: Any, mask: Any = None, past_key: Any = None, past_value: Any = None,
    lengths: Any = None,
) -> tuple[Any, ...]:  # fmt: skip
    flat = query.ndim == 3
    query, key, value = (_heads(x, n[f"{of}_num_heads"]) for x, of in ((query, "q"), (key, "kv"), (value, "kv")))
    before = 0
    if past_key is not None:
        before = past_key.shape[2]
        key, value = np.concatenate([past_key, key], 2), np.concatenate([past_value, value], 2)
    present = key, value
    bias = _bias(n, query, key, mask, before, lengths)
    scores, value = _scored(n, query, key, value)
    shown, mode = scores, n["qk_matmul_output_mode"] or 0
    if n["softcap"]:
        scores = n["softcap"] * np.tanh(scores / n["softcap"])
    shown = scores if mode == 1 else shown
    hidden = None
    if bias is not None:
        scores = scores + bias
        hidden = np.isneginf(np.max(as_array(borrow(bias)), -1, keepdims=True))
    shown = scores if mode == 2 else shown
    precise = cast(scores, dtype_of(n["softmax_precision"])) if n["softmax_precision"] else scores
    weights = cast(_softmax(precise, hidden), query.dtype)
    out = weights @ value
    return _joined(out) if flat else out, *present, weights if mode == 3 else shown


def _scored(n: Node, query: Any, key: Any, value: Any) -> tuple[Any, Any]:
    """Return the score of each key for each query, and the values, of which several queries may share a head."""
    if query.shape[1] != key.shape[1]:
        key, value = (array.repeat(query.shape[1] // key.shape[1], 1) for array in (key, value))
    root = math.sqrt(n["scale"] if n["scale"] is not None else 1 / math.sqrt(query.shape[-1]))
    return (query * root) @ np.swapaxes(key * root, -1, -2), value


def _bias(n: Node, query: Any, key: Any, mask: Any, before: int, lengths: Any) -> Any:
    """Return what is added to the scores: the mask, and minus infinity where a query does not see a key; or None."""
    steps, keys, dtype = query.shape[2], key.shape[2], query.dtype
    rows, columns = np.arange(steps)[:, None], np.arange(keys)
    count = None if lengths is None else as_array(borrow(lengths)).reshape(-1, 1, 1, 1)
    first: Any = before if count is None or before else count - steps
    seen: Any = np.ones((steps, keys), bool)
    if n["is_causal"]:
        seen = seen & (columns <= rows + first)
    left, right = (-1 if n[name] is None else n[name] for name in ("left_window_size", "right_window_size"))
    if left >= 0:
        seen = seen & (columns >= rows + first - left)
    if right >= 0:
        seen = seen & (columns <= rows + first + right)
    if count is not None:
        seen = seen & (columns < count)
    bias = None if seen.all() else np.where(seen, 0, -np.inf).astype(dtype)
    if mask is None:
        return bias
    if mask.dtype == bool:
        mask = np.where(as_array(borrow(mask)), 0, -np.inf).astype(dtype)
    more = keys - mask.shape[-1]
    if more > 0:
        mask = np.concatenate([mask, np.full((*mask.shape[:-1], more), -np.inf, dtype)], -1)
    return mask if bias is None else mask + bias


def _flex_attention(n: Node, run: Run, query: Any, key: Any, value: Any) -> Any:
    """Compute attention whose scores and weights graphs inside the node change."""
    scores, value = _scored(n, query, key, value)
    precision = dtype_of(n["softmax_precision"]) if n["softmax_precision"] else np.result_type(query.dtype, np.float32)
    scores = _changed(n["score_mod"], run, cast(scores, precision))
    weights = _changed(n["prob_mod"], run, _softmax(scores))
    return cast(weights @ cast(value, precision), value.dtype)


def _changed(program: Program | None, run: Run, x: Any) -> Any:
    return x if program is None else run_program(program, run, [x])[0]


def _rotary(n: Node, x: Any, cosines: Any, sines: Any, positions: Any = None) -> Any:
    """Rotate pairs of features by angles that depend on the position."""
    flat = x.ndim == 3
    heads = _heads(x, n["num_heads"])
    if positions is not None:
        places = as_array(borrow(positions))
        cosines, sines = cosines[places], sines[places]
    cosines, sines = np.expand_dims(cosines, 1), np.expand_dims(sines, 1)
    width = n["rotary_embedding_dim"] or heads.shape[-1]
    cosines, sines = cosines[..., : width // 2], sines[..., : width // 2]  # there may be some for all features
    turned, rest = heads[..., :width], heads[..., width:]
    if n["interleaved"]:
        a, b = turned[..., 0::2], turned[..., 1::2]
    else:
        a, b = turned[..., : width // 2], turned[..., width // 2 :]
    first, second = cosines * a - sines * b, sines * a + cosines * b
    if n["interleaved"]:
        pairs = np.stack([first, second], -1).reshape(turned.shape)
    else:
        pairs = np.concatenate([first, second], -1)
    out = np.concatenate([pairs, rest], -1)
    return _joined(out) if flat else out


def _linear_attention(
    n: Node, query: Any, key: Any, value: Any, state: Any = None, decay: Any = None, beta: Any = None
) -> tuple[Any, Any]:
    """Write each value to a matrix at its key, and read the matrix at each query."""
    shared, dtype = n["q_num_heads"] // n["kv_num_heads"], query.dtype
    kept = dtype if state is None else state.dtype
    q, k, v = _heads(query, n["q_num_heads"]), _heads(key, n["kv_num_heads"]), _heads(value, n["kv_num_heads"])
    matrix = np.zeros((*k.shape[:2], k.shape[-1], v.shape[-1]), dtype) if state is None else state
    scale = n["scale"] or 1 / math.sqrt(k.shape[-1])
    factors = None if decay is None else np.exp(_heads(decay, n["kv_num_heads"]))
    rates = None if beta is None else _heads(beta, beta.shape[-1])
    out = []
    for t in range(q.shape[2]):
        at, new = k[:, :, t, :, None], v[:, :, t, None, :]
        if factors is not None:
            matrix = matrix * factors[:, :, t, :, None]
        if rates is not None:
            new = rates[:, :, t, :, None] * (new - np.swapaxes(at, -1, -2) @ matrix)
        matrix = matrix + at * new
        read = matrix if shared == 1 else matrix.repeat(shared, 1)
        out.append(scale * (q[:, :, t, None, :] @ read)[:, :, 0])
    return cast(_joined(np.stack(out, 2)), dtype), cast(matrix, kept)


ATTENTION: dict[str, Operator] = {
    "Attention": _attention,
    "LinearAttention": _linear_attention,
    "RotaryEmbedding": _rotary,
}
WITH_RUN: dict[str, Operator] = {"FlexAttention": _flex_attention}
