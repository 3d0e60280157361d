"""Optimizers, which update parameters from their gradients, and learning-rate schedulers."""

import typing

from autograd.extend import missing as _missing
from autograd.extend import set_module as _set_module

from . import lr_scheduler, swa_utils
from ._adafactor import Adafactor
from ._adam import Adam, AdamW
from ._adam_variants import Adamax, NAdam, RAdam
from ._asgd import ASGD
from ._lbfgs import LBFGS
from ._muon import Muon
from ._optimizer import Optimizer
from ._rmsprop_variants import Adadelta, Adagrad, RMSprop
from ._sgd import SGD
from ._sign_steps import Lion, Rprop

__all__ = [
    "ASGD", "LBFGS", "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Lion", "Muon", "NAdam",
    "Optimizer", "RAdam", "RMSprop", "Rprop", "lr_scheduler", "swa_utils",
]  # fmt: skip

_set_module(__name__, *(globals().get(name) for name in __all__))

if not typing.TYPE_CHECKING:  # with it, type checkers would take any name for one that there is
    __getattr__ = _missing.lookup(__name__, lr_scheduler, swa_utils)
