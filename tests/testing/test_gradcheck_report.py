"""What a failed gradient check says: the line, the pattern, an example that can be pasted, and a picture."""

import re
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import GradientCheckError, gradcheck, gradgradcheck
from autograd.testing import check, check_operation

X = np.array([[0.5, -1.0, 0.25], [1.5, 0.75, -0.5]])
Y = np.array([[1.25, 0.5, -2.0], [0.75, -1.5, 2.5]])
SQUARE = np.arange(9.0).reshape(3, 3) - 4.25


def sine(factor: Callable[[Any], Any]) -> Any:
    return ag.elementwise(lambda x: np.sin(x), lambda g, x: g * np.cos(x) * factor(x), name="sine")


def product(first: Callable[..., Any], second: Callable[..., Any] = lambda x, y: x * x * y) -> Any:
    """Return ``x ** 2 * y ** 2 / 2`` with these derivatives; the right ones are ``x * y * y`` and ``x * x * y``."""
    rules = lambda g, x, y: g * first(x, y), lambda g, x, y: g * second(x, y)  # as a user writes them
    return ag.elementwise(lambda x, y: x * x * y * y / 2, *rules, name="product")


def at_ties(x: Any, y: Any) -> Any:
    return 1.0 * (x > y) + 1.5 * (x == y)


maximum = ag.elementwise(
    lambda x, y: np.maximum(x, y), lambda g, x, y: g * at_ties(x, y), lambda g, x, y: g * at_ties(y, x), name="maximum"
)
flat_relu = ag.elementwise(lambda x: np.maximum(x, 0), lambda g, x: g * ((x > 0) + 2.0 * (x == 0)), name="flat_relu")


def matrix(rule: Callable[..., Any], function: Callable[[Any], Any] = lambda x: x @ SQUARE) -> Any:
    return ag.general(lambda x: function(x), rule, name="matrix")


PATTERNS: dict[str, tuple[Any, list[Any], str]] = {
    "sign": (sine(lambda x: -1), [X], "all signs are flipped"),
    "factor": (sine(lambda x: 2), [X], "a factor of 2, everywhere"),
    "small factor": (sine(lambda x: 1.0001), [X], "a factor of 1.0001, everywhere"),
    "zero": (sine(lambda x: 0), [X], "it is 0, everywhere"),
    "factor of the input": (sine(lambda x: x), [X], "a factor of input 0, everywhere"),
    "factor of the reciprocal": (sine(lambda x: 2 / x), [X], "a factor of 2 * 1 / input 0, everywhere"),
    "float32": (
        sine(lambda x: 1.0001 if x.dtype == np.float32 else 1), [X], "a factor of 1.0001, in float32 only",
    ),
    "negative": (sine(lambda x: np.where(x < 0, 3.0, 1.0)), [X], "a factor of 3, only where input 0 < 0"),
    "at zero": (flat_relu, [np.array([1.0, 0.0])], "a factor of 2, only where input 0 is 0"),
    "large": (
        sine(lambda x: np.where(np.absolute(x) > 100, 1.5, 1.0)), [100 * X],
        "a factor of 1.5, only where |input 0| > 100",
    ),
    "ties": (
        maximum, [np.array([1.0, 2.0]), np.array([1.0, 3.0])],
        "a factor of 1.5, only at ties, where input 0 == input 1",
    ),
    "other input": (
        ag.elementwise(
            lambda x, y: np.sin(x) + y, lambda g, x, y: g * np.cos(x) * np.where(y < 0, 2.0, 1.0), lambda g: g,
            name="two",
        ), [X, Y], "a factor of 2, only where input 1 < 0",
    ),
    "row": (
        sine(lambda x: np.where(np.arange(x.shape[0]) == 1, 2.0, 1.0)[:, None]), [X],
        "a factor of 2, row 1 of input 0 alone",
    ),
    "element": (
        sine(lambda x: np.where(np.arange(3) == 2, 2.0, 1.0)), [X[0]], "a factor of 2, element 2 of input 0 alone",
    ),
    "diagonal": (
        sine(lambda x: 1 + np.eye(3)), [SQUARE], "a factor of 2, only on the diagonal of input 0",
    ),
    "transposed Jacobian": (
        matrix(lambda g: g @ SQUARE), [X[0]], "the Jacobian is transposed",
    ),
    "transposed gradient": (
        matrix(lambda g, x: (2 * g * x).mT, lambda x: np.sum(x * x)), [SQUARE], "the gradient of input 0 is transposed",
    ),
    "reversed": (
        matrix(lambda g, x: (2 * g * x)[::-1], lambda x: np.sum(x * x)), [X[0]],
        "the gradient of input 0 is in reverse order",
    ),
    "swapped": (
        product(lambda x, y: x * x * y, lambda x, y: x * y * y), [X, Y],
        "the gradients of input 0 and input 1 are swapped",
    ),
    "of another input": (product(lambda x, y: x * x * y), [X, Y], "the gradient of input 0 is that of input 1"),
    "one input": (product(lambda x, y: 2 * x * y * y), [X, Y], "a factor of 2, everywhere, for input 0 alone"),
    "two factors": (
        product(lambda x, y: 2 * x * y * y, lambda x, y: -x * x * y), [X, Y],
        "input 0: a factor of 2; input 1: the sign is flipped, everywhere",
    ),
    "offset": (
        ag.elementwise(lambda x: x * x, lambda g, x: g * (2 * x + 1), name="square"), [X], "too large by 1, everywhere",
    ),
    "missing term": (
        ag.elementwise(
            lambda x, y: np.sin(x) + x * y, lambda g, x, y: g * y, lambda g, x: g * x, name="two",
        ), [X, Y], "a term is missing or wrong that does not depend on input 1, everywhere, for input 0 alone",
    ),
    "as a mean": (
        matrix(lambda g, x_shape: np.broadcast_to(g, x_shape), lambda x: np.mean(x)), [X],
        "a factor of 6, as many as input 0 has elements, everywhere",
    ),
    "conjugate": (
        ag.elementwise(lambda x: x * x, lambda g, x: g * 2 * (np.conj(x) if x.dtype.kind == "c" else x), name="square"),
        [X + 1j * Y], "the imaginary part has the wrong sign: a conjugate is missing",
    ),
}  # fmt: skip


