"""Convolutions as machine code: their definition in registers, derivatives, infinite elements, programs, threads."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import compile, gradcheck, gradgradcheck, jvp, tensor, vmap
from nn import functional
from nn.functional._kernels import correlation, direct
from nn.functional._kernels.sliding_windows import Windows, slide

pytest.importorskip("llvmlite")
rng = np.random.default_rng(0)
WIDTHS = (64, 32, 16)  # bytes of a register


@pytest.fixture(autouse=True, scope="module")
def _small_arrays_too() -> Iterator[None]:
    """Use machine code for arrays of any size."""
    before = direct._FEWEST, direct._MOST_IN_VAIN
    direct._FEWEST, direct._MOST_IN_VAIN = 1, 10**9
    yield
    direct._FEWEST, direct._MOST_IN_VAIN = before


def normal(*shape: int, dtype: Any = np.float64) -> Any:
    return rng.standard_normal(shape).astype(dtype)


def machine(width: int) -> direct.Machine:
    """Return a machine with registers of other widths, whose code LLVM makes for this one too."""
    return direct.Machine(width, *((8, 2), (4, 6)) if width == 64 else ((4, 2), (4, 2)))


def padded(x: Any, windows: Windows) -> Any:
    """Return the input with as many zeros around it as windows reach."""
    ends = [s * (n - 1) + r for s, n, r in zip(windows.stride, windows.counts, windows.reach, strict=True)]
    after = [max(0, e - p - n) for e, p, n in zip(ends, windows.padding, windows.size, strict=True)]
    return np.pad(np.asarray(x, np.float64), [(0, 0), (0, 0), *zip(windows.padding, after, strict=True)])


def positions(x: Any, windows: Windows) -> Iterator[tuple[Any, Any]]:
    """Yield each position in a window, and what all windows have there."""
    for place in np.ndindex(windows.kernel):
        begins = [k * d for k, d in zip(place, windows.dilation, strict=True)]
        steps = zip(begins, windows.stride, windows.counts, strict=True)
        yield place, x[(..., *[slice(i, i + s * (n - 1) + 1, s) for i, s, n in steps])]


def by_definition(x: Any, weight: Any, windows: Windows, groups: int = 1) -> Any:
    """Return a correlation as a sum over the positions in a window."""
    outs: list[Any] = []
    for part, kernels in zip(np.split(padded(x, windows), groups, 1), np.split(weight, groups), strict=True):
        seen = positions(part, windows)
        outs.append(sum(np.einsum("oc,nc...->no...", kernels[:, :, *place], each) for place, each in seen))
    return np.concatenate(outs, 1)


def weights_by_definition(x: Any, y: Any, windows: Windows, groups: int = 1) -> Any:
    """Return for each weight the sum of `y` times what the windows have at its position."""
    outs, sums = [], [0, *range(2, x.ndim)]
    for part, factors in zip(np.split(padded(x, windows), groups, 1), np.split(y, groups, 1), strict=True):
        out = np.empty((factors.shape[1], part.shape[1], *windows.kernel))
        for place, each in positions(part, windows):
            out[:, :, *place] = np.tensordot(factors, each, (sums, sums))
        outs.append(out)
    return np.concatenate(outs)


@st.composite
def convolutions(draw: Any) -> Any:
    """Draw an input, a weight, their windows along one to three axes, and a number of groups."""
    axes = draw(st.integers(1, 3))
    kernel = draw(st.tuples(*[st.integers(1, 3)] * axes).filter(lambda k: max(k) > 1))
    dilation = draw(st.tuples(*[st.integers(1, 2)] * axes))
    stride = tuple(draw(st.integers(1, k)) for k in kernel)
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    padding = tuple(draw(st.integers(0, n - 1)) for n in reach)
    least = [max(1, n - 2 * p) for n, p in zip(reach, padding, strict=True)]
    size = tuple(draw(st.integers(n, n + {1: 40, 2: 18, 3: 4}[axes])) for n in least)
    if axes == 2 and draw(st.booleans()):  # rows that are whole runs
        whole = zip((4, 32), stride, reach, padding, strict=True)
        size = tuple(s * (count - 1) + n - 2 * p for count, s, n, p in whole)
    groups = draw(st.integers(1, 3))
    n, channels, outputs = draw(st.integers(1, 3)), draw(st.integers(1, 5)), draw(st.integers(1, 9))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    windows = slide("test", size, kernel, stride, padding, padding, dilation)
    x = normal(n, groups * channels, *size, dtype=dtype)
    return x, normal(groups * outputs, channels, *kernel, dtype=dtype), windows, groups


def directly(x: Any, weight: Any, y: Any, windows: Windows, groups: int, width: int) -> tuple[Any, Any]:
    """Return what machine code for registers of this width computes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(direct, "_machine", lambda: machine(width))
        patch.setattr(direct, "_plan", direct._plan.__wrapped__)
        patch.setattr(direct, "_offsets", direct._offsets.__wrapped__)
        row = direct.pad(x, windows)
        out = direct.correlate(row, weight, len(x), windows, groups)
        return out.swapaxes(0, 1), direct.products(row, y, windows, groups)


