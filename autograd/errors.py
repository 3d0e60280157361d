"""Errors of the engine, and the checks of arguments that raise them.

Each is also the built-in error that a caller would think of catching::

    AutogradError
    ├── ShapeError            (ValueError)           shapes that do not fit an operation or a gradient
    ├── DtypeError            (TypeError)            a dtype that cannot carry a gradient
    ├── GraphError            (RuntimeError)         no graph to go back through, or a freed one
    ├── DerivativeError       (RuntimeError)         a derivative rule failed or returned something unusable
    ├── AnomalyError          (FloatingPointError)   nan or inf where detect_anomaly looks for them
    ├── DeclarationError      (TypeError)            an operation declared in a way that cannot work
    ├── UnsupportedError      (NotImplementedError)  a NumPy call that has no derivative here
    ├── BatchError            (TypeError)            what has another answer for each element of a batch
    ├── CompileError          (TypeError)            what a compiled program cannot do each time alike
    ├── PatternError          (RuntimeError)         what loses track of the inputs, or is dense
    ├── ConvergenceError      (ArithmeticError)      an iteration that did not converge
    ├── DomainError           (ValueError)           a scalar outside the domain of a function
    └── GradientCheckError    (AssertionError)       a gradient that differs from finite differences
        └── NotReproducibleError                     a function or gradient that depends on other calls
"""

from __future__ import annotations

import math
import sys
from numbers import Number
from typing import Any

import numpy as np

__all__ = [
    "AnomalyError", "AutogradError", "BatchError", "CompileError", "ConvergenceError", "DeclarationError",
    "DerivativeError", "DomainError", "DtypeError", "GradientCheckError", "GraphError", "NotReproducibleError",
    "PatternError", "ShapeError", "UnsupportedError", "check_argnums", "check_callable", "check_number",
    "check_numeric", "check_option", "described", "is_of_values", "no_number",
]  # fmt: skip


_OF_VALUES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def is_of_values(error: BaseException) -> bool:
    """Tell whether Python or NumPy raised `error` because values do not fit, so that it helps to say which they are.

    Anything else passes through the engine unchanged: custom errors of a user's code or a library, a timeout that a
    signal handler raises, a MemoryError.
    """
    home = type(error).__module__.partition(".")[0]
    return isinstance(error, _OF_VALUES) and home in ("builtins", "numpy", __name__.partition(".")[0])


class AutogradError(Exception):
    """The base class of all errors that the engine itself raises."""


class ShapeError(AutogradError, ValueError):
    """Shapes that do not fit an operation or a gradient."""


class DtypeError(AutogradError, TypeError):
    """A dtype that cannot carry a gradient, such as that of integers."""


class GraphError(AutogradError, RuntimeError):
    """There is no graph to go back through, or an earlier backward pass freed it."""


class DerivativeError(AutogradError, RuntimeError):
    """A derivative rule failed, or returned something that is not a gradient of its input."""


class AnomalyError(AutogradError, FloatingPointError):
    """A result or a gradient with nan or inf, found by `detect_anomaly`."""


class DeclarationError(AutogradError, TypeError):
    """An operation declared in a way that cannot work."""


class UnsupportedError(AutogradError, NotImplementedError):
    """A NumPy call that has no derivative here; it never returns a silent constant."""


class BatchError(AutogradError, TypeError):
    """What cannot be computed for all elements of a batch at once, since each has its own answer: see `vmap`."""


class CompileError(AutogradError, TypeError):
    """What a function does depends on more than `compile` can record."""


class PatternError(AutogradError, RuntimeError):
    """What loses track of which inputs an element depends on, or depends on all of them: see `sparsity`."""


class ConvergenceError(AutogradError, ArithmeticError):
    """An iteration, such as that of `fixed_point`, that did not converge."""


class DomainError(AutogradError, ValueError):
    """A scalar outside the domain of a function, such as the logarithm of -1."""


