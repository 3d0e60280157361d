"""How much the types of signatures say: `python -m tests.public_types` prints what says nothing.

Counted are the parameters and results that users reach, and the parameters of every function without an underscore.
"""

import ast
import collections.abc
import functools
import importlib
import importlib.util
import inspect
import sys
import types
import typing
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import autograd
from autograd.primitives.types import Operation

ROOT = Path(__file__).parent.parent
PACKAGES = ("autograd", "nn", "datasets")
STUB = ROOT / "autograd" / "tensors" / "methods.pyi"
DOOR, TYPES = "autograd.arrays.door", "autograd.tensors.types"
MODULES = ("autograd", "autograd.extend", "autograd.scipy.fft", "autograd.scipy.integrate",
           "autograd.scipy.interpolate", "autograd.scipy.linalg", "autograd.scipy.optimize", "autograd.scipy.signal",
           "autograd.scipy.sparse", "autograd.scipy.sparse.linalg", "autograd.scipy.spatial.distance",
           "autograd.scipy.stats", "autograd.special", "autograd.testing", "nn", "nn.distributions",
           "nn.distributions.constraints", "nn.functional", "nn.optim",
           "nn.optim.lr_scheduler", "nn.optim.swa_utils", "nn.init", "nn.training", "nn.utils", "nn.utils.rnn",
           "nn.plots", "nn.onnx", "datasets", "datasets.transforms")  # fmt: skip
# What Python, NumPy and the array API call, not a user.
PROTOCOLS = ("__array", "__dlpack", "__reduce", "__getattr", "__setattr", "__delattr", "__getstate", "__setstate",
             "__eq__", "__ne__", "__init_subclass__", "__exit__", "__deepcopy__", "__dir__", "__class")  # fmt: skip

CONTAINERS = (tuple, list, dict, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Mapping)


class Place(NamedTuple):
    """A parameter, or the result, of a public function, and its type."""

    owner: str
    name: str
    kind: Any


def says_nothing(kind: Any) -> bool:
    """Tell whether a type allows anything: it is missing, `Any`, any function, or a tuple or list of anything."""
    if kind in (inspect.Parameter.empty, Any, object, Callable, collections.abc.Callable):
        return True
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return any(says_nothing(one) for one in arguments if typing.get_origin(one) not in CONTAINERS)
    if origin is collections.abc.Callable:
        return list(arguments) == [..., Any]
    return origin in CONTAINERS and all(one is ... or says_nothing(one) for one in arguments)


def places() -> Iterator[Place]:
    """Yield all parameters and results of public functions, constructors and methods."""
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        for name in module.__all__:
            yield from of_object(f"{module_name}.{name}", getattr(module, name))
    for name, function in stub_methods():
        yield from of_function(f"autograd.Tensor.{name}", function, bound=True)


def of_object(owner: str, value: Any) -> Iterator[Place]:
    """Yield the places of a public name: a function, a class or an operation."""
    if inspect.isclass(value):
        if not issubclass(value, Exception):
            yield from of_class(owner, value)
    elif inspect.isfunction(inspect.unwrap(value)) and not hasattr(value, "operation"):
        yield from of_function(owner, value, bound=False)
    elif hasattr(value, "operation"):
        yield from of_operation(owner)


def of_class(owner: str, kind: type) -> Iterator[Place]:
    """Yield the places of what a class defines itself; its stub has what declarations install."""
    for name, value in vars(kind).items():
        if name.startswith(PROTOCOLS) or (name.startswith("_") and not name.startswith("__")):
            continue
        bound = not isinstance(value, staticmethod)
        plain: Any = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        function = inspect.unwrap(plain)
        if not inspect.isfunction(function) or function.__qualname__.partition(".")[0] != kind.__name__:
            continue  # an attribute, or a method that was made elsewhere
        if function.__code__.co_filename == "<string>":
            continue  # made by dataclass() from the types of the fields
        if not (kind is autograd.Tensor and name in dict(stub_methods())):
            yield from of_function(f"{owner}.{name}", function, bound=bound)


def of_function(owner: str, function: Any, *, bound: bool) -> Iterator[Place]:
    """Yield the places of a function, or of its overloads if it has any: those are what a caller is shown."""
    if not function.__module__.startswith("autograd.testing"):  # Hypothesis wraps them in modules of its own
        function = inspect.unwrap(function)
    for form in typing.get_overloads(function) or [function]:
        signature = inspect.signature(form)
        for parameter in list(signature.parameters.values())[bound:]:
            yield Place(owner, parameter.name, evaluated(parameter.annotation, form))
        yield Place(owner, "return", evaluated(signature.return_annotation, form))


def of_operation(owner: str) -> Iterator[Place]:
    """Yield the places of a declared operation: those of the type of what a declaration returns."""
    yield from of_function(owner, Operation.__call__, bound=True)


def evaluated(annotation: Any, function: Any) -> Any:
    """Return the type that an annotation stands for; a result None is said by it."""
    home = function.__globals__["__name__"]
    if home.startswith("hypothesis"):  # which wraps the strategies
        home = "autograd.testing.points.strategies"
    return kind_of(annotation, names_for(home) if home in sys.modules else function.__globals__)


