"""Scalars: `Value`, a Python number that records itself, and the functions of numbers."""
