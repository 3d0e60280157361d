"""Divergence: where a loss that is nan or infinite comes from."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.extend import borrow

from .._warnings import TrainingWarning
from .._warnings import warn as warn_with
from ..utils.rnn import PackedSequence
from ._data import Batch
from ._metrics import values_of


class NonFiniteLossError(FloatingPointError):
    """A loss was nan or infinite; the parameters are as they were before that step."""


def warn(message: str) -> None:
    """Warn, at the line of the program that called this package."""
    warn_with(message, TrainingWarning)


LARGE = 100.0  # of inputs and targets, from which on they are probably not standardized


def divergence(
    value: float, loss: Tensor | None, batch: Batch, where: str, named: list[tuple[str, Any]]
) -> NonFiniteLossError:
    """Return the error for a loss of `value`, whose message names the first thing that is not finite."""
    cause = _cause_in_data(batch) or _cause_in_weights(named) or _cause_in_gradients(loss, named)
    return NonFiniteLossError(
        f"the loss is {value} in {where}. {cause}The parameters are as they were before this step. Repeat it within "
        f"autograd.detect_anomaly() to see the operation; a smaller learning rate, or clip_norm=1.0, may prevent it"
    )


def _cause_in_data(batch: Batch) -> str:
    parts = [("input", part) for part in batch.inputs] + [("target", batch.target)]
    for name, part in parts:
        array = np.asarray(values_of(part.data if isinstance(part, PackedSequence) else part))
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            rows = np.flatnonzero(~np.isfinite(array.reshape(len(array), -1)).all(axis=1))
            count = f"{len(rows)} rows of {len(array)}"
            return f"The {name} of this batch holds what is not finite, in row {rows[0]} ({count}). "
    for name, part, letter in ((*item, "Xy"[item[0] == "target"]) for item in parts):
        array = np.asarray(values_of(part.data if isinstance(part, PackedSequence) else part))
        if array.dtype.kind == "f" and array.size and (largest := float(np.abs(array).max())) > LARGE:
            return (
                f"The {name} has numbers as large as {largest:.3g}: standardize it, as in ({letter} - "
                f"{letter}.mean(axis=0)) / {letter}.std(axis=0). "
            )
    return ""


def _cause_in_weights(named: list[tuple[str, Any]]) -> str:
    odd = [name for name, parameter in named if not np.isfinite(borrow(parameter)).all()]
    return f"The parameter {odd[0]} is not finite: an earlier step made it so. " if odd else ""


def _cause_in_gradients(loss: Any, named: list[tuple[str, Any]]) -> str:
    if not isinstance(loss, Tensor) or not loss.requires_grad:
        return ""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the walk warns of what is reported here
        loss.backward()
    odd = [name for name, p in named if p.grad is not None and not np.isfinite(borrow(p.grad)).all()]
    return f"The first parameter whose gradient is not finite is {odd[0]}. " if odd else ""
