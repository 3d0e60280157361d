"""Points: the shapes, numbers, dtypes and memory layouts at which a function is tried."""
