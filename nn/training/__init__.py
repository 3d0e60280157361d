"""Training in one call: `fit`, `evaluate` and `predict`, callbacks, and `watch` for training loops of your own."""

from autograd.extend import set_module as _set_module

from ._averaging import WeightAveraging
from ._callbacks import Callback, EarlyStopping
from ._checkpoints import Checkpoint, SaveBest
from ._divergence import NonFiniteLossError, TrainingWarning
from ._evaluation import evaluate, predict
from ._fit import fit
from ._interruption import Interruption
from ._loggers import CSVLogger, TensorBoard
from ._metrics import accuracy, mae, mse
from ._state import Training
from ._watch import Watch, watch

__all__ = [
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "Interruption",
    "NonFiniteLossError",
    "SaveBest",
    "TensorBoard",
    "Training",
    "TrainingWarning",
    "Watch",
    "WeightAveraging",
    "accuracy",
    "evaluate",
    "fit",
    "mae",
    "mse",
    "predict",
    "watch",
]

_set_module(__name__, *(globals().get(name) for name in __all__))
