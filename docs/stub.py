"""The stub of the methods that declarations install on tensors: NumPy's signatures, with types."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.primitives.declare import OPERATORS
from docs import reasons

HEAD = '''"""The methods that declarations install on tensors, for type checkers. Written by docs/generate.py."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, SupportsIndex, TypedDict, Unpack

from numpy.typing import DTypeLike

from .hooks import Handle
from .tensor import Array, Axis, Tensor, TensorLike
from .types import Casting, Index, Mode, Order, SortKind

class UfuncOptions(TypedDict, total=False):
    out: Array | None
    where: TensorLike
    dtype: DTypeLike | None
    casting: Casting
    order: Order
    subok: bool

class Installed:
'''
WIDTH = 120
UNARY = {"neg", "pos", "abs", "invert"}
BINARY = set(OPERATORS.values()) - UNARY
# What the parameters of that name take, in all methods alike.
TYPES = {
    "a": "TensorLike", "axis": "Axis", "axis1": "int", "axis2": "int", "b": "TensorLike", "casting": "Casting",
    "condition": "TensorLike", "copy": "bool | None", "correction": "float", "ddof": "float", "decimals": "int",
    "deg": "bool", "destination": "int | Sequence[int]", "dtype": "DTypeLike | None",
    "hook": "Callable[[Tensor], TensorLike | None]", "ind": "TensorLike", "indices": "TensorLike",
    "initial": "TensorLike",
    "keepdims": "bool", "kind": "SortKind | None", "kth": "int | Sequence[int]", "max": "TensorLike | None",
    "mean": "TensorLike", "min": "TensorLike | None", "mode": "Mode", "offset": "int", "order": "Order",
    "out": "Array | None", "repeats": "TensorLike", "shape": "int | Sequence[int]", "shift": "int | Sequence[int]",
    "side": 'Literal["left", "right"]', "sorter": "TensorLike | None", "source": "int | Sequence[int]",
    "stable": "bool | None", "subok": "bool", "v": "TensorLike", "value": "TensorLike", "where": "TensorLike",
    "y": "TensorLike",
}  # fmt: skip
# Where one method takes something else by that name.
SPECIAL = {
    ("argmax", "axis"): "int | None", ("argmin", "axis"): "int | None", ("argpartition", "axis"): "int | None",
    ("argpartition", "kind"): 'Literal["introselect"]', ("argpartition", "order"): "str | Sequence[str] | None",
    ("argsort", "axis"): "int | None", ("argsort", "order"): "str | Sequence[str] | None",
    ("astype", "dtype"): "DTypeLike", ("compress", "axis"): "int | None", ("cumprod", "axis"): "int | None",
    ("cumsum", "axis"): "int | None", ("expand_dims", "axis"): "int | tuple[int, ...]",
    ("norm", "ord"): 'float | Literal["fro", "nuc"] | None',
    ("register_post_accumulate_grad_hook", "hook"): "Callable[[Tensor], object]", ("repeat", "axis"): "int | None",
    ("reshape", "shape"): "SupportsIndex | Sequence[SupportsIndex]", ("sort", "axis"): "int",
    ("sort", "order"): "str | Sequence[str] | None", ("take", "axis"): "int | None",
    ("transpose", "axes"): "SupportsIndex | Sequence[SupportsIndex] | None",
}  # fmt: skip
RESULTS = {"divmod": "tuple[Tensor, Tensor]", "nonzero": "tuple[Array, ...]", "count_nonzero": "Any"}
BY_HAND = {
    "__eq__": "other: object) -> Any",  # of the type bool, says `object`
    "__getitem__": "key: Index) -> Tensor",
    "__ne__": "other: object) -> Any",
    "__round__": "ndigits: int | None = None) -> Tensor",
    "__setitem__": "key: Index, value: TensorLike) -> None",
}


def text(written: str) -> str:
    """Return the text of the stub file; methods that only another NumPy version has are kept as `written`."""
    installed = {name: value for name in [*vars(Tensor)] if is_installed(value := getattr(Tensor, name, None))}
    for name in ("_trace", "_value", "register"):  # for programs that are written for HIPS autograd
        installed.pop(name, None)
    found = {name: declaration(name, value) for name, value in installed.items()}
    elsewhere = {full.rpartition(".")[2] for full in reasons.ONLY} - found.keys()
    for line in written.splitlines():
        name = line.strip().removeprefix("def ").partition("(")[0]
        if name in elsewhere:
            found[name] = [line.strip()]
    return HEAD + "".join(f"    {line}\n" for name in sorted(found) for line in found[name])


def is_installed(value: Any) -> bool:
    """Tell whether a declaration installed an attribute of the class."""
    function = value.fget if isinstance(value, property) else value
    home = getattr(function, "__module__", "")
    return callable(function) and home.partition(".")[0] == "autograd" and home != "autograd.tensors.tensor"


def declaration(name: str, value: Any) -> list[str]:
    """Return the lines that declare one attribute."""
    if isinstance(value, property):
        return ["@property", f"def {name}(self) -> {'bool' if name == 'retains_grad' else 'Tensor'}: ..."]
    bare = name.strip("_") if name.startswith("__") else ""
    if name in BY_HAND:
        return [f"def {name}(self, {BY_HAND[name]}: ..."]
    if bare in UNARY:
        return [f"def {name}(self) -> Tensor: ..."]
    if bare in BINARY or (bare[:1] in ("r", "i") and bare[1:] in BINARY):
        return [f"def {name}(self, other: TensorLike) -> {RESULTS.get(bare.removeprefix('r'), 'Tensor')}: ..."]
    function = declared(value)
    return wrapped(name, ["self", *parameters(name, function)], result(name, value))


def declared(value: Any) -> Callable[..., Any]:
    """Return the function whose parameters a method has."""
    operation = getattr(value, "operation", None)
    if operation is not None:
        return operation.function if isinstance(operation.function, np.ufunc) else operation.forward  # type: ignore[no-any-return]  # a function
    if value.__qualname__.startswith("_on_arrays."):  # on tensors it is NumPy's function of their arrays
        return inspect.getclosurevars(value).nonlocals["function"]  # type: ignore[no-any-return]  # a function
    return inspect.unwrap(value)  # type: ignore[no-any-return]  # a function


def result(name: str, value: Any) -> str:
    """Return the type of the result of a method."""
    declared = getattr(value, "__annotations__", {}).get("return")
    if name in RESULTS or declared in ("None", "Handle"):
        return RESULTS.get(name, declared)
    return "Array" if getattr(value, "__qualname__", "").startswith("_on_arrays.") else "Tensor"


# Parameters that only the latest NumPy has: the stub is the same for all that are supported.
RECENT = {"descending"}


def parameters(name: str, function: Callable[..., Any]) -> list[str]:
    """Return the parameters of a method beyond the tensor itself, with their types."""
    if isinstance(function, np.ufunc):
        others = ["other: TensorLike, /"] if function.nin == 2 else []
        return [*others, "**options: Unpack[UfuncOptions]"]
    written = []
    beyond = list(inspect.signature(function).parameters.values())[1:]
    for parameter in beyond:
        if parameter.name in RECENT or parameter.name == "further":  # which is refused
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not any("*" in one for one in written):
            written.append("*")
        star = "*" if parameter.kind is parameter.VAR_POSITIONAL else ""
        kind = SPECIAL.get((name, parameter.name)) or TYPES[parameter.name]
        default = "" if parameter.default is parameter.empty else f" = {shown(parameter.default)}"
        written.append(f"{star}{parameter.name}: {kind}{default}")
    return written


def shown(default: Any) -> str:
    """Return a default as a stub shows it: what is no number, word or None, such as NumPy's `no value`, is ``...``."""
    if isinstance(default, str):
        return f'"{default}"'
    return repr(default) if default is None or isinstance(default, bool | int | float) else "..."


def wrapped(name: str, given: list[str], returned: str) -> list[str]:
    """Return the lines of a declaration as the formatter breaks them."""
    whole = f"def {name}({', '.join(given)}) -> {returned}: ..."
    if len(whole) + 4 <= WIDTH:
        return [whole]
    inside = ", ".join(given)
    lines = [f"    {inside}"] if len(inside) + 8 <= WIDTH else [f"    {one}," for one in given]
    return [f"def {name}(", *lines, f") -> {returned}: ..."]


def write(path: Path) -> None:
    """Write the stub file."""
    path.write_text(text(path.read_text()))
