"""Sparse derivatives: the pattern of a function, found by running it, and matrices of SciPy with what is in it."""
