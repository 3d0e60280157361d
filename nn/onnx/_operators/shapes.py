"""Operators on shapes: reshaping, joining, cutting, padding, moving elements, and arrays made of a shape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.extend import as_array, borrow

from .._program import Node, Value, native
from .common import Operator, axes_of, integers, number, read, shape_of
from .reference import compute_by_reference


def dtype_of(number: int) -> np.dtype[Any]:
    """Return the dtype for one of ONNX's numbers."""
    from onnx import helper

    return native(np.dtype(helper.tensor_dtype_to_np_dtype(number)))


def dtype_like(n: Node, x: Value) -> np.dtype[Any]:
    """Return the dtype that a node names, or that of an array."""
    return dtype_of(n["dtype"]) if n["dtype"] else x.dtype


def cast(x: Value, dtype: np.dtype[Any]) -> Any:
    """Convert an array; a tensor stays one, with its gradient, if it becomes another float."""
    return x if x.dtype == dtype else (x if dtype.kind == "f" else borrow(x)).astype(dtype)


def _cast(n: Node, x: Any) -> Any:
    from onnx import TensorProto, helper

    if n["to"] == TensorProto.STRING:
        return as_array(borrow(x)).astype(str).astype(object)
    return _narrowed(x, np.dtype(helper.tensor_dtype_to_np_dtype(n["to"])), n)


def _narrowed(x: Any, dtype: np.dtype[Any], n: Node) -> Any:
    """Convert to a dtype; values that NumPy has no dtype for are rounded, and kept in a larger one.

    The gradient is that of no rounding.
    """
    if native(dtype) == dtype:
        return cast(x, dtype)
    rounded = np.asarray(compute_by_reference(n, as_array(borrow(x)))[0]).astype(native(dtype))
    if native(dtype).kind != "f" or not isinstance(x, Tensor):
        return rounded
    return cast(x, native(dtype)) + (rounded - as_array(borrow(x)).astype(native(dtype)))


def _reshape(n: Node, x: Any, shape: Any = None) -> Any:
    given = integers(n["shape"] if shape is None else shape)
    if not n["allowzero"]:
        given = tuple(size or x.shape[axis] for axis, size in enumerate(given))
    return x.reshape(given)


def _unsqueeze(n: Node, x: Any, axes: Any = None) -> Any:
    given = integers(n["axes"] if axes is None else axes)
    return np.expand_dims(x, given) if given else x


