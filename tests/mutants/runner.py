"""Run the tests of the operations that a changed function is part of, in a child process in which it is changed."""

from __future__ import annotations

import gc
import importlib
import os
import re
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType

import pytest
from tqdm import tqdm

from .mutations import Mutation, codes_changed
from .reached import codes_marked, measured, statement_of

__all__ = ["Result", "Runner"]

# The tests of files that have no test file of their own name.
SUBJECTS = {
    "calculus": ("elementwise", "numerics", "value"),
    "setitem": ("writing", "index"),
    "undifferentiated": ("writing",),
    "variance": ("reduce", "statistics"),
    "quantiles": ("statistics",),
    "special": ("special",),
    "rnn": ("recurrent",),
    "rnn_steps": ("recurrent",),
    "rnn_products": ("recurrent",),
    "lstm_loops": ("recurrent",),
    "upsampling": ("resampling",),
    "likelihood_loss": ("losses", "elementwise_losses"),
    "regression_loss": ("losses", "elementwise_losses"),
    "distance": ("losses", "numerics"),
    "cross_entropy": ("losses",),
    "class_labels": ("losses", "margin_losses"),
    "loss_operands": ("losses", "elementwise_losses", "margin_losses"),
    "margin_loss": ("margin_losses",),
    "multi_margin_loss": ("margin_losses",),
    "ctc_loss": ("ctc",),
    "conv": ("convolution",),
    "correlation": ("convolution",),
    "sliding_windows": ("convolution", "pooling"),
    "fold": ("convolution", "resampling"),
    "max_pooling": ("pooling",),
    "avg_pooling": ("pooling",),
    "adaptive_pooling": ("pooling",),
    "norm": ("normalization",),
    "standardize": ("normalization",),
    "activation": ("activations",),
    "gelu": ("activations",),
    "smooth_activation": ("activations",),
    "piecewise_activation": ("activations",),
    "dropout": ("random",),
    "linear": ("layers", "gradient_places"),
    "operands": ("half_precision", "activations"),
}

KILLED, SURVIVED, NOT_THERE, NO_TIME = range(4)
SAID = {KILLED: "noticed", SURVIVED: "survived", NOT_THERE: "not there", NO_TIME: "no time"}


@dataclass(frozen=True)
class Result:
    """What the tests said of a mutant.

    Attributes
    ----------
    said
        "noticed"; "too slow", if it took too long; "survived"; "no time", if it did for as long as tests might take,
        and not all of them ran; "no test", if none is of what it is part of; or "not there", if no function has the
        changed code.
    tests
        How many tests there are.
    """

    mutation: Mutation
    said: str
    tests: int

    @property
    def noticed(self) -> bool:
        return self.said in ("noticed", "too slow")


