"""Run the tests that a change can reach, the nearest first: ``python -m tests.affected autograd/ops/reduce.py``.

A test is near a changed file if it is called with a name that the file defines, or mentions one; less near if it
mentions what the modules define that import the file, and so on. A name that few test files mention says more than one
that many do. Where none mentions a public name, it is new, and the tests of lists that are kept by hand come first. Of
the nearest files with tests, those are begun that fit in the time; the rest is counted.
"""

import argparse
import ast
import re
import sys
import time
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from .test_layout import all_imports, modules

ROOT = Path(__file__).parent.parent
WHOLE = {Path("tests/test_layout.py"), Path("tests/test_sizes.py")}  # what holds for the source as a whole
# Suites that are called with every operation, or every function of `nn`, and mention none.
OF_OPERATIONS, RULES = "operations", ("autograd/ops/", "autograd/calculus.py", "nn/functional/")
OF_LISTS = {"assert_listed", "assert_complete"}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.affected", description=__doc__, epilog="Further options go to pytest."
    )
    parser.add_argument("files", nargs="+", type=Path, help="what was changed: files of the source or of the tests")
    parser.add_argument("--seconds", type=float, default=40.0, help="how long tests are begun (default: 40)")
    parser.add_argument("--count", type=int, default=40, help="how many files with tests are collected (default: 40)")
    parser.add_argument("--list", action="store_true", help="print these files, and run nothing")
    options, further = parser.parse_known_args()
    changed = [path.resolve().relative_to(ROOT) for path in options.files]
    chosen = nearest(changed)[: options.count]
    if options.list:
        print(*chosen, sep="\n")
        return 0
    names = {name for path in changed for name in defined(path)}
    doctests = [str(path) for path in changed if path.parts[0] != "tests" and path.suffix == ".py"]
    arguments = ["-q", "-m", "", "-p", "no:cacheprovider", *further, *map(str, chosen), *doctests]
    return pytest.main(arguments, [Nearest(names, chosen, options.seconds)])


@cache
def defined(path: Path) -> frozenset[str]:
    """Return the names that a file defines at its top level, and those of the functions that it declares rules of."""
    found: set[str] = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body if path.suffix == ".py" else ():
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            found |= {each.attr for each in node.value.args[:1] if isinstance(each, ast.Attribute)}
    return frozenset(name for name in found if not name.startswith("__") and len(name) > 1)


@cache
def mentioned(path: Path) -> frozenset[str]:
    """Return the names that a test file imports, calls or reads from something, and those that are its strings."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        match node:
            case ast.Attribute(attr=name) | ast.Call(func=ast.Name(id=name)) | ast.Constant(value=str() as name):
                found.add(name)
            case ast.ImportFrom(module=module, names=names):
                found |= {(module or "").rpartition(".")[2], *(each.name for each in names)}
    return frozenset(found)


def nearest(changed: list[Path]) -> list[Path]:
    """Return the files with tests that a change can reach, the nearest first."""
    tests = [path.relative_to(ROOT) for path in sorted((ROOT / "tests").rglob("test_*.py"))]
    paths = {name: path.relative_to(ROOT) for name, path in modules().items()}
    count = Counter(word for path in tests for word in mentioned(path))
    scores: dict[Path, float] = dict.fromkeys(tests, 0.0)
    seen = reached = {name for name, path in paths.items() if path in changed}
    for weight in (1.0, 1 / 4, 1 / 16):
        words = {word for name in reached for word in defined(paths[name]) if weight == 1 or not word.startswith("_")}
        for path in tests:
            scores[path] += weight * sum(1 / count[word] for word in words & mentioned(path))
            scores[path] += weight * max((is_named_after(path, name) for name in reached), default=0)
        importing = {name for name, imported in all_imports().items() if imported & reached}
        reached = {name for name in importing - seen if paths[name].name != "__init__.py"}
        seen = seen | reached
    helpers = {path.stem for path in changed if path.parts[0] == "tests"}
    has_rules = any(path.as_posix().startswith(RULES) for path in changed)
    is_new = any(not count[name] and not name.startswith("_") for path in changed for name in defined(path))
    for path in tests:
        first = path in changed or path in WHOLE or (has_rules and path.parent.name == OF_OPERATIONS)
        scores[path] += (150 if has_rules else 50) * (is_new and bool(OF_LISTS & mentioned(path)))
        scores[path] += 100 * (first or bool(helpers & mentioned(path)))
    return [path for path in sorted(tests, key=scores.__getitem__, reverse=True) if scores[path]]


def is_named_after(path: Path, module: str) -> int:
    """Return 75 for a test file that mirrors a module, 9 for its name alone, 3 for the folder of its package, or 0."""
    *packages, name = module.split(".")
    if path.stem == f"test_{name.strip('_')}" and path.parent.name in packages:
        return 75
    if {*name.strip("_").split("_")} <= {*path.stem.split("_")}:
        return 9
    return 3 * (path.parent.name in packages[1:])


class Nearest:
    """A plugin that puts the nearest tests first, and begins none when the time is up."""

    def __init__(self, names: set[str], files: list[Path], seconds: float) -> None:
        self.names, self.files, self.seconds, self.left = names, files, seconds, 0

    def distance(self, item: pytest.Item) -> int:
        """Return how far a test is from the change."""
        path = item.path.relative_to(ROOT)
        code = getattr(getattr(item, "function", None), "__code__", None)
        mentioned = set(re.findall(r"\w+", item.name.partition("[")[2])) | {*getattr(code, "co_names", ())}
        if path not in self.files or path in WHOLE or mentioned & (self.names | OF_LISTS):
            return 0
        return 1 + self.files.index(path)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sort the tests; their time begins now, so that a slow machine runs some too."""
        items.sort(key=self.distance)
        self.ends = time.monotonic() + self.seconds

    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Leave a test out when the time is up."""
        if time.monotonic() < self.ends:
            return None
        self.left += 1
        return True

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say how many tests were left out."""
        if self.left:
            terminalreporter.write_line(f"{self.left} tests of these files did not fit in the time; see --seconds")


if __name__ == "__main__":
    sys.exit(main())