@pytest.mark.one_in(9)
@pytest.mark.parametrize("name", PATTERNS)
def test_patterns(name: str) -> None:
    fn, inputs, pattern = PATTERNS[name]
    with pytest.raises(GradientCheckError) as raised:
        gradcheck(fn, inputs)
    assert f"\n  pattern: {pattern}\n" in str(raised.value)
    assert f"\n  rule: {fn.operation.name}'s for " in str(raised.value)


def sized(x: Any) -> Any:
    return 1.5 if x.size >= 64 else 1.0


def norm(x: Any, *, axis: int | None = None) -> Any:
    return np.sum(np.square(x), axis=axis)


squares = ag.general(
    lambda x, axis=None: norm(x, axis=axis),
    lambda g, x, axis: 2 * x * (g if axis is None or not x.ndim else 3 * np.expand_dims(g, axis)),
    name="squares",
)

FOUND: dict[str, tuple[Any, dict[str, Any], str, str]] = {
    "at zero": (flat_relu, {}, "a factor of 2, only where input 0 is 0", "check_operation(flat_relu, np.array(0.0))"),
    "large arrays": (
        sine(sized), {}, "a factor of 1.5, only for arrays of 64 elements and more",
        "check_operation(fn, np.full((64,), 1.0))",
    ),
    "float32": (
        PATTERNS["float32"][0], {}, "a factor of 1.0001, in float32 only", "check_operation(fn, np.array(0.0))",
    ),
    "keyword": (
        squares, {"keywords": {"axis": [None, 0, -1]}}, "a factor of 3, only if axis is not None",
        "check_operation(lambda x: squares(x, axis=0), np.array([1.0]))",
    ),
}  # fmt: skip


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", FOUND)
def test_patterns_of_check(name: str) -> None:
    fn, options, pattern, call = FOUND[name]
    with pytest.raises(GradientCheckError) as raised:
        check(fn, **options)
    text = str(raised.value)
    assert f"\n  pattern: {pattern}\n" in text
    assert f"to reproduce: {call}" in text
    assert len(text.splitlines()) <= 12


