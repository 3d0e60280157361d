"""Run a program and its port side by side, with the same weights and random numbers, and compare what they compute.

The first run, of PyTorch, keeps all that is drawn at random: the initial states of layers, random tensors, the order
of rows. The second run gets the same, in the same order. Each notes the results of models and losses, and at each step
of an optimizer gradients and parameters. Dropout is off in both, and float32 is float64, so that what differs is not
rounding.
"""

from __future__ import annotations

import ast
import contextlib
import io
import random
import re
import sys
import warnings
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import Any

import numpy as np

import nn
from autograd import Tensor
from autograd.extend import borrow

BACKWARDS = 10  # after so many, both runs end
TOLERANCE = 1e-8  # of the largest number of its kind at the same place


class _EnoughError(BaseException):
    """Ends a run; no program catches it."""


class _Run:
    """What one run draws and computes, and what is replaced for its time; the second run is given the first."""

    def __init__(self, other: _Run | None = None) -> None:
        self.other = other
        self.events: list[tuple[str, list[Any]]] = []
        # in their order; but values of `init` by the number of a layer and the name of its parameter
        self.draws: dict[Any, deque[tuple[str, Any]]] = defaultdict(deque)
        self.places: dict[int, Any] = {}
        self.layers: list[Any] = []  # which live as long as this, so that no other object gets the id of a parameter
        self.depths = Counter[str]()  # of calls that are noted as one
        self.backwards = 0
        self.patches = contextlib.ExitStack()

    def replace(self, owner: Any, name: str, new: Any) -> None:
        self.patches.callback(setattr, owner, name, vars(owner)[name])
        setattr(owner, name, new)

    def after(self, owner: Any, names: Iterable[str], hook: Callable[[Any, Any], Any], group: str) -> None:
        """Have calls of what `owner` defines return what `hook` makes of their results, unless within another one."""

        def make(old: Any) -> Any:
            def called(*args: Any, **kwargs: Any) -> Any:
                self.depths[group] += 1
                try:
                    result = old(*args, **kwargs)
                    return hook(result, args) if self.depths[group] == 1 else result
                finally:
                    self.depths[group] -= 1

            return called

        for name in set(names) & vars(owner).keys():
            self.replace(owner, name, make(vars(owner)[name]))

    def drawing(self, owner: Any, names: Iterable[str], kind: str) -> None:
        """Keep what functions of PyTorch draw, or have those here return the same."""
        keep, give = _DRAWS[kind]

        def hook(result: Any, args: Any) -> Any:
            if kind == "layer" and not self.add_layer(args[0] if self.other is None else args[0].double()):
                return result
            place = self.places.get(_place(args[0])) if kind == "init" else "in order"
            if self.other is not None:
                return give(self.following(kind, place), result, args)
            kept = keep(result, args)
            self.draws[place].append(("numbers" if kind == "coins" else kind, kept))
            return iter(kept) if kind == "rows" else result

        self.after(owner, names, hook, "draws")

    def following(self, kind: str, place: Any = "in order") -> Any:
        """Return what the other run drew next."""
        rest = self.other.draws[place] if self.other else deque()
        there, value = rest.popleft() if rest else ("nothing", None)
        if there != kind:
            raise ValueError(f"the port draws {kind} where PyTorch's program drew {there}")
        return value

    def watch(self, module: Any, tensor: Any, optimizers: Iterable[Any]) -> None:
        """Note results of models, losses, gradients and parameters."""

        def note(kind: str, values: Any) -> Any:
            self.events.append((kind, [np.array(each) for each in _arrays(values)]))
            return values

        def called(result: Any, args: Any) -> Any:
            inner = "parametri" in type(args[0]).__module__  # which is no layer in PyTorch's program
            return result if inner or self.depths["losses"] else note("outputs", result)

        def backward(result: Any, args: Any) -> Any:
            if self.backwards == BACKWARDS:
                raise _EnoughError
            self.backwards += 1
            note("losses", args[0])
            return result

        def step(result: Any, args: Any) -> Any:
            parameters = [each for group in args[0].param_groups for each in group["params"]]
            note("gradients", [each.grad for each in parameters])
            note("parameters", parameters)
            return result

        self.after(module, ["__call__"], called, "outputs")
        self.after(tensor, ["backward"], backward, "losses")
        for optimizer in optimizers:
            self.after(optimizer, ["step"], step, "steps")

    def add_layer(self, layer: Any) -> bool:
        """Note a layer, without dropout; the result says whether it has a state."""
        for each in layer.modules():
            if "Dropout" in type(each).__name__:
                each.p = 0.0
            if isinstance(getattr(each, "dropout", None), float):
                each.dropout = 0.0
        self.layers.append(layer)
        self.places |= {_place(each): (len(self.layers), name) for name, each in layer.named_parameters()}
        return bool(layer.state_dict())

    def run(self, text: str, name: str) -> None:
        """Run a program until it ends, or has gone back ten times."""
        random.seed(0)
        np.random.seed(0)  # the generator that programs may use
        text = re.sub(r"\b(float32|(?<=torch\.)float)\b", "float64", text).replace(".FloatT", ".DoubleT")
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(_EnoughError), warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"np\.random\.seed")  # of the seed above
            exec(compile(text, name, "exec"), {"__name__": "__main__", "__file__": name})