@pytest.mark.parametrize("width", WIDTHS)
@given(drawn=convolutions(), order=st.sampled_from("CF"))
def test_the_definition_in_registers_of_each_width(width: int, drawn: Any, order: Any) -> None:
    x, weight, windows, groups = drawn
    y = normal(len(x), len(weight), *windows.counts, dtype=x.dtype)
    given = np.array(x, order=order), weight, np.array(y, order=order)
    out, weights = directly(*given, windows, groups, width)
    assert out.dtype == weights.dtype == x.dtype
    room = 2 * np.finfo(x.dtype).eps
    scale = by_definition(abs(x), abs(weight), windows, groups)
    assert (abs(out - by_definition(x, weight, windows, groups)) <= room * weight[0].size * scale).all()
    scale = weights_by_definition(abs(x), abs(y), windows, groups)
    error = abs(weights - weights_by_definition(x, y, windows, groups))
    assert (error <= room * y[:, 0].size * scale + 1e-30).all()


@pytest.mark.parametrize("size", [(3, 5), (4, 32)])
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("stride", [(1, 1), (2, 1)])
def test_what_is_infinite_stays_where_it_belongs(size: tuple[int, int], value: float, stride: Any) -> None:
    windows = slide("test", size, (2, 2), stride, (0, 0), (0, 0), (1, 1))
    for index in np.ndindex(size):
        x, weight = normal(2, 6, *size), normal(4, 3, 2, 2)
        x[1, 2, *index] = value
        y = normal(2, 4, *windows.counts)
        with np.errstate(invalid="ignore"):
            out, weights = directly(x, weight, y, windows, 2, 64)
            expected, others = by_definition(x, weight, windows, 2), weights_by_definition(x, y, windows, 2)
        np.testing.assert_allclose(out, expected, atol=1e-12)
        np.testing.assert_allclose(weights, others, atol=1e-12)


@given(drawn=convolutions())
def test_the_gradient_of_the_input_is_the_transpose(drawn: Any) -> None:
    """A sum of products with a gradient of the output is one with the gradient of the input, whatever the stride."""
    x, weight, windows, groups = drawn
    y = normal(len(x), len(weight), *windows.counts, dtype=x.dtype)
    found = correlation.transposed(y, weight, None, windows, groups)
    assert (found.shape, found.dtype) == (x.shape, x.dtype)
    sums, others = found * x.astype(float), y * by_definition(x, weight, windows, groups)
    scale = (abs(y) * by_definition(abs(x), abs(weight), windows, groups)).sum()
    assert abs(sums.sum() - others.sum()) <= 100 * np.finfo(x.dtype).eps * scale


@pytest.mark.parametrize("kernel", [(4, 2), (3, 2), (2, 2)])
def test_infinite_results_have_infinite_gradients_where_they_are_read(kernel: tuple[int, int]) -> None:
    windows = slide("test", (6, 7), kernel, (2, 1), (1, 0), (1, 0), (1, 1))
    for index in np.ndindex(windows.counts):
        y, weight = normal(2, 4, *windows.counts), abs(normal(4, 3, *kernel))
        y[1, 2, *index] = np.inf
        reached = np.zeros(windows.counts)
        reached[index] = 1
        seen = correlation.transposed(reached[None, None], np.ones((1, 1, *kernel)), None, windows, 1)[0, 0] != 0
        with np.errstate(invalid="ignore"):
            found = correlation.transposed(y, weight, None, windows, 1)
        assert np.isfinite(found[0]).all()
        assert (np.isinf(found[1]) == seen).all()


