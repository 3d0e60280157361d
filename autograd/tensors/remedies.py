"""Remedies: what to write instead of a function that takes a tensor out of its graph, by its name and library."""

from __future__ import annotations

import sys
from operator import attrgetter
from typing import Any

import numpy as np

from ..later import load
from ..source.call_site import Call
from .dispatch import operation_of, writers

# Functions of `math` and `cmath` that NumPy has under another name, or not as a single function.
OTHERWISE = {
    "acos": "numpy.arccos",
    "acosh": "numpy.arccosh",
    "asin": "numpy.arcsin",
    "asinh": "numpy.arcsinh",
    "atan": "numpy.arctan",
    "atan2": "numpy.arctan2",
    "atanh": "numpy.arctanh",
    "comb": "scipy.special.binom",
    "dist": "numpy.linalg.norm of p - q",
    "erf": "scipy.special.erf",
    "erfc": "scipy.special.erfc",
    "fma": "x * y + z",
    "fsum": "sum(), or numpy.sum of numpy.stack([...])",
    "gamma": "scipy.special.gamma",
    "lgamma": "scipy.special.gammaln",
    "phase": "numpy.angle",
    "polar": "numpy.abs and numpy.angle",
    "pow": "numpy.power",
    "rect": "r * numpy.exp(1j * phi)",
    "remainder": "x - y * numpy.rint(x / y)",
    "sumprod": "numpy.dot of numpy.stack([...])",
    "ulp": "numpy.spacing of t.detach()",
}

_STATISTICS = {
    "correlation": "numpy.corrcoef",
    "covariance": "numpy.cov",
    "fmean": "numpy.mean of numpy.stack([...])",
    "geometric_mean": "numpy.exp of numpy.mean of numpy.log",
    "harmonic_mean": "1 / numpy.mean of 1 / x",
    "linear_regression": "numpy.linalg.lstsq",
    "mean": "numpy.mean of numpy.stack([...])",
    "pstdev": "numpy.std of numpy.stack([...])",
    "pvariance": "numpy.var of numpy.stack([...])",
    "stdev": "numpy.std of numpy.stack([...]) with ddof=1",
    "variance": "numpy.var of numpy.stack([...]) with ddof=1",
}

_HOLD_VALUES = {"matplotlib", "mpl_toolkits", "plotly", "seaborn", "sklearn", "torch"}

# What to use instead of SciPy's subpackages.
_SCIPY = {
    "fft": "those of numpy.fft",
    "integrate": "numpy.trapezoid, and sums with the nodes and weights of numpy.polynomial.legendre.leggauss",
    "interpolate": "numpy.interp",
    "ndimage": "nn.functional.conv2d and its like",
    "optimize": "autograd.fixed_point, for the solution of an equation, and nn.optim",
    "signal": "numpy.convolve, numpy.correlate, and nn.functional.conv1d",
    "sparse": "A @ t and t @ A of a sparse matrix A",
    "stats": "the ufuncs of scipy.special, such as ndtr for norm.cdf, gammaln and betaln for densities",
}

NO_MASK = "a tensor has no mask: fill the masked array, as in array.filled(0), or select by array.mask"

_VALUE = {
    "tensor": "Where the value alone is meant, pass t.detach() or t.item(), a constant",
    "value": "Where the number alone is meant, pass value.data, a constant",
}


def remedy(call: Call, kind: str, masked: bool, stored: bool) -> str:
    """Return what to do where a call, or a library's operator, would turn a tensor or a value into a constant."""
    name = getattr(call.function, "__name__", "") or call.name.rpartition(".")[2]
    if masked:
        found = f"use numpy.{name}: {NO_MASK}" if _takes_tensors(getattr(np, name, None)) else NO_MASK
    elif stored and not call.module:
        found = "make the ndarray a tensor, or use numpy.stack for several tensors in a list, to keep the gradient"
    else:
        found = _advice(call, name, kind)
    return f"{found}. {_VALUE[kind]}" if found else _VALUE[kind].replace("Where", "where", 1)


_LISTED = "of several tensors in a list, numpy.stack([...]) makes one"


