"""`jax.scipy`: SciPy's functions, of arrays of JAX."""

from . import fft, integrate, linalg, optimize, signal, special, stats

__all__ = ["fft", "integrate", "linalg", "optimize", "signal", "special", "stats"]
