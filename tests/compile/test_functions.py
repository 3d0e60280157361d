"""Every public function of `nn.functional`, compiled: values and gradients, bit by bit, with the same draws."""

from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor
from autograd.transforms.pytree import flatten

from ..good_calls import fresh
from ..nn.dtype_calls import Call, functions
from ..operations.test_batches import _gradients
from .agreement import compiled, disagreement

OF_INTEGERS = {"one_hot"}  # whose results are integers, without a derivative


@pytest.mark.one_in(9)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("call", [pytest.param(call, id=call.name) for call in functions()])
def test_a_function_is_replayed_bit_by_bit(call: Call, dtype: Any) -> None:
    rng, function = np.random.default_rng(0), call.make()

    def results(*data: Any) -> Any:
        args = list(map(fresh, call.args))
        for i, x in zip(call.data, data, strict=True):
            args[i] = x
        return function(*args, **call.options)

    for computed in (results,) if call.name in OF_INTEGERS else (results, _gradients(results)):
        recorded = compiled(computed)
        for _ in range(3):
            signs = [bool(np.isin(call.args[i], (1, -1)).all()) for i in call.data]  # labels, which stay what they are
            near = [call.args[i] * (1 if s else rng.uniform(0.99, 1)) for i, s in zip(call.data, signs, strict=True)]
            data = [x.astype(dtype) for x in near]

            def seeded(*data: Any, f: Any = computed) -> list[Any]:
                nn.manual_seed(1)
                with np.errstate(all="ignore"):
                    return [part.detach() if isinstance(part, Tensor) else part for part in flatten(f(*data))[0]]

            assert not disagreement(seeded, data, seeded(*data), seeded(*data, f=recorded))
        assert len(recorded.programs) == 1
