"""Programs with fused loops: the same numbers as NumPy's, over random programs, every operation, and edges.

Arithmetic and sums are the same to the last bit; functions such as exp differ by rounding. A larger number of
random programs is tried with the environment variable PLAINGRAD_PROGRAMS.
"""

import importlib
import os
import random
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import grad
from autograd.transforms.compile.compiled import Compiled, compile
from autograd.transforms.compile.fused import loops as machine_loops
from autograd.transforms.compile.fused.values import ARITHMETIC, COMPARISONS, LOGIC

Array = np.ndarray[Any, Any]
PROGRAMS = int(os.environ.get("PLAINGRAD_PROGRAMS", "25"))
FUNCTIONS = {"cosh", "exp", "expm1", "log", "log1p", "tanh"}  # which differ from NumPy's by rounding


def fused(function: Callable[..., Any]) -> Compiled:
    compiled: Compiled = compile(function, backend="numba")
    return compiled


def loops(compiled: Compiled) -> int:
    """Return how many loops the programs of a function run."""
    return len(re.findall(r"^ +fused(?:_\d+)?\(", compiled.source(), re.MULTILINE))


def assert_same(found: Any, expected: Any) -> None:
    """Assert that arrays are the same to the last bit, except for what is within a nan."""
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
        if other.dtype.kind == "f":
            number = ~np.isnan(other)
            np.testing.assert_array_equal(np.signbit(one)[number], np.signbit(other)[number])


EDGES = [0.0, -0.0, 1.0, -1.0, 0.3, -2.5, 90.0, -110.0, 1e30, 1e-30, 1e-42, -1e-42, np.inf, -np.inf, np.nan]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_function_at_edges(dtype: Any) -> None:
    x, y = (grid.ravel() for grid in np.meshgrid(np.array(EDGES, dtype), np.array(EDGES, dtype)))
    functions = [*ARITHMETIC, *COMPARISONS]

    def all_of_them(x: Array, y: Array) -> Any:
        return tuple(f(*(x, y)[: f.nin]) for f in functions)

    compiled = fused(all_of_them)
    with np.errstate(all="ignore"):
        for _ in range(3):
            found, expected = compiled(x, y), all_of_them(x, y)
        assert loops(compiled) == 1
        for function, one, other in zip(functions, found, expected, strict=True):
            if ARITHMETIC.get(function) in FUNCTIONS:
                np.testing.assert_allclose(one, other, 5 * np.finfo(dtype).eps, 0, err_msg=function.__name__)
                ordinary = ~np.isnan(other)
                np.testing.assert_array_equal(np.signbit(one[ordinary]), np.signbit(other[ordinary]))
            elif ARITHMETIC.get(function) in ("maximum", "minimum"):  # of zeros, either
                np.testing.assert_array_equal(one, other)
            else:
                assert_same([one], [other])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [3, 8])
def test_few_elements_are_the_same_as_of_many(dtype: Any, count: int) -> None:
    """Elements that are computed side by side, also where others are at an edge, and where memory is written over."""

    def functions(x: Array, scale: Array) -> Any:
        a = np.tanh(x * scale) + 0.25
        b = np.where(a > x, np.exp(a), np.log(np.abs(x)))
        a *= np.log1p(np.abs(b))
        x += 1.5
        return a, b, np.expm1(a) * np.cosh(x), x, np.isfinite(b)

    values = np.resize(np.array(EDGES, dtype), (9, 9 * 8)) * np.linspace(0.5, 1.5, 9, dtype=dtype)[:, None]
    few, many, scale = fused(functions), fused(functions), np.array(0.75, dtype)
    with np.errstate(all="ignore"):
        for _ in range(3):
            expected = many(values.copy(), scale)
        few(values[0, :count].copy(), scale)  # which records it, with NumPy's own functions
        for start in range(0, 72 - count, 3):
            found = few(values[1, start : start + count].copy(), scale)
            assert_same(found, [x[1, start : start + count] for x in expected])
    assert loops(few) == loops(many)


