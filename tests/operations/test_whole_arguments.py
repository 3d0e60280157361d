"""Derivatives of both orders where an argument is 0, a half, 1 or 2: rules leave out terms there, not their slopes."""

import itertools
import warnings
from collections.abc import Callable

import numpy as np
import pytest

from autograd.testing._check_operation import check_at
from autograd.testing.points.domains import accepted

from ..planted.right import FIT
from ..planted.right_functions import LEFT_OUT
from .samples import OPERATIONS, Operation
from .special_samples import OF_LAST

VALUES = (0.0, 1.0, 0.5, 2.0, -1.0)
OTHERS = ((1.3, 0.7, 0.4), (0.6, 2.9, 0.3))

UFUNCS = {one: one.public for one in OPERATIONS if isinstance(one.public, np.ufunc) and one.public.signature is None}
SEVERAL = [
    one for one, f in UFUNCS.items() if 1 < f.nin < 4 and f not in OF_LAST and str(one) not in LEFT_OUT
]  # fmt: skip


@pytest.mark.one_in(6)
@pytest.mark.thorough
@pytest.mark.parametrize("operation", SEVERAL, ids=str)
def test_derivatives_of_both_orders_are_right_at_whole_arguments(operation: Operation) -> None:
    function, checked = UFUNCS[operation], 0
    fits: Callable[..., bool] = FIT.get(str(operation), lambda *inputs: True)
    for others, place, value in itertools.product(OTHERS, range(function.nin), VALUES):
        inputs = [np.array([value if i == place else x]) for i, x in enumerate(others[: function.nin])]
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            if accepted(function, inputs) and fits(*inputs):
                check_at(function, inputs, order=2, dtypes=("float64",))
                checked += 1
    assert checked
