"""Sequences and samples: convolution, interpolation, finite differences, integrals."""
