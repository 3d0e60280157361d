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
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

import nn
from autograd import Tensor

BACKWARDS = 10  # after so many, both runs end
TOLERANCE = 1e-8  # of the largest number of its kind at the same place


class _EnoughError(BaseException):
    """Ends a run; no program catches it."""


class _Run:
    """What one run draws and computes, and what is replaced for its time."""

    def __init__(self) -> None:
        self.events: list[tuple[str, list[Any]]] = []
        self.draws: list[tuple[str, Any]] = []
        # Values of `init`, by the number of a layer and the name of its parameter: layers come in any order.
        self.inits: dict[Any, list[Any]] = {}
        self.places: dict[int, Any] = {}
        self.layers: list[Any] = []  # which live as long as this, so that no other object gets the id of a parameter
        self.depth = 0  # of calls that are noted as one
        self.backwards = 0
        self.patches = contextlib.ExitStack()

    def replace(self, owner: Any, name: str, make: Callable[[Any], Callable[..., Any]]) -> None:
        old = owner.__dict__[name]
        setattr(owner, name, make(old))
        self.patches.callback(setattr, owner, name, old)

    def note(self, kind: str, values: Any) -> None:
        self.events.append((kind, [np.array(each) for each in _arrays(values)]))

    @contextlib.contextmanager
    def inside(self) -> Iterator[bool]:
        """Enter a call, and say whether it is the outermost of those that are noted as one."""
        self.depth += 1
        try:
            yield self.depth == 1
        finally:
            self.depth -= 1

    def watch(self, module: Any, tensor: Any, optimizers: Sequence[Any]) -> None:
        """Note results of models, losses, gradients and parameters."""

        def call(old: Any) -> Any:
            nested = 0

            def called(model: Any, *args: Any, **kwargs: Any) -> Any:
                nonlocal nested
                nested += 1
                try:
                    result = old(model, *args, **kwargs)
                finally:
                    nested -= 1
                if not nested and "parametri" not in type(model).__module__:  # no layers in PyTorch's program
                    self.note("outputs", result)
                return result

            return called

        def backward(old: Any) -> Any:
            def called(loss: Any, *args: Any, **kwargs: Any) -> Any:
                if self.backwards == BACKWARDS:
                    raise _EnoughError
                self.backwards += 1
                self.note("losses", loss)
                return old(loss, *args, **kwargs)

            return called

        def step(old: Any) -> Any:
            def called(optimizer: Any, *args: Any, **kwargs: Any) -> Any:
                parameters = [each for group in optimizer.param_groups for each in group["params"]]
                self.note("gradients", [each.grad for each in parameters])
                result = old(optimizer, *args, **kwargs)
                self.note("parameters", parameters)
                return result

            return called

        self.replace(module, "__call__", call)
        self.replace(tensor, "backward", backward)
        for optimizer in optimizers:
            if "step" in vars(optimizer):
                self.replace(optimizer, "step", step)

    def draw_in(self, owner: Any, names: Sequence[str], kind: str, after: Callable[..., Any]) -> None:
        """Have functions that draw call `after`, with their result and arguments, unless another one calls them."""

        def make(old: Any) -> Any:
            def called(*args: Any, **kwargs: Any) -> Any:
                with self.inside() as outermost:
                    result = old(*args, **kwargs)
                    return after(kind, result, args) if outermost else result

            return called

        for name in names:
            if name in vars(owner):
                self.replace(owner, name, make)

    def add_layer(self, layer: Any) -> bool:
        """Note a layer; the result says whether it has a state."""
        for each in layer.modules():
            if "Dropout" in type(each).__name__:
                each.p = 0.0
            if isinstance(getattr(each, "dropout", None), float):
                each.dropout = 0.0
        self.layers.append(layer)
        for name, parameter in layer.named_parameters():
            self.places[id(parameter)] = (len(self.layers), name)
        return bool(layer.state_dict())

    def run(self, text: str, name: str) -> None:
        """Run a program until it ends, or has gone back ten times."""
        random.seed(0)
        np.random.seed(0)  # the generator that programs may use
        text = re.sub(r"\b(float32|(?<=torch\.)float)\b", "float64", text).replace("torch.FloatT", "torch.DoubleT")
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(_EnoughError):
            exec(compile(text, name, "exec"), {"__name__": "__main__", "__file__": name})


def _layers(package: Any) -> list[Any]:
    """Return the classes of layers that may have parameters of their own: not the containers of others."""
    others = {"Module", "Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"}
    members = [getattr(package, name, None) for name in dir(package)]  # some of which are loaded now
    classes = {each for each in members if isinstance(each, type) and hasattr(each, "state_dict")}
    kept = [each for each in classes if each.__name__ not in others]
    shared = {base for each in classes if each.__name__ in others for base in each.__mro__}
    owners = [next(base for base in each.__mro__ if "__init__" in vars(base)) for each in kept]
    return [owner for owner in dict.fromkeys(owners) if owner not in shared]


