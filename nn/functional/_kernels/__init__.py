"""Kernels: what several functions of `nn.functional` are computed with."""