class Runner:
    """A plugin for pytest that runs tests on mutants instead of once.

    Parameters
    ----------
    root
        The checkout.
    mutants
        What to run.
    limit
        How many seconds of computing the tests of one mutant may take; those that are left are not run.
    jobs
        How many children run at a time.
    measure
        How many seconds of computing it may take to see which tests reach which statements; 0 to choose the tests of a
        mutant by the operations that it is part of.
    """

    def __init__(self, root: Path, mutants: Sequence[Mutation], limit: float, jobs: int, measure: float = 0) -> None:
        self.root, self.mutants, self.limit, self.jobs, self.measure = root, mutants, limit, jobs, measure
        self.results: list[Result] = []
        self.items: list[pytest.Item] = []
        self.failed = False

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run all mutants."""
        from .reach import users_of

        self.items, self.users_of = session.items, users_of
        files = sorted({mutation.file for mutation in self.mutants})
        for file in files:
            importlib.import_module(".".join(Path(file).with_suffix("").parts).removesuffix(".__init__"))
        gc.unfreeze()  # what tests/conftest.py has frozen, which would not be found
        self.functions = [each for each in gc.get_objects() if type(each) is FunctionType]
        gc.collect()
        gc.freeze()  # so that children share the memory
        if self.measure:
            self.reached = measured(self.items, self._passes, partial(self._mark, files), self.measure)
        running: dict[int, tuple[Mutation, int, float]] = {}
        with tqdm(total=len(self.mutants), desc="mutants", disable=not sys.stderr.isatty()) as bar:
            for mutation in self.mutants:
                while len(running) >= self.jobs:
                    bar.update(self._collect(running))
                tests = self.chosen(mutation)
                if tests:
                    running[self._started(mutation, tests)] = mutation, len(tests), time.monotonic()
                else:
                    self._note(mutation, "no test", 0)
                    bar.update()
            while running:
                bar.update(self._collect(running))
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note in a child that a test failed."""
        self.failed |= report.failed

    def _note(self, mutation: Mutation, said: str, tests: int) -> None:
        self.results.append(Result(mutation, said, tests))
        print(f"{said:10} {tests:4} {mutation}", flush=True)

    def _collect(self, running: dict[int, tuple[Mutation, int, float]]) -> int:
        """Take the results of children that ended, and end those that wait for something."""
        done = 0
        for child, (mutation, tests, begin) in list(running.items()):
            ended, status = os.waitpid(child, os.WNOHANG)
            if not ended and time.monotonic() - begin < 600 * self.limit:
                continue
            if not ended:
                os.kill(child, signal.SIGKILL)
                _, status = os.waitpid(child, 0)
            code = os.waitstatus_to_exitcode(status)
            self._note(mutation, "too slow" if code < 0 else SAID.get(code, "noticed"), tests)
            del running[child]
            done += 1
        if not done:
            time.sleep(0.02)
        return done

    def _mark(self, files: Sequence[str]) -> None:
        _be_silent(self.items)
        for file in files:
            replace(self.functions, codes_marked(self.root, file))

    def _passes(self, item: pytest.Item) -> bool:
        self.failed = False
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        return not self.failed

    def _reaching(self, mutation: Mutation) -> list[pytest.Item]:
        """Return the tests that reach what is changed: one case of each first, of those the fast ones."""
        statement = statement_of(mutation)
        found = [(time, i) for i, (time, reached) in enumerate(self.reached) if statement in reached]
        return _interleaved(self.items[i] for _, i in sorted(found))

    def chosen(self, mutation: Mutation) -> list[pytest.Item]:
        """Return the tests of what is changed: those of operations, those whose file is of the subject, and others."""
        if self.measure:
            return self._reaching(mutation)
        path = Path(mutation.file)
        stem = path.stem.strip("_") if path.parent.name != "special" else "special"
        files = tuple(f"/test_{subject}.py" for subject in (stem, *SUBJECTS.get(stem, ())))
        users = self.users_of(str(self.root / mutation.file), mutation.functions)
        names = re.compile("|".join(rf"(?<![a-z0-9_]){re.escape(name)}(?![a-z0-9_])" for name in sorted(users)) or "$.")
        of_operations, of_subject, others = [], [], []
        for item in self.items:
            file, _, test = item.nodeid.partition("::")
            if names.search(test.partition("[")[2]) and "tests/operations" in file:
                of_operations.append(item)
            elif file.endswith(files):
                of_subject.append(item)
            elif any(name in test.lower() for name in users):  # also of a layer, whose name is in capitals
                others.append(item)
        return _in_turns([_interleaved(items) for items in (of_operations, of_subject, others)])

    def _started(self, mutation: Mutation, tests: Sequence[pytest.Item]) -> int:
        sys.stdout.flush()
        if (child := os.fork()) == 0:
            os._exit(self._tested(mutation, tests))
        return child

    def _tested(self, mutation: Mutation, tests: Sequence[pytest.Item]) -> int:
        """Change the function, and return whether a test fails; this runs in a child."""
        _be_silent(tests)
        signal.setitimer(signal.ITIMER_VIRTUAL, 4 * self.limit)  # its signal ends the child
        path = self.root / mutation.file
        if not replace(self.functions, codes_changed(mutation, path.read_text(), str(path))):
            return NOT_THERE
        begin = time.process_time()
        for item in tests:
            if not self._passes(item):
                return KILLED
            if time.process_time() - begin > self.limit and item is not tests[-1]:
                return NO_TIME
        return SURVIVED


def _be_silent(tests: Sequence[pytest.Item]) -> None:
    tests[0].config.pluginmanager.unregister(name="terminalreporter")
    for descriptor in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def _interleaved(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Return tests so that the cases of one, such as those of all operations, are far apart: each comes early."""
    groups: dict[str, list[pytest.Item]] = {}
    for item in items:
        groups.setdefault(item.nodeid.partition("[")[0], []).append(item)
    return _in_turns(list(groups.values()))


def _in_turns(groups: Sequence[Sequence[pytest.Item]]) -> list[pytest.Item]:
    """Return the first test of each group, then the second ones, and so on."""
    longest = max(map(len, groups), default=0)
    return [group[i] for i in range(longest) for group in groups if i < len(group)]


def replace(functions: Iterable[FunctionType], codes: Sequence[tuple[CodeType, CodeType]]) -> int:
    """Give the functions that run some code the changed one, and return how many there are."""
    changed = dict(codes)
    count = 0
    for function in functions:
        code = changed.get(function.__code__)
        if code is not None and code.co_freevars == function.__code__.co_freevars:
            function.__code__ = code
            count += 1
    return count
