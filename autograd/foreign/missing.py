"""Names from PyTorch, JAX, TensorFlow and micrograd, their equivalents here, and the errors that name them.

The errors are for missing names and arguments; the page "Coming from PyTorch" is generated from the same names. They
are in text files, a table below the name of the class or module that lacks the names, then a name, or several, and the
equivalent in each line. Code stands in backticks, as on the page; ``t`` is a tensor, ``m`` a module, and ``F`` is
`nn.functional`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache, wraps
from importlib import import_module
from inspect import getattr_static
from opcode import opmap
from operator import itemgetter
from typing import Any, NoReturn, TypeVar, cast

from .. import later

__all__ = ["LAYER_KEYWORDS", "explain", "install", "keywords_from", "listed", "lookup", "refuse_keywords"]

F = TypeVar("F", bound=Callable[..., Any])
_IMPORT_FROM = opmap["IMPORT_FROM"]


@cache
def tables(file: str) -> dict[str, dict[str, str]]:
    """Return the tables of a text file, by their names."""
    found: dict[str, dict[str, str]] = {}
    table: dict[str, str] = {}
    with open(os.path.join(os.path.dirname(__file__), file), encoding="utf-8") as lines:
        for line in lines.read().splitlines():
            name, colon, here = line.partition(": ")
            if colon:
                table.update(dict.fromkeys(name.split(", "), here))
            elif line:
                table = found[line.strip("[]")] = {}
    return found


# By the name of the class whose objects they are missing in, or of the module; those of `nn` are in `layer_names.txt`.
NAMES = tables("names.txt")
KEYWORDS = NAMES.pop("keywords")
OF_ARRAYS = NAMES.pop("ndarray")  # and what tensors lack, too
ONLY_ARRAYS = NAMES.pop("only ndarrays")  # what NumPy's have, or pandas' tables, and tensors lack
# Of `grad` and `value_and_grad`, from JAX.
GRAD_KEYWORDS = NAMES.pop("keywords of grad")
# Of `scan` and `while_loop`, from `jax.lax`.
SCAN_KEYWORDS, WHILE_KEYWORDS = NAMES.pop("keywords of scan"), NAMES.pop("keywords of while_loop")
# Of the functions and classes of `nn`, from Keras, scikit-learn and PyTorch.
LAYER_KEYWORDS = NAMES.pop("keywords of nn")
# Of `tensor`, from PyTorch, TensorFlow and the lecture about micrograd.
TENSOR_KEYWORDS = NAMES.pop("keywords of tensor")
# Of `compile`, from `torch.compile`, `jax.jit`, `numba.jit` and `tf.function`.
COMPILE_KEYWORDS = NAMES.pop("keywords of compile")
# Those of `jax.jit` that are taken and mean nothing: what is not an array or a float is a constant of a program anyhow.
OF_JIT = frozenset(("donate_argnames", "donate_argnums", "inline", "keep_unused", "static_argnames", "static_argnums"))


class _Missing:
    """A missing attribute; reading it raises an error with the name to use here.

    Unlike a `__getattr__` of the class, it makes no other access slower: with one, Python no longer specialises how it
    reads the attributes that exist.
    """

    def __init__(self, name: str, here: str) -> None:
        self._name, self._here = name, here

    def __get__(self, owner: Any, kind: type) -> NoReturn:
        raise _error(f"{kind.__name__!r} object", self._name, self._here)


class _Fixed(_Missing):
    """A missing attribute that cannot be assigned either, since that would have no effect."""

    def __set__(self, owner: Any, value: Any) -> NoReturn:
        raise _error(f"{type(owner).__name__!r} object", self._name, self._here)


def install(kind: type, fixed: Collection[str] = ()) -> None:
    """Have the objects of a class raise errors for names from other libraries that say what to use instead.

    Parameters
    ----------
    kind
        The class, which has a table in `foreign/names.txt`.
    fixed
        The names that cannot be assigned either.
    """
    for name, here in (NAMES[kind.__name__] | (ONLY_ARRAYS if kind.__name__ == "Tensor" else {})).items():
        setattr(kind, name, (_Fixed if name in fixed else _Missing)(name, here))


def listed(owner: object, names: Iterable[str]) -> list[str]:
    """Return those of `names`, which `dir` would list, that the object really has."""
    own = getattr(owner, "__dict__", {})
    return [name for name in names if name in own or not isinstance(getattr_static(type(owner), name, None), _Missing)]


def lookup(module: str, *near: str) -> Callable[[str], NoReturn]:
    """Return the ``__getattr__`` of a module, which says what to use instead of names from other libraries.

    Parameters
    ----------
    module
        The name of the module, which has a table in `foreign/names.txt` or `foreign/layer_names.txt`.
    *near
        Names of other modules to search for the name, ignoring its case and underscores at its end.
    """
    # PyTorch has most methods of tensors as functions too.
    of_tensors = NAMES["Tensor"] if module == "autograd" else {}

    def __getattr__(name: str) -> NoReturn:  # noqa: N807  # the name that a module gives it
        here = None
        if name in sys.modules[module].__all__:
            raise AttributeError(
                f"{module}.__all__ has {name!r}: import it there, or write it into what lazy_names is given"
            )
        if name[:1] != "_":
            here = equivalents(module).get(name) or _near(name, module, near) or of_tensors.get(name)
        if here is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name, obj=sys.modules[module])
        error = _error(f"module {module!r}", name, here)
        caller: Any = sys._getframe(1)
        while caller.f_globals.get("__name__") in (module, later.__name__):  # which look elsewhere first
            caller = caller.f_back
        if caller.f_code.co_code[caller.f_lasti] == _IMPORT_FROM:  # which hides the message of an AttributeError
            raise ImportError(str(error), name=module)
        raise error

    return __getattr__


def equivalents(owner: str) -> Mapping[str, str]:
    """Return the names that a class or a module lacks, with what they are here, as errors and pages show it.

    Parameters
    ----------
    owner
        The name of the class or module, such as ``"Tensor"`` or ``"nn.functional"``.
    """
    owner = owner.replace("autograd.hips.", "autograd.")  # as programs for HIPS autograd import it
    return (NAMES if owner in NAMES else tables("layer_names.txt"))[owner]


def _near(name: str, module: str, near: tuple[str, ...]) -> str | None:
    """Return the probable meaning of a name: a submodule that has to be imported, or a similar name nearby."""
    from importlib.util import find_spec  # only errors need it

    home = sys.modules[module]
    if hasattr(home, "__path__") and find_spec(f"{module}.{name}") is not None:
        return f"a module, which import {module}.{name} loads"
    alike = [
        (known != name, f"{place.__name__}.{known}")
        for place in (home, *map(import_module, near))
        for known in place.__all__
        if known.rstrip("_").lower() == name.rstrip("_").lower()
    ]
    return min(alike, key=itemgetter(0))[1] if alike else None


def refuse_keywords(
    what: str, given: Collection[str], names: Mapping[str, str] = KEYWORDS, known: Collection[str] | None = None
) -> None:
    """Raise if one of the keyword arguments given to `what` has another name here than in other libraries.

    `names` is the table of `foreign/names.txt` that says which; with the names of all arguments, `known`, what is in
    neither is refused as well.
    """
    for name in given:
        if known is not None and name in known:
            continue
        if name in names:
            raise TypeError(f"{what} has no argument {name!r}: here it is {_plain(names[name])}")
        if known is not None:
            from difflib import get_close_matches  # only errors need it

            near = get_close_matches(name, known, 1)
            remedy = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}"
            raise TypeError(f"{what} has no argument {name!r}: {remedy}")


def explain(error: BaseException) -> None:
    """Add to an error of Python or NumPy what to write, where a program uses PyTorch's words on an ndarray or a number.

    Whoever runs the user's code calls it with what that raises: NumPy's arrays cannot say it themselves.
    """
    note, text = "", str(error)
    if isinstance(error, AttributeError) and type(error.obj).__module__ == "numpy":
        if here := {**NAMES["Tensor"], **OF_ARRAYS}.get(str(error.name)):
            note = f"here it is {_plain(here)} (an ndarray, as buffers, p.data and what NumPy returns are)"
    elif isinstance(error, TypeError) and text == "'int' object is not callable":
        from traceback import extract_tb  # only errors need it

        if any(".size(" in (line.line or "") for line in extract_tb(error.__traceback__)[-1:]):
            note = "here it is t.shape[0] for t.size(0): t.size is the number of elements"
    elif isinstance(error, TypeError | ValueError) or type(error).__module__.startswith("numba."):
        bare = tables("remedies.txt")["errors"]  # what errors of NumPy, and of others, leave unsaid
        note = next((note for pattern, note in bare.items() if re.search(pattern, text)), "")
    if note and note not in getattr(error, "__notes__", ()):
        error.add_note(note)


def keywords_from(names: Mapping[str, str]) -> Callable[[F], F]:
    """Let a function say what those of its arguments are called here that have another name in other libraries.

    Python itself would say, of ``scan(f=step, init=0.0)``, that ``step`` and ``state`` are missing.
    """

    def decorated(function: F) -> F:
        @wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            if kwargs:
                refuse_keywords(function.__name__, kwargs, names)
            return function(*args, **kwargs)

        return cast(F, called)

    return decorated


def _error(owner: str, name: str, here: str) -> AttributeError:
    # without an object, or Python would suggest its most similar name
    return AttributeError(f"{owner} has no attribute {name!r}: here it is {_plain(here)}", name=name, obj=None)


def _plain(here: str) -> str:
    return here.replace("`", "")
