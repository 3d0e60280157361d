"""What a function reads besides its arguments: each kind of it is found, and a change to each is seen."""

import functools
import itertools
import math
import os
import random
import sys
import threading
import time
import types
from array import array
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Value, compile, grad, tensor, vmap
from autograd.transforms.compile import creation
from autograd.transforms.compile.environment import Environment
from nn.scalar import MLP

Case = tuple[Callable[..., Any], Callable[[], object], Callable[[], object]]

SCALE, FLAG = 2.0, True
CONFIG = types.SimpleNamespace(rate=0.1, nested=types.SimpleNamespace(power=3), unused=0)
TABLE: dict[str, Any] = {"a": 1.0, "b": [1, 2]}
cases: dict[str, Callable[[], Case]] = {}


def case(make: Callable[[], Case]) -> Callable[[], Case]:
    """Register a function that returns a function, a change of what that reads, and what puts it back as it was."""
    cases[make.__name__] = make
    return make


def assigned(**values: Any) -> Callable[[], None]:
    return lambda: globals().update(values)


@case
def a_global() -> Case:
    return lambda x: x * SCALE, assigned(SCALE=3.0), assigned(SCALE=4.0 / 2)


@case
def a_global_in_a_nested_function() -> Case:
    def function(x: Any) -> Any:
        return [(lambda y: y * SCALE)(each) for each in x]

    return function, assigned(SCALE=-2.0), assigned(SCALE=4.0 / 2)


@case
def a_sign_of_zero_and_a_type() -> Case:
    holder = types.SimpleNamespace(zero=0.0)
    return (
        lambda x: x * holder.zero,
        lambda: setattr(holder, "zero", -0.0),
        lambda: setattr(holder, "zero", float("0")),
    )


@case
def a_name_that_hides_a_builtin() -> Case:
    space: dict[str, Any] = {"__name__": "user"}
    exec("def function(x): return sum(x)", space)
    return space["function"], lambda: space.update(sum=max), lambda: space.pop("sum")


@case
def a_closure_cell() -> Case:
    scale = 2.0

    def change(value: float) -> None:
        nonlocal scale
        scale = value

    return lambda x: x * scale, lambda: change(3.0), lambda: change(float("2"))


@case
def a_default() -> Case:
    sizes = [2, 3]

    def function(x: Any, sizes: list[int] = sizes, *, more: list[int] = sizes) -> Any:
        return x, sizes, more

    return function, lambda: sizes.append(4), sizes.pop


@case
def an_attribute_chain() -> Case:
    return (
        lambda x: x**CONFIG.nested.power,
        lambda: setattr(CONFIG.nested, "power", 4),
        lambda: setattr(CONFIG.nested, "power", 3),
    )


@case
def an_attribute_by_its_name() -> Case:
    return (
        lambda x: x * getattr(CONFIG, "ra" + "te"),
        lambda: setattr(CONFIG, "rate", 0.2),
        lambda: setattr(CONFIG, "rate", 0.1),
    )


@case
def an_item_of_a_dict_in_a_list() -> Case:
    return lambda x: x * TABLE["b"][0], lambda: TABLE["b"].append(3), lambda: TABLE["b"].pop()


@case
def the_order_of_a_dict() -> Case:
    table = {"a": 1.0, "b": 2.0}
    return (
        lambda x: [x * each for each in table.values()],
        lambda: table.update(a=table.pop("a")),
        lambda: table.update(b=table.pop("b")),
    )


@case
def a_deque_and_a_set() -> Case:
    queue, names = deque([1.0]), {"a"}
    return lambda: (queue, names), lambda: names.add("b"), lambda: names.discard("b")


class Slotted:
    __slots__ = ("rate",)

    def __init__(self) -> None:
        self.rate = 0.1


@case
def a_slot() -> Case:
    slotted = Slotted()
    return lambda x: x * slotted.rate, lambda: setattr(slotted, "rate", 1.0), lambda: setattr(slotted, "rate", 0.1)


class Model:
    scale: float = 2.0

    def __init__(self) -> None:
        self.power = 2
        self.unused = 0

    @property
    def exponent(self) -> int:
        return self.power + (1 if FLAG else 0)

    def shifted(self, x: Any) -> Any:
        return x + 1

    def __call__(self, x: Any) -> Any:
        return self.shifted(x * self.scale) ** self.exponent

    def plot(self) -> Any:
        return SCALE


@case
def a_class_attribute() -> Case:
    return Model(), lambda: setattr(Model, "scale", 3.0), lambda: setattr(Model, "scale", float("2"))


