"""`__module__` of public names: what pickles and tracebacks call them is where users import them from."""

import ast
import doctest
import importlib
import importlib.util
import inspect
import io
import pickle
import pkgutil
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any, get_overloads

import numpy as np
import pytest

import autograd
import nn
from autograd import Value, tensor

from .good_calls import fresh, good_call

sys.path.insert(0, str(Path(__file__).parent.parent))

from docs.site.public import MODULES, public_names

PACKAGES = ("autograd", "nn")
SAVED_BEFORE = Path(__file__).parent / "nn" / "saved_before"


def public_things() -> Iterator[tuple[str, str, Any]]:
    """Go through the public classes and functions, each with its module and its name."""
    for module, name in public_names():
        thing = getattr(importlib.import_module(module), name)
        if module.partition(".")[0] in PACKAGES and isinstance(thing, type | FunctionType):
            yield module, name, thing


THINGS = {f"{module}.{name}": (module, name, thing) for module, name, thing in public_things()}
SHOWN_TWICE = {"nn.utils.replacing": "autograd.extend"}
# What Hypothesis makes of a function is one of its own, which is no name of a module.
MADE_BY_HYPOTHESIS = {"autograd.testing.arrays", "autograd.testing.broadcastable_arrays"}


def test_public_names_say_that_they_are_of_their_module() -> None:
    said = {full: thing.__module__ for full, (_, _, thing) in THINGS.items()}
    assert said == {full: SHOWN_TWICE.get(full, module) for full, (module, _, _) in THINGS.items()}
    assert len(said) > 300


def methods(thing: Any) -> dict[str, FunctionType]:
    """Return the methods that are written in the statement of a class."""
    if not isinstance(thing, type):
        return {}
    return {
        name: value
        for name, value in vars(thing).items()
        if inspect.isfunction(value)
        and value.__qualname__ == f"{thing.__name__}.{name}"
        and not inspect.unwrap(value).__code__.co_filename.startswith("<")  # what dataclasses write
    }


class Reader(pickle.Unpickler):
    """A reader that notes what a pickle calls the things in it."""

    def find_class(self, module: str, name: str) -> Any:
        self.named = {*getattr(self, "named", ()), (module, name)}
        return super().find_class(module, name)


def copied(thing: Any) -> tuple[Any, set[tuple[str, str]]]:
    """Return a thing that was pickled, and the names of the packages in its pickle."""
    reader = Reader(io.BytesIO(pickle.dumps(thing)))
    found = reader.load()
    return found, {(module, name) for module, name in reader.named if module.partition(".")[0] in PACKAGES}


def test_pickles_name_public_modules() -> None:
    for full in THINGS.keys() - MADE_BY_HYPOTHESIS:
        module, name, thing = THINGS[full]
        found, named = copied(thing)
        assert found is thing
        assert named == {(SHOWN_TWICE.get(full, module), name)}


def made(kind: Callable[..., Any]) -> Any:
    """Return an object of a class, or None where no call is known that makes one."""
    if isinstance(kind, type) and issubclass(kind, BaseException):
        return kind("what happened")
    known = good_call(kind)
    return known and kind(*map(fresh, known[0]), **known[1])


