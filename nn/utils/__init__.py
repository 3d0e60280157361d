"""Utilities: gradient clipping, parameters as one vector, parametrizations, sequences, atomic file writes."""

import typing

from autograd.extend import missing as _missing
from autograd.extend import replacing
from autograd.extend import set_module as _set_module

from . import parametrizations, parametrize, rnn
from ._fusion import fuse_conv_bn_eval, fuse_linear_bn_eval
from ._parameters import (
    clip_grad_norm_,
    clip_grad_value_,
    get_total_norm,
    parameters_to_vector,
    vector_to_parameters,
)

__all__ = [
    "clip_grad_norm_", "clip_grad_value_", "fuse_conv_bn_eval", "fuse_linear_bn_eval", "get_total_norm",
    "parameters_to_vector", "parametrizations", "parametrize", "replacing", "rnn", "vector_to_parameters",
]  # fmt: skip

_set_module(__name__, *(globals()[name] for name in __all__ if name != "replacing"))

if not typing.TYPE_CHECKING:  # with `__getattr__`, type checkers would accept any name
    __getattr__ = _missing.lookup(__name__, parametrizations, parametrize, rnn)
