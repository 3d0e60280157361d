"""The graph: nodes, what they keep, and the walk back. It knows neither tensors nor NumPy's functions."""