@case
def a_class_attribute_hidden_by_that_of_an_object() -> Case:
    model = Model()
    return model, lambda: setattr(model, "scale", 3.0), lambda: delattr(model, "scale")


@case
def what_a_property_reads() -> Case:
    model = Model()
    return model.__call__, lambda: setattr(model, "power", 3), lambda: setattr(model, "power", 2)


@case
def a_global_that_a_property_reads() -> Case:
    return Model(), assigned(FLAG=False), assigned(FLAG=True)


@case
def a_method_replaced_on_the_object() -> Case:
    model = Model()
    return model, lambda: setattr(model, "shifted", lambda x: x), lambda: delattr(model, "shifted")


@case
def a_method_replaced_in_the_class() -> Case:
    shifted = Model.shifted
    return Model(), lambda: setattr(Model, "shifted", lambda self, x: x), lambda: setattr(Model, "shifted", shifted)


@case
def the_code_of_a_function() -> Case:
    def inner(x: Any) -> Any:
        return x * 2

    def other(x: Any) -> Any:
        return x * 3

    code = inner.__code__
    return (
        lambda x: inner(x),
        lambda: setattr(inner, "__code__", other.__code__),
        lambda: setattr(inner, "__code__", code),
    )


@case
def a_context_variable() -> Case:
    variable = ContextVar("variable", default=2.0)
    return lambda x: x * variable.get(), lambda: variable.set(3.0), lambda: variable.set(float("2"))


@case
def memory_of_the_standard_library() -> Case:
    numbers, text = array("d", [1.0, 2.0]), bytearray(b"ab")
    return lambda x: x * numbers[0] * text[0], lambda: text.append(1), lambda: text.pop()


@case
def an_attribute_of_a_module_that_the_function_imports() -> Case:
    module = types.ModuleType("settings_of_a_test")
    module.rate = 0.1  # type: ignore[attr-defined]
    sys.modules["settings_of_a_test"] = module

    def function(x: Any) -> Any:
        from settings_of_a_test import rate  # type: ignore[import-not-found]

        return x * rate

    return function, lambda: setattr(module, "rate", 1.0), lambda: setattr(module, "rate", 0.1)


@case
def an_attribute_of_a_function() -> Case:
    def inner(x: Any) -> Any:
        return x * inner.scale  # type: ignore[attr-defined]

    inner.scale = 2.0  # type: ignore[attr-defined]
    return inner, lambda: setattr(inner, "scale", 3.0), lambda: setattr(inner, "scale", float("2"))


@case
def an_array_of_objects() -> Case:
    values = np.array([Value(1.0), Value(2.0)], dtype=object)
    first = values[0]
    return lambda x: x * values, lambda: values.__setitem__(0, Value(1.0)), lambda: values.__setitem__(0, first)


@case
def an_argument_of_a_partial() -> Case:
    sizes = [1]
    return functools.partial(lambda x, sizes: (x, sizes), sizes=sizes), lambda: sizes.append(2), sizes.pop


@case
def what_a_wrapped_function_reads() -> Case:
    @functools.lru_cache
    def factor(x: float) -> float:
        return x * SCALE

    return lambda x: factor(x), assigned(SCALE=3.0), assigned(SCALE=float("2"))


@case
def what_a_transformed_function_reads() -> Case:
    return vmap(grad(lambda x: x * SCALE)), assigned(SCALE=3.0), assigned(SCALE=float("2"))


@case
def an_attribute_of_a_module() -> Case:
    module = types.ModuleType("settings")
    module.rate = 0.1  # type: ignore[attr-defined]
    return lambda x: x * module.rate, lambda: setattr(module, "rate", 1.0), lambda: setattr(module, "rate", 0.1)


@case
def a_parameter_of_a_network() -> Case:
    model = MLP(2, [3, 1])
    weights = model.layers[0].neurons[1].w
    weight = weights[0]
    return model, lambda: weights.__setitem__(0, Value(1.0)), lambda: weights.__setitem__(0, weight)


@case
def a_neuron_without_its_relu() -> Case:
    model = MLP(2, [3, 1])
    neuron = model.layers[0].neurons[1]
    return model, lambda: setattr(neuron, "nonlin", False), lambda: setattr(neuron, "nonlin", True)


@case
def a_list_of_tensors() -> Case:
    tensors = [tensor([1.0, 2.0]), tensor([3.0, 4.0])]
    first = tensors[0]
    return (
        lambda x: [x * each for each in tensors],
        lambda: tensors.__setitem__(0, tensor([1.0, 2.0])),
        lambda: tensors.__setitem__(0, first),
    )