def test_each_function_of_bools() -> None:
    x, y = np.array([True, True, False, False] * 5), np.array([True, False] * 10)

    def all_of_them(x: Array, y: Array, z: Array) -> Any:
        made = tuple(f(*(x, y)[: f.nin]) for f in LOGIC)
        return (*made, x == y, x != y, z * x, np.where(x, z, 2.0), np.where(x, y, x), z.astype(bool), x.astype(float))

    compiled = fused(all_of_them)
    for z in (np.arange(20.0), np.arange(20.0) - 7):
        assert_same(compiled(x, y, z), all_of_them(x, y, z))
        assert_same(compiled(y, x, z), all_of_them(y, x, z))
    assert loops(compiled) >= 1


def chain(x: Array, row: Array, column: Array, number: Array) -> Any:
    y = x * row + column
    z = y * y - x / (1 + np.abs(row))
    z *= number
    return z, np.maximum(z, y) - 0.5, z > column, np.where(z > y, z, 2.0), np.clip(z, -1, 1), y**2, y**3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(7, 5), (3, 4, 5), (1, 9), (6, 1), (40, 33)])
def test_arithmetic_is_the_same_to_the_last_bit(shape: tuple[int, ...], dtype: Any) -> None:
    compiled = fused(chain)
    for seed in range(4):
        draw = np.random.default_rng(seed)
        args = [draw.standard_normal(s).astype(dtype) for s in (shape, shape[-1:], (*shape[:-1], 1), ())]
        found, expected = compiled(*args), chain(*args)
        assert_same(found[:6], expected[:6])
        np.testing.assert_allclose(found[6], expected[6], 4 * np.finfo(dtype).eps)
    assert loops(compiled) == 1


def normalized(x: Array, w: Array, b: Array) -> Any:
    """Normalize rows; the results of sums are columns, with and without the axis that was summed."""
    mean = x.mean(axis=-1, keepdims=True)
    variance = np.square(x - mean).sum(axis=-1) / x.shape[-1]
    out = (x - mean) / np.sqrt(variance + 1e-5)[..., None] * w + b
    top = out.max(axis=-1, keepdims=True)
    e = np.exp(out - top)
    return out, e / e.sum(axis=-1, keepdims=True), np.vecdot(out, x), variance


@pytest.mark.parametrize("shape", [(7, 5), (3, 4, 32), (1, 9), (6, 1), (5, 4096), (9,)])
def test_rows(shape: tuple[int, ...]) -> None:
    compiled = fused(normalized)
    for seed in range(3):
        draw = np.random.default_rng(seed)
        args = [draw.standard_normal(s) for s in (shape, shape[-1:], shape[-1:])]
        for one, other in zip(compiled(*args), normalized(*args), strict=True):
            np.testing.assert_allclose(one, other, 1e-11, 1e-11)
    assert loops(compiled) >= 1


@pytest.mark.parametrize("shape", [(1024, 33), (515, 130), (67, 2, 300), (9000, 1), (3, 4000)])
def test_sums_of_many_rows_are_numpys_to_the_last_bit(shape: tuple[int, ...]) -> None:
    """Rows are done a few at a time, also such as are left over, and what is written over is read before."""

    def normalized(x: Array, w: Array) -> Any:
        centered = x - x.mean(axis=-1, keepdims=True)
        squares = centered * centered
        scale = np.sqrt(squares.sum(axis=-1, keepdims=True) + 1)
        out = centered / scale * w
        top = out.max(axis=-1)
        out -= top[..., None]
        both = x * 3
        np.multiply(both[:-1], 2, out=both[:-1])
        np.add(both[1:], 1, out=both[1:])
        return both, squares.T + 1, out, scale, top, (out * x).sum(axis=-1), x[:-1] * 2 + x[1:]

    compiled = fused(normalized)
    for seed in range(3):
        draw = np.random.default_rng(seed)
        args = draw.standard_normal(shape), draw.standard_normal(shape[-1:])
        assert_same(compiled(*args), normalized(*args))
    assert loops(compiled) == 1


