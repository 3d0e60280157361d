"""Utilities: gradient clipping, parameters as one vector, parametrizations, sequences, atomic file writes."""

import typing

from autograd.extend import lazy_names as _lazy_names
from autograd.extend import missing as _missing
from autograd.extend import set_module as _set_module

from . import rnn
from ._fusion import fuse_conv_bn_eval, fuse_linear_bn_eval
from ._parameters import clip_grad_norm_, clip_grad_value_, get_total_norm, parameters_to_vector, vector_to_parameters

if typing.TYPE_CHECKING:
    from autograd.extend import replacing

    from . import parametrizations, parametrize

__all__ = [
    "clip_grad_norm_", "clip_grad_value_", "fuse_conv_bn_eval", "fuse_linear_bn_eval", "get_total_norm",
    "parameters_to_vector", "parametrizations", "parametrize", "replacing", "rnn", "vector_to_parameters",
]  # fmt: skip

_set_module(__name__, *(globals().get(name) for name in __all__))

_MODULES = ("parametrizations", "parametrize")
_near = _missing.lookup(__name__, *(f"{__name__}.{module}" for module in (*_MODULES, "rnn")))
_FILES = {".serialization": ("replacing",)}  # which imports it from `autograd.extend`
_lazy_names(globals(), others=_FILES, modules=_MODULES, otherwise=_near)
