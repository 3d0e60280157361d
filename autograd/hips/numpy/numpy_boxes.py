"""The class of arrays that are being differentiated."""

from autograd.tensors.tensor import Tensor

__all__ = ["ArrayBox"]

ArrayBox = Tensor
