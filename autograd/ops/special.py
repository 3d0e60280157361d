"""The special functions of SciPy, which are loaded with it."""
