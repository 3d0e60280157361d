"""Networks as estimators of scikit-learn: `Classifier` and `Regressor`. It is loaded with ``import nn.sklearn``."""

from autograd.extend import set_module as _set_module

try:
    from sklearn.utils.validation import validate_data as _validate_data  # noqa: F401
except ImportError as error:
    raise ImportError("nn.sklearn needs scikit-learn 1.7 or later: pip install -U scikit-learn") from error

from ._classifier import Classifier
from ._regressor import Regressor

__all__ = ["Classifier", "Regressor"]

_set_module(__name__, *(globals().get(name) for name in __all__))
