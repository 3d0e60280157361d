"""What a program depends on, changed after it was recorded: the outcome is that without `compile`.

Each world makes a function and steps that call it, with changes in between. The steps are taken in two worlds, with the
function and with the compiled one: results, errors and warnings have to be the same in each step.
"""

import asyncio
import collections
import dataclasses
import re
import threading
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from autograd import CompileError, Tensor, detect_anomaly, grad, gradients, no_grad, saved_tensors_hooks, tensor
from autograd import compile as compiled

from .agreement import differs

X, Y = np.array([0.5, -1.25, 2.0]), np.array([-3.0, 0.25, 1.0])
Function = Callable[..., Any]
Step = Callable[[Function], Any]
World = tuple[Function, list[Step]]


def call(*args: Any) -> Step:
    """Return a step that calls the function with copies of these arrays."""
    return lambda g: g(*[x.copy("K") if isinstance(x, np.ndarray) else x for x in args])


FIRST: list[Step] = [call(X), call(Y), call(X)]


class Namespace:
    """An object with attributes."""

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)


def after(*changes: Callable[[], Any]) -> list[Step]:
    """Return steps: three calls, and after each change two more."""

    def changed(g: Function, change: Callable[[], Any]) -> Any:
        change()
        return g(X)

    steps = list(FIRST)
    for change in changes:
        steps += [partial(changed, change=change), call(Y)]
    return steps


# Numbers


def a_number_in_a_closure() -> World:
    k = 2.0

    def change() -> None:
        nonlocal k
        k = 3.0

    return lambda x: x * k, after(change)


SCALE: Any = 2.0


def a_global() -> World:
    def function(x: Any) -> Any:
        return x * SCALE

    def change(value: Any) -> Callable[[], None]:
        def put() -> None:
            globals()["SCALE"] = value

        return put

    return function, [*after(change(3.0), change(np.full(3, 4.0)), change(2), change(True)), lambda g: change(2.0)()]


def numbers_in_containers() -> World:
    numbers: Any = [1.0, {"a": (2.0, [3.0])}]

    def function(x: Any) -> Any:
        return x * numbers[0] + numbers[1]["a"][0] * numbers[1]["a"][1][0] + len(numbers)

    def put(holder: Any, key: Any, value: Any) -> Callable[[], None]:
        return lambda: holder.__setitem__(key, value)

    nested = numbers[1]
    return function, after(
        put(numbers, 0, 5.0), put(nested["a"][1], 0, 6.0), put(nested, "a", (7.0, [8.0])), lambda: numbers.append(1),
        put(numbers, 0, 5), put(numbers, 0, np.float32(0.1)),
    )  # fmt: skip


def defaults() -> World:
    def function(x: Any, k: Any = 2.0, *, shift: Any = 1.0) -> Any:
        return x * k + shift

    def change() -> None:
        function.__defaults__ = (3.0,)

    def change_keyword() -> None:
        function.__kwdefaults__ = {"shift": np.ones(3)}

    return function, after(change, change_keyword)


def attributes_of_objects_classes_and_modules() -> World:
    class Scaled:
        factor = 2.0

        @property
        def twice(self) -> float:
            return self.factor * 2

        def scaled(self, x: Any) -> Any:
            return x * self.factor + self.twice

        @staticmethod
        def shifted(x: Any) -> Any:
            return x + 1

    scaled: Any = Scaled()
    return lambda x: scaled.shifted(scaled.scaled(x)), after(
        lambda: setattr(Scaled, "factor", 3.0),
        lambda: setattr(scaled, "factor", 4.0),
        lambda: setattr(Scaled, "twice", 7.0),
        lambda: setattr(Scaled, "shifted", staticmethod(lambda x: x + 2)),
        lambda: setattr(Scaled, "scaled", lambda self, x: x),
        lambda: delattr(scaled, "factor"),
    )


def functions() -> World:
    def inner(x: Any) -> Any:
        return x * 2

    table = {"f": inner}

    def change() -> None:
        table["f"] = lambda x: x * 3

    def change_code() -> None:
        table["f"].__code__ = (lambda x: x * 4).__code__

    return lambda x: table["f"](x), after(change, change_code)


