"""Compile: the NumPy calls of a function, recorded once, printed as straight-line Python, and run from then on."""