class GradientCheckError(AutogradError, AssertionError):
    """A gradient that differs from finite differences by more than the tolerance, or breaks another promise.

    Attributes
    ----------
    mismatch
        The element of the Jacobian that differs, an `autograd.testing.Mismatch`; None if something else is wrong.
    jacobians
        The Jacobians by the graph and by differences, an `autograd.testing.Jacobians`, which notebooks draw and
        ``error.jacobians.save("jacobians.png")`` saves; None if something else is wrong.
    pair
        Two arrays that should be equal, if these are what is wrong.
    """

    def __init__(
        self, message: str = "", mismatch: object = None, jacobians: object = None, pair: tuple[Any, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.mismatch, self.jacobians, self.pair = mismatch, jacobians, pair


class NotReproducibleError(GradientCheckError):
    """What a check was given, or its gradient, is another from call to call, or keeps something of calls before."""


def check_callable(name: str, value: object) -> None:
    """Raise unless the argument `name` is callable."""
    if not callable(value):
        raise TypeError(f"{name} should be a function, not {described(value)}")


def check_option(function: str, name: str, value: object, known: tuple[str, ...]) -> None:
    """Raise unless the argument `name` of a function is one of a few texts."""
    if value not in known:
        raise ValueError(f"{function}: {name}={value!r}: it is one of {', '.join(map(repr, known))}")


def check_number(name: str, value: object, positive: bool = False) -> None:
    """Raise unless the argument `name` is a finite real number that is at least 0, or with `positive` above 0."""
    if not isinstance(value, int | float | np.integer | np.floating) or isinstance(value, np.timedelta64):
        raise TypeError(f"{name} should be a number, not {described(value)}")
    if not 0 <= value < math.inf or (positive and value == 0):
        raise ValueError(f"{name} should be a finite number {'above' if positive else 'of at least'} 0, not {value!r}")


def check_argnums(argnums: Any, argnum: Any = None) -> Any:
    """Return the position of an argument, or a tuple of positions; raise if `argnums` is something else.

    `argnum` is the same under another name, if it is given.
    """
    if argnum is not None:
        if argnums != 0:
            raise TypeError(f"argnums={argnums} and argnum={argnum} are one argument under two names: give one of them")
        argnums = argnum
    if type(argnums) is int:
        return argnums
    positions = argnums if isinstance(argnums, tuple | list) else (argnums,)
    if not all(isinstance(position, int) and not isinstance(position, bool) for position in positions):
        raise TypeError(
            f"argnums should be the position of an argument, as in argnums=0, or a tuple of positions, not "
            f"{described(argnums)}"
        )
    return argnums if isinstance(argnums, int) else tuple(argnums)


def check_numeric(what: str, dtype: np.dtype[Any]) -> None:
    """Raise unless a dtype is numeric, so that nothing else is silently cast to numbers."""
    if dtype.kind not in "biufc":
        raise DtypeError(f"{what} should hold numbers, not dtype {dtype}")


def described(value: object) -> str:
    """Return the type of a value and its repr, shortened to fit into a message."""
    words = repr(value)
    if value is None:
        return words
    return f"{type(value).__name__} {words if len(words) < 60 else words[:57] + '...'}"


def no_number(array: Any) -> str:
    """Return what an array holds beside numbers, with the first such value; what to do if it holds numbers alone."""
    if array.ndim == 0 and array.item() is None:
        return "None: is a return missing?"
    for value in array.ravel().tolist():
        if not isinstance(value, Number | np.bool_):
            return f"{type(value).__name__} values such as {described(value).removeprefix(f'{type(value).__name__} ')}"
    return f"{array.dtype} values: if they are numbers, x.astype(float) makes an array of them"


def in_library(name: str) -> str:
    """Return the name of a function of NumPy's or SciPy's special ones with its module, of another as it is."""
    first = name.partition(".")[0]
    for module in ("numpy", "numpy.linalg", "numpy.fft", "scipy.special"):
        if hasattr(sys.modules.get(module), first):
            return f"{module}.{name}"
    return name
