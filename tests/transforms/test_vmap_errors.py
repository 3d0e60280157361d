"""What has another answer for each element of a batch raises, with shapes, how many there are, the line, a remedy."""

import inspect
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from autograd import AutogradError, BatchError, DtypeError, ShapeError, Tensor, Value, grad, no_grad, tensor, vmap
from autograd.arrays.door import levels

X = np.random.default_rng(2).normal(size=(4, 3))
PLACES = np.array([0, 2, 1, 1])
A = np.arange(3.0)


def when(x: Any, i: Any) -> Any:
    return x if x[0] > 0 else -x


def loop(x: Any, i: Any) -> Any:
    while x[0] > 0:
        x = x - 1
    return x


def stored(write: Callable[[Any, Any, Any], Any], make: Callable[[], Any] = lambda: np.zeros(3)) -> Callable[..., Any]:
    """Return a function that writes to a plain array, which has to stay as it was."""

    def run(x: Any, i: Any) -> Any:
        target = make()
        before = target.copy()
        try:
            write(target, x, i)
        finally:
            assert np.array_equal(target, before)
        return target

    return run


def added(target: Any, x: Any, i: Any) -> None:
    target += x


def put(target: Any, x: Any, i: Any) -> None:
    target[:] = x


def put_one(target: Any, x: Any, i: Any) -> None:
    target[0] = x[0]


def put_at(target: Any, x: Any, i: Any) -> None:
    target[i] = 1.0


