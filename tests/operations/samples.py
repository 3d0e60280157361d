"""Which operations there are, and where each is tested."""

from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd
import nn
from autograd.primitives.primitive import Primitive, Rule
from autograd.tensors.dispatch import operations

from . import (
    assign_samples,
    complex_samples,
    elementwise_samples,
    emath_samples,
    fft_samples,
    index_samples,
    linalg_samples,
    nan_samples,
    nn_activation_samples,
    nn_attention_samples,
    nn_convolution_samples,
    nn_loss_samples,
    nn_normalization_samples,
    nn_samples,
    polynomial_samples,
    product_samples,
    rearrange_samples,
    reduce_samples,
    shape_samples,
    signal_samples,
    special_samples,
    statistics_samples,
    ufunc_methods_samples,
)
from .calls import Function, Samples

__all__ = ["OPERATIONS", "SAMPLES", "Operation"]

SAMPLES: dict[Function | str, Samples] = {
    **assign_samples.SAMPLES,
    **complex_samples.SAMPLES,
    **elementwise_samples.SAMPLES,
    **emath_samples.SAMPLES,
    **fft_samples.SAMPLES,
    **index_samples.SAMPLES,
    **linalg_samples.SAMPLES,
    **nan_samples.SAMPLES,
    **nn_loss_samples.SAMPLES,
    **nn_activation_samples.SAMPLES,
    **nn_attention_samples.SAMPLES,
    **nn_convolution_samples.SAMPLES,
    **nn_normalization_samples.SAMPLES,
    **nn_samples.SAMPLES,
    **polynomial_samples.SAMPLES,
    **product_samples.SAMPLES,
    **rearrange_samples.SAMPLES,
    **reduce_samples.SAMPLES,
    **shape_samples.SAMPLES,
    **signal_samples.SAMPLES,
    **special_samples.SAMPLES,
    **statistics_samples.SAMPLES,
    **ufunc_methods_samples.SAMPLES,
}


LIBRARIES = (autograd.__name__, nn.__name__)


@dataclass(frozen=True)
class Operation:
    """A registered operation: what the table of samples calls it, and the function that users call."""

    key: Function | str
    public: Function
    apply: Function

    @property
    def declared(self) -> Primitive | None:
        """The declaration; None where the operation is composed of others."""
        return getattr(self.apply, "operation", None)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rule of each input; none where the operation is composed of others."""
        return () if self.declared is None else self.declared.rules

    @property
    def library(self) -> str:
        """The package that declared it."""
        return _library(self.apply)

    def __str__(self) -> str:
        owner = getattr(self.public, "__self__", None)
        prefix = f"{owner.__name__}." if isinstance(owner, np.ufunc) else ""
        return prefix + self.public.__name__


def _module(thing: Any) -> str:
    return str(getattr(thing, "__module__", "")).partition(".")[0]


def _is_ours(operation: Function) -> bool:
    """Tell whether the library declared the operation; tests and users declare some too.

    Those that lead into a batch of `vmap` and out of it are left out: only a call of it can make their second argument.
    Those of `autograd.scipy`, `nn.distributed` and `nn.distributions` have tests of their own; of the last, which hand
    samples on as they were drawn, differences say nothing.
    """
    declared = getattr(operation, "operation", None)
    of_vmap = declared is not None and "level" in declared.parameters
    return _library(operation) in LIBRARIES and not of_vmap and not is_apart(operation)


def is_apart(operation: Function) -> bool:
    """Tell whether a package with tests of its own declared the operation, which is there only where it is imported."""
    declared = getattr(operation, "operation", None)
    return str(getattr(getattr(declared, "function", None), "__module__", "")).startswith(
        ("autograd.primitives.patterns.", "autograd.scipy.", "nn.distributed.", "nn.distributions.")
    )


def _library(operation: Function) -> str:
    declared = getattr(operation, "operation", None)
    return _module(operation if declared is None else declared.rules[0])


def _registered(function: Function, operation: Function) -> Operation:
    """Name the operation by the function it differentiates, or by its own name where that function is ours."""
    if isinstance(function, np.ufunc) or hasattr(function, "__self__") or _module(function) == "numpy":
        return Operation(function, function, operation)
    return Operation(operation.__name__, operation, operation)


OPERATIONS = [_registered(function, operation) for function, operation in operations.items() if _is_ours(operation)]