@pytest.mark.parametrize("make", cases.values(), ids=cases)
def test_a_change_is_seen_and_an_equal_value_is_no_change(make: Callable[[], Case]) -> None:
    function, change, restore = make()
    environment = Environment(function)
    assert environment.unchanged()
    assert environment.difference() is None
    change()
    assert not environment.unchanged()
    assert environment.difference() is not None
    assert environment.written() is not None
    restore()
    assert environment.difference() is None
    assert environment.unchanged(), "what is equal is compared by identity from now on"
    change()
    assert not environment.unchanged()
    restore()


def test_containers_and_functions_of_equal_contents_may_take_the_place_of_others() -> None:
    holder = types.SimpleNamespace(sizes=[1, 2, {"a": (1.0, 2.0)}], function=lambda x: x * SCALE)

    def function(x: Any) -> Any:
        return holder.function(x), holder.sizes

    def again() -> Any:
        return lambda x: x * SCALE

    holder.function = again()
    environment = Environment(function)
    holder.sizes, holder.function = [1, 2, {"a": (1.0, 2.0)}], again()
    assert not environment.unchanged()
    assert environment.difference() is None
    assert environment.unchanged()
    holder.sizes[2]["a"] = (1.0, 3.0)
    assert not environment.unchanged()
    found = environment.difference()
    assert found is not None
    assert found.name == "holder.sizes[2]"


def test_what_the_code_does_not_read_may_change() -> None:
    model = Model()
    environment = Environment(model)
    model.unused = 5
    globals()["SCALE"] = 7.0  # which another method reads
    try:
        assert environment.unchanged()
    finally:
        globals()["SCALE"] = 2.0
    model.more = 3  # type: ignore[attr-defined]  # one more, which is none that the code names
    assert environment.difference() is None
    assert environment.unchanged()


def test_the_difference_has_a_name_and_a_line() -> None:
    model = Model()
    environment = Environment(lambda x: model(x))
    model.power = 3
    found = environment.difference()
    assert found is not None
    assert found.name == "model.power"
    line = Model.exponent.fget.__code__.co_firstlineno + 2  # type: ignore[attr-defined]
    assert str(found) == f"model.power (read at {__file__}:{line})"


def test_values_and_tensors_are_compared_by_identity_and_their_numbers_may_change() -> None:
    a, t = Value(1.0), tensor([1.0])
    environment = Environment(lambda x: x * a * t)
    a.data = 2.0
    t.data[0] = 2.0
    assert environment.unchanged()


def test_arrays_are_listed_and_their_contents_guarded_if_asked() -> None:
    table = np.array([1.0, 2.0])
    by_identity, by_content = Environment(lambda x: x * table), Environment(lambda x: x * table, arrays=True)
    assert by_identity.arrays == {"table": table}
    table[0] = 3.0
    assert by_identity.unchanged()
    assert not by_content.unchanged()
    assert by_content.difference() is not None
    table[0] = 1.0
    assert by_content.difference() is None


def test_of_the_objects_of_further_types_the_methods_are_gone_into() -> None:
    model = Model()
    environment = Environment(lambda x: model(x), leaves=(Model,))
    model.unused = 1
    assert environment.unchanged()
    # but the methods of its own class are, as any function
    model.power = 3
    assert not environment.unchanged()


def test_what_is_another_each_time_is_listed() -> None:
    count, batches = itertools.count(), iter([1, 2])
    assert sorted(Environment(lambda x: (x, next(count), next(batches))).unsteady) == ["batches", "count"]
    clock = time.perf_counter

    def imports(x: Any) -> Any:
        import time as now

        return x * now.time()

    assert Environment(imports).unsteady == ["time"]
    assert Environment(lambda x: x * len(os.environ["PATH"])).unsteady == ["environ"]
    assert Environment(lambda x: x * time.time()).unsteady == ["time"]
    assert Environment(lambda x: x * clock()).unsteady == ["clock"]
    assert Environment(lambda x: x * len(open(x).read())).unsteady == ["open"]  # noqa: SIM115 # only read


def test_questions_for_a_type_are_listed() -> None:
    def asks(x: Any) -> Any:
        return [y for y in x if type(y) is float]

    line = asks.__code__.co_firstlineno + 1
    assert Environment(asks).exact_types == [f"{__file__}:{line}"]
    assert Environment(lambda x: isinstance(x, float) and f"{type(x)}").exact_types == []


