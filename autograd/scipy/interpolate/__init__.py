"""SciPy's interpolations for arrays and tensors: derivatives by the values, by the points and by most knots."""

from autograd.extend import set_module

from .grids import RegularGridInterpolator
from .lines import interp1d
from .piecewise import CubicHermiteSpline, PPoly
from .splines import Akima1DInterpolator, CubicSpline, PchipInterpolator

__all__ = [
    "Akima1DInterpolator",
    "CubicHermiteSpline",
    "CubicSpline",
    "PPoly",
    "PchipInterpolator",
    "RegularGridInterpolator",
    "interp1d",
]

set_module(__name__, *(globals()[name] for name in __all__))
