"""NumPy that differentiates: tensors, scalars, and derivatives of any order."""
from .declare import composed, elementwise, general, linear, multilinear
from .tensor import Tensor, as_tensor, tensor
from .modes import *
from . import ops
from .ops import elementwise as _e
from .ops import reduce as _r, shape as _s, product as _p