def objects_as_arguments() -> World:
    options: Any = Namespace(scale=2.0, weights=np.ones(3), nested=[1.0])

    def function(options: Any, x: Any) -> Any:
        return x * options.scale * options.weights + options.nested[0]

    def change(name: str, value: Any) -> Step:
        def step(g: Function) -> Any:
            setattr(options, name, value)
            return g(options, X)

        return step

    return function, [
        lambda g: g(options, X),
        lambda g: g(options, Y),
        change("scale", 3.0),
        change("weights", np.full(3, 4.0)),
        lambda g: (options.weights.__setitem__(0, 9.0), g(options, X))[1],
        change("nested", [5.0]),
        lambda g: (options.nested.__setitem__(0, 6.0), g(options, X))[1],
        lambda g: g(Namespace(scale=1.0, weights=np.ones(3), nested=[0.0]), X),
    ]


def objects_that_are_equal() -> World:
    class Named(Namespace):
        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 0

    def step(g: Function, scale: float) -> Any:
        return g(Named(scale=scale), X)

    kept = Named(scale=7.0)
    again = lambda g: g(kept, X)  # noqa: E731
    return lambda options, x: x * options.scale, [again, again, *(partial(step, scale=k) for k in (1.0, 2.0)), again]


def sets_and_lists_as_arguments() -> World:
    chosen = {1, 2}

    def function(chosen: set[int], x: Any) -> Any:
        return x * sum(chosen)

    def change(g: Function) -> Any:
        chosen.add(5)
        return g(chosen, X)

    return function, [lambda g: g(chosen, X), lambda g: g(chosen, Y), change, lambda g: g(chosen, Y)]


# Arrays that are no arguments