# What a program does, and what the message has to say beside the shape, the number of elements and the line.
BRANCH, NUMBER, INDEX, ARRAY, MASK, SHAPES, PLAIN = (
    r"branches on the truth.*numpy\.where", r"numpy\.sin|array", r"numpy\.take", r"numpy\.zeros_like", r"numpy\.where",
    r"numpy\.where\(mask", r"numpy\.zeros_like|x = x \+ y",
)  # fmt: skip
CASES: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "if": (when, BRANCH),
    "while": (loop, BRANCH),
    "and": (lambda x, i: x[0] and x[1], BRANCH),
    "or": (lambda x, i: x[0] or x[1], BRANCH),
    "not": (lambda x, i: not x[0], BRANCH),
    "chained comparison": (lambda x, i: 0 < x[0] < 1, BRANCH),
    "bool()": (lambda x, i: bool(x[0]), BRANCH),
    "sorted()": (lambda x, i: sorted(x), BRANCH),
    "max()": (lambda x, i: max(x[0], x[1]), BRANCH),
    "min()": (lambda x, i: min(x), BRANCH),
    "any()": (lambda x, i: any(x > 0), BRANCH),
    "in": (lambda x, i: 0.5 in x, BRANCH),
    "in a list": (lambda x, i: x[0] in [1.0, 2.0], BRANCH),
    "item()": (lambda x, i: x[0].item(), "after vmap"),
    "tolist()": (lambda x, i: x.tolist(), "after vmap"),
    "float()": (lambda x, i: float(x[0]), NUMBER),
    "int()": (lambda x, i: int(x[0]), r"astype\(int\)"),
    "complex()": (lambda x, i: complex(x[0]), r"x \+ 0j"),
    "math.sin()": (lambda x, i: math.sin(x[0]), NUMBER),
    "math.isnan()": (lambda x, i: math.isnan(x[0]), NUMBER),
    "%f": (lambda x, i: "%f" % x[0], NUMBER),  # noqa: UP031 - a program may
    "format": (lambda x, i: f"{x[0]:.3f}", "without a format"),
    "range()": (lambda x, i: list(range(i)), INDEX),
    "bound of a slice": (lambda x, i: x[:i], INDEX),
    "bound of a slice of an ndarray": (lambda x, i: A[i:], INDEX),
    "index into a list": (lambda x, i: [1, 2, 3][i], INDEX),
    "shape": (lambda x, i: np.zeros((i, 2)), INDEX),
    "reshape": (lambda x, i: A.reshape(i, -1), INDEX),
    "index into an ndarray": (lambda x, i: A[i], r"autograd\.tensor\(a\)\[i\]"),
    "take of an ndarray": (lambda x, i: A.take(i), r"autograd\.tensor\(a\)\[i\]"),
    "a mask as an index": (lambda x, i: x[x > 0], MASK),
    "a mask beside others": (lambda x, i: np.outer(x, x)[0, x > 0], MASK),
    "numbers at a mask": (lambda x, i: (x * 1).__setitem__(x > 0, x[:2]), MASK),
    "+= at a mask": (lambda x, i: (x * 1)[x > 0].__iadd__(1), MASK),
    "nonzero": (lambda x, i: np.nonzero(x), SHAPES),
    "x.nonzero()": (lambda x, i: x.nonzero(), SHAPES),
    "flatnonzero": (lambda x, i: np.flatnonzero(x), SHAPES),
    "argwhere": (lambda x, i: np.argwhere(x), SHAPES),
    "unique": (lambda x, i: np.unique(x), SHAPES),
    "where of a mask": (lambda x, i: np.where(x > 0), SHAPES),
    "extract": (lambda x, i: np.extract(x > 0, x), SHAPES),
    "numpy.asarray": (lambda x, i: np.asarray(x), ARRAY),
    "numpy.array of several": (lambda x, i: np.array([x[0], x[1]]), r"numpy\.stack"),
    "numpy.float64": (lambda x, i: np.float64(x[0]), ARRAY),
    "pandas.Series": (lambda x, i: pd.Series(x), ARRAY),
    "pandas.DataFrame": (lambda x, i: pd.DataFrame(x), ARRAY),
    "numpy.vectorize": (lambda x, i: np.vectorize(lambda u: u + 1)(x), ARRAY),
    "scipy's or any other C": (lambda x, i: np.random.default_rng(0).normal(x), ARRAY),
    "writing to an ndarray": (stored(put), "zeros"),
    "writing a number to an ndarray": (stored(put_one), "zeros|without float"),
    "writing at an index": (stored(put_at), "zeros"),
    "+= on an ndarray": (stored(added), PLAIN),
    "out=": (stored(lambda target, x, i: np.add(x, 1, out=target)), PLAIN),
    "out= of a reduction": (stored(lambda target, x, i: np.sum(x, out=target[:1].reshape(()))), PLAIN),
    "out= of a cumulative sum": (stored(lambda target, x, i: np.cumsum(x, out=target)), PLAIN),
    "out= of what loops": (stored(lambda target, x, i: np.median(np.outer(x, x), 0, target)), PLAIN),
    "out= of a product": (stored(lambda target, x, i: np.matmul(np.outer(x, x), x, out=target)), PLAIN),
    "out= of a choice": (stored(lambda target, x, i: np.clip(x, 0, 1, out=target)), PLAIN),
    "copyto": (stored(lambda target, x, i: np.copyto(target, x)), PLAIN),
    "put": (stored(lambda target, x, i: np.put(target, [0], x)), PLAIN),
    "putmask": (stored(lambda target, x, i: np.putmask(target, x > 0, 1.0)), PLAIN),
    "place": (stored(lambda target, x, i: np.place(target, target == 0, x)), PLAIN),
    "fill": (stored(lambda target, x, i: target.fill(x[0])), "without float|zeros"),
    "full_like": (lambda x, i: np.full_like(A, x), PLAIN),
    "fill_diagonal": (stored(lambda t, x, i: np.fill_diagonal(t, x[0]), lambda: np.zeros((2, 2))), "zeros"),
    "put_along_axis": (stored(lambda target, x, i: np.put_along_axis(target, np.array([1]), x[:1], 0)), PLAIN),
    "add.at": (stored(lambda target, x, i: np.add.at(target, [0, 1], x[:2])), PLAIN),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:vmap. .* is computed in a loop:RuntimeWarning")