@pytest.mark.parametrize("draw", [random.random, np.random.rand])
def test_random_numbers_that_a_run_drew_are_found(draw: Callable[[], float]) -> None:
    environment = Environment(lambda: draw())
    assert environment.written() is None
    draw()
    found = environment.written()
    assert found is not None
    assert found.kind == "random"


def test_random_numbers_that_another_thread_draws_are_not_the_functions_own() -> None:
    draws, plain = Environment(lambda x: x * random.random()), Environment(lambda x: x * 2)
    done = threading.Event()

    def draw() -> None:
        random.random()
        done.wait()

    thread = threading.Thread(target=draw)
    thread.start()
    assert plain.written() is None
    assert draws.written() is not None
    done.set()
    thread.join()
    alone = threading.active_count() == 1  # other tests may have left threads behind
    assert (plain.written() is not None) is alone, "of one thread alone, a library may have drawn them"


def test_random_numbers_of_a_generator_are_found() -> None:
    for generator in (np.random.default_rng(0), random.Random(0), np.random.RandomState(0)):
        environment = Environment(lambda x, generator=generator: x * generator)
        assert environment.written() is None
        generator.normal() if isinstance(generator, np.random.Generator) else generator.seed(1)
        found = environment.written()
        assert found is not None
        assert "generator" in found.name


def test_an_attribute_that_a_run_added_was_written() -> None:
    class Counter:
        def __call__(self, x: Any) -> Any:
            self.last = x
            return x

    counter = Counter()
    environment = Environment(counter)
    counter(1.0)
    found = environment.written()
    assert found is not None
    assert found.name.endswith(".last")


def test_a_cache_is_asked_each_time_also_where_something_else_is_another_value() -> None:
    """What it gave before it was cleared is not what it gives, however many calls it has missed since."""
    rate = first = 0.1

    @functools.lru_cache
    def times(x: float) -> float:
        return x * 2.0

    times(1.0)
    environment = Environment(lambda x: x * rate * times(0.0))
    assert environment.unchanged()
    rate = 0.2
    times.cache_clear()
    assert not environment.unchanged()
    rate = first
    for x in (1.0, 2.0, 3.0):
        times(x)
    assert not environment.unchanged()


def test_what_is_read_of_a_module_that_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def function(x: float) -> float:
        module = math
        return module.floor(x)

    environment = Environment(function)
    assert environment.unchanged()
    monkeypatch.setattr(math, "floor", math.ceil)
    assert not environment.unchanged()


def test_a_check_costs_less_than_a_microsecond_for_ten_values() -> None:
    import timeit

    model = MLP(2, [16, 16, 1])
    environment = Environment(model)
    seconds = min(timeit.repeat(environment.unchanged, number=200, repeat=5)) / 200
    assert seconds < 1e-6 * len(environment.reads) / 10


# Functions that other libraries have compiled: what they are made of is not read


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Stand for numba, with a class of compiled functions, one of containers, and one that answers to all names."""
    module: Any = types.ModuleType("numba.standin")
    module.__file__ = os.path.join(os.sep, "usr", "lib", "python3", "dist-packages", "numba", "standin.py")
    text = """
class Compiled:
    def __init__(self, function):
        self.__wrapped__ = self.py_func = function
    def __call__(self, x):
        return self.py_func(x)
class Container:
    def __init__(self):
        self.opaque = object()
class Greedy:
    def __getattr__(self, name):
        return Greedy()