HOLDERS: dict[str, Callable[[Any], tuple[Any, Callable[[Any], Any], Callable[[Any, Any], Any] | None]]] = {
    "list": lambda a: ([a], lambda h: h[0], lambda h, b: h.__setitem__(0, b)),
    "nested list": lambda a: ([[a]], lambda h: h[0][0], lambda h, b: h[0].__setitem__(0, b)),
    "dict": lambda a: ({"a": a}, lambda h: h["a"], lambda h, b: h.__setitem__("a", b)),
    "tuple": lambda a: ((1.0, a), lambda h: h[1], None),
    "deque": lambda a: (collections.deque([a]), lambda h: h[0], lambda h, b: h.__setitem__(0, b)),
    "object": lambda a: (Namespace(a=a), lambda h: h.a, lambda h, b: setattr(h, "a", b)),
    "frozen dataclass": lambda a: (Frozen(a), lambda h: h.a, None),
    "array of objects": lambda a: (filled(a), lambda h: h[0], lambda h, b: h.__setitem__(0, b)),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Frozen:
    a: Any


def filled(a: Any) -> Any:
    holder = np.empty(1, object)
    holder[0] = a
    return holder


def arrays_in(name: str, use: str) -> Callable[[], World]:
    def make() -> World:
        array = np.ones(3) * 2
        holder, get, put = HOLDERS[name](array)

        def function(x: Any) -> Any:
            found = get(holder)
            if use == "written":
                found += 1
                return x * 2
            if use == "returned":
                return found * 2, x
            if use == "asked":
                return x * 3 if found.sum() > 7 else x * 2
            return x * found

        def replace() -> None:
            if put is not None:
                put(holder, np.full(3, 5.0))

        def replace_by_equal() -> None:
            if put is not None:
                put(holder, get(holder).copy())

        def write() -> None:
            get(holder)[0] = 50.0

        contents: Step = lambda g: (g(X), get(holder).copy())[1]  # noqa: E731
        return function, [*after(write, replace, write, replace_by_equal, write), contents, contents]

    return make


# Tensors


def tensors() -> World:
    w: Any = tensor(np.ones(3), requires_grad=True)

    def function(x: Any) -> Any:
        if not w.requires_grad:
            return x * w
        return gradients(((x * w) ** 2).sum(), w)[0]

    def put(value: Any) -> Callable[[], None]:
        def change() -> None:
            w.data = value

        return change

    def replace() -> None:
        nonlocal w
        w = tensor(w.data.copy(), requires_grad=True)

    def write() -> None:
        w.data[0] = 5.0

    def switch() -> None:
        w.requires_grad = not w.requires_grad

    return function, after(write, put(np.full(3, 3.0)), write, replace, write, switch, write, switch)


def tensors_of_other_shapes() -> World:
    w = tensor(np.ones(3), requires_grad=True)

    def put(value: Any) -> Callable[[], None]:
        def change() -> None:
            w.data = value

        return change

    return lambda x: gradients(((x * w) ** 2).sum(), w)[0], after(
        put(np.ones((2, 3))), put(np.ones(3, np.float32)), put(np.ones((3, 2)).T), put(np.ones(3) * 2)
    )


def a_tensor_that_is_an_argument_too() -> World:
    w = tensor(np.full(3, 2.0))
    return lambda t: t * w, [lambda g: g(w), lambda g: g(tensor(X)), lambda g: g(w), lambda g: g(tensor(Y))]


def modes() -> World:
    w: Any = tensor(np.ones(3), requires_grad=True)

    def function(x: Any) -> Any:
        return (w * x).sum()

    def without(g: Function) -> Any:
        with no_grad():
            return g(X)

    def watched(g: Function) -> Any:
        with detect_anomaly():
            return g(X)

    def packed(g: Function) -> Any:
        kept = []
        with saved_tensors_hooks(lambda a: kept.append(a.copy()) or a, lambda a: a):  # type: ignore[func-returns-value]
            g(X).backward()
        return w.grad, kept

    def walked(g: Function) -> Any:
        w.zero_grad()
        g(X).backward()
        return w.grad

    return function, [*FIRST, without, without, call(X), watched, packed, walked, walked, without]


# Arguments


def shapes_dtypes_and_strides() -> World:
    a = np.arange(12.0).reshape(3, 4)
    kinds = [X, Y, X[:2], X.astype(np.float32), np.arange(6.0)[::2], a, a[::-1], np.asfortranarray(a), a[:, 1:], a * 1j]

    def layout(g: Function, x: Any) -> Any:
        result = g(x)
        return result, result.strides, result.flags.c_contiguous

    return lambda x: x * 2 + np.exp(x), [partial(layout, x=x) for _ in range(2) for x in kinds[:7]]


def the_memory_of_arguments() -> World:
    def function(x: Any, y: Any) -> Any:
        before = x + 1
        y += 1
        return before, x + 1, np.shares_memory(x, y), x is y

    def with_views(first: slice, second: slice) -> Step:
        def step(g: Function) -> Any:
            memory = np.arange(6.0)
            return g(memory[first], memory[second]), memory

        return step

    def same(g: Function) -> Any:
        q = np.arange(3.0)
        return g(q, q), q

    views = [with_views(slice(0, 3), slice(3, 6)), with_views(slice(0, 3), slice(2, 5)), with_views(slice(3), slice(3))]
    return function, [call(X, Y), call(Y, X), same, *views, same, *views, call(X, Y)]


def memory_that_the_function_holds_too() -> World:
    w = np.ones(3)

    def function(x: Any) -> Any:
        before = x * 2
        w[...] += 1
        return before, x * 2

    def step(g: Function, x: Any) -> Any:
        return g(x), w.copy()

    return function, [partial(step, x=x) for x in (X, Y, w, w[:], X, w, Y)]


def arguments_that_are_written_and_returned() -> World:
    def function(x: Any) -> Any:
        x[0] += 1
        x *= 2
        return x, x[1:], x.copy(), x.T

    def step(g: Function) -> Any:
        q = np.arange(3.0)
        whole, part, copy, other = g(q)
        q[1] = 100.0
        return whole is q, whole, part, copy, other

    return function, [step] * 4


def arguments_that_cannot_be_written() -> World:
    def function(x: Any) -> Any:
        x += 1
        return x * 2

    def step(g: Function) -> Any:
        q = np.arange(3.0)
        q.flags.writeable = False
        return g(q)

    return function, [*FIRST, step, call(Y)]


def numbers_as_arguments() -> World:
    values: list[Any] = [2, 2.0, True, np.int64(2), np.float64(2), np.float64(3), 0.0, -0.0, float("nan"), "a", None]

    def function(x: Any, n: Any) -> Any:
        return x if isinstance(n, str) or n is None else np.copysign(x, n) * n

    return function, [call(X, n) for n in values[:8]] + [call(X, n) for n in values[:8]]


def more_numbers_than_programs() -> World:
    return lambda x, n: (x * n, n), [call(X, n) for _ in range(2) for n in range(8)]


# Results


def results_are_the_callers() -> World:
    def function(x: Any) -> Any:
        y = x * 2
        return y, y[1:], [y], np.ones(3), np.arange(3.0) + x, x.shape

    def step(g: Function) -> Any:
        first = g(X)
        second = g(Y)
        for part in (*first[:2], *first[3:5]):
            part[...] = 7.0
        third = g(X)
        return first, second, third

    return function, [step] * 3


# NumPy's state, errors and warnings


BAD = np.array([-1.0, 0.0, 1000.0])


def within(**options: Any) -> Step:
    def step(g: Function) -> Any:
        with np.errstate(**options):
            return g(BAD)

    return step


def what_numpy_does_on_overflow() -> World:
    states = [within(all="ignore"), within(all="raise"), within(over="raise", divide="warn"), within(all="warn")]
    return lambda x: np.log(x) * np.exp(x), [call(abs(X)), call(abs(Y)), call(BAD), *states, call(BAD), *states]


def what_numpy_does_in_derivatives() -> World:
    def function(x: Any) -> Any:
        return grad(lambda x: np.sum(np.log(x) * np.sqrt(x)))(x)

    states = [within(all="ignore"), within(all="raise"), within(all="warn")]
    return function, [*states, call(BAD), call(abs(X)), call(abs(Y)), call(BAD), *states, call(abs(X)), *states]


def errors_of_numpy() -> World:
    singular = np.zeros((2, 2))
    return np.linalg.inv, [call(np.eye(2)), call(np.eye(2) * 2), call(singular), call(np.eye(2) * 3), call(singular)]


def errors_of_indices() -> World:
    index = np.array([0, 1])
    steps = [call(X, index), call(X, index + 1), call(X, index + 2), call(X, -index), call(X, index - 7)]
    return lambda x, i: tensor(x)[i] * 2, steps


def errors_of_the_function() -> World:
    limit = 3

    def function(x: Any) -> Any:
        if x.shape[0] > limit:
            raise ValueError("too long")
        return x * 2

    def change() -> None:
        nonlocal limit
        limit = 2

    return function, [*FIRST, call(np.ones(4)), call(X), *after(change)]


# Calls


def recursion() -> World:
    def function(n: int, x: Any) -> Any:
        return x if n == 0 else function(n - 1, x) * x

    return function, [call(3, X), call(3, Y), call(2, X), call(2, Y)]


def tasks() -> World:
    async def several(g: Function) -> Any:
        async def one(k: int) -> Any:
            await asyncio.sleep(0)
            return g(X * k)

        return list(await asyncio.gather(*map(one, range(5))))

    return lambda x: np.tanh(x) * 2, [lambda g: asyncio.run(several(g))] * 2


MADE: dict[str, Callable[[], World]] = {
    make.__name__.replace("_", " "): make
    for make in (
        a_number_in_a_closure, a_global, numbers_in_containers, defaults, attributes_of_objects_classes_and_modules,
        functions, objects_as_arguments, objects_that_are_equal, sets_and_lists_as_arguments, tensors,
        tensors_of_other_shapes, a_tensor_that_is_an_argument_too, modes, shapes_dtypes_and_strides,
        the_memory_of_arguments, memory_that_the_function_holds_too, arguments_that_are_written_and_returned,
        arguments_that_cannot_be_written, numbers_as_arguments, more_numbers_than_programs, results_are_the_callers,
        what_numpy_does_on_overflow, what_numpy_does_in_derivatives, errors_of_numpy, errors_of_indices,
        errors_of_the_function, recursion, tasks,
    )
}  # fmt: skip
MADE |= {f"arrays {use} in {name}": arrays_in(name, use) for name in HOLDERS for use in ("read", "written", "returned")}
# What is asked of an array that the function reads is refused, unless the array is compared.
MADE |= {f"arrays asked in {name}": arrays_in(name, "asked") for name in HOLDERS}
REFUSED = "arrays asked in|(written|returned) in (array|deque)"


def taken(function: Function, steps: list[Step]) -> list[Any]:
    """Return of each step the result or the error, and the warnings."""
    found: list[Any] = []
    for step in steps:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            try:
                result = step(function)
            except Exception as error:  # noqa: BLE001  # whatever is raised has to be raised by the compiled function
                result = error
        found.append((result, sorted({str(each.message).partition(" at ")[0] for each in seen})))
    return found


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", MADE)
def test_guards(name: str) -> None:
    expected = taken(*MADE[name]())
    function, steps = MADE[name]()
    recorded = compiled(function)
    found = taken(recorded, steps)
    for i, ((was, warned), (now, warned_now)) in enumerate(zip(expected, found, strict=True)):
        if isinstance(now, CompileError):
            assert re.search(REFUSED, name), now
            return
        if isinstance(was, Exception):
            assert (type(was), str(was)) == (type(now), str(now)), i
        else:
            assert not isinstance(now, Exception), (i, now)
            assert not differs(was, now), i
        assert warned == warned_now, i
    assert any(program._printed is not None for program in recorded.programs), "no program has run"


def test_after_eight_programs_the_function_runs_as_it_is() -> None:
    recorded = compiled(lambda x, n: x**n)
    for n in range(9):  # that of the first one alone is dropped at the second
        recorded(X, n)
    with pytest.warns(RuntimeWarning, match="more than 8 kinds of arguments.*numpy.asarray"):
        assert not differs(X**9, recorded(X, 9))
    for n in range(12):
        assert not differs(X**n, recorded(X, n))
    assert len(recorded.programs) == 8


def test_hooks_are_refused() -> None:
    w: Any = tensor(np.ones(3), requires_grad=True)

    def function(x: Any) -> Any:
        w.grad = None
        (w * x).sum().backward()
        return w.grad

    recorded = compiled(function)
    for x in (X, Y):
        assert not differs(function(x), recorded(x))
    handle = w.register_hook(lambda g: g * 2)
    with pytest.raises(CompileError, match="a tensor with hooks"):
        recorded(X)
    handle.remove()


def in_threads(count: int, work: Callable[[int], None]) -> None:
    errors: list[BaseException] = []

    def run(k: int) -> None:
        try:
            work(k)
        except BaseException as error:  # noqa: BLE001  # handed to the main thread
            errors.append(error)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


def test_two_threads_call_one_function() -> None:
    w = np.random.default_rng(0).standard_normal((20, 20))

    def function(x: Any) -> Any:
        return grad(lambda x: np.sum(np.tanh(x @ w) ** 2))(x)

    recorded = compiled(function)
    values = [np.random.default_rng(k).standard_normal((10, 20)) for k in range(12)]
    expected = [function(x) for x in values]

    def work(k: int) -> None:
        for i in range(60):
            j = (i * (k + 1)) % len(values)
            assert not differs(expected[j], recorded(values[j]))

    in_threads(3, work)


def test_a_thread_computes_with_what_another_records() -> None:
    w: Any = tensor(np.random.default_rng(0).standard_normal((20, 20)), requires_grad=True)
    x = np.ones((5, 20))
    expected = gradients(np.tanh(tensor(x) @ w).sum(), w)[0].data

    def work(k: int) -> None:
        for i in range(25):
            if k:
                found = gradients(np.tanh(tensor(x) @ w).sum(), w)[0].data
                np.testing.assert_array_equal(np.asarray(found), expected)
            else:
                scaled = compiled(lambda x, i=i: np.sum(np.tanh(x @ w.data) * i))
                assert not differs(np.sum(np.tanh(x @ w.data) * i), scaled(x))

    in_threads(2, work)
    assert type(w.data) is np.ndarray


def test_a_tensor_is_what_it_was_after_an_error() -> None:
    w: Any = tensor(np.ones(3), requires_grad=True)
    array, holder = w.data, [np.ones(3)]
    kept = holder[0]

    def function(x: Any) -> Any:
        (w * x * holder[0]).sum().backward()
        raise KeyError("stop")

    for _ in range(2):
        with pytest.raises(KeyError, match="stop"):
            compiled(function)(X)
        assert w.data is array
        assert holder[0] is kept
        assert isinstance(w.grad, Tensor)
        assert type(w.grad.data) is np.ndarray
        w.grad = None