CLASSES = {full: kind for full, (_, _, kind) in THINGS.items() if isinstance(kind, type)}
ERRORS = {full for full, kind in CLASSES.items() if issubclass(kind, BaseException)}
OBJECTS = {full for full, kind in CLASSES.items() if issubclass(kind, nn.Module | nn.Parameter | nn.optim.Optimizer)}
# Bases, what is given a module, and what holds a function that averages, which has no name of its own.
NOT_MADE = {
    "nn.optim.Optimizer",
    "nn.optim.swa_utils.AveragedModel",
    "nn.TransformerDecoder",
    "nn.distributed.DataParallel",
    "nn.TransformerEncoder",
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("full", sorted((OBJECTS | ERRORS) - NOT_MADE))
def test_pickles_of_objects_name_public_modules(full: str) -> None:
    thing = made(CLASSES[full])
    found, named = copied(thing)
    assert type(found) is type(thing)
    assert {module for module, _ in named} <= {*MODULES}


def test_pickles_of_numbers_name_public_modules() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    for thing in (x, nn.Parameter([1.0]), Value(2.0)):
        found, named = copied(thing)
        assert type(found) is type(thing)
        assert named
        assert {module for module, _ in named} <= {*MODULES}


@pytest.mark.thorough
def test_overloads_of_functions_are_found() -> None:
    nodes = [
        node
        for package in PACKAGES
        for path in (Path(__file__).parent.parent / package).rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
    ]
    functions = [(n.name, {*map(ast.unparse, n.decorator_list)}) for n in nodes if isinstance(n, ast.FunctionDef)]
    made = [(ast.unparse(n.targets[0]), ast.unparse(n.value)) for n in nodes if isinstance(n, ast.Assign)]
    written = {name for name, decorators in functions if "overload" in decorators}
    siblings = {name for name, value in made if value.startswith(tuple(f"sibling({other}, " for other in written))}
    written |= siblings
    assert "max_pool1d" in siblings
    found = {name for _, name, thing in THINGS.values() if isinstance(thing, FunctionType) and get_overloads(thing)}
    assert found
    assert found == {name for _, name, thing in THINGS.values() if name in written and isinstance(thing, FunctionType)}


def test_the_source_of_functions_and_methods_is_found() -> None:
    for full in THINGS.keys() - MADE_BY_HYPOTHESIS:
        thing = THINGS[full][2]
        for function in [thing] if isinstance(thing, FunctionType) else methods(thing).values():
            assert inspect.getsource(function), full


def examples_of(name: str, thing: Any) -> Iterator[tuple[str, str]]:
    """Yield the names of a class or a function and of its methods that have examples, each with its docstring."""
    parts = {name: thing, **{f"{name}.{inner}": value for inner, value in methods(thing).items()}}
    yield from ((part, value.__doc__) for part, value in parts.items() if ">>> " in (value.__doc__ or ""))


def test_doctests_of_public_names_run_once() -> None:
    """Doctest would look for them in the module that they say they are of, and there for none of the methods."""
    found: Counter[tuple[str, str]] = Counter()
    for package in (autograd, nn):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name == "autograd.visualize.pytorch" and importlib.util.find_spec("torch") is None:
                continue  # which `.[dev]` leaves out
            home = importlib.import_module(module.name)
            tests = doctest.DocTestFinder().find(home, module.name)
            found.update((test.name.removeprefix(f"{module.name}."), test.docstring or "") for test in tests)
    things = {id(thing): (name, thing) for _, name, thing in THINGS.values()}.values()
    expected = [each for name, thing in things for each in examples_of(name, thing)]
    assert [each for each in expected if found[each] != 1] == []
    assert len(expected) > 200


def trained(folder: Path, epochs: int) -> tuple[nn.Module, Any]:
    """Return what the files in `saved_before` hold after two epochs, and inputs; go on from the checkpoint if there."""
    nn.manual_seed(0)
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    optimizer = nn.optim.Adam(model.parameters(), lr=0.01)
    x = np.linspace(-1, 1, 36, dtype=np.float32).reshape(12, 3)
    saving = nn.training.Checkpoint(folder / "checkpoint.npz", resume=True)
    schedule = nn.optim.lr_scheduler.StepLR(optimizer, 1)
    batches, loss = [(x, np.arange(12) % 2)] * 2, nn.CrossEntropyLoss()
    nn.fit(model, batches, loss, optimizer, epochs=epochs, scheduler=schedule, callbacks=[saving], verbose=False)
    return model, x


def test_files_saved_before_classes_moved_load(tmp_path: Path) -> None:
    """They name no files of the source: weights in both formats, and a checkpoint to go on from."""
    whole, _ = trained(tmp_path, 2)
    for suffix in ("npz", "safetensors"):
        for name, array in nn.load(SAVED_BEFORE / f"weights.{suffix}").items():
            assert np.allclose(array, whole.state_dict()[name], rtol=1e-5, atol=1e-6)
    (tmp_path / "checkpoint.npz").unlink()
    whole, x = trained(tmp_path, 3)
    shutil.copy(SAVED_BEFORE / "checkpoint.npz", tmp_path)
    resumed, _ = trained(tmp_path, 3)
    assert np.allclose(resumed(x).data, whole(x).data, rtol=1e-5, atol=1e-6)


def test_a_pickle_that_names_a_file_of_the_source_says_which() -> None:
    """So pickles did before classes said where users import them from."""
    with pytest.raises(ModuleNotFoundError, match=re.escape("autograd.tensor")):
        pickle.loads(b"cautograd.tensor\nTensor\n.")
