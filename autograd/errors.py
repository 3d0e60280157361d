"""The errors of the engine.

Each is also the built-in error that a caller would think of catching::

    AutogradError
    ├── ShapeError            (ValueError)           shapes that do not fit an operation or a gradient
    ├── DtypeError            (TypeError)            a dtype that cannot carry a gradient
    ├── GraphError            (RuntimeError)         no graph to walk, or one that was freed
    ├── DerivativeError       (RuntimeError)         a derivative rule failed or returned something unusable
    ├── AnomalyError          (FloatingPointError)   nan or inf where detect_anomaly looks for them
    ├── DeclarationError      (TypeError)            an operation declared in a way that cannot work
    ├── UnsupportedError      (NotImplementedError)  a NumPy call that has no derivative here
    ├── ConvergenceError      (ArithmeticError)      an iteration that did not come to its end
    ├── DomainError           (ValueError)           a scalar outside the domain of a function
    └── GradientCheckError    (AssertionError)       a gradient that differs from finite differences
"""

from __future__ import annotations

__all__ = [
    "AnomalyError",
    "AutogradError",
    "ConvergenceError",
    "DeclarationError",
    "DerivativeError",
    "DomainError",
    "DtypeError",
    "GradientCheckError",
    "GraphError",
    "ShapeError",
    "UnsupportedError",
    "is_of_values",
]


_OF_VALUES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def is_of_values(error: BaseException) -> bool:
    """Tell whether Python or NumPy says by `error` that values do not fit, so that it helps to say which they are.

    Anything else passes through the engine as it is: what a user's code or a library has errors of its own for, a
    timeout that a signal handler raises, memory that ran out.
    """
    home = type(error).__module__.partition(".")[0]
    return isinstance(error, _OF_VALUES) and home in ("builtins", "numpy", __name__.partition(".")[0])


class AutogradError(Exception):
    """The root of the tree: catches whatever the engine raises of its own accord."""


class ShapeError(AutogradError, ValueError):
    """Shapes that do not fit an operation or a gradient."""


class DtypeError(AutogradError, TypeError):
    """A dtype that cannot carry a gradient, such as that of integers."""


class GraphError(AutogradError, RuntimeError):
    """There is no graph to walk, or an earlier walk freed it."""


class DerivativeError(AutogradError, RuntimeError):
    """A derivative rule failed, or returned something that is no gradient of its input."""


class AnomalyError(AutogradError, FloatingPointError):
    """A result or a gradient with nan or inf, found by `detect_anomaly`."""


class DeclarationError(AutogradError, TypeError):
    """An operation declared in a way that cannot work."""


class UnsupportedError(AutogradError, NotImplementedError):
    """A NumPy call that has no derivative here; it never returns a silent constant."""


class ConvergenceError(AutogradError, ArithmeticError):
    """An iteration, such as that of `fixed_point`, that did not come to its end."""


class DomainError(AutogradError, ValueError):
    """A scalar outside the domain of a function, such as the logarithm of -1."""


class GradientCheckError(AutogradError, AssertionError):
    """A gradient that differs from finite differences by more than the tolerance."""