def _arrays(values: Any) -> list[Any]:
    """Return the arrays of a result."""
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, list | tuple):
        return [array for each in values for array in _arrays(each)]
    if hasattr(values, "detach"):
        values = values.detach().numpy()
    return [] if values is None else [values] if isinstance(values, np.ndarray | np.generic) else []


def _keep(run: _Run) -> None:
    """Keep what the run of PyTorch's program draws."""
    import torch

    run.watch(torch.nn.Module, torch.Tensor, [each for each in vars(torch.optim).values() if isinstance(each, type)])

    def keep(kind: str, result: Any, args: Any) -> Any:
        if kind == "layer":
            if run.add_layer(args[0]):
                run.draws.append((kind, {name: value.numpy().copy() for name, value in args[0].state_dict().items()}))
        elif kind == "rows":
            result = [int(row) for row in result]
            run.draws.append((kind, result))
            return iter(result)
        elif kind == "parts":
            run.draws.append((kind, [list(part.indices) for part in result]))
        else:
            value = np.array(result.detach().numpy() if hasattr(result, "detach") else result)
            if kind == "init":
                run.inits.setdefault(run.places.get(id(result)), []).append(value)
            else:
                run.draws.append((kind, 2.0 - 3.0 * value if kind == "coins" else value))
        return result

    for layer in _layers(torch.nn):
        run.draw_in(layer, ["__init__"], "layer", keep)
    names = ["randn", "rand", "randint", "randperm", "normal", "multinomial", "randn_like", "rand_like"]
    run.draw_in(torch, names, "numbers", keep)
    run.draw_in(torch, ["bernoulli"], "coins", keep)
    for name in ("normal_", "uniform_", "float"):  # which are those of the class below
        setattr(torch.Tensor, name, getattr(torch.Tensor, name))
        run.patches.callback(delattr, torch.Tensor, name)
    run.draw_in(torch.Tensor, ["normal_", "uniform_"], "numbers", keep)
    run.draw_in(torch.nn.init, [name for name in vars(torch.nn.init) if name[-1] == "_" != name[0]], "init", keep)
    for kind in vars(torch.distributions).values():
        if isinstance(kind, type):
            run.draw_in(kind, ["sample"], "numbers", keep)
    run.draw_in(torch.utils.data.RandomSampler, ["__iter__"], "rows", lambda k, rows, args: keep(k, list(rows), args))
    run.draw_in(torch.utils.data, ["random_split"], "parts", keep)
    run.replace(torch.Tensor, "float", lambda old: torch.Tensor.double)
    run.patches.callback(torch.set_default_dtype, torch.get_default_dtype())
    torch.set_default_dtype(torch.float64)
    run.replace(torch.nn.functional, "dropout", lambda old: lambda x, *args, **kwargs: x)
    run.replace(np.random, "default_rng", lambda old: lambda *args: _Kept(old(*args), run))


class _Kept:
    """A generator of NumPy whose numbers are kept."""

    def __init__(self, generator: np.random.Generator, run: _Run) -> None:
        self._generator, self._run = generator, run

    def __getattr__(self, name: str) -> Any:
        def drawn(*args: Any, **kwargs: Any) -> Any:
            result = getattr(self._generator, name)(*args, **kwargs)
            self._run.draws.append(("numbers", np.array(result)))
            return result

        return drawn


class _Given:
    """A generator that gives the numbers of the other run, and others to what is replaced later."""

    def __init__(self, following: Callable[[str], Any], run: _Run) -> None:
        self._following, self._run, self._other = following, run, np.random.default_rng(0)

    def __getattr__(self, name: str) -> Any:
        if name[:1] == "_" or self._run.depth:
            return getattr(self._other, name)

        def drawn(*args: Any, size: Any = None, dtype: Any = None, **kwargs: Any) -> Any:
            value = np.array(self._following("numbers"), dtype)
            shape = args[0] if size is None and name in ("random", "standard_normal") and args else size
            if shape is not None and value.shape != (tuple(shape) if np.iterable(shape) else (shape,)):
                raise ValueError(f"{name} draws numbers of shape {shape}, where PyTorch's program drew {value.shape}")
            return value if value.ndim else value[()]

        return drawn


