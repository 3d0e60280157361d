"""Adaptive softmax: the loss of many classes, of which rare ones are computed for few samples."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from autograd import DtypeError, ShapeError, Tensor
from autograd.extend import ARRAY_TYPES, as_array, borrow, whole

from .. import functional
from .._arguments import Size, TensorLike, example
from ..functional._kernels.operands import as_floating, as_operand
from ..module import Module
from .containers import ModuleList, Sequential
from .linear import Linear


class _OutputAndLoss(NamedTuple):
    """What `AdaptiveLogSoftmaxWithLoss` returns.

    Attributes
    ----------
    output
        The log-probability of the target of each sample.
    loss
        Their mean, negated.
    """

    output: Tensor
    loss: Tensor


@example(
    "softmax = nn.AdaptiveLogSoftmaxWithLoss(16, 1000, cutoffs=[10, 100])",
    "output, loss = softmax(np.ones((5, 16), np.float32), np.array([0, 7, 50, 999, 3]))",
    "output.shape, loss.shape",
    "((5,), ())",
)
class AdaptiveLogSoftmaxWithLoss(Module):
    """Adaptive softmax: a softmax over many classes, sorted from frequent to rare, with its loss.

    A softmax decides between the frequent classes and clusters of rare ones, and one for each cluster between its
    classes. Those of a cluster are computed only for samples whose target is in it, and with fewer features.

    Parameters
    ----------
    in_features
        The number of features.
    n_classes
        The number of classes.
    cutoffs
        Where clusters begin, in ascending order, each above 0 and below `n_classes`: classes below the first are
        frequent ones.
    div_value
        Cluster i, counted from 1, has ``in_features // div_value**i`` features.
    head_bias
        Whether the softmax of the frequent classes has a bias.
    dtype
        The dtype of the parameters; float32 by default.

    Attributes
    ----------
    head
        The layer of the frequent classes and the clusters.
    tail
        For each cluster two layers: to fewer features, and to its classes.

    References
    ----------
    Grave et al., "Efficient softmax approximation for GPUs", ICML 2017.
    """

    def __init__(
        self,
        in_features: Size,
        n_classes: Size,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        ends = [*map(int, cutoffs), n_classes]
        if len(ends) < 2 or ends[0] < 1 or any(low >= high for low, high in itertools.pairwise(ends)):
            raise ValueError(
                f"AdaptiveLogSoftmaxWithLoss: cutoffs should be ascending, above 0 and below n_classes={n_classes}, "
                f"not {cutoffs!r}"
            )
        widths = [int(in_features // div_value ** (i + 1)) if div_value > 0 else 0 for i in range(len(cutoffs))]
        if min(widths) < 1:
            raise ValueError(
                f"AdaptiveLogSoftmaxWithLoss: div_value={div_value} leaves clusters {widths} of in_features="
                f"{in_features} features, but each needs 1 or more: use a smaller div_value, or fewer cutoffs"
            )
        self.in_features, self.n_classes, self.cutoffs = in_features, n_classes, ends
        self.div_value, self.head_bias = div_value, head_bias
        self.shortlist_size, self.n_clusters = ends[0], len(cutoffs)
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, bias=head_bias, dtype=dtype)
        self.tail = ModuleList(
            [
                Sequential(
                    Linear(in_features, width, bias=False, dtype=dtype),
                    Linear(width, high - low, bias=False, dtype=dtype),
                )
                for width, (low, high) in zip(widths, itertools.pairwise(ends), strict=True)
            ]
        )

    def reset_parameters(self) -> None:
        """Draw new parameters from the generator that `nn.manual_seed` seeds."""
        self.head.reset_parameters()
        for layer in self.tail.modules():
            if isinstance(layer, Linear):
                layer.reset_parameters()

    def forward(self, input: TensorLike, target: TensorLike) -> _OutputAndLoss:
        """Return the log-probabilities of the targets, and the loss.

        Parameters
        ----------
        input
            Shape ``(n, in_features)``, or ``(in_features,)`` for one sample.
        target
            Integers from 0 to ``n_classes - 1``, of shape ``(n,)`` or ``()``.

        Returns
        -------
        output, loss
            Shapes ``(n,)`` or ``()``, and ``()``.

        Raises
        ------
        ShapeError
            If the shapes are others.
        IndexError
            If a target is no class.
        """
        x, labels = self._input(input), self._labels(target)
        if labels.shape != x.shape[:-1]:
            raise ShapeError(
                f"AdaptiveLogSoftmaxWithLoss: for an input of shape {x.shape} the target should have the shape "
                f"{x.shape[:-1]}, not {labels.shape}"
            )
        rows, single = (x[None], True) if x.ndim == 1 else (x, False)
        labels = labels.reshape(-1)
        cluster = np.searchsorted(np.array(self.cutoffs), labels, "right")  # 0 for the frequent classes
        column = np.where(cluster == 0, labels, self.shortlist_size + cluster - 1)
        output = np.take_along_axis(self._head(rows), column[:, None], 1)[:, 0] + self._within(rows, labels, cluster)
        return _OutputAndLoss(output[0] if single else output, -output.mean())

    def _within(self, x: Any, labels: Any, cluster: Any) -> Any:
        """Return the log-probability of each label within its cluster; 0 for the frequent classes."""
        if type(cluster) not in ARRAY_TYPES:  # which samples are in a cluster differs within a batch, and in programs
            total: Any = 0
            for i, (low, high) in enumerate(itertools.pairwise(self.cutoffs), 1):
                place = np.clip(labels - low, 0, high - low - 1)
                found = np.take_along_axis(self._tail(x, i), place[:, None], 1)[:, 0]
                total = total + np.where(cluster == i, found, found.dtype.type(0))
            return total
        order = [np.flatnonzero(cluster == 0)]
        parts: list[Any] = [np.zeros(len(order[0]), x.dtype)]
        for i, low in enumerate(self.cutoffs[:-1], 1):
            of_cluster = np.flatnonzero(cluster == i)
            if of_cluster.size:
                order.append(of_cluster)
                parts.append(self._tail(x[of_cluster], i)[np.arange(of_cluster.size), labels[of_cluster] - low])
        return np.concatenate(parts)[np.argsort(np.concatenate(order))]

    def log_prob(self, input: TensorLike) -> Tensor:
        """Return the log-probabilities of all classes, of shape ``(n, n_classes)``, of inputs ``(n, in_features)``."""
        x = self._input(input)
        if x.ndim != 2:
            raise ShapeError(f"log_prob: the input should have the shape (n, {self.in_features}), not {x.shape}")
        head = self._head(x)
        parts: list[Any] = [head[:, : self.shortlist_size]]
        for i in range(1, self.n_clusters + 1):
            parts.append(self._tail(x, i) + head[:, self.shortlist_size + i - 1, None])
        joined: Any = np.concatenate(parts, axis=1)
        return joined

    def predict(self, input: TensorLike) -> np.ndarray[Any, Any]:
        """Return the most probable class of each sample, of shape ``(n,)``, of inputs ``(n, in_features)``."""
        return borrow(self.log_prob(input)).argmax(axis=1)

    def _input(self, input: TensorLike) -> Any:
        x: Any = as_floating("AdaptiveLogSoftmaxWithLoss", "the input", input, self.head.weight)
        if x.ndim not in (1, 2) or x.shape[-1] != self.in_features:
            raise ShapeError(
                f"AdaptiveLogSoftmaxWithLoss: the input should have the shape (n, {self.in_features}) or "
                f"({self.in_features},), not {x.shape}"
            )
        return x

    def _labels(self, target: TensorLike) -> Any:
        labels: Any = as_array(borrow(as_operand("AdaptiveLogSoftmaxWithLoss", "the target", target)))
        if labels.dtype.kind not in "iu" and labels.size:
            raise DtypeError(
                f"AdaptiveLogSoftmaxWithLoss needs integers for targets, not dtype {labels.dtype}: use astype(int)"
            )
        wrong = whole((labels < 0) | (labels >= self.n_classes))
        if wrong.any():
            raise IndexError(
                f"AdaptiveLogSoftmaxWithLoss was given the target {whole(labels)[wrong][0]}, but there are "
                f"{self.n_classes} classes: targets are from 0 to {self.n_classes - 1}"
            )
        return labels.astype(np.intp)

    def _head(self, x: Any) -> Any:
        return functional.log_softmax(self.head(x), axis=1)

    def _tail(self, x: Any, i: int) -> Any:
        """Return the log-probabilities of the classes within cluster i, counted from 1."""
        return functional.log_softmax(self.tail[i - 1](x), axis=1)