def of_a_view(h: Array, turned: Array, gaps: Array) -> Any:
    v = h[1:]
    v += 1
    v *= 2


def of_a_view_with_gaps(h: Array, turned: Array, gaps: Array) -> Any:
    v = h[:, 1:]
    v += 1
    v *= h[:, :1]


def of_views_that_overlap(h: Array, turned: Array, gaps: Array) -> Any:
    a, b = h[:-1], h[1:]
    a += b
    b *= a
    a -= h[:1]


def of_a_transpose(h: Array, turned: Array, gaps: Array) -> Any:
    v = h.T
    v += 1
    h *= h
    v -= h.T


def of_part_of_rows(h: Array, turned: Array, gaps: Array) -> Any:
    h -= h.max(axis=-1, keepdims=True)
    np.exp2(h, out=h)
    h[2:] = 3
    np.multiply(h[:2], h[1:3], out=h[-2:])


def of_all(h: Array, turned: Array, gaps: Array) -> Any:
    before = h * 2
    h += 1
    h += before * h


def of_a_view_made_before(h: Array, turned: Array, gaps: Array) -> Any:
    turned += 1
    h *= 2
    turned -= h.T


def of_all_by_two_names(h: Array, turned: Array, gaps: Array) -> Any:
    v = turned.T
    v += 1
    h *= 2
    v -= 3


def of_gaps(h: Array, turned: Array, gaps: Array) -> Any:
    gaps += 1
    gaps *= 2


WRITES = (
    of_a_view, of_a_view_with_gaps, of_views_that_overlap, of_a_transpose, of_part_of_rows, of_all,
    of_a_view_made_before, of_all_by_two_names, of_gaps,
)  # fmt: skip


@pytest.mark.parametrize("memory", ["C", "F"])
@pytest.mark.parametrize("write", WRITES)
def test_writes_to_what_is_made_before(write: Callable[..., Any], memory: Any) -> None:
    def program(x: Array) -> Any:
        h = np.cumsum(x, axis=0)
        views = h.T, h[:, ::2]
        totals = [np.cumsum(view, axis=0) for view in views]
        write(h, *views)
        return h, *views, *totals, np.cumsum(h, axis=1)

    compiled = fused(program)
    for seed in range(3):
        x = np.random.default_rng(seed).standard_normal((5, 4)).astype(order=memory, dtype=float)
        kept = x.copy()
        assert_same((*compiled(x), x), (*program(x), kept))
    assert loops(compiled) == (write is not of_gaps)
    assert not any(one.diverged for one in compiled.programs)


def test_a_row_with_a_nan_or_infinities_has_numpys_maximum_and_sum() -> None:
    compiled = fused(lambda x: (x.max(axis=-1) * 2 + 1, (x + x).sum(axis=-1)))
    x = np.zeros((6, 40))
    x[0, 3], x[1, 39], x[2, 0], x[3, 5], x[3, 6] = np.nan, np.inf, -np.inf, np.inf, -np.inf
    x[4] = -np.inf
    with np.errstate(all="ignore"):
        for _ in range(2):
            found, expected = compiled(x), (x.max(axis=-1) * 2 + 1, (x + x).sum(axis=-1))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def layouts() -> dict[str, Array]:
    base = np.random.default_rng(0).standard_normal((12, 12))
    return {
        "by columns": np.asfortranarray(base),
        "transposed": base.T,
        "every other": np.repeat(base, 2, axis=1)[:, ::2],
        "reversed": base[::-1],
        "broadcast": np.broadcast_to(base[0], (12, 12)),
        "a column, broadcast": np.broadcast_to(base[:, :1], (12, 12)),
        "a number, broadcast": np.broadcast_to(base[0, 0], (12, 12)),
        "part of rows": np.tile(base, 2)[:, 3:15],
        "integers": np.arange(144).reshape(12, 12),
        "half precision": base.astype(np.float16),
        "single precision": base.astype(np.float32),
        "complex": base + 1j,
        "unaligned": np.frombuffer(b"\0" + base.tobytes(), offset=1).reshape(12, 12),
        "big-endian": base.astype(">f8"),
        "empty": np.empty((0, 12)),
    }


