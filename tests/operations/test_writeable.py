"""Results can be written to where NumPy's can, of empty arrays too."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from autograd import AutogradError, Tensor, tensor
from autograd.tensors.dispatch import operations

SHAPES = ((0,), (0, 2), (2, 0), (2, 2))
ARGUMENTS: tuple[tuple[Any, ...], ...] = ((), (1,), (0,), ((1,),), (2, 0), (1, 1), ([0],))
FUNCTIONS = [function for function in operations if not isinstance(function, np.ufunc)]
DEPRECATED = {np.broadcast_arrays}  # NumPy warns of writes to its results, and will refuse them


def results(function: Callable[..., Any], x: Any, arguments: tuple[Any, ...]) -> Iterator[Any]:
    """Yield the arrays that a function returns; nothing for arguments that it does not take."""
    try:
        result = function(x, *arguments)
    except (AutogradError, TypeError, ValueError, IndexError, AttributeError, ZeroDivisionError):
        return
    yield from result if isinstance(result, tuple | list) else [result]


@pytest.mark.filterwarnings("ignore")  # of the statistics of nothing
@pytest.mark.parametrize("shape", SHAPES)
def test_results_can_be_written_to_where_numpys_can(shape: tuple[int, ...]) -> None:
    compared = 0
    for function in set(FUNCTIONS) - DEPRECATED:
        for arguments in ARGUMENTS:
            ours = results(function, tensor(np.ones(shape), requires_grad=True), arguments)
            for own, numpys in zip(ours, results(function, np.ones(shape), arguments), strict=False):
                if isinstance(numpys, np.ndarray) and numpys.ndim and isinstance(own, Tensor):
                    assert own.data.flags.writeable == numpys.flags.writeable, (function, arguments)
                    compared += 1
    assert compared > 300
