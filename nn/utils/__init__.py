"""Utilities: gradient clipping, parameters as one vector, sequences of different lengths, and atomic file writes."""

from autograd.extend import replacing
from autograd.extend import set_module as _set_module

from . import rnn
from ._parameters import (
    clip_grad_norm_,
    clip_grad_value_,
    get_total_norm,
    parameters_to_vector,
    vector_to_parameters,
)

__all__ = [
    "clip_grad_norm_",
    "clip_grad_value_",
    "get_total_norm",
    "parameters_to_vector",
    "replacing",
    "rnn",
    "vector_to_parameters",
]

_set_module(__name__, *(globals()[name] for name in __all__ if name not in ("replacing", "rnn")))
