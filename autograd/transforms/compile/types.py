"""Types that the files of `compile` share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ...arrays.traced import Traced, Variable
from ...tensors.tensor import Tensor

Array: TypeAlias = np.ndarray[Any, Any]
# What stands for an array, a number or a container of them among the arguments of a NumPy function.
ArrayArgument: TypeAlias = Array | Traced | complex | str | slice | Sequence[Array | Traced | complex] | None
# One that computes in a program: what stands for a value, or a value.
Operand: TypeAlias = Variable | Array | np.generic | complex
# The leaves of the arguments of a compiled function.
Leaves: TypeAlias = Sequence[Array | Tensor | complex | str | None]
NumPyFunction: TypeAlias = Callable[..., Array | tuple[Array, ...] | None]
