"""SciPy's special functions, loaded when the first distribution needs one."""

from autograd.extend import densities

special = densities.special
