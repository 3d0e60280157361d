"""Training in one call: `fit`, `evaluate` and `predict`, callbacks, and `watch` for training loops of your own."""

import typing

from autograd.extend import missing as _missing
from autograd.extend import set_module as _set_module

from .._warnings import TrainingWarning
from ._averaging import WeightAveraging
from ._callbacks import Callback, EarlyStopping, LambdaCallback
from ._checkpoints import Checkpoint, SaveBest
from ._confusion import F1, ConfusionMatrix, Precision, Recall
from ._divergence import NonFiniteLossError
from ._evaluation import evaluate, predict
from ._fit import fit
from ._interruption import Interruption
from ._learning_rates import LearningRateSearch, find_learning_rate
from ._loggers import CSVLogger, TensorBoard
from ._metrics import accuracy, mae, mse
from ._running_metrics import Metric
from ._score_metrics import AUC, R2, TopK
from ._state import Training
from ._watch import Watch, watch

__all__ = [
    "AUC", "F1", "R2", "CSVLogger", "Callback", "Checkpoint", "ConfusionMatrix", "EarlyStopping", "Interruption",
    "LambdaCallback", "LearningRateSearch", "Metric", "NonFiniteLossError", "Precision", "Recall", "SaveBest",
    "TensorBoard", "TopK", "Training", "TrainingWarning", "Watch", "WeightAveraging", "accuracy", "evaluate",
    "find_learning_rate", "fit", "mae", "mse", "predict", "watch",
]  # fmt: skip

_set_module(__name__, *(globals().get(name) for name in __all__))
_set_module("nn", NonFiniteLossError, TrainingWarning, evaluate, fit, predict, watch)

if not typing.TYPE_CHECKING:  # with `__getattr__`, type checkers would accept any name
    __getattr__ = _missing.lookup(__name__)
