"""Integrals and differential equations as `scipy.integrate` solves them, differentiated.

The functions are those of SciPy, and so are the values. Parameters may be in ``args`` or closed over by the function
that is integrated: the result has derivatives with respect to each tensor that its values depend on.
"""

from autograd.extend import set_module

from ..common import differentiates
from ._ode import odeint, solve_ivp
from ._quad import quad
from ._sampled import cumulative_simpson, cumulative_trapezoid, simpson, trapezoid

__all__ = ["cumulative_simpson", "cumulative_trapezoid", "odeint", "quad", "simpson", "solve_ivp", "trapezoid"]

set_module(__name__, cumulative_simpson, cumulative_trapezoid, odeint, quad, simpson, solve_ivp, trapezoid)


__getattr__ = differentiates(__name__, __all__)