def _advice(call: Call, name: str, kind: str) -> str:
    package, _, rest = call.module.partition(".")
    if package in ("math", "cmath"):
        return f"use {_elsewhere(name)} instead"
    if package == "statistics" and name in _STATISTICS:
        return f"use {_STATISTICS[name]} instead"
    if package == "builtins" and name in ("float", "complex"):
        return f"leave {name}() away, for it is a number as it is"
    if package == "numpy":
        return _in_numpy(name, rest)
    if package == "scipy":
        chapter = rest if rest.startswith("spatial.distance") else rest.partition(".")[0]
        return _in_scipy(name, f"scipy.{chapter}", call.name)
    if package in ("pandas", "polars"):
        return (
            f"{package} takes values, without their gradients: compute with table.to_numpy(), the array of a "
            f"DataFrame, or put the tensor first"
        )
    if package == "xarray":
        return (
            "this function of xarray takes values: compute with array.data, a tensor, or with xarray.apply_ufunc and a "
            "function of tensors, such as those of autograd.scipy.interpolate"
        )
    if call.name.endswith(".dot"):
        return "the method of an ndarray takes values: use X @ t, or numpy.dot(X, t)"
    if package in _HOLD_VALUES:
        return f"{package} takes values, without their gradients"
    if kind == "tensor" and (not call.name or package == "autograd" or call.name.endswith(".at")):
        return _LISTED
    return ""


def _elsewhere(name: str) -> str:
    """Return the name of the function that takes tensors, for a function of `math`."""
    if name in OTHERWISE:
        return OTHERWISE[name]
    return f"numpy.{name}" if hasattr(np, name) else f"numpy in place of {name}"


_MAKERS = {"array", "asarray", "asanyarray", "asarray_chkfinite", "ascontiguousarray", "asfortranarray", "fromiter"}
_WRITERS = {"fill", "put", "setfield"}
_AT_PLACES = "take elements by their positions, as in t[numpy.unique(t.detach(), return_index=True)[1]]"
_EDGES = "the edges are made of its values: pass edges as bins="
_KEPT_VALUES = {
    **dict.fromkeys(("unique", "unique_all", "unique_counts", "unique_inverse", "unique_values"), _AT_PLACES),
    **dict.fromkeys(("intersect1d", "setdiff1d", "setxor1d", "union1d"), _AT_PLACES),
    **dict.fromkeys(("histogram", "histogram2d", "histogramdd", "histogram_bin_edges"), _EDGES),
}


def _in_numpy(name: str, rest: str) -> str:
    if name in _KEPT_VALUES:
        return _KEPT_VALUES[name]
    if name in _MAKERS:
        return (
            "numpy.stack([...]) makes one tensor of several; one that is a tensor already serves as an array, and "
            "autograd.as_tensor makes one of anything else"
        )
    if name in ("full", "full_like"):
        return "numpy.broadcast_to(t, shape) of a tensor of one element has a gradient"
    if getattr(np, name, None) in writers:
        return _LISTED
    if name in _WRITERS:
        return "make the ndarray a tensor, to which it can be written, or use numpy.stack"
    if _takes_tensors(getattr(np, name, None)) or (
        rest.startswith("linalg") and _takes_tensors(getattr(np.linalg, name, None))
    ):
        return f"numpy.{name} of a tensor has a gradient, and of tensors in a list that of numpy.stack([...])"
    return ""


def _in_scipy(name: str, module: str, written: str) -> str:
    if module == "scipy.special":
        special = load("functions of SciPy's special")  # which loads SciPy, as it is here
        here = f"autograd.special.{name} has" if name in special.__all__ else ""
        others = ", ".join(f"autograd.special.{other}" for other in special.__all__)
        return (here and f"scipy.special.{name} has no derivative here: {here}") or (
            f"scipy.special.{name} has no derivative here; these do: the ufuncs of scipy.special, and {others}"
        )
    chapter = module.removeprefix("scipy.")
    full = f"{module}.{name}" if hasattr(sys.modules.get(module), name) else written or module
    text = f"{full} has no derivative here"
    ours = _ours(chapter)
    if name in ours:
        return f"{text}: autograd.{module}.{name} has"
    if chapter == "stats":
        return f"{text}: the distributions of autograd.scipy.stats have, under the same names as in SciPy"
    found = [f"{', '.join(ours)} of autograd.{module}"] if ours else []
    if chapter in ("linalg", "fft"):
        numpys = getattr(np, chapter)
        if _takes_tensors(getattr(numpys, name, None)):
            return f"{text}: numpy.{chapter}.{name} has"
        found.append(f"{', '.join(_with_derivatives(numpys))} of numpy.{chapter}")
    elif chapter in _SCIPY:
        found.append(_SCIPY[chapter])
    return f"{text}; these do: {', and '.join(found)}" if found else f"{text}: declare it, with autograd.general"


def _ours(chapter: str) -> list[str]:
    """Return the functions of a module of SciPy that `autograd.scipy` has."""
    scipy = load("SciPy's functions with derivatives")
    return list(attrgetter(chapter)(scipy).__all__) if chapter.partition(".")[0] in scipy.__all__ else []


def _takes_tensors(function: Any) -> bool:
    try:
        return operation_of(function) is not None
    except TypeError:  # not hashable, so not a function
        return False


def _with_derivatives(module: Any) -> list[str]:
    return sorted(name for name in module.__all__ if _takes_tensors(getattr(module, name)))
