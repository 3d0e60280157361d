"""Comparisons with other libraries, run by hand: ``python -m benchmarks.NAME``."""
