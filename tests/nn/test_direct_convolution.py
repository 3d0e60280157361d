"""Convolutions as machine code: their definition in registers, derivatives, infinite elements, programs, threads."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import compile, gradcheck, gradgradcheck, jvp, tensor, vmap
from nn import functional
from nn.functional._kernels import direct
from nn.functional._kernels.sliding_windows import Windows, slide

tiles: Any = pytest.importorskip(
    "nn.functional._kernels.tiles", reason="llvmlite is not installed", exc_type=ImportError
)
rng = np.random.default_rng(0)
WIDTHS = (64, 32, 16)  # bytes of a register


@pytest.fixture(autouse=True, scope="module")
def _small_arrays_too() -> Iterator[None]:
    """Use machine code for arrays of any size."""
    before, direct._FEWEST = direct._FEWEST, 1
    yield
    direct._FEWEST = before


def normal(*shape: int, dtype: Any = np.float64) -> Any:
    return rng.standard_normal(shape).astype(dtype)


@cache
def machine(width: int) -> Any:
    """Return this machine, without the registers that are wider; None if it has none of this width."""
    own, features = tiles.here(), tiles.binding.get_host_cpu_features()
    if width == own.width:
        return own
    for name in features:
        features[name] = features[name] and not name.startswith("avx512" if width == 32 else ("avx", "fma"))
    found = tiles.machine_of("generic", features)
    return found if found.width == width < own.width else None


def padded(x: Any, padding: Any) -> Any:
    return np.pad(np.asarray(x, np.float64), [(0, 0), (0, 0), *[(p, p) for p in padding]])


def positions(kernel: Any, counts: Any, dilation: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each position in a window, and the index of what all windows have there."""
    for place in np.ndindex(kernel):
        yield place, (..., *[slice(k * d, k * d + n) for k, d, n in zip(place, dilation, counts, strict=True)])


def by_definition(x: Any, weight: Any, windows: Windows) -> Any:
    """Return a correlation as a sum over the positions in a window."""
    out: Any = 0
    for place, part in positions(windows.kernel, windows.counts, windows.dilation):
        out = out + np.einsum("oc,nc...->no...", weight[:, :, *place], padded(x, windows.padding)[part])
    return out


def weights_by_definition(x: Any, y: Any, windows: Windows) -> Any:
    """Return for each weight the sum of `y` times what the windows have at its position."""
    out = np.empty((y.shape[1], x.shape[1], *windows.kernel))
    for place, part in positions(windows.kernel, windows.counts, windows.dilation):
        sums = [0, *range(2, x.ndim)]
        out[:, :, *place] = np.tensordot(y, padded(x, windows.padding)[part], (sums, sums))
    return out


@st.composite
def convolutions(draw: Any) -> Any:
    """Draw an input, a weight, and their windows, along one to three axes."""
    axes = draw(st.integers(1, 3))
    kernel = draw(st.tuples(*[st.integers(1, 3)] * axes).filter(lambda k: max(k) > 1))
    dilation = draw(st.tuples(*[st.integers(1, 2)] * axes))
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    padding = tuple(draw(st.integers(0, n - 1)) for n in reach)
    least = [max(1, n - 2 * p) for n, p in zip(reach, padding, strict=True)]
    size = tuple(draw(st.integers(n, n + {1: 40, 2: 18, 3: 4}[axes])) for n in least)
    if axes == 2 and draw(st.booleans()):  # rows that are whole runs
        size = tuple(count + n - 1 - 2 * p for count, n, p in zip((4, 32), reach, padding, strict=True))
    n, channels, outputs = draw(st.integers(1, 3)), draw(st.integers(1, 5)), draw(st.integers(1, 9))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    windows = slide("test", size, kernel, (1,) * axes, padding, padding, dilation)
    return normal(n, channels, *size, dtype=dtype), normal(outputs, channels, *kernel, dtype=dtype), windows


def directly(x: Any, weight: Any, y: Any, windows: Windows, width: int) -> tuple[Any, Any]:
    """Return what machine code for registers of this width computes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(direct, "_machine", lambda: machine(width))
        patch.setattr(direct, "_plan", direct._plan.__wrapped__)
        patch.setattr(direct, "_offsets", direct._offsets.__wrapped__)
        row = direct.pad(x, windows)
        return direct.correlate(row, weight, len(x), windows).swapaxes(0, 1), direct.products(row, y, windows)


@pytest.mark.parametrize("width", WIDTHS)
@given(drawn=convolutions(), order=st.sampled_from("CF"))
def test_the_definition_in_registers_of_each_width(width: int, drawn: Any, order: Any) -> None:
    if machine(width) is None:
        pytest.skip(f"this processor has no registers of {width} bytes")
    x, weight, windows = drawn
    assert direct.fits(x, weight.size, windows, 1)
    y = normal(len(x), len(weight), *windows.counts, dtype=x.dtype)
    out, weights = directly(np.array(x, order=order), weight, np.array(y, order=order), windows, width)
    assert out.dtype == weights.dtype == x.dtype
    room = 2 * np.finfo(x.dtype).eps
    scale = by_definition(abs(x), abs(weight), windows)
    assert (abs(out - by_definition(x, weight, windows)) <= room * weight[0].size * scale).all()
    scale = weights_by_definition(abs(x), abs(y), windows)
    assert (abs(weights - weights_by_definition(x, y, windows)) <= room * y[:, 0].size * scale + 1e-30).all()


@pytest.mark.parametrize("size", [(3, 5), (4, 32)])
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_what_is_infinite_stays_where_it_belongs(size: tuple[int, int], value: float) -> None:
    windows = slide("test", size, (2, 2), (1, 1), (0, 0), (0, 0), (1, 1))
    for index in np.ndindex(size):
        x, weight = normal(2, 3, *size), normal(4, 3, 2, 2)
        x[1, 2, *index] = value
        y = normal(2, 4, *windows.counts)
        with np.errstate(invalid="ignore"):
            out, weights = directly(x, weight, y, windows, tiles.here().width)
            expected, others = by_definition(x, weight, windows), weights_by_definition(x, y, windows)
        np.testing.assert_allclose(out, expected, atol=1e-12)
        np.testing.assert_allclose(weights, others, atol=1e-12)


CONVOLUTIONS: dict[str, tuple[Any, Any]] = {
    "1d": (lambda x, w: functional.conv1d(x, w, padding=1), ((2, 3, 9), (4, 3, 3))),
    "2d": (lambda x, w: functional.conv2d(x, w, padding=1), ((2, 3, 4, 16), (4, 3, 3, 3))),
    "rows": (lambda x, w: functional.conv2d(x, w, dilation=2), ((2, 2, 5, 7), (3, 2, 3, 2))),
    "3d": (lambda x, w: functional.conv3d(x, w, padding=1), ((1, 2, 3, 3, 3), (2, 2, 2, 2, 2))),
    "transposed": (lambda x, w: functional.conv_transpose2d(x, w, padding=1), ((2, 4, 5, 6), (4, 3, 3, 3))),
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
    tiles.MADE.clear()
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
from nn.functional._kernels import direct
direct._machine.cache_clear()
for name in [name for name in sys.modules if name.startswith("llvmlite")] + ["nn.functional._kernels.tiles"]:
    sys.modules[name] = None
import nn.functional._kernels as kernels
del kernels.tiles
np.testing.assert_allclose(one, F.conv2d(x, w), atol=1e-12)
assert direct._machine() is None
"""
    subprocess.run([sys.executable, "-c", program], check=True)
