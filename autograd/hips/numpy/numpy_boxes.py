"""The class of arrays that are being differentiated."""

from autograd import Tensor

__all__ = ["ArrayBox"]

ArrayBox = Tensor
