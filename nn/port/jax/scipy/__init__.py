"""`jax.scipy`: SciPy's functions, of arrays of JAX."""

from . import fft, linalg, optimize, signal, special, stats

__all__ = ["fft", "linalg", "optimize", "signal", "special", "stats"]
