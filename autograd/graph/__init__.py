"""The graph: nodes, saved tensors, and the backward pass. It knows neither tensors nor NumPy's functions."""