def kind_of(annotation: Any, names: dict[str, Any]) -> Any:
    """Return the type that an annotation stands for; an alias may be written as a string too, as `TensorLike` is."""
    try:
        while isinstance(annotation, str):
            annotation, names = (
                eval(annotation, names),
                {**names_for("autograd.tensors.tensor"), **names_for(TYPES), **names},
            )
    except TypeError:  # it has parameters in its stubs alone, as a Series of pandas has
        return annotation
    return annotation


def parameters_everywhere() -> Iterator[Place]:
    """Yield the parameters of all functions and methods in all files, but for those whose names begin with ``_``."""
    for path in (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))):
        home = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if home.startswith("autograd.hips"):
            continue  # another library's functions, which take whatever they took there
        importlib.import_module(home)
        for function in functions_of(ast.parse(path.read_text())):
            given = function.args
            every = (*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg)
            for parameter in filter(None, every):
                if parameter.arg not in ("self", "cls"):
                    written = ast.unparse(parameter.annotation) if parameter.annotation else "Any"
                    yield Place(f"{home}.{function.name}", parameter.arg, kind_of(written, names_for(home)))


def functions_of(node: ast.AST) -> Iterator[ast.FunctionDef]:
    """Yield the functions defined in a module and in its classes, without those within functions.

    Those of a protocol are counted where classes define them.
    """
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.FunctionDef | ast.ClassDef) and inner.name.startswith("_"):
            continue
        if isinstance(inner, ast.ClassDef) and "Protocol" in map(ast.unparse, inner.bases):
            continue
        if isinstance(inner, ast.FunctionDef):
            yield inner
        else:
            yield from functions_of(inner)


@functools.cache
def names_for(home: str) -> dict[str, Any]:
    """Return the names that annotations in a module may use, those imported for type checkers alone included."""
    module = sys.modules[home]
    names = dict(vars(module))
    if home != DOOR:  # which has names that stand for what is not loaded for them
        names |= {name: kind for name, kind in names_for(DOOR).items() if names.get(name) is object}
    for node in ast.parse(Path(str(module.__file__)).read_text()).body:
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for statement in node.body:
                define(statement, names)
    return names


def define(statement: ast.stmt, names: dict[str, Any]) -> None:
    """Add what a statement for type checkers imports or defines, but for the stub, which is no module."""
    if isinstance(statement, ast.ImportFrom):
        home = importlib.util.resolve_name("." * statement.level + (statement.module or ""), names["__package__"])
        if home != "autograd.tensors.methods":
            module = importlib.import_module(home)
            for alias in statement.names:
                found = getattr(module, alias.name, None)
                names[alias.asname or alias.name] = names_for(home)[alias.name] if found is None else found
        return
    exec(compile(ast.Module([statement], []), "types", "exec"), names)
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.value, ast.Constant):
        alias_name = ast.unparse(statement.target)  # written as a string
        names[alias_name] = eval(names[alias_name], names)


@functools.cache
def stub_methods() -> tuple[tuple[str, Any], ...]:
    """Return the methods that declarations install, by name, with the types that their stub gives them."""
    names = {**names_for("autograd.tensors.tensor"), "__name__": "autograd.tensors.methods"}
    tree = ast.parse("from __future__ import annotations\n" + STUB.read_text())
    tree.body = [node for node in tree.body if not (isinstance(node, ast.ImportFrom) and node.module == "tensor")]
    exec(compile(tree, str(STUB), "exec"), names)
    found = []
    for name, value in vars(names["Installed"]).items():
        function = value.fget if isinstance(value, property) else value
        if inspect.isfunction(function) and not name.startswith(PROTOCOLS):
            found.append((name, function))
    return tuple(found)


def count(found: Iterator[Place], room_of: Callable[[str], str]) -> dict[str, tuple[int, int]]:
    """Return for each room how many types say nothing, of how many; `room_of` gives the room of an owner."""
    total: Counter[str] = Counter()
    empty: Counter[str] = Counter()
    for place in found:
        room = room_of(place.owner)
        total[room] += 1
        empty[room] += says_nothing(place.kind)
    return {room: (empty[room], total[room]) for room in total}


def count_public() -> dict[str, tuple[int, int]]:
    """Return for each public module how many of the types that users reach say nothing, of how many."""
    longest_first = sorted(MODULES, key=len, reverse=True)
    return count(places(), lambda owner: next(name for name in longest_first if owner.startswith(f"{name}.")))


def count_everywhere() -> dict[str, tuple[int, int]]:
    """Return for each folder how many parameters say nothing, of how many."""
    return count(parameters_everywhere(), lambda owner: "/".join(owner.split(".")[:2]))


def report(found: Iterator[Place], counted: dict[str, tuple[int, int]]) -> None:
    """Print what says nothing, and how much of each room that is."""
    for place in found:
        if says_nothing(place.kind):
            print(f"{place.owner}: {place.name}: {place.kind}")
    sums = tuple(map(sum, zip(*counted.values(), strict=True)))
    for room, (empty, total) in {**counted, "all": sums}.items():
        print(f"{room:25} {empty:5} of {total:5}  {empty / total:6.1%}")


if __name__ == "__main__":
    print("Parameters and results that users reach")
    report(places(), count_public())
    print("\nParameters of all functions without an underscore")
    report(parameters_everywhere(), count_everywhere())
