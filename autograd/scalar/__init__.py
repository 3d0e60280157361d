"""Scalars: `Value`, a Python float that records its operations, and the functions of floats."""
