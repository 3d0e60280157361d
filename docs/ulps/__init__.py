"""The errors of functions and of their derivatives in ulps, against mpmath: the source of ``docs/accuracy.md``.

Importing this package evaluates nothing. Measuring needs mpmath, and compares with PyTorch and JAX where they are
installed.
"""
