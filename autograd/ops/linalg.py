"""Linear algebra: determinants, inverses, solutions of equations, norms."""
