"""Where the special functions of SciPy are tested."""

from .calls import Function, Samples

SAMPLES: dict[Function | str, Samples] = {}
