"""What is loaded when it is first asked for, so that `import autograd` stays quick: names of packages, whole modules.

A lower floor asks for a module of a higher one by what it has, as in ``load("sparse products")``. Where that is only
`autograd` itself says, which stands above all floors.

Public names say that they are from the module that users import them from, whichever file they are in: `set_module`.
"""

import gc
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any, get_overloads, overload


def set_module(module: str, *things: object) -> None:
    """Set the ``__module__`` of classes and functions, whichever file of the package defines them.

    Pickles and tracebacks refer to that module, so they stay the same when a file is moved or renamed. Things that
    another package defines keep their module, except for operations, which belong to the module that declares them.

    Parameters
    ----------
    module
        The name of the module that users import them from, such as ``__name__`` in the ``__init__`` of a package.
    *things
        Classes and functions. Anything else is left alone.

    Examples
    --------
    >>> from autograd.extend import elementwise, set_module
    >>> cube = elementwise(lambda x: x**3, lambda g, x: g * 3 * x**2, name="cube")
    >>> set_module("powers", cube)
    >>> cube.__module__
    'powers'
    """
    if not isinstance(module, str):
        raise TypeError(f"set_module() takes the name of a module, such as __name__, not {type(module).__name__}")
    package = module.partition(".")[0]
    for thing in things:
        if isinstance(thing, type | FunctionType):
            home = thing.__module__.partition(".")[0]
            if home == package or hasattr(thing, "operation"):
                forms = get_overloads(thing) if isinstance(thing, FunctionType) else ()
                thing.__module__ = module
                for form in forms:  # Python registers them by module
                    form.__module__ = module
                    overload(form)


homes: dict[str, str] = {}


def load(what: str) -> ModuleType:
    """Import the module that has what is asked for."""
    return import_module(homes[what])


@contextmanager
def importing() -> Iterator[None]:
    """Import the modules of a package without garbage collections.

    They make thousands of objects that stay: collections in between would visit them again and again.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            if not gc.get_freeze_count():  # these objects are moved to the oldest generation, without a look at each
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def lazy_names(
    namespace: dict[str, Any],
    *,
    own: Mapping[str, Collection[str]] | None = None,
    others: Mapping[str, Collection[str]] | None = None,
    modules: Collection[str] = (),
    otherwise: Callable[[str], Any] | None = None,
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Give a module a ``__getattr__`` and a ``__dir__`` that load its names when they are first asked for.

    They are returned too. A module that assigns them has any name for type checkers, which others need not have: they
    import their names in ``if typing.TYPE_CHECKING:``.

    Parameters
    ----------
    namespace
        The ``globals()`` of the module.
    own
        Its public names, by the modules of its package that define them; ``"f as g"`` is there called ``f``. They get
        its name as their ``__module__``.
    others
        The same for names that it hands on from another public module.
    modules
        Modules of the package.
    otherwise
        Called with any other name: finds it elsewhere, or raises a better error than Python's.
    """
    module, package = namespace["__name__"], namespace["__package__"]
    homes_of_own, homes_of_others = _homes(own), _homes(others)

    def __getattr__(name: str) -> Any:  # noqa: N807  # the name that the module gives it
        if name in homes_of_own:
            home = homes_of_own[name][0]
            loaded = import_module(f".{home}", package)
            together = {each: getattr(loaded, there) for each, (of, there) in homes_of_own.items() if of == home}
            set_module(module, *together.values())
            namespace.update(together)
            return together[name]
        if name in homes_of_others:
            home, there = homes_of_others[name]
            return getattr(import_module(f".{home}", package), there)
        if name in modules:
            return import_module(f".{name}", package)
        if otherwise is not None:
            return otherwise(name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    def __dir__() -> list[str]:  # noqa: N807
        return sorted({*namespace, *namespace.get("__all__", homes_of_others)})

    namespace.update(__getattr__=__getattr__, __dir__=__dir__)
    return __getattr__, __dir__


class Announced(ModuleType):
    """Stands for a module among those that are loaded, and loads it when it is first asked for anything."""

    def __getattribute__(self, name: str) -> Any:
        """Return what the module has."""
        module = object.__getattribute__(self, "__dict__")["__name__"]
        if sys.modules.get(module) is self:
            del sys.modules[module]
        return getattr(import_module(module), name)


def _homes(table: Mapping[str, Collection[str]] | None) -> dict[str, tuple[str, str]]:
    """Return the module of each name, and what it is called there."""
    homes = {}
    for home, names in (table or {}).items():
        for name in names:
            there, _, here = name.rpartition(" as ")
            homes[here] = home, there or here
    return homes
