"""Wrong arguments raise what is documented, and never pass in silence, through every public function.

Each call starts from one that works, and one argument of it is broken. NumPy's functions are held to what NumPy does
with the same arguments as arrays. ``BAD_INPUT=20 pytest tests/tensors/test_bad_input.py -s`` tries twenty times as
much.
"""

import inspect
import os
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

import autograd
import datasets
import datasets.transforms
import nn
from autograd import AutogradError, Tensor, Value

from ..autograd_calls import CALLS, undone
from ..breaking import DOCUMENTED, arrays_in, change, data, has_nan, in_time, is_finite, quiet, values
from ..good_calls import fresh, good_call, inputs_of, optional
from ..lists import assert_listed
from ..operations.calls import Call, Live
from ..operations.samples import OPERATIONS, SAMPLES, Operation

EFFORT = float(os.environ.get("BAD_INPUT", "1"))
BROKEN_CALLS = int(24 * EFFORT)  # of each operation

# Loops over the degree, order or number of parts, or over the length in the mode that wraps indices: a huge one takes
# hours, in SciPy and NumPy too.
NO_END = (
    "array_split", "choose", "diff", "erfcx_slope", "eval_", "ive_slope", "kve_slope", "modified_bessel", "polyder",
    "spherical_bessel", "split", "take", "voigt_slope",
)  # fmt: skip

# What passes where NumPy raises, or the other way round, and may.
DIFFERENCES = {
    "take_along_axis": "a list of indices is an array of them",
    "einsum": "subscripts may be of any integers; what has no operands is NumPy's own",
    "histogram": "an empty range or bins fail in another place",
    "polyfit": "half precision beside double is fitted in double, of which NumPy's solver is not asked",
    "tensorinv": "a number is the map that multiplies with it; NumPy fails in its own reshape()",
    "rot90": "the axes of no turn are looked at too, and wrong ones raise, where NumPy looks at them for turns only",
    "ifft2": "a length of an axis that is not transformed is not looked at",
    "vector_norm": "True is the axis 1",
    "matrix_norm": "a dtype is no order, which NumPy looks at a part of its name for",
    "cond": "an infinite condition number, where NumPy's iteration does not converge",
    "vdot": "the products of infinities are in another order",
    "nan_to_num": "bounds are looked at where they are used",
    "gradient": "an order of nan is none; coordinates without distance give nan or infinity in another order",
}

# They make as many things as they are told to, one by one, read files at each call, or end the process.
NOT_TRIED = {"nn.Transformer", "datasets.load_mnist", "nn.distributed.abort"}

# Results and errors of `autograd`, what takes no argument, and what draws or writes files, which has tests of its own.
PASSIVE = {
    *(name for name, thing in vars(autograd).items() if isinstance(thing, type) and issubclass(thing, Exception)),
    *(
        "Context",
        "Explanation",
        "Finding",
        "GradientCheck",
        "GraphDifference",
        "GraphDifferences",
        "Handle",
        "RecordedRun",
        "Saved",
    ),
    *("TracedCall", "TracedOperation", "is_grad_enabled"),
    *("draw_graph", "html_page", "player", "replacing", "watch_calls"),
    "compatibility",  # a mode of the whole process, which tests/hips sets
    # What layers say to a recorder and to LLVM: it takes functions and arrays as they are.
    *("cached_arrays", "done_outside", "drawn", "fusing", "is_copy", "is_finite", "load_llvm"),
    *("machine_function", "machine_loop", "registers", "select"),
    *("Rehearsed", "Widened", "called", "outside", "rolling", "unrecorded"),
    *("importing", "lazy_names"),  # what a package does when it is imported
}

COUNTS: dict[str, int] = {}


def leaf() -> Tensor:
    return Tensor(np.array([0.2, 0.5, 0.9]), requires_grad=True)


def counts() -> Tensor:
    return Tensor(np.array([1, 2, 3]))


def matrix() -> Tensor:
    return Tensor(np.array([[2.0, 0.5, 0.1], [0.3, 3.0, 0.2], [0.1, 0.4, 4.0]]), requires_grad=True) * 1.0


