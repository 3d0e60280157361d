"""Operators of classical models, in the domain ``ai.onnx.ml``: their coefficients are inputs, which train."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import tensor
from autograd.extend import anywhere, as_array, borrow

from ... import functional
from ..._warnings import warn
from .._program import Node
from .common import Array, Operator

_ML = "ai.onnx.ml"
_SVM = ("coefficients", "support_vectors", "rho")
# Attributes that are weights; the operators take them as inputs, after those that they have
WEIGHTS = {
    (_ML, "LinearClassifier"): ("coefficients", "intercepts"),
    (_ML, "LinearRegressor"): ("coefficients", "intercepts"),
    (_ML, "SVMClassifier"): (*_SVM, "prob_a", "prob_b"),
    (_ML, "SVMRegressor"): _SVM,
    (_ML, "Scaler"): ("offset", "scale"),
}


def _matrix(x: Any, like: Any) -> Any:
    """Return the rows of an input, in the dtype of the weights."""
    return (x if x.ndim > 1 else x[None]).astype(like.dtype)


def class_names(n: Node) -> Array:
    """Return what the classes are called."""
    integers = n["classlabels_ints"] or n["classlabels_int64s"]
    return np.array(integers, np.int64) if integers else np.array(n["classlabels_strings"], object)


def _picked(n: Node, places: Any) -> Array:
    names = class_names(n)
    if names.dtype == object:  # text, which no tensor holds
        return np.asarray(names[as_array(borrow(places))])
    found: Array = as_array(borrow(tensor(names)[places]))
    return found


def transformed(kind: str, scores: Any) -> Any:
    """Apply what an attribute says to scores of several classes."""
    if kind == "LOGISTIC":
        return functional.sigmoid(scores)
    if kind == "SOFTMAX":
        return functional.softmax(scores, -1)
    if kind == "SOFTMAX_ZERO":  # where a score of 0 stays 0
        most = np.max(scores, -1, keepdims=True)
        parts = np.where(np.abs(scores) > 1e-7, np.exp(scores - most), scores * np.exp(-most))
        return parts / np.sum(parts, -1, keepdims=True)
    return scores


def of_two(kind: str, score: Any, opposite: bool = False) -> Any:
    """Return the scores of two classes from that of the second, a column: its complement or opposite is the first."""
    if kind == "LOGISTIC":
        return functional.sigmoid(np.concatenate([-score, score], -1))
    return np.concatenate([-score if opposite else 1 - score, score], -1)


def _normalizer(n: Node, x: Any) -> Any:
    """Divide each row by its norm, or by its largest number; where that is 0, the row stays."""
    x = x if x.dtype == np.float64 else x.astype(np.float32)
    if n["norm"] == "MAX":
        divisors = x.max(-1, keepdims=True)
    else:
        divisors = np.linalg.norm(x, 1 if n["norm"] == "L1" else 2, axis=-1, keepdims=True)
    return x / np.where(divisors == 0, np.ones((), x.dtype), divisors)


def _affine(n: Node, x: Any, coefficients: Any, intercepts: Any, rows: int) -> Any:
    """Return products with so many rows of coefficients; what is left of these is not used, as in onnxruntime."""
    x = _matrix(x, coefficients)
    used = rows * x.shape[1]
    if used < coefficients.size:
        warn(f"{n} has {coefficients.size} coefficients, of which {rows} rows of {x.shape[1]} features use {used}")
    return functional.linear(x, coefficients[:used].reshape(rows, -1), intercepts)


def _linear_regressor(n: Node, x: Any, coefficients: Any, intercepts: Any = None) -> Any:
    out = _affine(n, x, coefficients, intercepts, n["targets"])
    return out if out.shape[1] == 1 else transformed(n["post_transform"], out)


def _linear_classifier(n: Node, x: Any, coefficients: Any, intercepts: Any = None) -> Any:
    rows = len(class_names(n)) if intercepts is None else len(intercepts)
    scores, kind = _affine(n, x, coefficients, intercepts, rows), n["post_transform"]
    if scores.shape[1] > 1:
        return _picked(n, np.argmax(scores, 1)), transformed(kind, scores)
    return _picked(n, (as_array(borrow(scores))[:, 0] > 0).astype(int)), of_two(kind, scores)


# Support vectors


def _kernel(n: Node, x: Any, vectors: Any) -> Any:
    """Return the kernel of each row with each vector."""
    gamma, offset, degree = n["kernel_params"] or (0.0, 0.0, 0.0)
    if n["kernel_type"] == "RBF":
        return np.exp(-gamma * np.sum((x[:, None] - vectors) ** 2, -1))
    products = x @ vectors.T
    if n["kernel_type"] == "LINEAR":
        return products
    products = gamma * products + offset
    return np.tanh(products) if n["kernel_type"] == "SIGMOID" else products**degree


def _double(x: Any) -> Any:
    """Return an array in double precision: coefficients are large, and their sums small."""
    return None if x is None else x.astype(np.float64)


def _svm_regressor(n: Node, x: Any, coefficients: Any, vectors: Any, rho: Any) -> Any:
    """Return the sum over vectors; without any, the coefficients are those of the features."""
    dtype = coefficients.dtype
    x, coefficients, vectors, rho = map(_double, (_matrix(x, coefficients), coefficients, vectors, rho))
    weighed = x if vectors is None else _kernel(n, x, vectors.reshape(-1, x.shape[1]))
    out = (weighed @ coefficients)[:, None] + rho
    return (np.where(as_array(borrow(out)) > 0, 1.0, -1.0) if n["one_class"] else out).astype(dtype)


def _svm_classifier(
    n: Node, x: Any, coefficients: Any, vectors: Any, rho: Any, slopes: Any = None, offsets: Any = None
) -> Any:
    """Let each pair of classes decide; the class with the most pairs wins."""
    owners = np.repeat(np.arange(len(n["vectors_per_class"])), n["vectors_per_class"])
    classes = len(n["vectors_per_class"])
    first, second = np.triu_indices(classes, 1)
    dtype = coefficients.dtype
    x = _double(_matrix(x, coefficients))
    coefficients, vectors, rho, slopes, offsets = map(_double, (coefficients, vectors, rho, slopes, offsets))
    # of a vector of one of two classes, the coefficients are in the row of the other, counted without its own
    row = np.where(owners[:, None] == first, second - 1, first)
    within = (owners[:, None] == first) | (owners[:, None] == second)
    weights = coefficients.reshape(classes - 1, -1)[row, np.arange(len(owners))[:, None]] * within
    scores = _kernel(n, x, vectors.reshape(len(owners), -1)) @ weights + rho
    winners = np.where(as_array(borrow(scores)) > 0, first, second)
    labels = _picked(n, np.argmax(np.sum(winners[:, :, None] == np.arange(classes), 1), 1))
    if slopes is not None:
        scores = _coupled(functional.sigmoid(-(scores * slopes + offsets)), classes)
    elif classes == 2:
        return labels, of_two(n["post_transform"], scores, n["post_transform"] == "NONE").astype(dtype)
    return labels, transformed(n["post_transform"], scores).astype(dtype)


def _coupled(pairs: Any, classes: int) -> Any:
    """Return probabilities of the classes from those within each pair of them, by the iteration of Wu, Lin and Weng.

    It ends, as in other runtimes, where the largest of its residuals is below 0.005 / classes, for each row by itself.
    """
    first, second = np.triu_indices(classes, 1)
    pairs = np.clip(pairs, 1e-7, 1 - 1e-7)
    order = np.zeros((classes, classes), int)
    order[first, second], order[second, first] = np.arange(len(first)), len(first) + np.arange(len(first))
    r = np.concatenate([pairs, 1 - pairs], 1)[:, order]  # of the first of two, where the second is the other
    away = 1 - np.eye(classes)
    diagonal = np.sum((np.swapaxes(r, 1, 2) * away) ** 2, 2)
    q = -np.swapaxes(r, 1, 2) * r * away + diagonal[:, :, None] * np.eye(classes)
    p: Any = np.full((len(pairs), classes), 1 / classes)
    for _ in range(max(100, classes)):
        qp = np.sum(q * p[:, None], 2)
        total = np.sum(p * qp, 1)
        going = np.max(np.abs(as_array(borrow(qp - total[:, None]))), 1) >= 0.005 / classes
        if not anywhere(going):
            break
        for t in range(classes):
            step = np.where(going, (total - qp[:, t]) / diagonal[:, t], 0)
            total = (total + step * (step * diagonal[:, t] + 2 * qp[:, t])) / (1 + step) ** 2
            step = step[:, None]
            qp = (qp + step * q[:, t]) / (1 + step)
            p = (p + step * (np.arange(classes) == t)) / (1 + step)
    return p


# Features


def _imputer(n: Node, x: Any) -> Any:
    values = n["imputed_value_floats"] or n["imputed_value_int64s"]
    missing = n["replaced_value_int64"] if x.dtype.kind == "i" else n["replaced_value_float"]
    given = as_array(borrow(x))
    return np.where(np.isnan(given) if missing != missing else given == missing, np.array(values, x.dtype), x)


def _feature_vectorizer(n: Node, *inputs: Any) -> Any:
    """Put the columns of the inputs beside each other, as many as are said: cut off, or filled up with zeros."""
    rows = [x.astype(np.float32) if x.dtype != np.float64 else x for x in inputs]
    parts = [x.reshape(x.shape[0], -1) if x.ndim else x.reshape(1, 1) for x in rows]
    sizes = zip(parts, n["inputdimensions"], strict=True)
    return np.concatenate([np.pad(x[:, :k], ((0, 0), (0, max(k - x.shape[1], 0)))) for x, k in sizes], 1)


CLASSICAL: dict[str, Operator] = {
    "ArrayFeatureExtractor": lambda n, x, places: np.take(np.atleast_2d(x), as_array(borrow(places)).reshape(-1), -1),
    "Binarizer": lambda n, x: (as_array(borrow(x)) > n["threshold"]).astype(x.dtype),
    "FeatureVectorizer": _feature_vectorizer, "Imputer": _imputer, "LinearClassifier": _linear_classifier,
    "LinearRegressor": _linear_regressor, "Normalizer": _normalizer, "SVMClassifier": _svm_classifier,
    "SVMRegressor": _svm_regressor,
    "Scaler": lambda n, x, offset, scale: (x.astype(scale.dtype) - offset) * scale,
    "ZipMap": lambda n, scores: scores,  # whose columns are the classes, rather than a dict of each row: these train
}  # fmt: skip
