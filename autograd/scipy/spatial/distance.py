"""Distances between points: `cdist`, `pdist` and `squareform` of `scipy.spatial.distance`, differentiated.

Given arrays, SciPy computes; given tensors, the formulas of the metrics do, in double precision as in SciPy. Where a
distance is 0 its gradient is 0, as that of a norm is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.spatial import distance

from autograd import ShapeError, Tensor, UnsupportedError
from autograd.extend import anywhere, set_module
from autograd.inside import TensorLike, unwrap, users_line

from ..common import float_operand, in_double, is_plain

__all__ = ["cdist", "pdist", "squareform"]


def cdist(XA: TensorLike, XB: TensorLike, metric: str = "euclidean", **parameters: TensorLike) -> Tensor:
    """Return the distances between the points of two sets, (points of A, points of B).

    Parameters
    ----------
    XA, XB
        Points, each a row: (points, dimensions).
    metric
        ``"euclidean"``, ``"sqeuclidean"``, ``"cityblock"``, ``"chebyshev"``, ``"minkowski"``, ``"cosine"``,
        ``"correlation"``, ``"canberra"``, ``"braycurtis"``, ``"seuclidean"``, ``"mahalanobis"`` or
        ``"jensenshannon"``. SciPy's others, of truth values, have no derivatives.
    **parameters
        As in SciPy: ``w``, weights of the dimensions; ``p`` of Minkowski's distance, 2 by default; ``V``, the variances
        of ``"seuclidean"``; ``VI``, the inverse of the covariance matrix of ``"mahalanobis"``, symmetric. V and VI are
        computed from the points by default, and differentiated. All may be tensors.

    Returns
    -------
    tensor or array
        The gradient is 0 where a distance is 0, and for ``"chebyshev"`` shared by what ties for the largest.

    Raises
    ------
    ShapeError
        If the points have different numbers of dimensions.
    UnsupportedError
        If the metric has no derivative here.

    References
    ----------
    The formulas are those that SciPy documents.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy.spatial.distance import cdist
    >>> a, b = np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[0.0, 0.0]])
    >>> cdist(a, b)
    array([[0.],
           [5.]])
    >>> grad(lambda a: np.sum(cdist(a, b)))(a)
    array([[0. , 0. ],
           [0.6, 0.8]])
    """
    if is_plain(XA, XB, *parameters.values()):
        return distance.cdist(XA, XB, metric, **parameters)
    a, b = _points(XA, "XA"), _points(XB, "XB")
    if a.shape[1] != b.shape[1]:
        raise ShapeError(f"XA has points of {a.shape[1]} dimensions, XB of {b.shape[1]}: they have to be the same")
    call = _metric(metric, parameters, lambda: np.concatenate([a, b]))
    return call(a[:, None, :], b[None, :, :])


def pdist(X: TensorLike, metric: str = "euclidean", **parameters: TensorLike) -> Tensor:
    """Return the distances between each two points of a set, as a vector; `squareform` makes a matrix of it.

    Parameters
    ----------
    X
        Points, each a row: (points, dimensions).
    metric, **parameters
        As for `cdist`.

    Raises
    ------
    UnsupportedError
        If the metric has no derivative here.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.scipy.spatial.distance import pdist
    >>> pdist(np.array([[0.0], [1.0], [3.0]]), "cityblock")
    array([1., 3., 2.])
    """
    if is_plain(X, *parameters.values()):
        return distance.pdist(X, metric, **parameters)
    points = _points(X, "X")
    first, second = np.triu_indices(points.shape[0], 1)
    return _metric(metric, parameters, lambda: points)(points[first], points[second])


def squareform(X: TensorLike, force: str = "no", checks: bool = True) -> Tensor:
    """Return the symmetric matrix of a vector of distances, as `pdist` returns it, or the vector of a matrix.

    Parameters
    ----------
    X
        The vector or the matrix, whose diagonal is 0. Its derivatives are those of the elements above the diagonal.
    force, checks
        As in SciPy.

    Raises
    ------
    ValueError
        SciPy's, if a matrix is not symmetric, or a vector does not have as many elements as a matrix needs.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.scipy.spatial.distance import squareform
    >>> squareform(np.array([1.0, 3.0, 2.0]))
    array([[0., 1., 3.],
           [1., 0., 2.],
           [3., 2., 0.]])
    """
    if is_plain(X):
        return distance.squareform(X, force, checks)
    given: Any = float_operand(X)
    shape, values = given.shape, np.asarray(unwrap(given)) if type(unwrap(given)) is np.ndarray else None
    if values is not None:
        distance.squareform(values, force, checks)  # SciPy's errors
    if len(shape) == 2:
        rows, columns = np.triu_indices(shape[0], 1)
        return given[rows, columns]
    count = int(np.ceil(np.sqrt(2 * shape[0]))) if shape[0] else 1
    places = np.zeros((count, count), int)
    places[np.triu_indices(count, 1)] = np.arange(shape[0])
    found: Any = given[places + places.T] if shape[0] else np.zeros((1, 1), given.dtype)
    return np.where(np.eye(count, dtype=bool), given.dtype.type(0), found)


def _points(x: Any, name: str) -> Any:
    found = in_double(x)
    if found.ndim != 2:
        raise ShapeError(f"{name} should have a row for each point, (points, dimensions), not {found.shape}")
    return found


# Metrics, of differences or of pairs of points along the last axis, with weights w or None


def _weighted(x: Any, w: Any) -> Any:
    return x if w is None else w * x


def _root(squares: Any) -> Any:
    """Return the square root, with gradient 0 where it is 0."""
    nothing = unwrap(squares) == 0
    return np.where(nothing, 0.0, np.sqrt(np.where(nothing, 1.0, squares)))


def _minkowski(a: Any, b: Any, w: Any, p: Any = 2) -> Any:
    if np.ndim(p) == 0 and not hasattr(unwrap(p), "level") and np.isinf(unwrap(p)):
        return _chebyshev(a, b, w)
    size = np.abs(a - b)
    nothing = unwrap(size) == 0
    powers = np.where(nothing, 0.0, np.where(nothing, 1.0, size) ** p)
    if anywhere(unwrap(p) == 2):  # which alone has another second derivative than 0 at 0
        powers = np.where(nothing & (unwrap(p) == 2), (a - b) ** 2, powers)
    total = np.sum(_weighted(powers, w), axis=-1)
    none = unwrap(total) == 0
    return np.where(none, 0.0, np.where(none, 1.0, total) ** (1 / p))


def _chebyshev(a: Any, b: Any, w: Any) -> Any:
    size = np.abs(a - b)
    return np.max(size if w is None else np.where(np.broadcast_to(unwrap(w) > 0, size.shape), size, 0.0), axis=-1)


def _cosine(a: Any, b: Any, w: Any) -> Any:
    norms = _root(np.sum(_weighted(a * a, w), axis=-1)) * _root(np.sum(_weighted(b * b, w), axis=-1))
    return 1 - np.sum(_weighted(a * b, w), axis=-1) / norms


def _centered(x: Any, w: Any) -> Any:
    total = x.shape[-1] if w is None else np.sum(w)
    return x - np.sum(_weighted(x, w), axis=-1, keepdims=True) / total


def _quotient(above: Any, below: Any) -> Any:
    """Return a quotient, 0 where both are 0."""
    nothing = unwrap(below) == 0
    return np.where(nothing, 0.0, above / np.where(nothing, 1.0, below))


def _jensenshannon(a: Any, b: Any, w: Any) -> Any:
    from scipy.special import rel_entr

    a, b = np.broadcast_arrays(a, b)
    none = (unwrap(a) == 0) & (unwrap(b) == 0)
    a, b = _shares(a, unwrap(b) != 0), _shares(b, unwrap(a) != 0)
    middle = np.where(none, 1.0, 0.5 * (a + b))
    parts = [np.where(none, x * math.log(2), rel_entr(np.where(none, 1.0, x), middle)) for x in (a, b)]
    return _root(np.maximum(0.5 * np.sum(parts[0] + parts[1], axis=-1), 0.0))


def _shares(x: Any, steep: Any) -> Any:
    """Return parts of the sum; the infinite slope at one that is 0, where it is `steep`, is not that of the sum."""
    total = np.sum(x, axis=-1, keepdims=True)
    return np.where(steep & (unwrap(x) == 0), x / unwrap(total), x / total)


_METRICS: dict[str, Callable[..., Any]] = {
    "euclidean": lambda a, b, w: _root(np.sum(_weighted((a - b) ** 2, w), axis=-1)),
    "sqeuclidean": lambda a, b, w: np.sum(_weighted((a - b) ** 2, w), axis=-1),
    "cityblock": lambda a, b, w: np.sum(_weighted(np.abs(a - b), w), axis=-1),
    "chebyshev": _chebyshev,
    "minkowski": _minkowski,
    "cosine": _cosine,
    "correlation": lambda a, b, w: _cosine(_centered(a, w), _centered(b, w), w),
    "canberra": lambda a, b, w: np.sum(_weighted(_quotient(np.abs(a - b), np.abs(a) + np.abs(b)), w), axis=-1),
    "braycurtis": lambda a, b, w: (
        np.sum(_weighted(np.abs(a - b), w), axis=-1) / np.sum(_weighted(np.abs(a + b), w), axis=-1)
    ),
    "seuclidean": lambda a, b, V: _root(np.sum((a - b) ** 2 / V, axis=-1)),
    "mahalanobis": lambda a, b, VI: _root(np.sum((a - b) @ VI * (a - b), axis=-1)),
    "jensenshannon": _jensenshannon,
}
_SHORT = {"euclid": "euclidean", "l2": "euclidean", "l1": "cityblock", "manhattan": "cityblock", "cheb": "chebyshev"}
_PARAMETERS = {"seuclidean": {"V"}, "mahalanobis": {"VI"}, "minkowski": {"p", "w"}, "jensenshannon": set()}


def _metric(metric: Any, parameters: dict[str, Any], points: Callable[[], Any]) -> Callable[[Any, Any], Any]:
    """Return the distance of pairs of points; what it needs of all of them, it computes from `points`."""
    name = _SHORT.get(metric, metric) if isinstance(metric, str) else None
    if name not in _METRICS:
        raise UnsupportedError(
            f"the metric {metric!r}, at {users_line()}, has no derivative here: these have one: {', '.join(_METRICS)}. "
            f"A metric of your own is a function of cdist's kind: write it with x[:, None] - y[None]"
        )
    allowed = _PARAMETERS.get(name, {"w"})
    if unknown := parameters.keys() - allowed:
        raise TypeError(f"metric {name!r} has no parameter {', '.join(sorted(unknown))}: it takes {sorted(allowed)}")
    values = {key: in_double(value) for key, value in parameters.items() if value is not None}
    if name == "seuclidean" and "V" not in values:
        values["V"] = np.var(points(), axis=0, ddof=1)
    elif name == "mahalanobis":
        if "VI" not in values:
            count, dimensions = points().shape
            if count <= dimensions:
                raise ValueError(
                    f"{count} points of {dimensions} dimensions are too few for their covariance matrix to have an "
                    f"inverse: pass that of more points, VI=..."
                )
            values["VI"] = np.linalg.inv(np.cov(points().T))
    elif name != "seuclidean":
        values.setdefault("w", None)
    return lambda a, b: _METRICS[name](a, b, **values)


set_module(__name__, cdist, pdist, squareform)
