"""What forward derivatives of a program's own operations need: broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.extend import lazy_names, missing
from autograd.inside import unwrap

__all__ = ["broadcast"]


def broadcast(x: Any, target: Any) -> Any:
    """Return a tangent with the shape of a result, and complex where that is."""
    spread = np.broadcast_to(x, np.shape(target))
    return spread + 0j if np.iscomplexobj(unwrap(target)) and not np.iscomplexobj(unwrap(x)) else spread


lazy_names(globals(), otherwise=missing.lookup(__name__))