def number() -> Value:
    return Value(0.5)


@pytest.fixture(scope="module", autouse=True)
def _count() -> Any:
    yield
    print(f"\n{sum(COUNTS.values())} wrong calls of {len(COUNTS)} functions")


@cache
def good_calls(operation: Operation) -> list[Call]:
    found: list[Call] = []

    @settings(max_examples=4, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(SAMPLES[operation.key].calls)
    def collect(call: Call) -> None:
        found.append(call)

    collect()
    return found


def broken(random: Random, call: Call) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments of a call with one of them broken, or with one too few or too many."""
    args, kwargs = list(call.args), dict(call.kwargs)
    place = random.choice([*range(len(args)), *kwargs, "fewer", "more", "unknown"])
    if place == "fewer":
        return args[:-1], kwargs
    if place == "more":
        return [*args, values(random)], kwargs
    if place == "unknown":
        return args, {**kwargs, "nonsense": 1}
    target: Any = args if isinstance(place, int) else kwargs
    target[place] = wrong(random, target[place])
    return args, kwargs


def wrong(random: Random, value: Any) -> Any:
    if isinstance(value, list | tuple) and value and random.random() < 0.5:
        items = list(value)
        i = random.randrange(len(items))
        items[i] = wrong(random, items[i])
        return type(value)(items) if not hasattr(value, "_fields") else items
    if isinstance(value, Live) and random.random() < 0.7:
        changed = change(random, value.array)
        return Live(changed) if isinstance(changed, np.ndarray) else changed
    if isinstance(value, np.ndarray) and random.random() < 0.5:
        return change(random, value)
    return values(random)


def filled(value: Any, live: Callable[[Any], Any]) -> Any:
    if isinstance(value, Live):
        return live(value.array)
    if isinstance(value, Tensor):
        return value if live is as_tensor else value.data
    if type(value) in (list, tuple):
        return type(value)(filled(item, live) for item in value)
    if isinstance(value, dict):
        return {key: filled(item, live) for key, item in value.items()}
    return np.array(value) if type(value) is np.ndarray else value


def as_tensor(array: Any) -> Any:
    return Tensor(array, requires_grad=array.dtype.kind in "fc") if type(array) is np.ndarray else array


def outcome(function: Callable[..., Any], args: Any, kwargs: Any, live: Callable[[Any], Any]) -> Any:
    """Return the result, or the exception; what does not end fails the test."""
    with quiet(), in_time():
        try:
            return function(*filled(args, live), **filled(kwargs, live))
        except Exception as error:  # noqa: BLE001  # to look at
            return error


def is_huge(args: list[Any]) -> bool:
    """Tell whether there is an integer so large, or a float that becomes one."""
    found = [x.array if isinstance(x, Live) else x for x in args]
    numbers = [np.array(data(x)) for x in (*arrays_in(found), *(x for x in found if isinstance(x, int | float)))]
    return any(x.dtype == object or not (np.abs(x * 1.0) < 1e3).all() for x in numbers if x.dtype.kind in "iufO")


def fault(ours: Any, numpys: Any) -> str | None:
    """Say what is wrong with an outcome on tensors, given that on arrays."""
    if isinstance(ours, Exception):
        if isinstance(numpys, Exception):
            known = isinstance(ours, (*DOCUMENTED, type(numpys))) and not isinstance(ours, RecursionError)
            return None if known else "undocumented"
        refused = isinstance(ours, AutogradError | TypeError)  # NumPy takes a dict for a number of parts
        return None if refused else "raises, where NumPy does not"
    if isinstance(numpys, Exception):
        return "passes, where NumPy raises"
    found, expected = list(arrays_in(ours)), list(arrays_in(numpys))
    if any(y.size > 10**9 for y in expected):  # a view of one element, which is not to be compared element by element
        return None if [x.shape for x in found] == [y.shape for y in expected] else "another shape"
    if not all(isinstance(x.data, np.ndarray) for x in found if isinstance(x, Tensor)):
        return "a tensor without an ndarray"
    if len(found) != len(expected):
        return "other results"
    for x, y in zip(found, expected, strict=True):
        if x.shape != y.shape:
            return "another shape"
        numbers = x.dtype.kind in "fc" and y.dtype.kind in "fciub"
        if numbers and not np.allclose(
            np.array(data(x)), np.array(y), rtol=1e-3 if x.dtype == np.float16 else 1e-6, equal_nan=True
        ):
            return "other values"
    return None


@pytest.mark.one_in(6)
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_operations_raise_where_numpy_does(operation: Operation) -> None:
    random = Random(str(operation))
    calls = [call for call in good_calls(operation) if call.inputs]
    faults, count = [], 0
    for i in range(BROKEN_CALLS):
        args, kwargs = broken(random, calls[i % len(calls)])
        if str(operation).startswith(NO_END) and is_huge([*args, *kwargs.values()]):
            continue
        with quiet():
            ours = outcome(operation.public, args, kwargs, as_tensor)
            numpys = outcome(operation.public, args, kwargs, np.array)
            found = fault(ours, numpys)
        count += 1
        if found == "undocumented" or (found and str(operation) not in DIFFERENCES):
            faults.append(f"{found}: {operation}(*{args}, **{kwargs})\n  ours {ours!r}\n  NumPy's {numpys!r}")
    COUNTS[str(operation)] = count
    assert not faults, "\n".join(faults)
    assert count >= BROKEN_CALLS / 3


def public_calls() -> list[Any]:
    """Return what the packages offer beside the operations, with the arguments that work, where these are known."""
    found = []
    for module in (
        nn.functional,
        nn,
        nn.distributed,
        nn.distributions,
        nn.init,
        nn.optim,
        nn.optim.lr_scheduler,
        nn.optim.swa_utils,
        nn.utils.rnn,
        datasets,
        datasets.transforms,
    ):
        for name in module.__all__:
            function = getattr(module, name)
            if f"{module.__name__}.{name}" in NOT_TRIED:
                continue
            if callable(function) and not (inspect.isclass(function) and issubclass(function, BaseException)):
                found.append(pytest.param(function, id=f"{module.__name__}.{name}"))
    return found


def holds_objects(value: Any) -> bool:
    """Tell whether NumPy makes an array of objects of the value."""
    if inspect.isroutine(value):
        return False
    try:
        return np.asarray(data(value)).dtype == object
    except (ValueError, TypeError):
        return True


def lapse(function: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]) -> str | None:
    """Say what is wrong with how `function` takes these arguments."""
    before = [np.array(x) if type(x) is np.ndarray else x for x in (*args, *kwargs.values())]
    with quiet() as warned, in_time():
        try:
            result = function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  # to look at
            known = isinstance(error, DOCUMENTED) and not isinstance(error, RecursionError)
            return None if known else f"undocumented {error!r}"
        if any(x.dtype == object for x in arrays_in(result)) and not any(holds_objects(x) for x in before):
            return "an object array"
        if not all(isinstance(x.data, np.ndarray) for x in arrays_in(result) if isinstance(x, Tensor)):
            return "a tensor without an ndarray"
        if has_nan(result) and not any(holds_objects(x) for x in before) and is_finite(before) and not warned:
            return "a silent nan"
    return None


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", CALLS)
def test_autograds_own_functions_say_what_is_wrong(name: str) -> None:
    function, made, options = CALLS[name]
    random, faults = Random(name), []
    with undone():
        function(*made(), **options)
        for _ in range(BROKEN_CALLS):
            args, kwargs = made(), dict(options)
            place = random.choice([*range(len(args)), *kwargs, "more"] + ["fewer"] * bool(args))
            if place == "more":
                args.append(values(random))
            elif place == "fewer":
                args.pop()
            else:
                target: Any = args if isinstance(place, int) else kwargs
                target[place] = wrong(random, target[place])
            found = lapse(function, args, kwargs)
            if found:
                faults.append(f"{found}: {name}(*{args}, **{kwargs})")
    COUNTS[f"autograd.{name}"] = BROKEN_CALLS
    assert not faults, "\n".join(faults)


def good_arguments(name: str, make: Callable[[], Any]) -> list[Any] | None:
    """Return arguments that a method of what `make` makes accepts."""
    for args in ([], [0], [0.5], [[True, False, True]], [np.array([0.25, 0.5, 0.75])], [0, 0], [(3,)], [np.int64(1)]):
        try:
            with quiet():
                getattr(make(), name)(*map(fresh, args))
        except (ValueError, TypeError, NotImplementedError, RuntimeError):
            continue
        return args
    return None


@pytest.mark.parametrize("make", [leaf, counts, matrix, number], ids=lambda make: make.__name__)
def test_methods_say_what_is_wrong(make: Callable[[], Any]) -> None:
    """Every public method, with one argument of it wrong or one too many."""
    kind, faults, random = type(make()), [], Random(make.__name__)
    names = [name for name in dir(make()) if not name.startswith("_") and callable(getattr(kind, name))]
    for name in names:
        good = good_arguments(name, make)
        keywords = ["axis", "keepdims", "out", "where", "dtype", "initial", "ddof", "nonsense"]
        for _ in range(BROKEN_CALLS // 6):
            args, kwargs, place = (
                [fresh(x) for x in good or ()],
                {},
                random.choice([*range(len(good or ())), "more", "key"]),
            )
            if place == "more":
                args.append(values(random))
            elif place == "key":
                kwargs[random.choice(keywords)] = values(random)
            else:
                args[int(place)] = values(random)
            found = lapse(getattr(make(), name), args, kwargs)
            if found:
                faults.append(f"{found}: {name}(*{args}, **{kwargs})")
    COUNTS[f"methods of {make.__name__}"] = len(names) * (BROKEN_CALLS // 6)
    assert not faults, "\n".join(faults)


def trials(function: Callable[..., Any], args: list[Any], options: dict[str, Any]) -> tuple[int, list[str]]:
    """Break the arguments of `function` one at a time; return how often, and what was wrong with it."""
    random, faults = Random(repr(function).partition(" at ")[0]), []
    names = optional(function)
    for _ in range(BROKEN_CALLS):
        tried, kwargs = [fresh(x) for x in args], dict(options)
        place = random.choice([*range(len(tried)), *names, "fewer", "more"])
        if isinstance(place, int):
            tried[place] = wrong(random, tried[place])
        elif place == "fewer":
            tried = tried[:-1]
        elif place == "more":
            tried += [values(random) for _ in range(20)]
        else:
            kwargs[place] = values(random)
        found = lapse(function, tried, kwargs)
        if found:
            faults.append(f"{found}: {function}(*{tried}, **{kwargs})")
    return BROKEN_CALLS, faults


@pytest.mark.one_in(6)
@pytest.mark.parametrize("function", public_calls())
def test_layers_losses_and_data_say_what_is_wrong(function: Callable[..., Any]) -> None:
    known = good_call(function)
    args, options = known or ([], {})
    count, faults = trials(function, args, options)
    if known and inspect.isclass(function) and issubclass(function, nn.Module):
        module = function(*map(fresh, args), **options)
        inputs = inputs_of(module)
        if inputs is not None:
            more, others = trials(module.forward, inputs, {})
            count, faults = count + more, faults + others
    COUNTS[getattr(function, "__qualname__", str(function))] = count
    assert not faults, "\n".join(faults)


def test_most_functions_have_a_call_that_works() -> None:
    calls = [call.values[0] for call in public_calls()]
    known = [function for function in calls if good_call(function)]
    assert len(known) > 0.8 * len(calls)


def test_autograds_functions_are_tried() -> None:
    tried = {name.partition(".")[0] for name in CALLS}
    public = [(module, name) for module in (autograd, autograd.extend) for name in module.__all__]
    functions = {name for module, name in public if callable(getattr(module, name)) and name not in PASSIVE}
    assert_listed(functions, tried, "CALLS in tests/autograd_calls.py")
