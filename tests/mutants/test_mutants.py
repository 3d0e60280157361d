"""Changes of a source file, and the functions that they are made in."""

from pathlib import Path
from types import ModuleType

import pytest

from autograd import calculus
from tests.mutants.mutations import codes_changed, mutations
from tests.mutants.reach import users_of
from tests.mutants.runner import replace

SOURCE = '''
TABLE = {"f": lambda g, x: -g * np.conj(x)}


def outer(x, axis=0):
    """Add 1."""
    if x is None and axis < 2:
        raise ValueError(f"{1 + 1}")

    def inner(y):
        return y.sum(axis=1)

    return where(x, hypot(x, inner(x)), 0.5)
'''


def test_each_expression_within_a_function_is_changed() -> None:
    texts = {str(mutation).partition(": ")[2] for mutation in mutations("file.py", SOURCE)}
    assert texts == {
        "-g * np.conj(x)  ->  -g / np.conj(x)",
        "-g * np.conj(x)  ->  -g",
        "-g * np.conj(x)  ->  np.conj(x)",
        "-g  ->  g",
        "np.conj(x)  ->  x",
        "if x is None and axis < 2:  ->  if not (x is None and axis < 2):",
        "x is None and axis < 2  ->  x is None or axis < 2",
        "x is None  ->  x is not None",
        "axis < 2  ->  axis <= 2",
        "2  ->  3",
        "y.sum(axis=1)  ->  y.max(axis=1)",
        "1  ->  2",
        "where(x, hypot(x, inner(x)), 0.5)  ->  where(x, 0.5, hypot(x, inner(x)))",
        "0.5  ->  1.0",
    }


def test_a_change_is_made_in_the_functions_that_exist() -> None:
    source = "def make(n):\n    return lambda x: x + n\n"
    module = ModuleType("module")
    exec(compile(source, "module.py", "exec"), module.__dict__)
    add = module.__dict__["make"](2)
    (change,) = (each for each in mutations("module.py", source) if str(each).endswith("->  x - n"))
    assert replace([add, module.__dict__["make"]], codes_changed(change, source, "module.py")) == 2
    assert add(5) == 3
    assert module.__dict__["make"](1)(5) == 4


@pytest.mark.parametrize(("line", "names"), [("np.sin: ", {"sin"}), ("np.cosh: ", {"cosh"})])
def test_a_rule_is_known_by_the_operations_that_it_is_of(line: str, names: set[str]) -> None:
    path = Path(calculus.__file__)
    number = next(i for i, text in enumerate(path.read_text().splitlines(), 1) if text.strip().startswith(line))
    assert names <= users_of(str(path), (number,))


def test_a_helper_is_known_by_all_that_call_it() -> None:
    function = calculus._shared
    users = users_of(calculus.__file__, (function.__code__.co_firstlineno,))
    assert {"maximum", "minimum", "fmax", "fmin"} <= users
    assert "sin" not in users
