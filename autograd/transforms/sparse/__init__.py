"""Sparse derivatives: patterns, found by running a function; colours, few products, and SciPy's matrices of these."""