def _split(n: Node, x: Any, sizes: Any = None) -> tuple[Any, ...]:
    axis, parts = n["axis"] or 0, n["num_outputs"] or len(n.outputs)
    given = n["split"] if sizes is None else sizes
    lengths = integers(given) if given is not None else (-(-x.shape[axis] // parts),) * parts
    ends = np.minimum(np.cumsum(lengths), x.shape[axis])
    before: tuple[Any, ...] = (slice(None),) * (axis % x.ndim)
    return tuple(x[*before, slice(start, end)] for start, end in zip((0, *ends[:-1]), ends, strict=True))


def _slice(n: Node, x: Any, starts: Any = None, ends: Any = None, axes: Any = None, steps: Any = None) -> Any:
    first, last = integers(n["starts"] if starts is None else starts), integers(n["ends"] if ends is None else ends)
    along = axes_of(n, axes, x.ndim) or tuple(range(len(first)))
    every = integers(steps) if steps is not None else (1,) * len(first)
    index = [slice(None)] * x.ndim
    for axis, start, end, step in zip(along, first, last, every, strict=True):
        if step < 0:  # an end before the first element is left out, which Python would count from the last
            end_before = None if end < -x.shape[axis] else end
            index[axis] = slice(max(start, -x.shape[axis]) if start < 0 else start, end_before, step)
        else:
            index[axis] = slice(start, end, step)
    return x[tuple(index)]


def _tile(n: Node, x: Any, repeats: Any, axis: Any = None) -> Any:
    if axis is not None:  # of opset 1
        counts = [1] * x.ndim
        counts[number(axis)] = number(repeats)
        return np.tile(x, counts)
    return np.tile(x, integers(repeats))


def _pad(n: Node, x: Any, pads: Any = None, value: Any = None, axes: Any = None) -> Any:
    given = integers(n["pads"] or n["paddings"] if pads is None else pads)
    along = axes_of(n, axes, x.ndim) or tuple(range(x.ndim))
    low, high = [0] * x.ndim, [0] * x.ndim
    for axis, before, after in zip(along, given[: len(along)], given[len(along) :], strict=True):
        low[axis], high[axis] = before, after
    x = x[tuple(slice(max(-a, 0), size - max(-b, 0)) for a, b, size in zip(low, high, x.shape, strict=True))]
    width = [(max(a, 0), max(b, 0)) for a, b in zip(low, high, strict=True)]
    if not any(a or b for a, b in width):
        return x
    if n["mode"] in ("reflect", "edge", "wrap"):
        return np.pad(x, width, mode=n["mode"])
    if value is None:
        return np.pad(x, width, constant_values=n["value"] or 0.0)
    if not isinstance(value, Tensor):
        return np.pad(x, width, constant_values=number(value))
    inside = np.pad(np.ones(x.shape, bool), width)
    return np.where(inside, np.pad(x, width), value)


def _center_crop_pad(n: Node, x: Any, shape: Any) -> Any:
    axes = axes_of(n, None, x.ndim) or tuple(range(x.ndim))
    index, width = [slice(None)] * x.ndim, [(0, 0)] * x.ndim
    for axis, new in zip(axes, integers(shape), strict=True):
        more = new - x.shape[axis]
        if more < 0:
            index[axis] = slice(-more // 2, -more // 2 + new)
        else:
            width[axis] = (more // 2, more - more // 2)
    return np.pad(x[tuple(index)], width)


# Elements that move


def _depth_to_space(n: Node, x: Any) -> Any:
    (batch, channels, height, width), size = x.shape, n["blocksize"]
    depth = channels // size**2
    if n["mode"] == "CRD":
        x = x.reshape(batch, depth, size, size, height, width).transpose(0, 1, 4, 2, 5, 3)
    else:
        x = x.reshape(batch, size, size, depth, height, width).transpose(0, 3, 4, 1, 5, 2)
    return x.reshape(batch, depth, height * size, width * size)


def _space_to_depth(n: Node, x: Any) -> Any:
    (batch, channels, height, width), size = x.shape, n["blocksize"]
    x = x.reshape(batch, channels, height // size, size, width // size, size)
    order = (0, 1, 3, 5, 2, 4) if n["mode"] == "CRD" else (0, 3, 5, 1, 2, 4)
    return x.transpose(order).reshape(batch, channels * size**2, height // size, width // size)


def _reverse_sequence(n: Node, x: Any, lengths: Any) -> Any:
    batch, time = n["batch_axis"], n["time_axis"]
    steps, ends = np.arange(x.shape[time]), as_array(borrow(lengths))[:, None]
    order = np.where(steps < ends, ends - 1 - steps, steps)  # (batch, time)
    shape = [1] * x.ndim
    shape[batch], shape[time] = order.shape
    return np.take_along_axis(x, (order if batch < time else order.T).reshape(shape), time)


# Arrays made of numbers


def _range(n: Node, start: Any, limit: Any, delta: Any) -> Any:
    (first,), (last,), (step,) = map(read, (start, limit, delta))
    count = max(math.ceil((last - first) / step), 0)
    places = np.arange(count, dtype=np.float32 if start.dtype == np.float16 else start.dtype)
    return (places * delta.reshape(()) + start.reshape(())).astype(start.dtype)


def constant(n: Node) -> Any:
    """Return what a node holds."""
    for name in ("value", "sparse_value"):
        if n[name] is not None:
            return n[name]
    for name, dtype in (("value_float", np.float32), ("value_floats", np.float32), ("value_int", np.int64),
                        ("value_ints", np.int64), ("value_string", object), ("value_strings", object)):  # fmt: skip
        if n[name] is not None:
            return np.array(n[name], dtype)
    raise ValueError(f"{n} has no value")


SHAPES: dict[str, Operator] = {
    "BitCast": lambda n, x: np.ascontiguousarray(borrow(x)).view(dtype_of(n["to"])),
    "Cast": _cast,
    "CastLike": lambda n, x, like: cast(x, like.dtype),
    "CenterCropPad": _center_crop_pad,
    "Concat": lambda n, *inputs: np.concatenate(inputs, 1 if n["axis"] is None else n["axis"]),
    "Constant": constant,
    "ConstantOfShape": lambda n, shape: np.full(
        integers(shape), np.float32(0) if n["value"] is None else n["value"].reshape(())
    ),
    "DepthToSpace": _depth_to_space,
    "Expand": lambda n, x, shape: np.broadcast_to(x, np.broadcast_shapes(x.shape, integers(shape))),
    "EyeLike": lambda n, x: np.asarray(np.eye(x.shape[0], x.shape[1], n["k"] or 0), dtype_like(n, x)),
    "Flatten": lambda n, x: x.reshape(math.prod(x.shape[: n["axis"]]), math.prod(x.shape[n["axis"] :])),
    "Pad": _pad, "Range": _range, "Reshape": _reshape,
    "ReverseSequence": _reverse_sequence,
    "Shape": lambda n, x: shape_of(x)[slice(n["start"] or 0, n["end"])],
    "Size": lambda n, x: np.array(x.size, np.int64),
    "Slice": _slice, "SpaceToDepth": _space_to_depth, "Split": _split,
    "Squeeze": lambda n, x, axes=None: np.squeeze(x, axes_of(n, axes, x.ndim)),
    "Tile": _tile,
    "Transpose": lambda n, x: x.transpose(n["perm"]) if n["perm"] else x.T,
    "Trilu": lambda n, x, k=None: (np.tril if n["upper"] == 0 else np.triu)(x, 0 if k is None else number(k)),
    "Unsqueeze": _unsqueeze,
}  # fmt: skip
