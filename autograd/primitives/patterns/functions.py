"""NumPy's functions on dependent arrays, by their form: see `primitives.forms`.

Functions that move elements
    are applied, as they are, to each term.
Functions of each element
    have the union of the terms of their operands.
Reductions and products
    make sets of inputs.
Functions that are composed of others
    run as they are, on tensors, as they do for derivatives.

In any other, everything depends on everything: see `PatternLevel.dense`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays.dependent import NUMBER, Dependent, dependents, plain
from ...arrays.door import Array, mapped
from ...tensors.dispatch import without_out
from ..forms import (
    ACCUMULATING,
    ANSWERING,
    FLATTENING,
    LAST_AXES,
    MIXING,
    MOVING,
    Function,
    bound,
    by_ufunc,
    form,
    noting,
    parameters,
)
from . import products
from .level import PatternLevel
from .reductions import accumulated, axes_of, mixed, reduced
from .terms import matrices, over_axes, union, write_result
from .ufuncs import call_ufunc

numpy: Any = np  # its annotations accept the names of methods alone
# How some functions go with terms: by a function of the level and the arguments.
_RULES: dict[Function, Function] = {
    np.einsum: products.einsum, np.dot: products.dot, np.tensordot: products.tensordot, np.convolve: products.convolve,
}  # fmt: skip
rule = noting(_RULES)


def _named(text: str, *homes: Any) -> frozenset[Function]:
    return frozenset(getattr(home, name) for home in homes or (np,) for name in text.split() if hasattr(home, name))


# Functions of one array that move elements, and of several that join them.
_MOVING = _named(
    "reshape transpose permute_dims matrix_transpose moveaxis swapaxes rollaxis expand_dims ravel broadcast_to fliplr "
    "flipud rot90 roll tile diagonal diag diagflat tril triu atleast_1d atleast_2d atleast_3d"
) | _named("matrix_transpose diagonal", np.linalg) | _named("fftshift ifftshift", np.fft) | {
    np.lib.stride_tricks.sliding_window_view
}  # fmt: skip
_JOINING = _named("concatenate stack vstack hstack dstack column_stack block append")
# What asks of an array, or gives an answer that has no derivative.
_ASKING = _named(
    "shape ndim size result_type can_cast common_type min_scalar_type iscomplexobj isrealobj may_share_memory "
    "shares_memory array_repr array_str array2string iterable"
)
_ANSWERS = _named("argwhere nonzero flatnonzero digitize allclose array_equal array_equiv lexsort histogram_bin_edges")


def known(function: Callable[..., object]) -> str:
    """Return how a NumPy function goes with terms; an empty string if everything depends on everything."""
    if function in _RULES:
        return "rule"
    if function in _MOVING or function in _JOINING or function in _ASKING:
        return "structure"
    if function in _ANSWERS:
        return "answer"
    how = form(function)
    return "" if how == "loop" else how


class Sparsity(PatternLevel):
    """One call of `sparsity`, to which NumPy's functions come; see `Level` for what its methods do."""

    call_ufunc, sparse_matmul = call_ufunc, products.sparse_matmul

    def call(self, function: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a NumPy function on arguments some of which are dependent, and write its result to an `out`."""
        args, kwargs, out = without_out(function, args, kwargs)
        return write_result(out, _called(self, function, args, kwargs))

    def elementwise(self, function: Callable[..., object], values: tuple[Array | Dependent, ...]) -> Any:
        """Apply a function of each element."""
        value = np.asarray(function(*plain(values)))
        given = [x.given() for x in values if type(x) is Dependent]
        return self.result(value, union(*[[np.broadcast_to(t, value.shape) for t in ts] for ts in given]))


def _called(level: PatternLevel, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    own = _RULES.get(function)
    if own is not None:
        return own(level, *args, **kwargs)
    if function in _ASKING:
        return function(*plain(args), **plain(kwargs))
    if function in _MOVING or function in _JOINING:
        return moved(level, function, args, kwargs)
    if function in _ANSWERS:
        return _answered(level, function, args, kwargs)
    how = form(function)
    if how == "reduction":
        return by_ufunc(function, args, kwargs)
    if how == "last axes":
        cores = LAST_AXES[function.__name__]
        if dependents(kwargs, args[len(cores) :]):
            return level.dense(function.__name__, function, args, kwargs)
        return matrices(level, function, args[: len(cores)], cores, args[len(cores) :], kwargs)
    if how == "axis":
        return _along_axis(level, function, args, kwargs)
    if how == "elementwise":
        return _elementwise(level, function, args, kwargs)
    return level.composed(function, args, kwargs) if how == "composed" else level.dense("", function, args, kwargs)


def _answered(level: PatternLevel, function: Function, args: Any, kwargs: Any) -> Any:
    return level.answer(function(*plain(args), **plain(kwargs)), dependents(args, kwargs))


def _elementwise(level: PatternLevel, function: Function, args: Any, kwargs: Any) -> Any:
    value = np.asarray(function(*plain(args), **plain(kwargs)))
    step = function.__name__ in ("round", "around", "fix") and not level.everywhere
    given = [level.step(value)] if step else [x.given() for x in dependents(args, kwargs)]
    return level.result(value, union(*[[np.broadcast_to(t, value.shape) for t in ts] for ts in given]))


def _along_axis(level: PatternLevel, function: Function, args: Any, kwargs: Any) -> Any:
    names, defaults = parameters(function)
    given = bound(function, args, kwargs)
    x, name = given.pop(names[0]), function.__name__
    axis = given.pop("axis", defaults.get("axis"))
    axis = None if axis is np._NoValue else axis
    others = [n for n, value in given.items() if n not in ("where", "mean") and dependents(value)]
    if type(x) is not Dependent or others:
        return level.dense(name, function, args, kwargs)
    if axis is None and name in FLATTENING:
        x, axis = x.reshape(-1), 0
    if name in ANSWERING:
        return level.answer(function(x.value, axis=axis, **plain(given)), [x])
    if name in MOVING:
        return moved(level, function, (x,), {"axis": axis, **given})
    if name in ACCUMULATING:
        value = function(x.value, axis=axis, **plain(given))
        terms = accumulated(level, x, axis)
        if given.get("include_initial"):
            zeros = np.zeros_like(np.take(value, [0], axis), NUMBER)
            terms = [np.concatenate([zeros, t], axis) for t in terms]
        return level.result(value, terms)
    if name in MIXING:
        return mixed(level, function, x, -1 if axis is None else axis, (), {"axis": axis, **given})
    if name in ("sort", "partition"):
        return sorted_along(level, function, x, axis, given)
    value = np.asarray(function(x.value, axis=axis, **plain(given)))
    where: Any = given.get("where", True)
    where = True if level.everywhere or where is np._NoValue else plain(where)
    if name in ("nanmax", "nanmin") and not level.everywhere:
        top = function(x.value, axis=axis, **{**plain(given), "keepdims": True})
        where = where & ~(x.value != top)
    elif name.startswith("nan") and not level.everywhere:
        where = where & ~np.isnan(x.value)
    terms = reduced(level, x, axes_of(axis, x.ndim), where, given.get("keepdims"))
    for mean in dependents(given.get("mean")):
        terms += [t.reshape(value.shape) for t in mean.given()]  # with axes of length 1, perhaps
    return level.result(value, terms)


def sorted_along(
    level: PatternLevel, function: Callable[..., object], x: Dependent, axis: int, given: dict[str, Any]
) -> Any:
    """Sort: at this point, elements change places; everywhere, each may come from anywhere along the axis."""
    if not x.ndim:
        return function(x.value, axis=axis)  # which raises
    if level.everywhere:
        return mixed(level, function, x, axis, (), {"axis": axis, **given})
    order = np.argsort(x.value, axis, kind="stable") if function is np.sort else (
        np.argpartition(x.value, plain(given["kth"]), axis, given.get("kind", "introselect"))
    )  # fmt: skip
    return np.take_along_axis(x, order, axis)


# What moves elements, moves terms


def moved(level: PatternLevel, function: Function, args: Any, kwargs: dict[str, Any]) -> Any:
    """Apply a function of NumPy to the terms, as it is: what goes where is its own affair."""
    kwargs.pop("casting", None)
    value = function(*plain(args), **plain(kwargs))
    kwargs = {name: part for name, part in kwargs.items() if name != "dtype"}
    xs = dependents(args, kwargs)
    x = args[0] if args and type(args[0]) is Dependent else None
    if type(value) is np.ndarray and x is not None and len(xs) == 1 and _is_view(value, x.value):
        rest = args[1:]
        return Dependent(value, level, parent=x, seen=lambda term: function(term, *rest, **kwargs))
    given = {id(y): y.given() for y in xs}
    most = max(map(len, given.values()), default=0)
    terms = [function(*_swapped(args, k, given), **_swapped(kwargs, k, given)) for k in range(most)]
    if isinstance(value, list | tuple):
        parts = [level.result(np.asarray(v), [np.asarray(t[i]) for t in terms]) for i, v in enumerate(value)]
        return type(value)(parts)
    return level.result(np.asarray(value), [np.asarray(t) for t in terms])


def _is_view(value: Any, of: Any) -> bool:
    return value.base is not None and of.size > 0 and np.may_share_memory(value, of)


def _swapped(tree: Any, k: int, given: dict[int, Any]) -> Any:
    """Return arguments with term `k` in place of each dependent array, and zeros in place of other numbers."""

    def swap(x: Any) -> Any:
        if type(x) is Dependent:
            terms = given[id(x)]
            return terms[k] if k < len(terms) else np.zeros(x.shape, NUMBER)
        numbers = isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "fc"
        return np.zeros(np.shape(x), NUMBER) if numbers or isinstance(x, float | complex) else x

    return mapped(swap, tree)


# Rules


rule(np.copy)(lambda level, a, order="K", subok=False: a.copy(order))
rule(np.real)(lambda level, val: val.real)
rule(np.imag)(lambda level, val: val.imag)
rule(np.astype)(lambda level, x, dtype, /, *, copy=True, device=None: x.astype(dtype, copy=copy))


@rule(np.clip)
def _clip(
    level: PatternLevel,
    a: Any,
    a_min: Any = np._NoValue,
    a_max: Any = np._NoValue,
    *,
    min: Any = np._NoValue,
    max: Any = np._NoValue,
    **options: Any,
) -> Any:
    low, high = (next((b for b in both if b is not np._NoValue), None) for both in ((a_min, min), (a_max, max)))
    if low is not None:
        a = np.maximum(a, low, **options)
    if high is not None:
        a = np.minimum(a, high, **options)
    return +a if low is high is None else a


@rule(np.ptp)
def _ptp(level: PatternLevel, a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    keepdims = keepdims is True
    return np.subtract(np.max(a, axis, keepdims=keepdims), np.min(a, axis, keepdims=keepdims))


@rule(np.median, np.nanmedian, np.quantile, np.percentile, np.nanquantile, np.nanpercentile, each=True)
def _quantile(function: Function, level: PatternLevel, a: Any, *args: Any, **kwargs: dict[str, Any]) -> Any:
    """Mix the elements of neighbouring ranks: at this point, those of the elements that have them."""
    name, given = function.__name__, bound(function, (a, *args), kwargs)
    q = 0.5 if name.endswith("median") else plain(given.get("q"))
    axis, method, keepdims = given.get("axis"), given.get("method", "linear"), given.get("keepdims") is True
    beside = dependents([x for key, x in given.items() if key != "a"])
    if level.everywhere or beside or given.get("weights") is not None or np.isnan(a.value).any() or not a.size:
        return level.dense(name, function, (a, *args), kwargs)
    axes = axes_of(axis, a.ndim)
    rest = [n for n in range(a.ndim) if n not in axes]
    order = np.moveaxis(a.value, axes, range(len(rest), a.ndim)).reshape(*[a.shape[n] for n in rest], -1)
    order = np.argsort(order, -1, kind="stable")
    share = np.divide(q, 100 if name.endswith("percentile") else 1)
    place = numpy.quantile(np.arange(float(order.shape[-1])), share, method=method)
    value = np.asarray(function(a.value, *plain(tuple(args)), **plain(kwargs)))
    terms = []
    for t in a.given():
        rows = np.moveaxis(t, axes, range(len(rest), t.ndim)).reshape(order.shape)
        rows = np.moveaxis(np.take_along_axis(rows, order, -1), -1, 0)
        for near in (np.floor(place), np.ceil(place)):
            found = np.asarray(rows[near.astype(int)])
            terms.append(np.expand_dims(found, [n + np.ndim(q) for n in axes]) if keepdims else found)
    return level.result(value, union(terms))


@rule(np.unwrap)
def _unwrap(level: PatternLevel, p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * np.pi) -> Any:
    """Shift elements by whole periods, which changes in steps."""
    if type(p) is not Dependent or dependents(period):
        return level.dense("unwrap", np.unwrap, (p, discont, axis), {"period": period})
    return level.result(np.unwrap(p.value, plain(discont), axis, period=period), p.given())


@rule(np.trace)
def _trace(level: PatternLevel, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


@rule(np.zeros_like, np.ones_like, np.empty_like, each=True)
def _like(function: Function, level: PatternLevel, *args: Any, **kwargs: dict[str, Any]) -> Any:
    return Dependent(function(*plain(args), **kwargs), level)


@rule(np.full_like)
def _full_like(level: PatternLevel, a: Any, fill_value: Any, *args: Any, **options: Any) -> Any:
    value = np.full_like(plain(a), plain(fill_value), *args, **options)
    terms = fill_value.given() if type(fill_value) is Dependent else []
    return Dependent(value, level, [np.broadcast_to(t, value.shape) for t in terms])


@rule(np.full)
def _full(level: PatternLevel, shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", **_: Any) -> Any:
    value = np.full(shape, fill_value.value, dtype or fill_value.dtype, order)
    return Dependent(value, level, [np.broadcast_to(t, value.shape) for t in fill_value.given()])


@rule(np.array, np.asarray, np.asanyarray, np.ascontiguousarray)
def _array(level: PatternLevel, *args: Any, **kwargs: Any) -> Any:
    dependents(args, kwargs)[0].refuse("an ndarray", "Use numpy.stack([x, y]) for numpy.array([x, y])")


@rule(np.pad)
def _pad(level: PatternLevel, array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    if type(array) is not Dependent or mode not in ("constant", "edge", "wrap", "reflect", "symmetric") or (
        dependents(options) or options.get("reflect_type", "even") != "even"
    ):  # fmt: skip
        return level.composed(np.pad, (array, pad_width, mode), options)
    value = np.pad(array.value, pad_width, mode, **options)
    options = {} if mode == "constant" else options
    return level.result(value, [np.pad(term, pad_width, mode, **options) for term in array.given()])


@rule(np.searchsorted)
def _searchsorted(level: PatternLevel, a: Any, v: Any, side: Any = "left", sorter: Any = None) -> Any:
    value = np.asarray(np.searchsorted(plain(a), plain(v), side, plain(sorter)))
    if dependents(a, sorter):
        return level.answer(value, dependents(a, v, sorter))
    return level.result(value, v.given())


@rule(np.take)
def _take(level: PatternLevel, a: Any, indices: Any, axis: Any = None, mode: Any = "raise") -> Any:
    if (type(indices) is Dependent and level.everywhere) or type(a) is not Dependent:
        return level.chosen(np.take, a, indices, (axis,), {"mode": mode})
    indices = plain(indices)
    value = np.asarray(np.take(a.value, indices, axis, mode=mode))
    return level.result(value, [np.asarray(np.take(t, indices, axis, mode=mode)) for t in a.given()])


@rule(np.take_along_axis)
def _take_along_axis(level: PatternLevel, arr: Any, indices: Any, axis: Any = -1) -> Any:
    if type(indices) is Dependent and level.everywhere:
        return level.chosen(np.take_along_axis, arr, indices, (axis,), {})
    indices = plain(indices)
    value = np.take_along_axis(plain(arr), indices, axis)
    return level.result(value, [np.take_along_axis(t, indices, axis) for t in arr.given()])


@rule(np.compress, np.extract)
def _compress(level: PatternLevel, condition: Any, a: Any, axis: Any = None) -> Any:
    level.plain_key(condition)
    places = np.flatnonzero(plain(condition))
    return np.take(a, places, axis)


@rule(np.insert)
def _insert(level: PatternLevel, arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    return moved(level, np.insert, (arr, level.plain_key(obj), values, axis), {})


@rule(np.where)
def _where(level: PatternLevel, condition: Any, *choices: Any) -> Any:
    if not choices:
        return _answered(level, np.where, (condition,), {})
    mask = plain(condition)
    value = np.where(mask, *plain(choices))
    given = [x.given() if type(x) is Dependent else [] for x in choices]
    full = [[np.broadcast_to(t, value.shape) for t in terms] for terms in given]
    if not level.everywhere or type(condition) is not Dependent:
        holds = np.broadcast_to(np.asarray(mask, bool), value.shape)
        chance = np.broadcast_to(level.by_chance(mask), value.shape)
        sides = (holds | chance, ~holds | chance)
        full = [[np.where(side, t, 0) for t in terms] for side, terms in zip(sides, full, strict=True)]
        if all(full) and not chance.any():  # each element has those of one of them
            short, long = sorted(full, key=len)
            full = [[np.asarray(t + short[i]) if i < len(short) else t for i, t in enumerate(long)]]
    return level.result(value, union(*full))


@rule(np.choose)
def _choose(level: PatternLevel, a: Any, choices: Any, mode: Any = "raise") -> Any:
    value = np.choose(plain(a), plain(choices), mode=mode)
    return _among(level, value, a, choices, lambda terms: np.choose(plain(a), terms, mode=mode))


@rule(np.select)
def _select(level: PatternLevel, condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    value = np.select(plain(condlist), plain(choicelist), plain(default))
    masks = plain(condlist)
    choices = [*choicelist, default]
    return _among(level, value, condlist, choices, lambda terms: np.select(masks, terms[:-1], terms[-1]))


def _among(level: PatternLevel, value: Any, conditions: Any, choices: Any, chosen: Callable[[Any], Any]) -> Any:
    """Return one of several choices for each element; everywhere, any of them."""
    given = [x.given() if type(x) is Dependent else [] for x in choices]
    if level.everywhere and dependents(conditions):
        return level.result(value, union(*[[np.broadcast_to(t, value.shape) for t in terms] for terms in given]))
    nothing = [np.zeros(np.shape(x), NUMBER) for x in choices]
    terms = [
        chosen([ts[k] if k < len(ts) else zeros for ts, zeros in zip(given, nothing, strict=True)])
        for k in range(max(map(len, given)))
    ]
    return level.result(value, terms)


@rule(np.linspace, np.geomspace, each=True)
def _spaced(
    function: Function, level: PatternLevel, start: Any, stop: Any, *args: Any, **kwargs: dict[str, Any]
) -> Any:
    """Each number depends on both ends."""
    value = function(*plain((start, stop, *args)), **plain(kwargs))
    ends = np.broadcast_shapes(np.shape(start), np.shape(stop))
    axis = bound(function, (start, stop, *args), kwargs).get("axis", 0)
    given = [t for x in dependents(start, stop) for t in x.given()]
    terms = [np.expand_dims(np.broadcast_to(t, ends), axis) for t in given]
    return level.result(value, union([np.broadcast_to(t, value.shape) for t in terms]))


@rule(np.cross)
def _cross(
    level: PatternLevel, a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis, axis, axis)
    a, b = (x if type(x) is Dependent else np.asarray(x) for x in (a, b))
    (*x,), (*y,) = np.moveaxis(a, axisa, 0), np.moveaxis(b, axisb, 0)
    last = x[0] * y[1] - x[1] * y[0]
    if len(x) == len(y) == 2:
        return last
    first = [0.0 * u[0] if len(u) == 2 else u[2] for u in (x, y)]
    parts = [x[1] * first[1] - first[0] * y[1], first[0] * y[0] - x[0] * first[1], last]
    return np.stack(parts, axisc)


@rule(np.interp)
def _interp(
    level: PatternLevel, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    """Two neighbours of each place."""
    at, nodes, heights = map(plain, (x, xp, fp))
    value = np.asarray(np.interp(at, nodes, heights, plain(left), plain(right), period))
    if period is not None or dependents(left, right) or (level.everywhere and (type(x) is type(xp) is Dependent)):
        return level.spread("interp", value, [x, xp, fp, left, right])
    terms = list(x.given()) if type(x) is Dependent else []
    if level.everywhere:
        whole = level.whole(dependents(xp, fp))
        return level.result(value, [*terms, *[np.broadcast_to(t, value.shape) for t in whole]])
    place = np.clip(np.searchsorted(nodes, at, "right") - 1, 0, max(len(nodes) - 2, 0))
    for y in (xp, fp):
        if type(y) is Dependent:
            terms += [np.asarray(t[np.minimum(place + d, len(t) - 1)]) for t in y.given() for d in (0, 1)]
    return level.result(value, union(terms))


@rule(np.linalg.norm)
def _norm(level: PatternLevel, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    value = np.asarray(np.linalg.norm(x.value, ord, axis, keepdims))
    return level.result(value, reduced(level, x, axes_of(axis, x.ndim), True, keepdims))


@rule(np.linalg.solve)
def _solve(level: PatternLevel, a: Any, b: Any) -> Any:
    """Solve for each column by itself: it depends on the whole matrix, and on that column of the right side."""
    if np.ndim(b) == 1:
        return matrices(level, np.linalg.solve, (a, b), (2, 1))
    value = np.linalg.solve(plain(a), plain(b))
    terms: list[Any] = []
    if type(a) is Dependent:
        terms += [t[..., None, None] for t in over_axes(level, a.given(), (a.ndim - 2, a.ndim - 1))]
    if type(b) is Dependent:
        terms += [t[..., None, :] for t in over_axes(level, b.given(), (b.ndim - 2,))]
    return level.result(value, [np.broadcast_to(t, value.shape) for t in terms])


# Functions that write to an array


@rule(np.copyto)
def _copyto(level: PatternLevel, dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    level.check_target(dst, "numpy.copyto")
    dst[...] = src if where is True else np.where(where, src, dst)


@rule(np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis, each=True)
def _written(function: Function, level: PatternLevel, a: Any, *args: Any, **kwargs: dict[str, Any]) -> None:
    level.check_target(a, f"numpy.{function.__name__}")
    if level.everywhere and dependents([x for x in args[:1] if x.dtype.kind in "ib"]):
        level.plain_key(args[0])  # raises
    function(a.value, *plain(args), **plain(kwargs))
    given = {id(y): y.given() for y in dependents(args, kwargs)}
    count = max(map(len, given.values()), default=0)
    places, kept = a._places(count)
    for k, place in enumerate(places[kept:]):
        function(place, *_swapped(args, k, given), **_swapped(kwargs, k, given))