CONVOLUTIONS: dict[str, tuple[Any, Any]] = {
    "1d": (lambda x, w: functional.conv1d(x, w, padding=1), ((2, 3, 9), (4, 3, 3))),
    "2d": (lambda x, w: functional.conv2d(x, w, padding=1), ((1, 3, 4, 8), (2, 3, 3, 3))),
    "rows": (lambda x, w: functional.conv2d(x, w, dilation=2), ((2, 2, 5, 7), (3, 2, 3, 2))),
    "groups": (lambda x, w: functional.conv2d(x, w, groups=2, padding=1), ((1, 4, 4, 8), (2, 2, 3, 3))),
    "depthwise": (lambda x, w: functional.conv1d(x, w, groups=3), ((2, 3, 9), (6, 1, 3))),
    "stride": (lambda x, w: functional.conv2d(x, w, stride=(2, 1), padding=1), ((1, 2, 6, 8), (2, 2, 3, 3))),
    "phases": (lambda x, w: functional.conv2d(x, w, stride=2, padding=1), ((1, 2, 7, 6), (2, 2, 4, 2))),
    "transposed phases": (lambda x, w: functional.conv_transpose2d(x, w, stride=2), ((1, 3, 4, 5), (3, 2, 4, 4))),
    "3d": (lambda x, w: functional.conv3d(x, w, padding=1), ((1, 2, 3, 3, 3), (2, 2, 2, 2, 2))),
    "transposed": (lambda x, w: functional.conv_transpose2d(x, w, padding=1), ((1, 3, 4, 5), (3, 2, 3, 3))),
}


def noting(used: list[str], function: Any) -> Any:
    """Return the function; it notes its name in each call."""

    def call(*args: Any) -> Any:
        used.append(function.__name__)
        return function(*args)

    return call


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_derivatives_of_both_orders(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    convolution, shapes = CONVOLUTIONS[name]
    inputs = tuple(normal(*shape) for shape in shapes)
    used: list[str] = []
    for each in ("correlate", "products"):
        monkeypatch.setattr(direct, each, noting(used, getattr(direct, each)))
    assert gradcheck(convolution, inputs)
    assert gradgradcheck(convolution, inputs)
    assert {*used} == {"correlate", "products"}
    tangents = tuple(normal(*shape) for shape in shapes)
    _, found = jvp(convolution, inputs, tangents)
    step = 1e-6
    ends = [convolution(*[x + sign * step * t for x, t in zip(inputs, tangents, strict=True)]) for sign in (1, -1)]
    np.testing.assert_allclose(found, (ends[0] - ends[1]) / (2 * step), atol=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("backend", ["numpy", "auto"])
def test_a_program_has_the_same_bits(dtype: Any, backend: Any) -> None:
    def step(x: Any, weight: Any, bias: Any) -> Any:
        live = [tensor(each, requires_grad=True) for each in (x, weight, bias)]
        hidden = functional.relu(functional.conv2d(live[0], live[1], live[2], padding=1))
        (functional.conv2d(hidden, live[1].swapaxes(0, 1)) ** 2).sum().backward()
        return [each.grad for each in live]

    program = compile(step, backend=backend)
    for _ in range(4):
        args = normal(3, 2, 6, 6, dtype=dtype), normal(5, 2, 3, 3, dtype=dtype), normal(5, dtype=dtype)
        for one, other in zip(program(*args), step(*args), strict=True):
            np.testing.assert_array_equal(one, other)
    assert "correlate" in program.programs[0].source


def test_a_batch_of_vmap_is_one_convolution() -> None:
    x, weight = normal(3, 2, 2, 5, 6), normal(4, 2, 3, 3)
    found = vmap(lambda x: functional.conv2d(x, weight, padding=1))(x)
    np.testing.assert_allclose(found, [functional.conv2d(each, weight, padding=1) for each in x], atol=1e-13)


@pytest.mark.parametrize("change", [
    lambda x: x.astype(x.dtype.newbyteorder()), lambda x: x[..., ::-1][..., ::-1], lambda x: x.astype(np.float16),
    lambda x: x.astype(np.longdouble), lambda x: x + 0j, lambda x: np.frombuffer(b" " + x.tobytes(), np.uint8)[1:].view(
        x.dtype).reshape(x.shape),
])  # fmt: skip
def test_other_numbers_and_memory(change: Any) -> None:
    x, weight = normal(2, 3, 5, 6), normal(4, 3, 3, 3)
    found = functional.conv2d(change(x), weight)
    windows = slide("test", (5, 6), (3, 3), (1, 1), (0, 0), (0, 0), (1, 1))
    np.testing.assert_allclose(found, by_definition(x, weight, windows), atol=1e-1 if x.itemsize == 2 else 2e-2)


def test_threads_that_make_the_code_at_once() -> None:
    direct._function.cache_clear()
    x, weight = normal(4, 3, 12, 12, dtype=np.float32), normal(5, 3, 3, 3, dtype=np.float32)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: functional.conv2d(x, weight), range(32)))
    for each in found:
        np.testing.assert_array_equal(each, found[0])


