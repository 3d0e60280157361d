"""Compiled gradients: what a step computes before the optimizer's, recorded once and replayed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Literal, TypeAlias, cast

import autograd
from autograd import extend
from autograd.extend import borrow, is_finite

from ..random import redrawing
from ._data import Batch
from ._state import Training

Compile: TypeAlias = bool | Literal["auto", "numba"]

MOST_KINDS, MOST_REHEARSALS = 4, 8
PATIENT = 100  # batches, after which a kind may be rehearsed again where something that is read has changed
_MEASURED = 3  # batches, after which the time of one is known
_TRIES = 3  # batches in a row that no program fits: what changes for one step, as a hook of a callback, changes back
_GOES_ON = ("yes", "few steps")


def pays(batches: float, seconds: float) -> bool:
    """Tell whether a program pays that many more batches fit, each of which takes so long as it is.

    To load `compile`, record and print takes some 0.1 s and the time of four batches; a replay saves some 0.1 ms, and a
    twelfth of what is left.
    """
    return batches * (1e-4 + seconds / 12) > 0.1 + 4 * seconds


class NotFinite(Exception):  # noqa: N818 - not an error of the user's: the loop makes that
    """Raised for a loss that is nan or infinite, before its gradient is computed; its argument is the loss."""


class CompiledGradient:
    """What computes the gradients of batches in place of the loop, where that was asked for, or pays and shows nowhere.

    Parameters
    ----------
    training
        What is trained.
    weighted
        The loss where rows have weights, or None.
    compile
        As given to `fit`.
    alone
        Whether one process computes whole gradients.
    """

    def __init__(self, training: Training, weighted: Callable[..., Any] | None, compile: Compile, alone: bool) -> None:
        self._training, self._function = training, _gradient_of(training, weighted)
        self._asked = compile in (True, "numba")
        self._kinds: Counter[Any] = Counter()  # of the batches so far
        self._replays: dict[Any, int] = {}  # of kinds that were rehearsed, how many of them came since then
        self._rehearsals, self._begun, self._recorded = 0, 0.0, cast(Any, None)
        self._said = "off" if compile is False else "few steps" if alone else "several ranks"
        if self._asked:
            backend: Any = "numba" if compile == "numba" else "auto"
            self._recorded = autograd.compile(self._function, fallback="warn", backend=backend)

    @property
    def said(self) -> str:
        """Whether gradients are compiled: ``"yes"``, or why not."""
        if self._asked:
            return "yes" if self._recorded.programs else next((x.reason for x in self._recorded.fallbacks), "few steps")
        return self._said

    def of(self, batch: Batch, share: Any) -> Callable[..., Any] | None:
        """Return what computes the gradient of a batch, or None where the loop is to do so."""
        if self._asked:
            return self._recorded  # type: ignore[no-any-return]  # a function
        if self._said not in _GOES_ON:
            return None
        kind = (share is None, *(getattr(part, "shape", None) for part in (*batch.inputs, batch.target)))
        self._begun = self._begun or time.perf_counter()
        self._kinds[kind] += 1
        if kind in self._replays:
            self._replays[kind] += 1
            if self._replays[kind] == PATIENT and sum(each.diverged for each in self._recorded.programs) > PATIENT / 2:
                self._said = "values that decide what is computed"
            if self._recorded.unfit < _TRIES:
                return self._recorded  # type: ignore[no-any-return]
            return self._rehearsal(kind) if self._replays[kind] > PATIENT else None
        count = self._kinds.total()
        if count < _MEASURED or len(self._replays) == MOST_KINDS:
            return None
        seconds = (time.perf_counter() - self._begun) / count
        return self._rehearsal(kind) if pays(self._left() * self._kinds[kind] / count, seconds) else None

    def _left(self) -> int:
        """Return how many batches are to come; where nobody knows, as many as there were."""
        training = self._training
        size = training.source.size
        return training.step if size is None else (training.epochs - training.epoch) * size - training.batch

    def _rehearsal(self, kind: Any) -> Callable[..., Any] | None:
        self._rehearsals += 1
        self._replays[kind] = 0
        if self._rehearsals > MOST_REHEARSALS:
            self._said, self._recorded = "what is read changes too often", None
            return None
        if self._recorded is None:
            self._recorded = extend.Rehearsed(self._function, redrawing)
        return self._rehearse

    def _rehearse(self, *args: Any) -> Any:
        result = self._recorded.rehearse(*args)
        self._said = self._recorded.refused or "yes"
        if self._recorded.refused:
            self._recorded = None
        return result


def _gradient_of(training: Training, weighted: Callable[..., Any] | None) -> Callable[..., Any]:
    """Return the function that adds the gradient of a batch to those of the parameters.

    It is called with the batch's share of the step's gradient, an array or None for all of it, the weights of the rows
    where the loss is `weighted`, or None, the target and the inputs, and returns the loss and the output, or None in
    its place.
    """
    model, loss, with_output = training.model, training.loss, bool(training.metrics)

    def gradient(share: Any, weight: Any, target: Any, *inputs: Any) -> tuple[Any, Any]:
        output = model(*inputs)
        found = loss(output, target) if weighted is None else weighted(output, target, weight)
        if not is_finite(borrow(found).reshape(())):
            raise NotFinite(found)
        (found if share is None else found * share.astype(found.dtype)).backward()
        return found, output if with_output else None

    return gradient