_METHODS = [name for name, method in vars(np.random.Generator).items() if name[0] != "_" and callable(method)]


class _Numbers(np.random.Generator):
    """A generator of NumPy with methods that can be replaced."""


def _forward(method: Any) -> Any:
    return lambda *args, **kwargs: method(*args, **kwargs)


for _name in _METHODS:
    setattr(_Numbers, _name, _forward(getattr(np.random.Generator, _name)))


def _classes(package: Any) -> list[Any]:
    return [each for name in dir(package) if isinstance(each := getattr(package, name, None), type)]


def _layers(package: Any) -> list[Any]:
    """Return the classes of layers that may have parameters of their own: not the containers of others."""
    others = {"Module", "Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"}
    classes = {each for each in _classes(package) if hasattr(each, "state_dict")}
    shared = {base for each in classes if each.__name__ in others for base in each.__mro__}
    kept = [each for each in classes if each.__name__ not in others]
    return [*{next(base for base in each.__mro__ if "__init__" in vars(base)) for each in kept} - shared]


def _arrays(values: Any) -> list[Any]:
    """Return the arrays of a result."""
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, list | tuple):
        return [array for each in values for array in _arrays(each)]
    if hasattr(values, "detach"):
        values = values.detach().numpy()
    return [values] if isinstance(values, np.ndarray | np.generic) else []


def _place(tensor: Any) -> int:
    """Return what a parameter and its `data` have in common."""
    return int(tensor.data_ptr()) if hasattr(tensor, "data_ptr") else id(borrow(tensor))


def _initializers(init: Any) -> list[str]:
    return [name for name in vars(init) if name[-1] == "_" != name[0]]


def _fill(value: Any, result: Any, args: Any) -> Any:
    if isinstance(value, dict):
        args[0].load_state_dict(value)
    else:
        borrow(args[0])[...] = value
    return result


def _shaped(value: Any, result: Any, args: Any) -> Any:
    value = value.astype(np.promote_types(np.asarray(result).dtype, value.dtype))  # a float64, as all floats
    return value[()] if value.shape == np.shape(result) else np.moveaxis(value, -1, 0).reshape(np.shape(result))


def _number(result: Any, args: Any) -> Any:
    return np.array(result.detach().numpy() if hasattr(result, "detach") else result)


# What is kept of a call's result in PyTorch, and what is returned for it here.
_DRAWS: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any, Any], Any]]] = {
    "layer": (lambda _, args: {name: each.numpy().copy() for name, each in args[0].state_dict().items()}, _fill),
    "init": (_number, _fill),
    "numbers": (_number, _shaped),
    "coins": (lambda result, args: 2.0 - 3.0 * _number(result, args), _shaped),  # below their probabilities, or not
    "rows": (lambda rows, _: [int(row) for row in rows], lambda kept, result, args: np.array(kept)),
    "parts": (
        lambda parts, _: [list(part.indices) for part in parts],
        lambda kept, result, _: [type(p)(p.dataset, rows) for p, rows in zip(result, kept, strict=True)],
    ),
}


def _watch_pytorch(run: _Run) -> None:
    """Keep what the run of PyTorch's program draws."""
    import torch

    run.watch(torch.nn.Module, torch.Tensor, _classes(torch.optim))
    for name in ("normal_", "uniform_", "exponential_", "float"):  # which are those of the class below
        setattr(torch.Tensor, name, getattr(torch.Tensor, name))
        run.patches.callback(delattr, torch.Tensor, name)
    names = ["randn", "rand", "randint", "randperm", "normal", "multinomial", "randn_like", "rand_like"]
    for owner, functions, kind in (
        *((each, ["__init__"], "layer") for each in _layers(torch.nn)),
        (torch, names, "numbers"),
        (torch, ["bernoulli"], "coins"),
        (torch.Tensor, ["normal_", "uniform_", "exponential_"], "numbers"),
        (torch.nn.init, _initializers(torch.nn.init), "init"),
        *((each, ["sample"], "numbers") for each in _classes(torch.distributions)),
        (_Numbers, _METHODS, "numbers"),
        *((getattr(torch.utils.data, name), ["__iter__"], "rows") for name in ("RandomSampler", "SubsetRandomSampler")),
        (torch.utils.data, ["random_split"], "parts"),
    ):
        run.drawing(owner, functions, kind)
    run.replace(torch.Tensor, "float", torch.Tensor.double)
    run.patches.callback(torch.set_default_dtype, torch.get_default_dtype())
    torch.set_default_dtype(torch.float64)
    run.replace(torch, "compile", lambda function=None, **_: function or (lambda inner: inner))
    run.replace(torch.nn.functional, "dropout", lambda x, *args, **kwargs: x)
    make = np.random.default_rng
    run.replace(np.random, "default_rng", lambda *args: _Numbers(make(*args).bit_generator))


