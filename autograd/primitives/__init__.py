"""Primitives: operations, and how they are declared, applied and recorded."""
