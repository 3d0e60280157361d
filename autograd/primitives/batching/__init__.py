"""Batching: how NumPy's functions and the operations declared here compute for a whole batch at once."""
