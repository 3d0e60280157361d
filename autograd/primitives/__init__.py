"""Primitives: what an operation is, how it is declared, and how it is applied and recorded."""
