"""Whatever a user's program is called, and holds in its lines, keys and names, stays text in what is made of it."""

import ast
import importlib.util
import linecache
from collections.abc import Iterator
from types import FunctionType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, compile, extend
from autograd.transforms.compile.quoting import comment, identifier, is_literal, literal

from ..thorough import draws

BACKENDS: list[Any] = ["numpy", *(["numba"] if importlib.util.find_spec("numba") else [])]
# Whatever `str.splitlines` splits at, what ends a text or a comment, what hides what follows, names, and code.
PIECES = [
    "\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\t", "\0", "\u202e", "\u200b",
    "\ud800", "\udcff", "'", '"', '"""', "{", "}", "{0}", "\\", "\\n", "#", ":", ";", " ", "    ", "%s",
    "raise OSError",
    "open('')", "class", "lambda", "None", "__debug__", "slice", "leaves", "make", "held", "args", "v0",
    "x0", "i0", "data", "one", "miss", "len", "type", "numpy", "\ufb01", "\u03c0", "\u00e4", ".py", "/", "0",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)


def compute(x: Any, options: Any, key: Any, parts: Any, /, **named: Any) -> Any:
    y = np.tanh(x) * getattr(options, key) + parts[key] * named[key]
    return {key: y - np.exp(y), "sum": y[1:].sum()}


def of_values(x: Any, options: Any, key: Any, parts: Any, /, **named: Any) -> Any:
    y = x * getattr(options, key) + parts[key] * named[key]
    return {key: y * 2.5, "sum": y + 1}


@pytest.fixture(autouse=True)
def _lines() -> Iterator[None]:
    before = dict(linecache.cache)
    yield
    linecache.cache.clear()
    linecache.cache.update(before)


def renamed(function: Any, file: str, name: str, line: str) -> Any:
    """Return a function as it would be if a file of any name defined it, with any lines and under any name."""
    made = FunctionType(function.__code__.replace(co_filename=file, co_name=name), function.__globals__)
    made.__name__ = name
    linecache.cache[file] = 1, None, [line] * 100, file
    return made


def kinds(source: str) -> list[str]:
    """Return what a text does: the kinds of its statements and expressions."""
    functions = ast.parse(source[source.index("def ") :])  # the plans of loops come before
    return [type(part).__name__ for part in ast.walk(functions) if isinstance(part, ast.stmt | ast.Call)]


def source_of(function: Any, x: Any, ones: Any, key: str, **options: Any) -> str:
    """Call a compiled function and what it was made of with the key as name of everything, and return its text."""
    compiled, holder = compile(function, **options), SimpleNamespace(**{key: 1.5})
    for k in (1.0, 2.0, 3.0):
        given = x * k, holder, key, {key: ones}
        expected, found = function(*given, **{key: ones}), compiled(*given, **{key: ones})
        assert list(found) == list(expected)
        for a, b in zip(found.values(), expected.values(), strict=True):
            np.testing.assert_allclose(getattr(a, "data", a), getattr(b, "data", b), rtol=1e-9)
    text: str = compiled.source()
    assert len(compiled.programs) == 1
    assert text.encode()  # which lone surrogates do not let it
    return text


@pytest.mark.parametrize("backend", BACKENDS)
@draws(20)
@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_names_lines_and_keys_do_not_change_a_program(backend: Any, file: str, name: str, line: str, key: str) -> None:
    x, ones = np.linspace(-1, 1, 300), np.ones(300)
    expected = kinds(source_of(compute, x, ones, "key", backend=backend))
    assert kinds(source_of(renamed(compute, file, name, line), x, ones, key, backend=backend)) == expected


@pytest.mark.thorough
@draws(40)
@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_nor_a_program_of_values(file: str, name: str, line: str, key: str) -> None:
    expected = kinds(source_of(of_values, Value(0.5), 1.0, "key"))
    assert kinds(source_of(renamed(of_values, file, name, line), Value(0.5), 1.0, key)) == expected


@draws(100)
@given(TEXTS)
def test_quoted_texts(text: str) -> None:
    assert len(comment(text).splitlines()) == 1
    assert ast.literal_eval(literal(text)) == text
    assert len(literal(text).splitlines()) == 1
    name = identifier(text, "otherwise")
    assert [part.id for part in ast.walk(ast.parse(name)) if isinstance(part, ast.Name)] == [name]


class Text(str):
    def __repr__(self) -> str:
        return "open('')"

    __str__ = __repr__


class Key:
    def __repr__(self) -> str:
        return "open('')"


def test_numbers_and_keys_of_any_size_and_class() -> None:
    assert not any(map(is_literal, (10**5000, float("inf"), float("nan"), Text("a"), np.float64(1), Key())))
    assert literal(Text("a")) == "'a'"
    assert identifier(Text("a"), "") == "a"
    assert type(identifier(Text("a"), "")) is str
    assert identifier(3, "otherwise") == "otherwise"
    key = Key()
    of_values = compile(lambda x, parts: {key: x * parts[key], Text("a"): x + 1.0})
    for _ in range(3):
        found = of_values(Value(2.0), {key: 3.0})
        assert [y.data for y in found.values()] == [6.0, 3.0]
        assert next(iter(found)) is key
    below = compile(lambda x, n: x < n)
    of_one = compile(lambda x, n: x * 1.0 if n > 0 else x)
    for _ in range(2):
        assert below(np.arange(3), 10**5000).tolist() == [True] * 3
        assert of_one(Value(2.0), 10**5000).data == 2.0


class Slots:
    __slots__ = ("lambda", "plain")


class Inner(Slots):
    __slots__ = ("more",)


@pytest.mark.parametrize("name", ["lambda", "plain", "more", "a b", "if", "\ufb01"])
def test_attributes_that_are_read_by_their_names_are_compared(name: str) -> None:
    holder: Any = Inner() if name in ("lambda", "plain", "more") else SimpleNamespace()
    scaled = compile(lambda x: x * getattr(holder, name))
    for value in (2.0, 2.0, 7.0, 7.0):
        setattr(holder, name, value)
        assert scaled(np.ones(1)) == value
    assert len(scaled.programs) == 2


class Window(NamedTuple):
    low: int
    high: int


def test_a_named_tuple_is_one_in_a_program_too() -> None:
    def part(x: Any, window: Window, others: list[Any]) -> Any:
        return x[window.low : window.high] * others[0].high

    program = compile(lambda x: extend.called(extend.unrecorded(part), x * 2, Window(1, 3), [Window(0, 5)]) + 1)
    for _ in range(3):
        x = np.random.default_rng(0).standard_normal(4)
        np.testing.assert_array_equal(program(x), x[1:3] * 10 + 1)
    assert program.programs
