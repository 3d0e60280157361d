"""`jax.scipy`: SciPy's functions, of arrays of JAX. Each module is loaded when it is first asked for."""

from autograd.extend import lazy_names

__all__ = ["fft", "linalg", "optimize", "signal", "special", "stats"]  # as said
lazy_names(globals(), modules=__all__)