def _watch_port(run: _Run) -> None:
    """Give the run of the port what the other one drew."""
    run.watch(nn.Module, Tensor, {base for k in _classes(nn.optim) for base in k.__mro__ if hasattr(base, "zero_grad")})
    old, given = nn.Parameter.__init__, _Numbers(np.random.default_rng(0).bit_generator)
    parameter = lambda p, data, requires_grad=True, dtype=np.float64: old(p, data, requires_grad, dtype)  # noqa: E731
    run.replace(nn.Parameter, "__init__", parameter)
    for each in _layers(nn):
        run.drawing(each, ["__init__"], "layer")
    run.drawing(nn.init, _initializers(nn.init), "init")
    run.drawing(nn.distributions.Distribution, ["sample"], "numbers")
    run.drawing(_Numbers, _METHODS, "numbers")
    run.replace(nn.functional, "dropout", lambda x, *args, **kwargs: x)
    run.replace(nn.random, "_generator", given)
    for owner, name in ((nn.random, "manual_seed"), (nn, "manual_seed"), (np.random, "default_rng")):
        run.replace(owner, name, lambda *args: given)
    if data := sys.modules.get("datasets"):  # which may ask for several rows at once, and rows may draw numbers
        run.replace(sys.modules["datasets.loading.fetch"].Fetcher, "_try_arrays", lambda *args: None)
        for sampler in (data.RandomSampler, data.SubsetRandomSampler):
            run.drawing(sampler, ["order"], "rows")
        run.drawing(data, ["random_split"], "parts")


def differences(theirs: list[tuple[str, list[Any]]], ours: list[tuple[str, list[Any]]]) -> dict[str, float]:
    """Return the largest difference of each kind of result, relative to the largest number at its place."""
    kinds = [[kind for kind, _ in events] for events in (theirs, ours)]
    if kinds[0] != kinds[1]:
        raise ValueError(
            f"the programs compute different things: {len(kinds[0])} results of PyTorch, {len(kinds[1])} here"
        )
    found, most = dict[str, float](), dict[str, float]()
    for number, ((kind, first), (_, second)) in enumerate(zip(theirs, ours, strict=True)):
        shapes = [[each.shape for each in arrays] for arrays in (first, second)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"{kind}, result {number}: shapes {shapes[0]} of PyTorch, {shapes[1]} here")
        wide, here = (np.concatenate([np.zeros(1), *map(np.ravel, arrays)]) for arrays in (first, second))
        with np.errstate(invalid="ignore"):  # infinities are subtracted too
            apart = np.where((wide == here) | (np.isnan(wide) & np.isnan(here)), 0, np.abs(wide - here))
        scale = float(np.abs(wide[np.isfinite(wide)]).max())
        most[kind] = max(most.get(kind, 0.0), scale)  # what is far smaller, as a distance of 0, is rounding alone
        largest = np.nan_to_num(apart, nan=np.inf).max() / (max(scale, 1e-6 * most[kind]) or 1.0)
        found[kind] = max(found.get(kind, 0.0), float(largest))
    return found


def compare(source: str, ported: str, name: str) -> int:
    """Run both, print the largest differences, and return an exit code: 1 if they are more than rounding."""
    if find_spec("torch") is None:
        print("--compare runs PyTorch's program too: install torch, or compare where it is", file=sys.stderr)
        return 1
    for text in (source, ported):  # modules may draw numbers when they are imported
        lines: list[ast.stmt] = [each for each in ast.parse(text).body if isinstance(each, ast.Import | ast.ImportFrom)]
        exec(compile(ast.Module(lines, []), "imports", "exec"), {"__name__": "imports"})
    first = _Run()
    with first.patches:
        _watch_pytorch(first)
        first.run(source, name)
    second = _Run(first)
    with second.patches:
        _watch_port(second)
        second.run(ported, f"{name}, ported")
    try:
        found = differences(first.events, second.events)
    except ValueError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    if not found:
        print(f"{name}: nothing to compare: it calls no model, and no loss goes back", file=sys.stderr)
        return 1
    for kind, largest in found.items():
        count = sum(each == kind for each, _ in first.events)
        print(f"{kind}: {count} compared, largest relative difference {largest:.1e}")
    return int(max(found.values()) > TOLERANCE)
