"""Operators of decision trees and their sums. They are steps, and have no derivative."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from autograd import ShapeError
from autograd.extend import as_array, borrow, outside

from .._program import Node, read_nodes
from .classical import class_names, of_two, transformed
from .common import Array, Operator, without_derivative

_MEMBER = 6  # the branch of numbers that are in a set
_BRANCHES = {
    "BRANCH_LEQ": np.less_equal, "BRANCH_LT": np.less, "BRANCH_GTE": np.greater_equal, "BRANCH_GT": np.greater,
    "BRANCH_EQ": np.equal, "BRANCH_NEQ": np.not_equal,
}  # fmt: skip


class _Forest(NamedTuple):
    """Nodes of all trees; a leaf is followed by itself, and has weights for targets, of which some are not there."""

    roots: Array
    mode: Array  # which of the branches; -1 in a leaf
    feature: Array
    threshold: Array
    yes: Array
    no: Array
    missing: Array
    weights: Array
    given: Array
    members: Array  # the numbers in the set of each node, filled up with nan
    after: Array = np.empty(0, int)  # no and yes of the first node, of the second, ...
    modes: Any = ()  # which numbers of branches there are


def _values(n: Node, name: str) -> Array:
    """Return an attribute that may be a list or a tensor."""
    tensor = n[f"{name}_as_tensor"]
    return np.asarray(n[name] or (), np.float32) if tensor is None else tensor


@functools.lru_cache(maxsize=64)
def _forest(domain: str, version: int, content: bytes) -> _Forest:
    """Return the trees of a node; they are read once."""
    from onnx import NodeProto

    (n,) = read_nodes([NodeProto.FromString(content)], {domain: version})
    made = _with_leaves(n) if n.kind == "TreeEnsemble" else _with_names(n)
    return made._replace(after=np.stack([made.no, made.yes], 1).ravel(), modes={*made.mode} - {-1})


def _with_leaves(n: Node) -> _Forest:
    """Read trees whose leaves are apart from their nodes: here they follow them."""
    count, leaves = len(n["nodes_featureids"]), len(n["leaf_targetids"])
    own = np.arange(count, count + leaves)
    yes, no = (
        np.array(n[f"nodes_{side}nodeids"]) + count * np.array(n[f"nodes_{side}leafs"]) for side in ("true", "false")
    )
    weights, given = np.zeros((2, count + leaves, n["n_targets"]), n["leaf_weights"].dtype)
    weights[own, n["leaf_targetids"]], given[own, n["leaf_targetids"]] = n["leaf_weights"], 1
    missing = np.asarray(n["nodes_missing_value_tracks_true"] or np.zeros(count), bool)
    feature, threshold, missing = (np.pad(x, (0, leaves)) for x in (n["nodes_featureids"], n["nodes_splits"], missing))
    mode = np.concatenate([n["nodes_modes"].astype(int), np.full(leaves, -1)])
    yes, no = np.concatenate([yes, own]), np.concatenate([no, own])
    values = np.empty(0) if n["membership_values"] is None else n["membership_values"]
    sets = np.split(values, np.flatnonzero(np.isnan(values)))  # one after another, with nan between them
    members = np.full((len(mode), max(map(len, sets))), np.nan, values.dtype)
    for row, numbers in zip(np.flatnonzero(mode == _MEMBER), sets, strict=False):
        members[row, : len(numbers)] = numbers
    return _Forest(np.array(n["tree_roots"]), mode, feature, threshold, yes, no, missing, weights, given != 0, members)


def _with_names(n: Node) -> _Forest:
    """Read trees whose nodes have numbers, of a tree and of a node in it."""
    trees, numbers = n["nodes_treeids"], n["nodes_nodeids"]
    place = {key: i for i, key in enumerate(zip(trees, numbers, strict=True))}
    mode = np.array([[*_BRANCHES, "LEAF"].index(mode) for mode in n["nodes_modes"]])
    mode[mode == len(_BRANCHES)] = -1
    own = np.arange(len(trees))
    yes, no = (
        np.array([place.get(key, i) for i, key in enumerate(zip(trees, n[f"nodes_{side}nodeids"], strict=True))])
        for side in ("true", "false")
    )
    yes, no = np.where(mode < 0, own, yes), np.where(mode < 0, own, no)
    prefix = "class" if n.kind == "TreeEnsembleClassifier" else "target"
    leaves = [place[key] for key in zip(n[f"{prefix}_treeids"], n[f"{prefix}_nodeids"], strict=True)]
    values, targets = _values(n, f"{prefix}_weights"), n[f"{prefix}_ids"]
    weights, given = np.zeros((2, len(trees), n["n_targets"] or len(class_names(n))), values.dtype)
    np.add.at(weights, (leaves, targets), values)
    given[leaves, targets] = 1
    return _Forest(
        np.setdiff1d(own, np.concatenate([yes[mode >= 0], no[mode >= 0]])), mode, np.array(n["nodes_featureids"]),
        _values(n, "nodes_values"), yes, no, np.array(n["nodes_missing_value_tracks_true"] or 0 * own) != 0, weights,
        given != 0, np.empty((len(own), 0)),
    )  # fmt: skip


def _leaves(forest: _Forest, x: Array) -> Array:
    """Return in which leaf of each tree each row ends, (trees, rows)."""
    places = np.repeat(forest.roots, len(x))
    rows = np.tile(np.arange(len(x)) * x.shape[1], len(forest.roots))
    tracks = forest.missing.any()
    for _ in range(len(forest.mode)):
        value, threshold = x.take(rows + forest.feature.take(places)), forest.threshold.take(places)
        goes: Any = False
        for kind in forest.modes:
            if kind == _MEMBER:
                chosen = (value[:, None] == forest.members[places]).any(-1)
            else:
                chosen = [*_BRANCHES.values()][kind](value, threshold)
            goes = chosen if len(forest.modes) == 1 else goes | ((forest.mode.take(places) == kind) & chosen)
        if tracks:
            goes = goes | (forest.missing.take(places) & np.isnan(value))
        before, places = places, forest.after.take(2 * places + goes)
        if (before == places).all():
            break
    return places.reshape(-1, len(x))


def _scores(n: Node, x: Any, aggregate: str) -> tuple[Array, Array]:
    """Return the sum, mean, minimum or maximum over the trees for each target, and for which there is one."""
    found: Array = outside(_summed, n, as_array(borrow(x)), aggregate)
    return found[0], found[1] != 0


def _summed(n: Node, x: Array, aggregate: str) -> Array:
    """Return both as one array, as a program takes what is computed outside of it."""
    forest = _forest(n.domain, n.version, n.content)
    x = x if x.dtype.kind == "f" else x.astype(np.float32)
    if forest.feature.max(initial=0) >= x.shape[-1]:
        raise ShapeError(f"{n.kind} of column {forest.feature.max()} cannot be of an input of shape {x.shape}")
    places = _leaves(forest, x if x.ndim > 1 else x[None])
    empty, combine = {"MIN": (np.inf, np.minimum), "MAX": (-np.inf, np.maximum)}.get(aggregate, (0, np.add))
    weights = np.where(forest.given, forest.weights, empty) if empty else forest.weights
    total = combine.reduce(weights[places], 0, initial=empty, dtype=weights.dtype)
    seen = np.logical_or.reduce(forest.given[places], 0)
    return np.stack([np.where(seen, total / len(forest.roots) if aggregate == "AVERAGE" else total, 0), seen])


def _regressor(n: Node, x: Any) -> Any:
    scores, seen = _scores(n, x, n["aggregate_function"])
    base = _values(n, "base_values")
    if scores.shape[1] == 1:
        return (scores + base if base.size else scores).astype(np.float32)
    scores = np.where(seen, scores + base, 0) if base.size else scores
    return transformed(n["post_transform"], scores).astype(np.float32)


def _ensemble(n: Node, x: Any) -> Array:
    scores, _ = _scores(n, x, ("AVERAGE", "SUM", "MIN", "MAX")[n["aggregate_function"]])
    kind = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO")[n["post_transform"]]
    return scores if scores.shape[1] == 1 else transformed(kind, scores)


def _classifier(n: Node, x: Any) -> tuple[Array, Array]:
    """Return the class with the largest sum, and the sums; two classes may have the sum of one alone."""
    scores, seen = _scores(n, x, "SUM")
    kind, base, names = n["post_transform"], _values(n, "base_values"), class_names(n)
    if len(names) > 2:
        scores, seen = (scores + base, seen | True) if base.size else (scores, seen)
        return names[np.argmax(np.where(seen, scores, -np.inf), 1)], transformed(kind, scores).astype(np.float32)
    both = seen[:, 1:]
    second = np.where(both, scores[:, 1:], scores[:, :1] + (base if base.size else 0))
    weights = n["class_weights"] or n["class_weights_as_tensor"].tolist()
    least = 0.5 if len({*n["class_ids"]}) == 1 and min(weights) >= 0 else 0
    out = np.where(both, transformed(kind, scores), of_two(kind, second, least == 0))
    return names[(second[:, 0] > least).astype(int)], out.astype(np.float32)


def is_compared(n: Node) -> bool:
    """Tell whether trees are of those that the tests compare with onnxruntime."""
    if n.kind == "TreeEnsemble":
        return not n["post_transform"]
    base = 0 if n["base_values_as_tensor"] is not None else len(n["base_values"] or ())
    if n.kind == "TreeEnsembleRegressor" or len(class_names(n)) > 2 or not base:
        return True
    return base == 1 and {*n["class_ids"]} == {0}


TREES: dict[str, Operator] = {
    "TreeEnsemble": without_derivative(_ensemble),
    "TreeEnsembleClassifier": without_derivative(_classifier),
    "TreeEnsembleRegressor": without_derivative(_regressor),
}