def pasted(text: str, **names: Any) -> None:
    """Run the line that a message says reproduces it."""
    line = text.rpartition("to reproduce: ")[2]
    exec(line, {**globals(), **names})


@pytest.mark.thorough
def test_the_line_can_be_pasted() -> None:
    wrong = sine(lambda x: 2)
    for call in (
        lambda: gradcheck(wrong, 2.0),
        lambda: gradcheck(lambda x: wrong(x) * 2, X),
        lambda: gradgradcheck(hidden, X[0]),
        lambda: check_operation(wrong, np.array([1.0, -0.0, 1e-300]), order=1),
        lambda: check_operation(wrong, np.array([0.1, 0.3], np.float32)),
    ):
        with pytest.raises(GradientCheckError) as first:
            call()
        with pytest.raises(GradientCheckError) as again:
            pasted(str(first.value), wrong=wrong, fn=lambda x: wrong(x) * 2)
        assert str(again.value.mismatch) == str(first.value.mismatch)


hidden = ag.elementwise(
    lambda x: np.sin(x), lambda g, x: g * np.cos(x.data if isinstance(x, ag.Tensor) else x), name="hidden"
)


@pytest.mark.thorough
def test_one_error_without_frames_of_the_library() -> None:
    wrong = sine(lambda x: 2)
    for call in (
        lambda: gradcheck(wrong, X), lambda: gradgradcheck(hidden, X), lambda: check_operation(wrong, X),
        lambda: check(wrong, profile="quick"),
    ):  # fmt: skip
        with pytest.raises(GradientCheckError) as raised:
            call()
        assert raised.value.__context__ is None
        frames = list(traceback.walk_tb(raised.value.__traceback__))
        shown = [f for f, _ in frames if not f.f_locals.get("__tracebackhide__")]
        assert {frame.f_code.co_filename for frame in shown} == {__file__}
        assert len(frames) == len(shown) + 1


def broken(g: Any, x: Any) -> Any:
    return g * x[(7,) * (x.ndim + 1)]


def test_the_line_of_an_error_within_a_rule_is_named() -> None:
    with pytest.raises(
        GradientCheckError, match=f"IndexError.*test_gradcheck_report.py:{broken.__code__.co_firstlineno + 1}"
    ):
        check_operation(ag.elementwise(lambda x: x * x, broken, name="broken"), X)


def test_pictures(tmp_path: Path) -> None:
    found = gradcheck(sine(lambda x: np.where(x < 0, 2.0, 1.0)), X, raise_exception=False)
    assert found.jacobians is not None
    found.jacobians.save(tmp_path / "jacobians.svg")
    svg = (tmp_path / "jacobians.svg").read_text()
    assert svg == found.jacobians._repr_html_()
    assert svg in found._repr_html_()
    assert "2 of 36 derivatives are wrong" in svg
    assert all(words in svg for words in ("by the graph", "by differences", "difference", "input 0", "output 0"))
    assert len(re.findall('stroke="#111827"', svg)) == 2
    assert svg.count('fill="#ffffff"') >= 3 * 30
    found.jacobians.save(tmp_path / "jacobians.png")
    assert (tmp_path / "jacobians.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match=r"\.svg or \.png"):
        found.jacobians.save(tmp_path / "jacobians.pdf")


def test_large_jacobians_are_drawn_in_blocks() -> None:
    found = gradcheck(
        sine(lambda x: np.where(np.arange(50) == 49, 2.0, 1.0)), np.linspace(0.1, 1, 50), raise_exception=False
    )
    assert found.jacobians is not None
    svg = found.jacobians._repr_html_()
    assert svg is not None
    assert "each cell is the largest of a block" in svg
    assert len(re.findall("<title>", svg)) == 3 * 25 * 25
    assert len(re.findall('stroke="#111827"', svg)) == 1


def test_checks_that_pass_have_no_picture_and_load_no_matplotlib() -> None:
    assert gradcheck(np.sin, X).jacobians is None
    assert gradcheck(np.sin, X)._repr_html_().count("<svg") == 0
    code = "import numpy as np, autograd, sys; autograd.gradcheck(np.sin, 1.0); assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
