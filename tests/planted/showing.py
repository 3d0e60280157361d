"""Show that a planted error is there: what is seen at its example differs from what is seen of the right operation."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

import autograd
from autograd import Tensor

from .kinds import Example, Kind
from .planting import plant
from .subjects import Array, Function, Subject

__all__ = ["shows"]

Seen = list[Any]


def shows(subject: Subject, kind: Kind, index: int) -> bool:
    """Tell whether the error shows at its example."""
    example = kind.example(subject, index)
    look = PROBES[kind.probe]
    with warnings.catch_warnings(), np.errstate(all="ignore"):  # of inf and nan
        warnings.simplefilter("ignore")
        try:
            right = look(subject.function, example)
        except (TypeError, ValueError, IndexError):
            return False  # the operation does not take it
        with plant(subject, kind.error, index) as function:
            try:
                wrong = look(function, example)
            except autograd.CompileError:
                return False  # a program that is refused computes nothing wrong
            except autograd.AutogradError:
                return True
    return differ(right, wrong)


def differ(right: Seen, wrong: Seen) -> bool:
    """Tell whether two lists of arrays and texts differ."""
    return len(right) != len(wrong) or any(map(_differ, right, wrong))


def _differ(a: Any, b: Any) -> bool:
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
        return not (type(a) is type(b) and a == b)
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        return True
    precision = 20 * float(np.finfo(a.dtype).eps) if a.dtype.kind in "fc" else 0
    scale = float(np.max(np.abs(a), initial=0, where=np.isfinite(a)))
    return not np.allclose(a, b, rtol=precision, atol=precision * min(scale, 1), equal_nan=True)


def _tensors(example: Example) -> list[Tensor]:
    # as a user's own arrays, they share memory with the example
    return [Tensor(x, requires_grad=True) for x in example.inputs]


def _cotangent(out: Any, example: Example, seed: int = 3) -> Array:
    random = np.random.default_rng(seed)
    g = random.normal(size=out.shape)
    if out.dtype.kind == "c":
        g = g + 1j * random.normal(size=out.shape)
    return example.cotangent(np.asarray(g, out.dtype))


def _gradients(out: Any, inputs: list[Tensor], g: Any, **options: Any) -> list[Any]:
    return list(autograd.gradients([out], inputs, [g], allow_unused=True, **options))


def _plain(values: Any) -> Seen:
    return [None if each is None else np.array(each.data if isinstance(each, Tensor) else each) for each in values]


def gradient(function: Function, example: Example) -> Seen:
    """See the gradients."""
    inputs = _tensors(example)
    out = function(*inputs, **example.keywords)
    return _plain(_gradients(out, inputs, _cotangent(out, example)))


def value(function: Function, example: Example) -> Seen:
    """See the value, and how it compares with that on arrays."""
    arrays = np.asarray(function(*example.inputs, **example.keywords))
    return [*_plain([function(*_tensors(example), **example.keywords)]), arrays]


def second(function: Function, example: Example) -> Seen:
    """See second derivatives, with respect to inputs and cotangent, beside the gradient."""
    inputs = _tensors(example)
    out = function(*inputs, **example.keywords)
    g = Tensor(_cotangent(out, example), requires_grad=True)
    first = [each for each in _gradients(out, inputs, g, create_graph=True) if each is not None]
    random = np.random.default_rng(4)
    total = sum(np.sum(each * random.normal(size=each.shape)) for each in first)
    return _plain(_gradients(total, [*inputs, g], np.asarray(1.0))) if total.requires_grad else []


def third(function: Function, example: Example) -> Seen:
    """See third derivatives with respect to the inputs, beside the second ones."""
    inputs = _tensors(example)
    random = np.random.default_rng(4)
    total = np.sum(function(*inputs, **example.keywords) * random.normal())
    for _ in range(2):
        if not total.requires_grad:
            return []
        found = _gradients(total, inputs, np.ones(()), create_graph=True)
        total = sum(np.sum(each * random.normal(size=each.shape)) for each in found if each is not None)
    return [] if isinstance(total, int) or not total.requires_grad else _plain(_gradients(total, inputs, np.ones(())))


def one_live(function: Function, example: Example) -> Seen:
    """See second derivatives with respect to each input alone, where the others are constants."""
    seen = []
    for i, x in enumerate(example.inputs):
        alone = Tensor(x, requires_grad=True)
        given = [alone if i == j else y for j, y in enumerate(example.inputs)]
        out = function(*given, **example.keywords)
        first = _gradients(out, [alone], _cotangent(out, example), create_graph=True)[0]
        seen.append(first)
        if first is not None and first.requires_grad:
            seen += _gradients(np.sum(first * first), [alone], np.ones(()))
    return _plain(seen)


def forward_single(function: Function, example: Example) -> Seen:
    """See tangents in single precision."""
    return forward(function, replace(example, inputs=tuple(x.astype(np.float32) for x in example.inputs)))


def forward_over_reverse(function: Function, example: Example) -> Seen:
    """See tangents of gradients."""
    random = np.random.default_rng(4)
    tangents = tuple(np.asarray(random.normal(size=x.shape)) for x in example.inputs)

    def gradients_of(*inputs: Any) -> Any:
        out, pull = autograd.vjp(lambda *x: function(*x, **example.keywords), *inputs)
        return pull(_cotangent(out, example))

    return _plain(autograd.jvp(gradients_of, example.inputs, tangents)[1])


def forward(function: Function, example: Example) -> Seen:
    """See tangents."""
    random = np.random.default_rng(4)
    tangents = tuple(np.asarray(random.normal(size=x.shape), x.dtype) for x in example.inputs)
    try:
        return _plain([autograd.jvp(lambda *x: function(*x, **example.keywords), example.inputs, tangents)[1]])
    except (ValueError, IndexError) as error:  # of a function that is applied to what is no input
        return [type(error).__name__]


def _pulled(function: Function, example: Example) -> Callable[..., Any]:
    """Return the function that returns value and gradients, of the inputs and a cotangent."""

    def pulled(g: Any, *inputs: Any) -> Any:
        out, pull = autograd.vjp(lambda *x: function(*x, **example.keywords), *inputs)
        return (out, *pull(g))

    return pulled


def _others(example: Example, count: int) -> list[tuple[Array, ...]]:
    """Return inputs near those of the example."""
    random = np.random.default_rng(6)
    return [tuple(x * random.uniform(0.8, 0.95, x.shape) for x in example.inputs) for _ in range(count)]


def vmap(function: Function, example: Example) -> Seen:
    """See values and gradients of a batch."""
    batch = [np.stack(arrays) for arrays in zip(*_others(example, 3), strict=True)]
    shape = np.asarray(function(*example.inputs, **example.keywords)).shape
    g = np.random.default_rng(3).normal(size=(3, *shape))
    return _plain(autograd.vmap(_pulled(function, example), loops="allow")(g, *batch))


def vmap_shared(function: Function, example: Example) -> Seen:
    """See gradients of a batch that shares one of the inputs."""
    seen = []
    shape = np.asarray(function(*example.inputs, **example.keywords)).shape
    g = np.random.default_rng(3).normal(size=(3, *shape))
    batch = [np.stack(arrays) for arrays in zip(*_others(example, 3), strict=True)]
    for i in range(len(batch)):
        axes = [0, *(None if i == j else 0 for j in range(len(batch)))]
        given = [b[0] if i == j else b for j, b in enumerate(batch)]
        seen += _plain(autograd.vmap(_pulled(function, example), in_axes=tuple(axes), loops="allow")(g, *given))
    return seen


def vmap_one(function: Function, example: Example) -> Seen:
    """See values and gradients of a batch of one."""
    shape = np.asarray(function(*example.inputs, **example.keywords)).shape
    g = np.random.default_rng(3).normal(size=(1, *shape))
    return _plain(autograd.vmap(_pulled(function, example), loops="allow")(g, *(x[np.newaxis] for x in example.inputs)))


def compiled(function: Function, example: Example) -> Seen:
    """See what a compiled gradient returns when it is called with other inputs than the first ones."""
    shape = np.asarray(function(*example.inputs, **example.keywords)).shape
    run = autograd.compile(_pulled(function, example))
    seen = [run(np.random.default_rng(i).normal(size=shape), *x) for i, x in enumerate(_others(example, 3))]
    return [part for result in seen for part in _plain(result)]


def compiled_branches(function: Function, example: Example) -> Seen:
    """See what a compiled gradient returns for numbers of other signs than the first ones."""
    shape = np.asarray(function(*example.inputs, **example.keywords)).shape
    run = autograd.compile(_pulled(function, example))
    g = np.random.default_rng(3).normal(size=shape)
    return [part for sign in (1, -1) for part in _plain(run(g, *(sign * x for x in example.inputs)))]


def written(function: Function, example: Example) -> Seen:
    """See inputs, cotangents and outputs afterwards, and the gradient where others use the same cotangent."""
    inputs = [Tensor(x.copy(), requires_grad=True) for x in example.inputs]
    out = function(*inputs, **example.keywords)
    g = _cotangent(out, example)
    found = _gradients(out, inputs, g, retain_graph=True)
    shared = out + Tensor(np.zeros(out.shape), requires_grad=True)
    last = Tensor(np.zeros(out.shape), requires_grad=True)
    both = _gradients(shared + last, [last, *inputs], _cotangent(out, example))
    return _plain([*found, *inputs, out, g, *both])


def repeated(function: Function, example: Example) -> Seen:
    """See the results of several calls, after all of them."""
    held: list[Any] = []
    for i, arrays in enumerate([*_others(example, 3), *_others(example, 3)]):
        inputs = [Tensor(x, requires_grad=True) for x in arrays]
        out = function(*inputs, **example.keywords)
        held += [out.data, *(each.data for each in _gradients(out, inputs, _cotangent(out, example, i)))]
    return _plain(held)


def overwritten(function: Function, example: Example) -> Seen:
    """See the gradient where the array of an input was overwritten between the call and the backward pass."""
    arrays = [x.copy() for x in example.inputs]
    inputs = [Tensor(x, requires_grad=True) for x in arrays]
    out = function(*inputs, **example.keywords)
    for x in arrays:
        x *= 0.5
    try:
        return _plain(_gradients(out, inputs, _cotangent(out, example)))
    except autograd.AutogradError as error:
        return [type(error).__name__]


def updated(function: Function, example: Example) -> Seen:
    """See gradients before and after the arrays of the inputs have got other values, as in a training step."""
    arrays, seen = [x.copy() for x in example.inputs], []
    for _ in range(2):
        inputs = [Tensor(x, requires_grad=True) for x in arrays]
        out = function(*inputs, **example.keywords)
        seen += _plain(_gradients(out, inputs, _cotangent(out, example)))
        for x in arrays:
            x *= 0.5
    return seen


def walked_twice(function: Function, example: Example) -> Seen:
    """See the gradients of two walks back through one graph."""
    inputs = _tensors(example)
    out = function(*inputs, **example.keywords)
    g = _cotangent(out, example)
    return _plain([part for _ in range(2) for part in _gradients(out, inputs, g, retain_graph=True)])


def surroundings(function: Function, example: Example) -> Seen:
    """See how NumPy handles errors, and what its global generator draws, after a call."""
    state, handled = np.random.get_state(), np.geterr()
    np.random.seed(11)
    try:
        gradient(function, example)
        return [str(np.geterr()), np.random.random(2)]
    finally:
        np.random.set_state(state)
        np.seterr(**handled)


def aliased(function: Function, example: Example) -> Seen:
    """See whether the output lies in memory of an input, and the inputs afterwards."""
    inputs = [Tensor(x.copy(), requires_grad=True) for x in example.inputs]
    out = function(*inputs, **example.keywords)
    return [*_plain(inputs), str([bool(np.shares_memory(out.data, x.data)) for x in inputs])]


def same(function: Function, example: Example) -> Seen:
    """See the gradient where all inputs are one tensor."""
    x = Tensor(example.inputs[1].copy(), requires_grad=True)
    out = function(*([x] * len(example.inputs)), **example.keywords)
    return _plain(_gradients(out, [x], _cotangent(out, example)))


def threads(function: Function, example: Example) -> Seen:
    """See the gradients that several threads compute at the same time."""
    results: dict[int, Seen] = {}
    cases = _others(example, 3)
    together = threading.Barrier(len(cases))

    def work(number: int) -> None:
        together.wait()
        inputs = [Tensor(x, requires_grad=True) for x in cases[number]]
        out = function(*inputs, **example.keywords)
        try:
            results[number] = _plain(_gradients(out, inputs, _cotangent(out, example, number)))
        except autograd.DerivativeError as error:
            results[number] = [str(error)]

    workers = [threading.Thread(target=work, args=(number,)) for number in range(len(cases))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return [part for number in sorted(results) for part in results[number]]


PROBES: dict[str, Callable[[Function, Example], Seen]] = {
    "aliased": aliased,
    "compile": compiled,
    "compile_branch": compiled_branches,
    "forward": forward,
    "forward_over_reverse": forward_over_reverse,
    "forward_single": forward_single,
    "gradient": gradient,
    "one_live": one_live,
    "overwritten": overwritten,
    "repeated": repeated,
    "same": same,
    "second": second,
    "surroundings": surroundings,
    "third": third,
    "threads": threads,
    "updated": updated,
    "value": value,
    "vmap": vmap,
    "vmap_one": vmap_one,
    "vmap_shared": vmap_shared,
    "walked_twice": walked_twice,
    "written": written,
}