@pytest.mark.parametrize("name", layouts())
def test_other_layouts_and_dtypes_give_numpys_numbers(name: str) -> None:
    x = layouts()[name]
    y: Array = np.asarray(np.random.default_rng(1).standard_normal(x.shape))

    def compute(x: Array, y: Array) -> Any:
        z = x * y + x
        z = z * 2 - y
        return z, x + x - 1, (y + x) * y

    compiled = fused(compute)
    for _ in range(3):
        assert_same(compiled(x, y), compute(x, y))
        y = y + 1


def written(x: Array, y: Array) -> Any:
    """Write in place, to parts, to what was read before, and to what views show."""
    a = x * 2
    first = a + 1
    a += y
    a *= a
    flat = a.reshape(-1)
    b = a - first
    flat[::2] = 0
    c = a + b
    d = np.empty_like(c)
    d[...] = c
    d -= x
    e = d * 2
    d[1:] = 5
    e[...] = e * d
    rows = e.sum(axis=-1, keepdims=True)
    e -= rows * 0
    out = np.zeros(3)
    np.add(e.max(axis=-1), 1, out=out)
    out *= 2
    return a, b, c, d, e, out


def test_writes_in_place() -> None:
    compiled = fused(written)
    for seed in range(4):
        x, y = np.random.default_rng(seed).standard_normal((2, 3, 8))
        before = x.copy(), y.copy()
        assert_same(compiled(x, y), written(x, y))
        assert_same((x, y), before)


SHAPES = {"full": "(4, 6)", "row": "(6,)", "column": "(4, 1)", "line": "(4,)"}
UNARY = ("np.tanh({})", "-{}", "np.abs({})", "np.sqrt(np.abs({}))", "{}**2", "np.exp(-np.abs({}))", "{}.copy()")
BINARY = (
    "{} + {}",
    "{} - {}",
    "{} * {}",
    "np.maximum({}, {})",
    "{} / (2 + np.abs({}))",
    "np.where({} > {}, 0.5, -0.5)",
)


class Writer:
    """Writes a random program of elementwise operations, row sums, views, and writes in place."""

    def __init__(self, seed: int) -> None:
        self.choose = random.Random(seed)
        self.kinds = {"x": "full", "y": "full", "r": "row", "c": "column"}
        self.own: list[str] = []  # what may be written to
        self.lines: list[str] = []
        for _ in range(self.choose.randint(4, 24)):
            self.step()

    def of(self, *kinds: str) -> str:
        return self.choose.choice([name for name, kind in self.kinds.items() if kind in kinds])

    def new(self, text: str, kind: str, *, own: bool = True) -> None:
        name = f"v{len(self.kinds)}"
        self.lines.append(f"{name} = {text}")
        self.kinds[name] = kind
        if own:
            self.own.append(name)

    def step(self) -> None:
        draw = self.choose.random()
        if draw < 0.25:
            a = self.of("full", "row", "column")
            self.new(self.choose.choice(UNARY).format(a), self.kinds[a])
        elif draw < 0.55:
            a, b = self.of("full"), self.of("full", "column", "row")
            self.new(self.choose.choice(BINARY).format(*self.choose.sample((a, b), 2)), "full")
        elif draw < 0.68:
            a, keep = self.of("full"), self.choose.random() < 0.7
            method = self.choose.choice(("sum", "max", "mean"))
            self.new(f"np.tanh({a}.{method}(axis=-1, keepdims={keep}))", "column" if keep else "line")
        elif draw < 0.82 and self.own:
            a = self.choose.choice(self.own)
            b = self.of(self.kinds[a], *(("row", "column") if self.kinds[a] == "full" else ()))
            self.lines.append(f"{a} {self.choose.choice(('+=', '-=', '*='))} np.tanh({b})")
        elif draw < 0.88:
            a = self.of("full")
            self.new(
                self.choose.choice(("{}[:]", "{}.reshape(2, 12).reshape(4, 6)", "{}.T.T")).format(a), "full", own=False
            )
        elif draw < 0.93 and any(self.kinds[name] == "full" for name in self.own):
            a = self.choose.choice([name for name in self.own if self.kinds[name] == "full"])
            self.lines.append(f"{a}[{self.choose.choice(('1:', '::2, 1', '...', '0'))}] = {self.choose.random():.3f}")
        elif draw < 0.97:
            self.new(f"np.cumsum({self.of('full')}, axis=0) / 9", "full")
        elif any(kind == "line" for kind in self.kinds.values()):
            self.new(f"{self.of('line')}[:, None] * 2", "column")

    def function(self) -> Callable[..., Any]:
        results = ", ".join(self.choose.sample(sorted(self.kinds), min(len(self.kinds), self.choose.randint(1, 6))))
        text = "def program(x, y, r, c):\n    " + "\n    ".join(
            [*self.lines, f"return [1.0 * v for v in ({results},)]"]
        )
        space: dict[str, Any] = {"np": np}
        exec(text, space)
        program: Callable[..., Any] = space["program"]
        program.__doc__ = text
        return program


