"""Every operation can be played, with the gradients of the engine."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Tensor, gradients
from autograd.visualize.player import page as pages
from autograd.visualize.player.playback import playback
from autograd.visualize.steps import run

from .samples import Operation
from .test_derivatives import drawn_call, every_operation


@pytest.mark.one_in(6)
@every_operation
@settings(max_examples=1)
@given(data=st.data())
def test_an_operation_is_recorded_as_the_engine_walks(operation: Operation, data: st.DataObject) -> None:
    call = drawn_call(data, operation)
    inputs = [Tensor(np.array(x), requires_grad=True) for x in call.inputs]

    def first(*arrays: Any) -> Any:
        result = call.on(operation.public, arrays)
        parts = result if isinstance(result, tuple | list) else [result]
        return next(part for part in parts if isinstance(part, Tensor) and part.requires_grad)

    ran = run(first, tuple(inputs))
    seed = np.linspace(1.0, 2.0, ran.result.size).reshape(ran.result.shape).astype(ran.result.dtype)
    names = {f"input {i}": x for i, x in enumerate(inputs)}
    recorded = playback(ran, names, seed)
    found = {step.name: step.gradient for step in recorded.steps}
    expected = gradients(ran.result, inputs, seed, retain_graph=True, allow_unused=True)
    for name, g in zip(names, expected, strict=True):
        if g is None:
            assert found.get(name) is None
        else:
            np.testing.assert_allclose(found[name], g.numpy(), rtol=1e-12, atol=1e-300)
    with np.errstate(all="ignore"):
        assert pages.page_of(recorded, operation.public.__name__).startswith("<!doctype html>")