"""
    exec(text, module.__dict__)
    monkeypatch.setitem(sys.modules, "numba.standin", module)
    return module


def test_a_compiled_function_is_compared_by_identity_and_not_read(library: Any) -> None:
    inner = [1.0]
    fast = library.Compiled(lambda x: x * inner[0])

    def scaled(x: Any) -> Any:
        return np.sin(x) * fast(2.0)

    environment = Environment(scaled)
    assert environment.unsteady == []
    assert not any(read.value is inner or read.holder is inner for read in environment.reads)
    compiled = compile(scaled)
    x = np.array([0.5, 1.0])
    for _ in range(2):
        assert np.array_equal(compiled(x), scaled(x))
    fast = library.Compiled(lambda x: x * 5)
    for _ in range(2):
        assert np.array_equal(compiled(x), scaled(x))
    assert len(compiled.programs) == 2
    assert not compiled.fallbacks


def test_other_objects_of_such_a_library_hold_what_cannot_be_compared(library: Any) -> None:
    numbers = library.Container()
    assert "numbers" in Environment(lambda: numbers).unsteady[0]


def test_a_module_that_imports_such_a_library_is_read_and_the_library_is_not(library: Any) -> None:
    module: Any = types.ModuleType("users_module")
    module.library, module.lib, module.scale = library, library.Greedy(), 2.0
    exec("def scaled(x):\n    return x * scale * len(library.Compiled.__name__)", module.__dict__)
    environment = Environment(lambda x: module.scaled(x))
    assert len(environment.reads) < 20
    assert environment.unchanged()
    module.scale = 3.0
    assert environment.difference().name == "scale"  # type: ignore[union-attr]  # which is the test


@pytest.mark.skipif(not find_spec("numba"), reason="numba is not installed")
def test_functions_of_numba() -> None:
    import numba

    fast = numba.njit(lambda x: x * 2.0)
    both: Any = numba.vectorize(lambda x: x + 1.0)  # type: ignore[no-untyped-call]

    def scaled(x: Any) -> Any:
        return np.sin(x) * fast(2.0) * both(1.0) * numba.get_num_threads()

    environment = Environment(scaled)
    assert len(environment.reads) < 20
    assert environment.unsteady == []
    compiled, x = compile(scaled), np.array([0.5, 1.0])
    for _ in range(2):
        assert np.array_equal(compiled(x), scaled(x))
    (program,) = compiled.programs
    assert program.calls == 4


NAMES = sorted(creation._NOTED.keys() - {"nditer"})


@pytest.mark.parametrize("name", NAMES)
def test_arrays_may_be_made_like_an_array_or_a_tensor(name: str) -> None:
    """Which names the library alone: they belong to the program, whatever is done with them."""
    own: Any = getattr(np, name)
    given: Any = {"full": (3, 2.0), **dict.fromkeys(creation._FROM_ARRAYS, ([1.0, 2.0, 0.5],))}.get(name, (3,))
    try:
        own(*given, like=np.ones(3))
    except TypeError:  # it takes none
        return

    def function(x: Any) -> Any:
        made: Any = tensor(own(*given, like=x))
        if name == "empty":  # in which anything may be
            made = np.where(np.isfinite(made), 0.0 * x, 0.0)
        return np.sum(np.sin(made) * x)

    x = np.array([0.5, 0.25, 0.125])
    every: Any = [(function, tensor(x)), (function, x), (grad(function), x), (vmap(grad(function)), np.stack([x, -x]))]
    with np.errstate(invalid="ignore"):
        for one, data in every:
            compiled = compile(one)
            for factor in (1, 2):
                np.testing.assert_array_equal(np.asarray(compiled(data * factor)), np.asarray(one(data * factor)))
            assert not compiled.fallbacks


@pytest.mark.parametrize("name", NAMES)
def test_functions_that_make_arrays_may_have_names_of_their_own(name: str) -> None:
    """As by ``from numpy import zeros``, here or in a module that is read."""
    own = getattr(np, name)
    args: dict[str, Any] = {"full": (3, 2.0), "linspace": (0, 1, 3), "geomspace": (1, 4, 3), "logspace": (0, 1, 3)}
    args |= {"kaiser": (3, 1.0), "mask_indices": (3, np.triu), "indices": ((3,),), "ix_": ([0, 2], [1])}
    module = types.ModuleType("module")
    module.make = own  # type: ignore[attr-defined]

    def function(x: Any) -> Any:
        given = (x,) if name in (*creation._FROM_ARRAYS, "diag", "diagflat") else args.get(name, (3,))
        one, other = own(*given), module.make(*given)
        return [np.sin(y * x[0]) for y in (*one, *other)] if isinstance(one, tuple) else np.sin(one) * other

    compiled, x = compile(function), np.array([0.5, 0.25, 0.125])
    for factor in (1, 2, 3):
        for found, expected in zip(compiled(x * factor), function(x * factor), strict=True):
            if name != "empty":
                np.testing.assert_array_equal(found, expected)
    assert len(compiled.programs) == 1
    assert not compiled.fallbacks
    assert own is module.make is getattr(np, name)


def test_a_name_that_a_module_loads_when_it_is_first_asked_for_is_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    model, x = nn.Linear(3, 1), np.ones((4, 3), np.float32)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)

    def step(x: Any) -> None:
        optimizer.zero_grad()
        gradients = autograd.gradients((model(x) ** 2).mean(), [*model.parameters()], create_graph=True)
        total: Any = sum((g**2).sum() for g in gradients)
        total.backward()
        optimizer.step()

    monkeypatch.delattr(autograd, "gradients")  # as in a process that has not named it yet
    compiled = compile(step)
    compiled(x)
    compiled(x)
    assert len(compiled.programs) == 1
    assert not compiled.fallbacks
