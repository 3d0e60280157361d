"""gradients(is_grads_batched=True): many grad_outputs at once give what they give one after another."""

from typing import Any

import numpy as np
import pytest

from autograd import GraphError, ShapeError, Tensor, elementwise, gradients, jacobian, tensor, vmap
from autograd.errors import AutogradError

rng = np.random.default_rng(0)


def graph(dtype: Any = np.float64) -> tuple[list[Tensor], list[Tensor]]:
    """Return outputs and the inputs that they were computed from; the last input is not used."""
    made = [tensor(rng.normal(size=shape).astype(dtype), requires_grad=True) for shape in ((3,), (2, 3), (4,))]
    w, v, _ = made
    y = np.sin(w) * v + np.where(v > 0, v, 0) @ np.outer(w, w)
    return [y, np.sum(w**2), y * 2], made


@pytest.mark.parametrize("size", [0, 1, 2, 6])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("create_graph", [False, True])
def test_several_gradients_at_once(size: int, dtype: Any, create_graph: bool) -> None:
    outputs, inputs = graph(dtype) if dtype is not np.complex128 else complex_graph()
    seeds = [rng.normal(size=(size, *y.shape)).astype(dtype) for y in outputs]
    options: dict[str, Any] = {"retain_graph": True, "allow_unused": True}
    found = gradients(outputs, inputs, seeds, create_graph=create_graph, is_grads_batched=True, **options)
    assert found[-1] is None
    for place, x in enumerate(inputs[:-1]):
        gradient: Any = found[place]
        assert isinstance(gradient, Tensor)
        assert gradient.shape == (size, *x.shape)
        assert gradient.dtype == x.dtype
        assert gradient.requires_grad == create_graph
        for i in range(size):
            one: Any = gradients(outputs, inputs, [seed[i] for seed in seeds], **options)[place]
            assert np.allclose(gradient.data[i], one.data, rtol=1e-5 if dtype is np.float32 else 1e-12)


def complex_graph() -> tuple[list[Tensor], list[Tensor]]:
    z, unused = (tensor(np.array([1 + 2j, 0.5 - 1j]), requires_grad=True) for _ in range(2))
    return [z**2, z.conj() * z[0]], [z, unused]


def test_they_can_be_differentiated_again() -> None:
    w = tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    seeds = tensor(rng.normal(size=(5, 4)), requires_grad=True)
    (rows,) = gradients(w**3, w, seeds, create_graph=True, is_grads_batched=True)
    of_w, of_seeds = gradients(np.sum(rows**2), [w, seeds])
    assert np.allclose(of_w.data, np.sum(2 * (3 * w.data**2 * seeds.data) * 6 * w.data * seeds.data, 0))
    assert np.allclose(of_seeds.data, 2 * 9 * w.data**4 * seeds.data)


def test_rows_of_a_jacobian_and_within_vmap() -> None:
    x = rng.normal(size=5)
    mix = rng.normal(size=(5, 4))

    def squashed(x: Any) -> Any:
        return np.tanh(x @ mix)

    w = tensor(x, requires_grad=True)
    (rows,) = gradients(squashed(w), w, np.eye(4), is_grads_batched=True)
    assert np.allclose(rows.data, jacobian(squashed)(x))

    def each(x: Any) -> Any:
        w = tensor(x, requires_grad=True)
        return gradients(squashed(w), w, np.eye(4), is_grads_batched=True)[0]

    xs = rng.normal(size=(3, 5))
    assert np.allclose(np.asarray(vmap(each)(xs)), [jacobian(squashed)(x) for x in xs])


def test_graphs_are_freed_as_by_one_walk() -> None:
    w = tensor([1.0, 2.0], requires_grad=True)
    for take_batch in (True, False):
        rule = (lambda g, x: g * np.cos(x)) if take_batch else (lambda g, x: [float(part) for part in g] * np.cos(x))
        sine = elementwise(lambda x: np.sin(x), rule, name="sine")
        y = sine(w)
        for _ in range(2):
            (found,) = gradients(y, w, np.eye(2), retain_graph=True, is_grads_batched=True)
            assert np.allclose(found.data, np.diag(np.cos(w.data)))
        gradients(y, w, np.eye(2), is_grads_batched=True)
        with pytest.raises(GraphError, match="freed the graph"):
            gradients(y, w, np.eye(2), is_grads_batched=True)


def test_hooks_see_one_gradient_after_another() -> None:
    w = tensor([1.0, 2.0, 3.0], requires_grad=True)
    y, seen = w * 2, []
    y.register_hook(lambda g: seen.append(g.data.copy() if isinstance(g, Tensor) else g.copy()))
    w.register_hook(lambda g: g * 10)
    (found,) = gradients(y * 1, w, np.eye(3), is_grads_batched=True)
    assert np.allclose(found.data, 20 * np.eye(3))
    assert np.allclose(seen, np.eye(3))
    (found,) = gradients(w * 1, w, np.zeros((0, 3)), is_grads_batched=True)
    assert found.shape == (0, 3)


def test_results_have_memory_of_their_own() -> None:
    w, v = (tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    seeds = np.eye(2)
    first, second = gradients(w + v, [w, v], seeds, is_grads_batched=True)
    first.data[...] = 7
    assert np.array_equal(second.data, np.eye(2))
    assert np.array_equal(seeds, np.eye(2))


def test_errors_say_what_is_wrong() -> None:
    w = tensor([1.0, 2.0], requires_grad=True)
    y, z = w * 2, np.sum(w)
    wrong: list[tuple[Any, Any]] = [
        ([y], None), ([y], [np.ones(2)]), ([y], [np.ones((3, 1, 2))]), ([y, z], [np.eye(2), np.ones(3)]), ([z], [1.0]),
    ]  # fmt: skip
    for outputs, seeds in wrong:
        with pytest.raises(ShapeError, match="needs a gradient for each output with one axis more, the first"):
            gradients(outputs, w, seeds, is_grads_batched=True)
    with pytest.raises(ShapeError, match="1 grad_outputs for 2 outputs"):
        gradients([y, z], w, np.eye(2), is_grads_batched=True)
    with pytest.raises(GraphError, match="no output depends on input 1"):
        gradients(y, [w, tensor(1.0, requires_grad=True)], np.eye(2), is_grads_batched=True)
    with pytest.raises(AutogradError, match="does not require a gradient"):
        gradients(tensor([1.0]), w, np.eye(1), is_grads_batched=True)