@pytest.mark.parametrize("rows", [4, 400])
def test_what_is_written_to_in_the_place_of_its_copy(rows: int) -> None:
    """The copy of what nothing else needs is not made, and what is written to it is written to that."""

    def program(x: Array, c: Array) -> Any:
        mean = np.tanh(x.mean(axis=-1, keepdims=True))
        copy = mean.copy()
        copy += np.tanh(c)
        return copy + x, copy * 2

    compiled, x = fused(program), np.linspace(-1, 1, rows * 6).reshape(rows, 6)
    for _ in range(3):
        for one, other in zip(compiled(x, x[:, :1]), program(x, x[:, :1]), strict=True):
            np.testing.assert_allclose(one, other, 1e-14)
    assert loops(compiled)


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_random_programs(seed: int) -> None:
    program = Writer(seed).function()
    compiled = fused(program)
    draw = np.random.default_rng(seed)
    for _ in range(3):
        args = [draw.standard_normal(shape) for shape in ((4, 6), (4, 6), (6,), (4, 1))]
        before = [array.copy() for array in args]
        for one, other in zip(compiled(*args), program(*args), strict=True):
            np.testing.assert_allclose(one, other, 1e-9, 1e-9, err_msg=str(program.__doc__))
        assert_same(args, before)


F = nn.functional
LABELS = np.arange(12) % 7
MODELS: dict[str, Callable[..., Any]] = {
    "gelu": lambda x: F.gelu(x).sum(),
    "gelu, tanh": lambda x: F.gelu(x, approximate="tanh").sum(),
    "silu and softplus": lambda x: (F.silu(x) * F.softplus(x)).sum(),
    "softmax": lambda x: (F.softmax(x, axis=-1) ** 2).sum(),
    "tanh, many": lambda x: np.tanh(np.tanh(np.tanh(x) * 1.01 + 0.1) * 1.01 + 0.1).sum(),
    "relu": lambda x: (F.relu(x) * x).sum(),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", MODELS)
def test_gradients_of_layers(name: str, dtype: Any) -> None:
    derivative = grad(MODELS[name])
    compiled = fused(derivative)
    for seed in range(3):
        x = np.random.default_rng(seed).standard_normal((12, 7)).astype(dtype) * 3
        np.testing.assert_allclose(compiled(x), derivative(x), 40 * np.finfo(dtype).eps, 40 * np.finfo(dtype).eps)
    assert loops(compiled) or "one call of machine code" in compiled.source()  # with the loop that is in erf


def test_long_rows_are_summed_by_numpy() -> None:
    def spread(x: Array) -> Array:
        y = x * x + 1
        total: Array = np.sqrt((y * y).sum(axis=-1))
        return total

    compiled = fused(spread)
    x = np.random.default_rng(0).standard_normal((2, 5000)).astype(np.float32)
    for _ in range(2):
        assert_same([compiled(x)], [spread(x)])


def test_where_numpy_should_raise_it_does() -> None:
    compiled = fused(lambda x: (1 / x + 1) * 2)
    compiled(np.ones(3))
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        compiled(np.zeros(3))


WITHOUT = """
import sys
from autograd.transforms.compile.compiled import compile

sys.modules["llvmlite"] = None
try:
    compile(abs, backend="numba")
except ImportError as error:
    print(error)
"""
AGAIN = """
import time
import numpy as np
from autograd.transforms.compile.compiled import compile

def compute(x):
    return np.tanh(x * 2 + 1) * x

compiled = compile(compute, backend="numba")
compiled(np.ones(5))
started = time.process_time()
found = compiled(np.arange(5.0))
print(time.process_time() - started)
np.testing.assert_allclose(found, compute(np.arange(5.0)), 1e-14)
assert " fused(" in compiled.source()
"""


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return done.stdout


def test_without_llvm_an_error_says_what_to_install() -> None:
    assert run(WITHOUT) == 'compile(..., backend="numba") needs LLVM: pip install llvmlite\n'


@pytest.mark.thorough
def test_loops_are_compiled_within_two_seconds_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert float(run(AGAIN)) < 2
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("plaingrad_*")}
    assert len(kept) == 1
    assert float(run(AGAIN)) < 2
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("plaingrad_*")} == kept
    (path,) = kept
    whole = path.read_bytes()
    for damaged in (whole[:1000], whole[:1500] + bytes([whole[1500] ^ 1]) + whole[1501:]):
        path.write_bytes(damaged)
        assert float(run(AGAIN)) < 2
        assert path.read_bytes() != damaged


