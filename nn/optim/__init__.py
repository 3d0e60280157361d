"""Optimizers: how parameters move along their gradients."""

from . import lr_scheduler, swa_utils
from ._adam import Adam, AdamW
from ._adam_relatives import Adamax, NAdam, RAdam
from ._lbfgs import LBFGS
from ._muon import Muon
from ._optimizer import Optimizer
from ._rms import Adadelta, Adagrad, RMSprop
from ._sgd import SGD

__all__ = [
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "lr_scheduler",
    "swa_utils",
]
