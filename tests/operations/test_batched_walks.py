"""The rows of a Jacobian, or its columns, come of one walk for all of them: every operation, in both directions."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd import jacobian
from autograd.transforms import units
from autograd.transforms.pytree import flatten

from ..breaking import quiet
from ..thorough import few
from .samples import Operation
from .test_derivatives import drawn_call, every_operation


class Walks:
    """Counts walks for one unit, and says from how many units on they are taken as a batch."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.patch, self.failed = monkeypatch, 0
        together = units._together

        def noted(*args: Any) -> Any:
            found = together(*args)
            self.failed += found is None
            return found

        monkeypatch.setattr(units, "_together", noted)

    def batch_from(self, number: float) -> None:
        self.patch.setattr(units, "_FEW", number - 1)


def real_parts(results: Any) -> list[Any]:
    """Return the numbers of results, in two parts where they are complex: not all operations are holomorphic."""
    flat = flatten(results)[0]
    return [part for y in flat for part in ((np.real(y), np.imag(y)) if np.iscomplexobj(y) else (y,))]


@pytest.mark.one_in(6)
@every_operation
@few(1)
@given(data=st.data(), mode=st.sampled_from(["reverse", "forward"]))
def test_a_batch_of_walks_is_those_walks(operation: Operation, data: st.DataObject, mode: str) -> None:
    call = drawn_call(data, operation)
    assume(0 < sum(x.size for x in call.inputs) <= 40)

    def function(*inputs: Any) -> Any:
        return real_parts(call.on(operation.public, inputs))

    derivatives = jacobian(function, tuple(range(len(call.inputs))), mode)
    with pytest.MonkeyPatch.context() as patch, quiet():
        walks = Walks(patch)
        walks.batch_from(np.inf)
        expected = flatten(derivatives(*call.inputs))[0]
        walks.batch_from(1)
        found = flatten(derivatives(*call.inputs))[0]
    assert not walks.failed
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        scale = np.max(np.abs(other[np.isfinite(other)]), initial=1)
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11 * scale)
