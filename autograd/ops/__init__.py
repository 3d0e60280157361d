"""NumPy's functions, differentiated: one declaration each, in one module for each family."""
