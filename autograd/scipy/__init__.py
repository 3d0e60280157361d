"""SciPy that differentiates: its functions under their own names and signatures, for arrays and tensors.

::

    from autograd.scipy import linalg
    x = linalg.solve(a, b, assume_a="pos")

SciPy computes the values; the rules are written here. Given ndarrays, a function returns what SciPy returns; given
tensors, or within `grad`, `jvp`, `vmap`, `hessian`, its result can be differentiated, as often as one likes. Each
module is imported when it is first asked for, and only then is SciPy.
"""

import importlib.util
import typing

from autograd.inside import lazy_names

if importlib.util.find_spec("scipy") is None:
    raise ModuleNotFoundError("autograd.scipy needs SciPy: pip install scipy", name="scipy")

if typing.TYPE_CHECKING:
    from . import fft, integrate, interpolate, linalg, optimize, signal, sparse, spatial, special, stats

__all__ = [
    "fft", "integrate", "interpolate", "linalg", "optimize", "signal", "sparse", "spatial", "special", "stats",
]  # fmt: skip


def _missing(name: str) -> typing.NoReturn:
    raise AttributeError(f"autograd.scipy has no module {name!r}: what it differentiates is in {', '.join(__all__)}")


lazy_names(globals(), modules=__all__, otherwise=_missing)
