"""`Tensor`: NumPy's protocols, views, hooks, conversions, and memory lent to optimizers."""