def test_equal_loops_of_several_threads_are_compiled_once() -> None:
    x, found = np.linspace(-1, 1, 33 * 7).reshape(33, 7), list[bytes]()

    def work() -> None:
        compiled = fused(lambda x: ((x * 2.625 + 1) * x - 3).sum(axis=0))
        found.extend(compiled(x).tobytes() for _ in range(3))

    before = len(machine_loops._ADDRESSES)
    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {((x * 2.625 + 1) * x - 3).sum(axis=0).tobytes()}
    assert (len(found), len(machine_loops._ADDRESSES)) == (18, before + 1)


OF_SEVERAL_PROCESSES = """
import sys
import numpy as np
from autograd import compile

FUNCTIONS = {
    "product": lambda x: x * 2 + 1 - x * x,
    "exp": lambda x: np.exp(x) * 2 + x,
    "cosh": lambda x: np.cosh(x) * 2 + x,
}
x = np.linspace(-1, 1, 16, dtype=np.float32)
for name in sys.argv[1:]:
    compiled = compile(FUNCTIONS[name], backend="numba")
    for _ in range(3):
        np.testing.assert_allclose(compiled(x), FUNCTIONS[name](x), rtol=1e-6)
    assert " fused(" in compiled.source()
"""


@pytest.mark.thorough
def test_loops_of_several_processes_do_not_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """cosh has an exp of its own, which halves. The linker took it for that of a loop that another process had kept."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    for names in (("product", "exp"), ("cosh", "exp")):
        command = [sys.executable, "-c", OF_SEVERAL_PROCESSES, *names]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert not done.returncode, done.stderr


def test_machine_code_is_that_of_the_module_as_it_is_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not what an earlier version of the module wrote under the same words, here or on disk."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # Python takes it for that of a file of the same second
    found = []
    for number in (3, 4):
        text = f"def write(builder, given):\n    return builder.icmp_signed('==', given[0], given[0].type({number}))\n"
        (tmp_path / "writes_of_machine_code.py").write_text(text)
        machine_loops._text_of.cache_clear()
        importlib.invalidate_caches()
        monkeypatch.delitem(sys.modules, "writes_of_machine_code", raising=False)
        written = importlib.import_module("writes_of_machine_code").write
        found.append([machine_loops.machine_function("equal", 0, 1, written)(n) for n in (3, 4)])
    assert found == [[True, False], [False, True]]
