"""Optimizers, which update parameters from their gradients, and learning-rate schedulers."""

import typing

from autograd.extend import lazy_names as _lazy_names
from autograd.extend import missing as _missing
from autograd.extend import set_module as _set_module

from ._optimizer import Optimizer

if typing.TYPE_CHECKING:
    from . import lr_scheduler, swa_utils
    from ._adafactor import Adafactor
    from ._adam import Adam, AdamW
    from ._adam_variants import Adamax, NAdam, RAdam
    from ._asgd import ASGD
    from ._lbfgs import LBFGS
    from ._muon import Muon
    from ._rmsprop_variants import Adadelta, Adagrad, RMSprop
    from ._sgd import SGD
    from ._sign_steps import Lion, Rprop

__all__ = [
    "ASGD", "LBFGS", "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Lion", "Muon", "NAdam",
    "Optimizer", "RAdam", "RMSprop", "Rprop", "lr_scheduler", "swa_utils",
]  # fmt: skip

_set_module(__name__, Optimizer)

_OWN = {  # loaded when they are first asked for: a program uses one or two
    "_adafactor": ("Adafactor",), "_adam": ("Adam", "AdamW"), "_adam_variants": ("Adamax", "NAdam", "RAdam"),
    "_asgd": ("ASGD",), "_lbfgs": ("LBFGS",), "_muon": ("Muon",),
    "_rmsprop_variants": ("Adadelta", "Adagrad", "RMSprop"), "_sgd": ("SGD",), "_sign_steps": ("Lion", "Rprop"),
}  # fmt: skip
_MODULES = ("lr_scheduler", "swa_utils")
_near = _missing.lookup(__name__, *(f"{__name__}.{module}" for module in _MODULES))
_lazy_names(globals(), own=_OWN, modules=_MODULES, otherwise=_near)