def _give(run: _Run, other: _Run, text: str) -> None:
    """Give the run of the port what the other one drew."""
    rest = iter(other.draws)

    def following(*kinds: str) -> Any:
        kind, value = next(rest, ("nothing", None))
        if kind not in kinds and not (kind == "coins" and "numbers" in kinds):
            raise ValueError(f"the port draws {kinds[0]} where PyTorch's program drew {kind}")
        return value

    def give(kind: str, result: Any, args: Any) -> Any:
        if kind == "layer":
            if run.add_layer(args[0].double()):
                args[0].load_state_dict(following("layer"))
        elif kind == "rows":
            return np.array(following("rows"))
        elif kind == "parts":
            return [type(part)(part.dataset, rows) for part, rows in zip(result, following("parts"), strict=True)]
        elif kind == "init":
            values = other.inits.get(run.places.get(id(args[0])))
            if not values:
                raise ValueError("the port sets initial values where PyTorch's program sets none")
            args[0].data[...] = values.pop(0)
        else:
            value = following("numbers").astype(result.dtype)
            return value if value.shape == result.shape else np.moveaxis(value, -1, 0).reshape(result.shape)
        return result

    optimizers = [each for each in vars(nn.optim).values() if isinstance(each, type) and hasattr(each, "param_groups")]
    kinds = [
        *dict.fromkeys(kind for each in vars(nn.optim).values() if isinstance(each, type) for kind in each.__mro__)
    ]
    run.watch(nn.Module, Tensor, optimizers or [kind for kind in kinds if hasattr(kind, "zero_grad")])
    run.replace(
        nn.Parameter,
        "__init__",
        lambda old: lambda p, data, requires_grad=True, dtype=np.float64: old(p, data, requires_grad, dtype),
    )
    for layer in _layers(nn):
        run.draw_in(layer, ["__init__"], "layer", give)
    run.draw_in(nn.init, [name for name in vars(nn.init) if name[-1] == "_" != name[0]], "init", give)
    run.draw_in(nn.distributions.Distribution, ["sample"], "numbers", give)
    run.replace(nn.functional, "dropout", lambda old: lambda x, *args, **kwargs: x)
    given: Any = _Given(following, run)
    run.replace(nn.random, "_generator", lambda old: given)
    run.replace(nn.random, "manual_seed", lambda old: lambda seed: given)
    run.replace(nn, "manual_seed", lambda old: lambda seed: given)
    run.replace(np.random, "default_rng", lambda old: lambda *args: given)
    imports: list[ast.stmt] = [each for each in ast.parse(text).body if isinstance(each, ast.Import | ast.ImportFrom)]
    exec(compile(ast.Module(imports, []), "imports", "exec"), {"__name__": "imports"})
    if "datasets" in sys.modules:  # the program imports it
        datasets = sys.modules["datasets"]
        run.draw_in(datasets.RandomSampler, ["order"], "rows", give)
        run.draw_in(datasets, ["random_split"], "parts", give)


def differences(theirs: list[tuple[str, list[Any]]], ours: list[tuple[str, list[Any]]]) -> dict[str, float]:
    """Return the largest difference of each kind of result, relative to the largest number at its place."""
    kinds = [[kind for kind, _ in events] for events in (theirs, ours)]
    if kinds[0] != kinds[1]:
        raise ValueError(
            f"the programs compute different things: {len(kinds[0])} results of PyTorch, {len(kinds[1])} here"
        )
    found: dict[str, float] = {}
    for number, ((kind, first), (_, second)) in enumerate(zip(theirs, ours, strict=True)):
        if [each.shape for each in first] != [each.shape for each in second]:
            shapes = [[each.shape for each in arrays] for arrays in (first, second)]
            raise ValueError(f"{kind}, result {number}: shapes {shapes[0]} of PyTorch, {shapes[1]} here")
        wide = np.concatenate([np.ravel(each) for each in first]) if first else np.zeros(1)
        here = np.concatenate([np.ravel(each) for each in second]) if first else np.zeros(1)
        same = (wide == here) | (np.isnan(wide) & np.isnan(here))
        finite = np.abs(wide[np.isfinite(wide)])
        apart = np.abs(np.subtract(wide, here, where=~same, out=np.zeros(wide.shape, np.result_type(wide, here, 1.0))))
        scale = finite.max(initial=0.0) or 1.0
        largest = float(np.nan_to_num(apart, nan=np.inf).max(initial=0.0) / scale)
        found[kind] = max(found.get(kind, 0.0), largest)
    return found


def compare(source: str, ported: str, name: str) -> int:
    """Run both, print the largest differences, and return an exit code: 1 if they are more than rounding."""
    if find_spec("torch") is None:
        print("--compare runs PyTorch's program too: install torch, or compare where it is", file=sys.stderr)
        return 1
    run = _Run()
    with run.patches:
        _keep(run)
        run.run(source, name)
    ours = _Run()
    with ours.patches:
        _give(ours, run, ported)
        ours.run(ported, f"{name}, ported")
    try:
        found = differences(run.events, ours.events)
    except ValueError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    if not found:
        print(f"{name}: nothing to compare: it calls no model, and no loss goes back", file=sys.stderr)
        return 1
    for kind, largest in found.items():
        print(
            f"{kind}: {sum(each == kind for each, _ in run.events)} compared, largest relative difference {largest:.1e}"
        )
    return int(max(found.values()) > TOLERANCE)