def test_few_products_do_not_load_llvm_and_a_machine_without_it_computes_the_same() -> None:
    program = """
import sys
import numpy as np
import nn.functional as F
x, w = np.random.default_rng(0).standard_normal((16, 8, 16, 16)), np.ones((8, 8, 3, 3))
F.conv2d(x[:1, :, :4, :4], w)
assert "llvmlite" not in sys.modules
one = F.conv2d(x, w)
assert "llvmlite" in sys.modules and "numba" not in sys.modules
from nn.functional._kernels import correlation, direct
direct._machine.cache_clear()
from autograd.transforms.compile.fused import loops
loops._llvm.cache_clear()
loops.find_spec = lambda name: None  # as where it is not installed
np.testing.assert_allclose(one, F.conv2d(x, w), atol=1e-12)
assert direct._machine() is None
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@given(drawn=convolutions())
def test_nothing_is_read_or_written_beyond_the_arrays(drawn: Any) -> None:
    """Add up the steps of the loops as `tiles` does: the address of the last element that each of them reaches."""
    x, weight, windows, groups = drawn
    reached: list[int] = []

    def last(name: str, char: str, tile: tuple[int, int], width: int) -> Any:
        def call(*args: int) -> None:
            count, apart, bands, _, n = args[4:9]
            furthest = direct._offsets(windows, channels, n, 1, x.dtype).max()
            if name == "correlate":
                rows, along_rows, area, length, spread, across, down, along, beside, below = args[9:]
                end = (rows - 1) * across + (along_rows - 1) * along + (wide - 1) * beside
                begun = (rows - 1) * down + (along_rows - 1) * along + (wide - 1) * below
            else:
                _, area, length, spread, _, few, across, down, many, along, beside = args[9:]
                end, begun = (few - 1) * across + (many - 1) * along, (few - 1) * down + (many - 1) * beside
            reached.append((count - 1) * apart + furthest + (n - 1) * area + end + lanes)
            assert begun + lanes <= length
            assert n * length == spread
            assert bands * tile[0] >= len(weight) // groups

        return call

    channels, lanes, wide = weight.shape[1], direct._lanes(x.dtype), direct._known().correlate[1]
    y = normal(len(x), len(weight), *windows.counts, dtype=x.dtype)
    with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
        patch.setattr(direct, "_function", last)
        row = direct.pad(x, windows)
        direct.correlate(row, weight, len(x), windows, groups)
        direct.products(row, y, windows, groups)
    assert len(reached) == 2
    assert max(reached) <= len(row)


FIRST = """
import nn, numpy as np
from autograd import compile
model, x = nn.Conv2d(32, 32, 3), np.ones((8, 32, 16, 16), np.float32)
step = compile(lambda x: model(x).sum(), backend="auto")
print(abs(step(x).item() - model(x).sum().item()) < 1, step.fallbacks)
"""


def test_machine_code_is_loaded_while_a_program_is_recorded() -> None:
    done = subprocess.run([sys.executable, "-c", FIRST], capture_output=True, text=True, check=True)
    assert done.stdout == "True []\n"
