"""Operations of several outputs."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from autograd import (
    AnomalyError,
    DeclarationError,
    DerivativeError,
    GraphError,
    detect_anomaly,
    draw_graph,
    general,
    gradients,
    jvp,
    no_grad,
    tensor,
    vjp,
)
from autograd.testing import check_operation


class Polar(NamedTuple):
    radius: Any
    direction: Any
    quadrant: Any


def _polar(x: Any, y: Any) -> Polar:
    return Polar(np.hypot(x, y), np.arctan2(y, x), (x < 0) + 2 * (y < 0))


def _by_x(g: Any, x: Any, out: Any) -> Any:
    radius, direction, quadrant = out
    assert g[2] is None
    assert quadrant.dtype.kind == "i"
    return g[0] * x / radius - g[1] * np.sin(direction) / radius


def _by_y(g: Any, y: Any, out: Any) -> Any:
    return g[0] * y / out.radius + g[1] * np.cos(out.direction) / out.radius


polar = general(_polar, _by_x, _by_y, name="polar", outputs=True)
X, Y = np.array([1.0, -2.0, 0.5]), np.array([0.5, 1.0, -3.0])


def test_all_that_an_operation_promises() -> None:
    check_operation(lambda x, y: polar(x, y)[:2], X, Y)
    check_operation(lambda x, y: polar(x, y).radius, X, Y)
    check_operation(lambda x, y: (lambda p: p.radius * p.direction + p.radius)(polar(x, y)), X, Y)
    check_operation(lambda x: polar(x, Y)[1], X)


def test_results_are_what_the_function_returns() -> None:
    x = tensor(X, requires_grad=True)
    result = polar(x, Y)
    assert type(result) is Polar
    assert result.radius.requires_grad
    assert not result.quadrant.requires_grad
    assert type(polar(X, Y).radius) is np.ndarray
    assert not polar(tensor(X), Y).radius.requires_grad
    with no_grad():
        assert not polar(x, Y).radius.requires_grad


def test_an_output_that_was_not_used_has_no_part_in_the_gradient() -> None:
    x = tensor(X, requires_grad=True)
    radius, _, _ = polar(x, Y)
    radius.sum().backward()
    assert np.allclose(x.grad.data, X / np.hypot(X, Y))


def test_second_walks() -> None:
    x = tensor(X, requires_grad=True)
    radius, direction, _ = polar(x, Y)
    radius.sum().backward(retain_graph=True)
    direction.sum().backward()
    with pytest.raises(GraphError, match=r"'polar', recorded at .*test_multi_output.py"):
        direction.sum().backward()


def test_an_output_can_be_differentiated_with_respect_to() -> None:
    x = tensor(X, requires_grad=True)
    radius, direction, _ = polar(x, Y)
    by_radius, by_direction = gradients((radius * direction).sum(), [radius, direction])
    assert np.array_equal(by_radius.data, direction.data)
    assert np.array_equal(by_direction.data, radius.data)


def test_forward_mode() -> None:
    radius, tangent = jvp(lambda x: polar(x, Y).radius, X, np.ones(3))
    assert np.allclose(tangent, X / radius)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_anomalies_are_found_in_any_output_and_any_gradient() -> None:
    with detect_anomaly():
        with pytest.raises(AnomalyError, match="gave nan in 1 of 1"):
            polar(tensor([np.nan], requires_grad=True), np.ones(1))
        x = tensor([0.0], requires_grad=True)
        with pytest.raises(AnomalyError, match="the derivative of 'polar'"):
            polar(x, np.zeros(1)).radius.sum().backward()


def test_an_operation_is_drawn_once_with_all_its_outputs() -> None:
    x = tensor(X, requires_grad=True)
    radius, direction, _ = polar(x, Y)
    picture = draw_graph((radius + direction).sum()).picture
    titles = [box.title for box in picture.boxes if not box.satellite]
    assert titles == ["polar", "add", "sum"]
    assert sum(picture.boxes[source].title == "polar" for source, _ in picture.edges) == 2


def test_forward_rules_serve_forward_mode_and_reverse_rules_reverse_mode() -> None:
    """Neither reverse rule is NumPy code, so that only the forward rules can give tangents."""

    def floats(g: Any) -> Any:
        return np.array([float(each) for each in g])

    product = general(
        lambda x, y: x * y,
        lambda g, y: floats(g) * y,
        lambda g, x: floats(g) * x,
        jvp=[lambda t, y: t * y, lambda t, out, y: t * out / y],
        name="product",
    )
    x, y, t = np.array([0.5, 2.0]), np.array([1.5, -1.0]), np.array([1.0, 3.0])
    np.testing.assert_allclose(jvp(product, (x, y), (t, t))[1], t * y + t * x)
    np.testing.assert_allclose(jvp(lambda x: product(x, y), x, t)[1], t * y)
    np.testing.assert_array_equal(vjp(product, x, y)[1](t), (t * y, t * x))
    parts = general(
        lambda x: (x * x, np.sign(x)), lambda g, x: 2 * floats(g[0]) * x, outputs=True,
        jvp=[lambda t, x: (2 * t * x, 0 * t)], name="parts",
    )  # fmt: skip
    np.testing.assert_allclose(jvp(lambda x: parts(x)[0] + parts(x)[1], x, t)[1], 2 * t * x)
    np.testing.assert_allclose(jvp(lambda x: jvp(lambda x: parts(x)[0], x, t)[1], x, t)[1], 2 * t * t)


def test_wrong_forward_rules_are_refused() -> None:
    with pytest.raises(DeclarationError, match=r"takes \(g, x\); it should take t, the tangent of its input"):
        general(lambda x: x * 1, lambda g: g, jvp=[lambda g, x: g], name="same")
    with pytest.raises(DeclarationError, match="a forward rule for each of 2 inputs"):
        general(lambda x, y: x * y, lambda g, y: g * y, lambda g, x: g * x, jvp=[lambda t, y: t * y], name="product")
    wrong = general(lambda x: x * 1, lambda g: g, jvp=[lambda t: np.ones(7)], name="same")
    with pytest.raises(DerivativeError, match=r"forward rule of 'same' returned float64 values of shape \(7,\)"):
        jvp(wrong, np.ones(2), np.ones(2))


def test_a_rule_that_cannot_be_transposed_is_no_zero() -> None:
    cut = general(lambda x: x * 2, lambda g: 2 * np.array([float(each) for each in g]), name="cut")
    with pytest.raises(DerivativeError, match="not NumPy code: it converts g to something else"):
        jvp(cut, np.ones(2), np.ones(2))
    nothing = general(lambda x: np.sign(x), lambda g, x: np.zeros(x.shape), name="nothing")
    np.testing.assert_array_equal(jvp(nothing, np.ones(2), np.ones(2))[1], [0, 0])
