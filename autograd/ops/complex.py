"""Complex numbers: their parts, and how they are put together."""
