"""Compiled gradients: what a step computes before the optimizer's, recorded once and replayed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd
from autograd.extend import borrow, is_finite

from ..module import Module


class NotFinite(Exception):  # noqa: N818 - not an error of the user's: the loop makes that
    """Raised for a loss that is nan or infinite, before its gradient is computed; its argument is the loss."""


def compiled_gradient(
    model: Module, loss: Callable[..., Any], with_output: bool, weighted: Callable[..., Any] | None = None
) -> Callable[..., Any]:
    """Return a compiled function that adds the gradient of a batch to those of the parameters.

    It is called with the batch's share of the step's gradient, an array or None for all of it, the weights of the rows
    where the loss is `weighted`, or None, the target and the inputs, and returns the loss and the output, or None in
    its place.
    """

    def gradient(share: Any, weight: Any, target: Any, *inputs: Any) -> tuple[Any, Any]:
        output = model(*inputs)
        found = loss(output, target) if weighted is None else weighted(output, target, weight)
        if not is_finite(borrow(found).reshape(())):
            raise NotFinite(found)
        (found if share is None else found * share.astype(found.dtype)).backward()
        return found, output if with_output else None

    recorded: Callable[..., Any] = autograd.compile(gradient, fallback="warn")  # loaded when first used
    return recorded
