"""How tests run: Hypothesis without a deadline or a database, with the same examples each time where CI is set.

``pytest -m thorough`` runs what a change does not have to wait for: tests with the mark ``thorough``, comparisons with
other engines, and the cases that tests with the mark ``one_in(count)`` leave out otherwise. ``pytest -m ""`` runs all
tests, and ``pytest --hypothesis-profile=thorough`` all with more examples (`tests/thorough.py`).
"""

import gc
import os
import signal
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

import nn
from autograd.extend import Widened
from autograd.tensors.dispatch import declare_further_functions

# What it remembers of the source and of Unicode; by default that is written beside the source.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(Path(tempfile.gettempdir()) / "hypothesis"))

settings.register_profile("default", deadline=None, database=None, max_examples=6)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=100)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "default")

# Some tests seed NumPy's own generator; without this, the first layer after that would say that this does not seed it.
nn.manual_seed(None)

# Suites go through all operations, including those that are declared when they are first called.
declare_further_functions()

OTHER_ENGINES = ("against_jax", "against_pytorch")
# Of the cases that are left out, `.ci/run` tries one part for each commit: ``PLAINGRAD_PART=2/4`` is the third of four.
PART, PARTS = map(int, os.environ.get("PLAINGRAD_PART", "0/1").split("/"))

# Tests mix dtypes for other reasons, and the first of a process would warn; `nn/test_widening.py` asks for it.
Widened.told = True

# What a script runs in the background ignores Ctrl-C; tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection() -> None:
    """Look for no garbage while tests are collected: all of it stays, and each search goes through more."""
    gc.disable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the cases that a sample leaves out; with the thorough profile nothing is left out."""
    from .thorough import THOROUGH, turn  # which knows the profile only now

    if THOROUGH and config.option.markexpr == "not thorough":
        config.option.markexpr = ""
    sampled: dict[str, list[pytest.Item]] = {}
    left: list[pytest.Item] = []
    for item in items:
        if item.path.parent.name in OTHER_ENGINES:
            item.add_marker("thorough")
        if item.get_closest_marker("one_in"):
            sampled.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for cases in sampled.values():
        (count,) = next(cases[0].iter_markers("one_in")).args
        kept = [case for case in cases if not turn(case.name, count)] or cases[:1]
        for case in {*cases}.difference(kept):
            case.add_marker("thorough")
            if turn(f"part {case.name}", PARTS) != PART:
                left.append(case)
    if left and config.option.markexpr == "thorough":
        config.hook.pytest_deselected(items=left)
        others = {*left}
        items[:] = [item for item in items if item not in others]


def pytest_collection_finish() -> None:
    """Leave what tests are made of out of the garbage collections that tests ask for."""
    gc.collect()
    gc.freeze()
    gc.enable()