@pytest.mark.parametrize("name", CASES)
def test_what_has_no_answer_for_the_batch_raises(name: str) -> None:
    function, remedy = CASES[name]
    with pytest.raises(BatchError, match=remedy) as caught:
        vmap(function)(X, PLACES)
    message = str(caught.value)
    assert re.search(r"shapes?,? \(", message)
    assert re.search("4 of them in the batch of vmap|the 4 elements of the batch of vmap", message)
    assert f"{__file__}:" in message
    assert not levels()


@pytest.mark.one_in(3)
@pytest.mark.filterwarnings("ignore:vmap. .* is computed in a loop:RuntimeWarning")
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("live", [False, True], ids=["constant", "live"])
def test_for_tensors_too(name: str, live: bool) -> None:
    """What raises for arrays raises for tensors, with the line; unless it is right for them."""
    function, _ = CASES[name]
    try:
        found = vmap(function)(tensor(X, requires_grad=live), PLACES)
    except Exception as raised:  # noqa: BLE001 - NumPy and pandas raise some of their own
        error = raised.__cause__ if isinstance(raised.__cause__, AutogradError) else raised
    else:
        found = found.data if isinstance(found, Tensor) else found
        np.testing.assert_array_equal(found, np.stack([function(x, i) for x, i in zip(X, PLACES, strict=True)]))
        return
    if name != "out= of a choice":  # clip() of a tensor has no out=
        assert isinstance(error, AutogradError)
        assert f"{__file__}:" in str(error)


def test_the_line_is_that_of_the_program() -> None:
    first = inspect.getsourcelines(when)[1]
    with pytest.raises(BatchError, match=f"{__file__}:{first + 1}:"):
        vmap(when)(X, PLACES)
    first = inspect.getsourcelines(put_at)[1]
    with pytest.raises(BatchError, match=f"{__file__}:{first + 1}:"):
        vmap(stored(put_at))(X, PLACES)


# What has left its batch


def leaked(x: Any) -> Any:
    found = []

    def keep(element: Any) -> Any:
        found.append(element)
        return element

    vmap(keep)(x)
    return found[0]


