"""Lines that take a reduction's result for PyTorch's pair of values and indices warn, once each."""

import builtins
import warnings
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from autograd import Tensor, compile, no_grad, tensor

TAKEN = {
    "x.{f}(1)[0]": True,
    "x.{f}(-1)[1]": True,
    "(x + 1).{f}(0, keepdims=True)[0]": True,
    "np.{f}(x, 1)[0]": True,
    "np.a{f}(x, 1, keepdims=True)[0]": True,
    "v, i = x.{f}(1)": True,
    "[v, i] = np.{f}(x, 1)": True,
    "v = x - x.{f}(1)[0]": True,
    "x.{f}(axis=1)[0]": False,
    "np.{f}(x, axis=1, keepdims=True)[1]": False,
    "v, i = x.{f}(axis=1)": False,
    "x.{f}(1)[:1]": False,
    "x.{f}(1)[True]": False,
    "x.{f}(1)[0, ...]": False,
    "x.{f}(1)[-1]": False,
    "x.sum(1)[0]": False,
    "u, v, w = x.{f}(0)": False,
    "k = x.{f}(1); k[0]": False,
    "x[0].{f}(0); k = x[0]": False,
    "v = x.{f}(1)": False,
}


def warned(line: str, x: Any) -> list[str]:
    code = builtins.compile(line, "<line>", "exec")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(code, {"np": np, "x": x})
    assert all(record.filename == "<line>" for record in caught)
    return [str(record.message) for record in caught]


@pytest.mark.parametrize("function", ["max", "min"])
@pytest.mark.parametrize(("line", "expected"), TAKEN.items())
@pytest.mark.parametrize("kind", ["leaf", "constant", "no_grad"])
def test_a_result_that_is_taken_for_a_pair_warns(line: str, expected: bool, function: str, kind: str) -> None:
    x = Tensor(np.arange(6.0).reshape(2, 3), requires_grad=kind != "constant")
    if kind == "no_grad":
        with no_grad():
            found = warned(line.format(f=function), x)
    else:
        found = warned(line.format(f=function), x)
    assert len(found) == expected
    if expected:
        assert f"x.{function}(axis=" in found[0]
        assert f"x.arg{function}(axis=" in found[0]


def test_a_line_in_a_loop_warns_once() -> None:
    x = tensor([[1.0, 2.0], [3.0, 4.0]])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            first = x.max(1)[0]
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert_array_equal(first, 2.0)


def test_a_compiled_function_warns_of_its_own_line_alone() -> None:
    x = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    rows = compile(lambda: x.max(1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            v, i = rows()  # which calls what was recorded, not max
    assert_array_equal([v.item(), i.item()], [2.0, 4.0])
    with pytest.warns(UserWarning, match=r"x\.argmax\(axis=1\)"):
        compile(lambda: x.max(1)[0])()
