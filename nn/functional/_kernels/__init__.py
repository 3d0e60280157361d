"""Kernels: computations that several functions of `nn.functional` share."""
