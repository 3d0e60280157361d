"""Patterns: which inputs each element depends on, through NumPy's functions by their form."""