USES: dict[str, Callable[[Any], Any]] = {
    "a sum": lambda x: x + 1,
    "another operand": lambda x: X[0] * x,
    "a function": lambda x: np.sum(x),
    "a method": lambda x: x.mean(),
    "an index": lambda x: x[0],
    "a write": lambda x: x.copy().__setitem__(0, 1.0),
    "a number": lambda x: float(x[0]),
    "a truth": lambda x: bool(x[0] > 0),
    "within another vmap": lambda x: vmap(lambda y: y + x)(X),
    "the result of another vmap": lambda x: vmap(lambda y: x)(X),
    "the inner result of a vmap of vmap": lambda x: vmap(lambda y: (vmap(lambda z: z)(X), x)[1])(X),
    "within grad": lambda x: grad(lambda y: np.sum(y * x))(X[0]),
    "the result of grad": lambda x: grad(lambda y: np.sum(x))(X[0]),
    "concatenated": lambda x: np.concatenate([x, X[0]]),
    "stacked": lambda x: np.stack([X[0], x]),
    "what loops": lambda x: np.histogram(x),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("given", [X, tensor(X), tensor(X, requires_grad=True)], ids=["array", "constant", "live"])
def test_what_has_left_its_batch_is_of_no_use(use: str, given: Any) -> None:
    with pytest.raises(BatchError, match=r"after the\s+vmap that made it has ended: return it") as caught:
        USES[use](leaked(given))
    assert f"{__file__}:" in str(caught.value)


def test_what_has_left_its_batch_can_be_looked_at() -> None:
    assert repr(leaked(X)) == "Batched(4 of shape (3,), float64, of a vmap that has ended)"
    assert repr(leaked(tensor(X))) == "Tensor(Batched(4 of shape (3,), float64, of a vmap that has ended))"
    assert vmap(lambda x: (str(x), f"{x}", x)[2])(X).shape == (4, 3)


def test_a_loss_that_has_left_its_batch_has_no_backward() -> None:
    x = tensor(X[:, 0], requires_grad=True)
    with pytest.raises(BatchError, match="has ended: return it"):
        leaked(x).backward()
    assert x.grad is None


# Gradients of what is outside


def walked(loss: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    def run(x: Any) -> Any:
        loss(w, x).backward()
        return x

    w = tensor(A, requires_grad=True)
    run.leaf = w  # type: ignore[attr-defined]  # to look at it
    return run


@pytest.mark.parametrize(
    "loss",
    [
        lambda w, x: np.sum(w * x), lambda w, x: np.sum(w * 2), lambda w, x: np.sum(np.sin(w)) * x[0],
        lambda w, x: np.sum(vmap(lambda one: w * one)(x)), lambda w, x: np.sum(tensor(x, requires_grad=True) * w),
    ],
    ids=["of the batch", "of what is shared", "of both", "within another", "of a leaf within too"],
)  # fmt: skip
def test_backward_within_vmap_reaches_no_leaf_outside(loss: Callable[[Any, Any], Any]) -> None:
    run = walked(loss)
    with pytest.raises(
        BatchError, match=r"made outside vmap and has one grad.*use grad\(\) or gradients\(\)"
    ) as caught:
        vmap(run)(X)
    assert f"{__file__}:" in str(caught.value)
    assert run.leaf.grad is None  # type: ignore[attr-defined]  # set above


def test_backward_within_vmap_reaches_leaves_within() -> None:
    def gradient(x: Any) -> Any:
        u = tensor(x, requires_grad=True)
        shared = tensor(A, requires_grad=True)
        np.sum(u * u * shared).backward()
        return u.grad, shared.grad

    of_element, of_shared = vmap(gradient)(X)
    np.testing.assert_allclose(of_element.data, 2 * X * A)
    np.testing.assert_allclose(of_shared.data, X * X)


def test_a_gradient_of_the_batch_is_not_stored_outside() -> None:
    w = tensor(A, requires_grad=True)

    def store(x: Any) -> Any:
        w.grad = Tensor(x)
        return x

    with pytest.raises(BatchError, match="made outside vmap"):
        vmap(store)(X)
    assert w.grad is None


OUTSIDE: dict[str, Callable[[], Any]] = {
    "an array": lambda: np.zeros(3),
    "a constant": lambda: tensor(np.zeros(3)),
    "a leaf": lambda: tensor(np.zeros(3), requires_grad=True),
    "a result": lambda: tensor(np.zeros(3), requires_grad=True) * 1,
}
WRITES: dict[str, Callable[[Any, Any], Any]] = {
    "[:]": lambda s, x: s.__setitem__(slice(None), x),
    "[0]": lambda s, x: s.__setitem__(0, x[0]),
    "at an index": lambda s, x: s.__setitem__(np.argsort(x), 1.0),
    "at a mask": lambda s, x: s.__setitem__(x > 0, 1.0),
    "+=": lambda s, x: s.__iadd__(x),
    "@=": lambda s, x: s.__imatmul__(np.outer(x, x)),
    "a view": lambda s, x: s[:2].__iadd__(x[:2]),
    "out=": lambda s, x: np.add(s, x, out=s),
    "out= by position": lambda s, x: np.multiply(x, 2, s),
    "copyto": lambda s, x: np.copyto(s, x),
    "put": lambda s, x: np.put(s, [0], x[:1]),
    "putmask": lambda s, x: np.putmask(s, x > 0, 1.0),
    "place": lambda s, x: np.place(s, np.array([True, False, False]), x[:1]),
    "put_along_axis": lambda s, x: np.put_along_axis(s, np.array([0]), x[:1], 0),
    "fill_diagonal": lambda s, x: np.fill_diagonal(s.reshape(1, 3), x[0]),
    "fill": lambda s, x: s.fill(x[0]),
    "add.at": lambda s, x: np.add.at(s, [0], x[:1]),
    "data": lambda s, x: s.data.__setitem__(slice(None), x),
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("of", OUTSIDE)
@pytest.mark.parametrize("loops", ["allow", "error"])
def test_nothing_outside_is_written_to(write: str, of: str, loops: str) -> None:
    outside = OUTSIDE[of]()

    def run(x: Any) -> Any:
        WRITES[write](outside, x)
        return x * 1

    with pytest.raises((TypeError, ValueError, RuntimeError, AttributeError)):
        vmap(run, loops=loops)(X)
    array = outside._array if isinstance(outside, Tensor) else outside
    assert type(array) is np.ndarray
    assert not array.any()
    with no_grad(), pytest.raises((TypeError, ValueError, RuntimeError, AttributeError)):
        vmap(run, loops=loops)(X)
    assert not np.any(outside.data if isinstance(outside, Tensor) else outside)


# Arguments and results


def test_sizes_that_differ_are_named() -> None:
    lengths = r"different lengths along their axes: 4: .*0.*shape \(4, 3\).*; 3: .*1.*shape \(5, 3\)"
    message = rf"at .*test_vmap_errors\.py:\d+, have {lengths}"
    with pytest.raises(ShapeError, match=message):
        vmap(np.add, (0, 1))(X, np.zeros((5, 3)))


def test_arguments_and_results_that_are_no_batches() -> None:
    calls: list[tuple[Any, str]] = [
        (lambda: vmap(np.sin)(3.0), "argument 0 has no axis 0 to map over: it is a number"),
        (lambda: vmap(np.sin)([3.0, 1.0]), "argument 0 has no axis 0.*a list of numbers should be one array"),
        (lambda: vmap(np.sin, 2)(X), r"argument 0 has no axis 2 to map over: its shape is \(4, 3\)"),
        (lambda: vmap(np.sin, -3)(X), r"argument 0 has no axis -3"),
        (lambda: vmap(np.add, (0,))(X, X), "in_axes=.0,. is for 1 arguments, but the function was called with 2"),
        (lambda: vmap(np.sin, None)(X), "no argument has an axis to map over"),
        (lambda: vmap(lambda: 1.0)(), "no argument has an axis to map over"),
        (lambda: vmap(lambda d: d["a"], ({"b": 0},))({"a": X}), "have the keys"),
        (lambda: vmap(lambda d: d, out_axes=(0, 0))(X), "out_axes.*do not fit"),
    ]
    for call, message in calls:
        with pytest.raises(ShapeError, match=message):
            call()
    calls = [
        (lambda: vmap(lambda x: None)(X), "returned None: is a return missing"),
        (lambda: vmap(lambda x: "loss")(X), "returned str 'loss': return arrays"),
        (lambda: vmap(lambda x: Value(1.0))(X), "returned Value"),
    ]
    for call, message in calls:
        with pytest.raises(DtypeError, match=message):
            call()
    with pytest.raises(BatchError, match=r"out_axes None.*shape \(3,\), 4 of them.*Give it an axis"):
        vmap(lambda x: x, out_axes=None)(X)
    with pytest.raises(BatchError, match=r"argument 0 is str 'text'.*give it the in_axes None"):
        vmap(lambda s, x: x)("text", X)
    with pytest.raises(TypeError, match="an axis of argument 0 should be an integer or None, not 'first'"):
        vmap(np.sin, "first")(X)


@pytest.mark.parametrize("option", ["loops", "branches", "randomness"])
def test_options_have_known_values(option: str) -> None:
    options: Any = {option: "perhaps"}
    with pytest.raises(ValueError, match=rf"vmap: {option}='perhaps': it is one of 'error', |vmap: loops='perhaps'"):
        vmap(np.sin, **options)


def test_what_is_no_function() -> None:
    something: Any = 3
    with pytest.raises(TypeError, match="function"):
        vmap(something)


@pytest.mark.parametrize("sections", [2, 0, -1])
def test_equal_parts_are_equal(sections: int) -> None:
    with pytest.raises(ValueError, match=r"axis 0 of shape \(3,\) cannot be cut into 2 equal parts|at least one part"):
        vmap(lambda x: np.split(x, sections))(X)
    assert [part.shape for part in vmap(lambda x: np.array_split(x, 2))(X)] == [(4, 2), (4, 1)]
