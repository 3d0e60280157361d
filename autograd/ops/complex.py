"""Complex numbers: real and imaginary parts, angles and signs.

Within a backward pass gradients are dL/dx - i dL/dy, so that an analytic function has the rule of the real one. The
functions here are not analytic; `conjugated` in the tensor module converts gradients to those that users see.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays.door import anywhere, everywhere
from ..primitives.declare import add_methods, composed, general, linear
from ..tensors.tensor import unwrap
from ..tensors.types import ArrayOrTensor

real = linear(np.real, lambda g: g, forward=lambda x: x.real)
imag = linear(np.imag, lambda g: g * -1j, forward=lambda x: x.imag)


def _angle_rule(g: Any, x: Any, deg: bool) -> Any:
    """Return the gradient of the imaginary part of log(x); 0 where x is 0."""
    slope = g * -1j / np.where(np.equal(x, 0), 1, x)
    return np.where(np.equal(x, 0), 0, slope * (180 / math.pi) if deg else slope)


angle = general(np.angle, _angle_rule, forward=lambda x, deg=False: np.angle(x, deg))


@composed(np.real_if_close, method=False)
def real_if_close(x: ArrayOrTensor, tol: float = 100) -> Any:
    """Return the real part if all imaginary parts are negligible, else `x` as it is."""
    values = unwrap(x)
    if values.dtype.kind != "c":
        return x
    limit = tol * np.finfo(values.dtype).eps if tol > 1 else tol
    close = (np.absolute(values.imag) < limit).all()
    if everywhere(close):
        return real(x)
    return np.where(close, real(x), x) if anywhere(close) else x


_parts = {
    "real": property(real, doc="The real parts of the elements."),
    "imag": property(imag, doc="The imaginary parts of the elements."),
}
add_methods(_parts)
