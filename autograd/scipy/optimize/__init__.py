"""Roots and minima as `scipy.optimize` finds them, differentiated by the implicit function theorem.

The functions are those of SciPy. What is solved may depend on tensors, in ``args`` or closed over: the solution then
is a tensor with derivatives of every order. Gradients, Jacobians and Hessians that a method of SciPy asks for are those
of the function's graph unless they are given.
"""

from autograd.extend import set_module

from ..common import differentiates
from ._minimize import minimize
from ._roots import brentq, fsolve, root, root_scalar
from ._squares import least_squares

__all__ = ["brentq", "fsolve", "least_squares", "minimize", "root", "root_scalar"]

set_module(__name__, brentq, fsolve, least_squares, minimize, root, root_scalar)


__getattr__ = differentiates(__name__, __all__)
