"""Convolutions: their definition, derivatives of both orders, memory, dtypes, errors."""

import itertools
import platform
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import nn
from autograd import ShapeError, Tensor, compile, gradcheck, gradgradcheck, jvp, no_grad, tensor, vmap
from nn import functional
from nn.functional._kernels import correlation as _correlation
from nn.functional._kernels import sliding_windows as _windows
from nn.functional._kernels.operands import Saved

rng = np.random.default_rng(0)


def normal(*shape: int) -> Any:
    return rng.standard_normal(shape)


def odd(value: Any) -> Any:
    """Return the value, which a type checker would refuse."""
    return value


def by_definition(x: Any, weight: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    """Return a convolution of images, element by element."""
    (s, t), (p, q), (d, e) = stride, padding, dilation
    x = np.pad(x, [(0, 0), (0, 0), (p, p), (q, q)])
    outputs, inner, rows, columns = weight.shape
    height, width = (x.shape[2] - d * (rows - 1) - 1) // s + 1, (x.shape[3] - e * (columns - 1) - 1) // t + 1
    out = np.zeros((len(x), outputs, height, width))
    for n, o, i, j in np.ndindex(out.shape):
        first = o // (outputs // groups) * inner
        window = x[n, first : first + inner, i * s : i * s + d * rows : d, j * t : j * t + e * columns : e]
        out[n, o, i, j] = (window[:, :rows, :columns] * weight[o]).sum()
    return out


def by_windows(x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1) -> Any:
    """Return a convolution composed of operations: the columns of the windows, and a product."""
    columns = functional.unfold(x, weight.shape[2:], dilation, padding, stride)
    out = weight.reshape(len(weight), -1) @ columns
    shape = functional.conv2d(np.zeros(x.shape), np.zeros(weight.shape), None, stride, padding, dilation).shape
    return (out if bias is None else out + bias[:, None]).reshape(shape)


pairs = st.tuples(st.integers(1, 2), st.integers(1, 3))


@given(stride=pairs, padding=st.tuples(st.integers(0, 2), st.integers(0, 2)), dilation=pairs, groups=st.integers(1, 2))
def test_the_definition(stride: Any, padding: Any, dilation: Any, groups: int) -> None:
    x, weight = normal(2, 4, 6, 7), normal(6, 4 // groups, 2, 3)
    out = functional.conv2d(x, weight, None, stride, padding, dilation, groups)
    np.testing.assert_allclose(out, by_definition(x, weight, stride, padding, dilation, groups), atol=1e-12)


@given(options=st.fixed_dictionaries({"stride": pairs, "padding": pairs, "dilation": st.integers(1, 2)}),
       bias=st.booleans())  # fmt: skip
def test_values_and_gradients_are_those_of_the_composition(options: Any, bias: bool) -> None:
    inputs = [normal(2, 3, 6, 7), normal(4, 3, 2, 3), *([normal(4)] if bias else [])]
    found = []
    for function in (functional.conv2d, by_windows):
        live: list[Any] = [tensor(x, requires_grad=True) for x in inputs]
        out = function(*live, **options)
        (out * np.cos(np.arange(out.size)).reshape(out.shape)).sum().backward()
        found.append([out.data, *[x.grad.data for x in live]])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


LAYERS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "plain": (lambda: nn.Conv2d(2, 3, 2, dtype=np.float64), (2, 2, 3, 4)),
    "one image": (lambda: nn.Conv2d(2, 3, 2, dtype=np.float64), (2, 3, 4)),
    "shifted": (lambda: nn.Conv2d(1, 2, 2, padding=1, dilation=(1, 2), dtype=np.float64), (1, 1, 6, 6)),
    "options": (lambda: nn.Conv2d(2, 4, (2, 1), 2, (1, 0), 2, 2, False, dtype=np.float64), (2, 2, 4, 3)),
    "same": (lambda: nn.Conv1d(1, 2, 4, padding="same", dtype=np.float64), (2, 1, 5)),
    "reflect": (lambda: nn.Conv1d(1, 1, 3, padding=2, padding_mode="reflect", dtype=np.float64), (2, 1, 4)),
    "circular": (lambda: nn.Conv2d(1, 1, 2, padding=1, padding_mode="circular", dtype=np.float64), (1, 1, 2, 3)),
    "one place": (lambda: nn.Conv2d(3, 2, 1, dtype=np.float64), (2, 3, 2, 2)),
    "volumes": (lambda: nn.Conv3d(1, 2, 2, stride=(1, 2, 1), dtype=np.float64), (1, 1, 2, 3, 3)),
    "transposed": (lambda: nn.ConvTranspose2d(2, 2, 2, 2, 1, (1, 0), 2, dilation=2, dtype=np.float64), (2, 2, 2, 3)),
    "transposed, one apart": (lambda: nn.ConvTranspose1d(1, 2, 3, padding=1, dtype=np.float64), (2, 1, 6)),
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", LAYERS)
def test_derivatives_of_both_orders(name: str) -> None:
    make, shape = LAYERS[name]
    layer = make()
    parameters = list(layer.parameters())

    def run(x: Any, *values: Any) -> Any:
        for parameter, value in zip(parameters, values, strict=True):
            parameter._array, parameter._node = value._array, value._node
        return layer(x)

    inputs = [normal(*shape), *[parameter.data.copy() for parameter in parameters]]
    assert gradcheck(run, inputs, fast_mode=True)
    assert gradgradcheck(run, inputs, fast_mode=True)


def test_forward_mode_follows_the_product_rule() -> None:
    x, dx, w, dw = normal(1, 2, 4, 5), normal(1, 2, 4, 5), normal(3, 2, 2, 2), normal(3, 2, 2, 2)
    _, tangent = jvp(functional.conv2d, (x, w), (dx, dw))
    np.testing.assert_allclose(tangent, functional.conv2d(dx, w) + functional.conv2d(x, dw), atol=1e-12)


def test_transposed_is_the_gradient_by_the_input() -> None:
    x, weight = tensor(normal(2, 4, 9, 8), requires_grad=True), normal(6, 2, 3, 2)
    out = functional.conv2d(x, weight, None, (2, 1), 1, (1, 2), 2)
    g = normal(*out.shape)
    out.backward(g)
    again = functional.conv_transpose2d(g, weight, None, (2, 1), 1, 0, 2, (1, 2))
    np.testing.assert_allclose(again, x.grad.data, atol=1e-12)


@st.composite
def windows_and_channels(draw: st.DrawFn) -> tuple[_windows.Windows, int, int, int]:
    """Draw windows over one to three axes, some of them all in the padding, groups, and their inputs and outputs."""
    axes = draw(st.integers(1, 3))
    kernel, dilation, stride, low, high, extra = (
        tuple(draw(st.integers(least, most)) for _ in range(axes))
        for least, most in ((1, 3), (1, 2), (1, 2), (0, 5), (0, 2), (0, 3))
    )
    stride = draw(st.sampled_from([stride, (1,) * axes]))
    reach = (d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    size = tuple(max(1, r - a - b) + e for r, a, b, e in zip(reach, low, high, extra, strict=True))
    windows = _windows.slide("windows", size, kernel, stride, low, high, dilation)
    return windows, draw(st.integers(1, 2)), draw(st.integers(1, 3)), draw(st.integers(1, 3))


@given(windows_and_channels(), st.integers(0, 2), st.sampled_from([np.float32, np.float64]))
@example((_windows.Windows((2,), (1,), (2,), (1,), (0,), (2,)), 1, 1, 1), 2, np.float64)  # the second one is outside
@example((_windows.Windows((5,), (3,), (2,), (1,), (1,), (3,)), 1, 3, 1), 2, np.float64)
def test_transposed_is_the_transpose(drawn: Any, n: int, dtype: Any) -> None:
    """Of integers, whose sums are exact in any order."""
    windows, groups, inner, outer = drawn
    random = np.random.default_rng(0)
    x, weight, y = (
        random.integers(-3, 4, shape).astype(dtype)
        for shape in (
            (n, groups * inner, *windows.size),
            (groups * outer, inner, *windows.kernel),
            (n, groups * outer, *windows.counts),
        )
    )
    out = _correlation.convolve(x, weight, None, windows, groups, Saved())
    back = _correlation.transposed(y, weight, None, windows, groups)
    assert (back.shape, back.dtype) == (x.shape, dtype)
    assert (out * y).sum() == (x * back).sum()
    biased = _correlation.transposed(y, weight, np.arange(groups * inner).astype(dtype), windows, groups)
    of_bias = np.moveaxis(biased - back, 1, -1)
    np.testing.assert_array_equal(of_bias, np.broadcast_to(np.arange(groups * inner), of_bias.shape))


@given(windows_and_channels(), st.booleans())
def test_columns_by_long_runs_are_the_same(drawn: Any, channels_first: bool) -> None:
    windows, channels, n, batch = drawn
    x = np.random.default_rng(0).standard_normal((batch, n, channels, *windows.size))
    x = x.swapaxes(1, 2).copy().swapaxes(1, 2) if channels_first else x
    with pytest.MonkeyPatch.context() as patch:
        found = []
        for many in (1 << 60, -1):
            patch.setattr(_windows, "_MANY", many)
            found.append([_windows.columns(x[0], windows), vmap(lambda x: _windows.extract(x, windows))(x)])
            found[-1].append(compile(lambda x: _windows.columns(x, windows) + 0)(x[0]))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other, strict=True)


def test_gradients_by_the_input_are_convolutions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_correlation, "add_columns", None)  # no windows are added up
    for inputs, outputs, kernel in ((4, 4, 3), (4, 2, 3), (2, 4, 1)):
        x = tensor(normal(2, inputs, 8, 7), requires_grad=True)
        functional.conv2d(x, normal(outputs, inputs, kernel, kernel), padding=kernel // 2).sum().backward()


@pytest.mark.parametrize("padding", [0, 1])
def test_large_batches_are_computed_in_parts(monkeypatch: pytest.MonkeyPatch, padding: int) -> None:
    def everything() -> list[Any]:
        live: list[Any] = [tensor(x, requires_grad=True) for x in inputs]
        out = functional.conv2d(live[0], live[1], live[2], padding=padding)
        out.backward(np.sin(np.arange(out.size)).reshape(out.shape))
        up = functional.conv_transpose2d(inputs[0], np.ones((2, 3, 3, 3)))
        return [out.data, *[x.grad.data for x in live], up]

    inputs = normal(5, 2, 6, 7), normal(3, 2, 3, 3), normal(3)
    whole = everything()

    def pieces(n: int, *_: Any) -> list[slice]:
        return [slice(i, min(i + 2, n)) for i in range(0, n, 2)]

    monkeypatch.setattr(_correlation, "batches", pieces)
    for one, other in zip(everything(), whole, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_parts_take_at_most_16_mb_or_one_image() -> None:
    windows = _windows.slide("x", (64, 64), (3, 3), (1, 1), (1, 1), (1, 1), (1, 1))
    parts = _windows.batches(100, 32, windows, 4)
    each = 32 * 9 * 64 * 64 * 4
    assert [(part.stop - part.start) * each <= 1 << 24 for part in parts] == [True] * len(parts)
    assert [i for part in parts for i in range(100)[part]] == list(range(100))
    assert len(parts) == 34
    assert len(_windows.batches(3, 10_000, windows, 8)) == 3


def test_long_products_in_pieces() -> None:
    a, b = normal(1, 5, 5000), normal(1, 7, 5000)
    np.testing.assert_allclose(_correlation._long_product(a, b), a @ b.swapaxes(1, 2), rtol=1e-12)


def test_columns_that_were_kept_are_not_those_of_another_input() -> None:
    """A walk that takes care of zeros applies the rule to other values than the forward pass had."""
    x = np.array([[[1.0, 2.0, np.nan]]])
    weight = tensor([[[1.0, 1.0]]], requires_grad=True)
    functional.conv1d(x, weight)[..., :1].sum().backward()
    assert weight.grad.data.tolist() == [[[1, 2]]]


def test_memory_has_the_channels_first_and_stays_so() -> None:
    layer = nn.Conv2d(3, 4, 3)
    out = layer(np.zeros((5, 3, 8, 8), np.float32))
    for array in (out.data, functional.relu(out).data, functional.max_pool2d(out, 2).data):
        assert array.swapaxes(0, 1).flags.c_contiguous


@pytest.mark.parametrize("layer", [nn.Conv2d(2, 4, 3, padding=1), nn.ConvTranspose2d(2, 4, 3, 2)])
def test_everything_stays_float32(layer: Any) -> None:
    x = tensor(normal(2, 2, 5, 5).astype(np.float32), requires_grad=True)
    out = layer(x)
    out.sum().backward()
    assert out.dtype == x.grad.dtype == layer.weight.grad.dtype == layer.bias.grad.dtype == np.float32
    assert layer(np.zeros((2, 2, 5, 5), np.uint8)).dtype == np.float32


def test_arrays_give_arrays_and_constants_no_graph() -> None:
    x, weight = normal(1, 2, 4, 4), normal(3, 2, 2, 2)
    convolve: Any = functional.conv2d
    assert type(convolve(x, weight)) is np.ndarray
    assert type(convolve(x.tolist(), weight.tolist())) is np.ndarray
    layer = nn.Conv2d(2, 3, 2, dtype=np.float64)
    with no_grad():
        assert not layer(x).requires_grad
    constant = Tensor(x)
    layer(constant).sum().backward()
    assert constant.grad is None


@pytest.mark.parametrize("change", ["transposed", "strided", "reversed", "read-only"])
def test_inputs_that_lie_otherwise_in_memory(change: str) -> None:
    x = normal(3, 2, 6, 6)
    layouts: dict[str, Any] = {
        "transposed": lambda: np.asfortranarray(x),
        "strided": lambda: np.repeat(x, 2, axis=-1)[..., ::2],
        "reversed": lambda: x[:, :, ::-1].copy()[:, :, ::-1],
        "read-only": lambda: np.broadcast_to(x, x.shape),
    }
    other = layouts[change]()
    weight = normal(4, 2, 3, 3)
    found = []
    for array in (x, other):
        live, kernels = tensor(array, requires_grad=True), tensor(weight, requires_grad=True)
        live._array = array
        out = functional.conv2d(live, kernels, padding=1)
        (out * out).sum().backward()
        found.append((out.data, live.grad.data, kernels.grad.data))
    for one, two in zip(*found, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-12)


def test_no_images_have_no_gradient() -> None:
    for layer in (nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(2, 4, 3, 2, groups=2), nn.ConvTranspose2d(2, 4, 3, 2)):
        x = tensor(np.zeros((0, 2, 9, 9), np.float32), requires_grad=True)
        out = layer(x)
        out.sum().backward()
        assert out.shape[:2] == (0, 4)
        assert x.grad.shape == x.shape
        for parameter in layer.parameters():
            assert parameter.grad.shape == parameter.shape
            assert not parameter.grad.data.any()


IMAGE = np.zeros((2, 3, 5, 5))
KERNEL = np.zeros((4, 3, 3, 3))
ERRORS: list[tuple[Any, type[Exception], str]] = [
    (lambda: functional.conv2d(IMAGE[0, 0], KERNEL), ShapeError, r"conv2d.*\(n, channels, height, width\).*\(5, 5\)"),
    (lambda: functional.conv2d(IMAGE[:, :, :0], KERNEL), ShapeError, r"where n alone may be 0"),
    (lambda: functional.conv2d(IMAGE[:, :2], KERNEL), ShapeError, r"\(2, 2, 5, 5\) has 2 channels.*groups=1 takes 3"),
    (lambda: functional.conv2d(IMAGE, KERNEL[0]), ShapeError, r"\(outputs, channels / groups, rows, columns\)"),
    (lambda: functional.conv1d(IMAGE[0], KERNEL), ShapeError, r"\(outputs, channels / groups, kernel\)"),
    (lambda: functional.conv2d(IMAGE, KERNEL, np.zeros(3)), ShapeError, r"bias should have the shape \(4,\)"),
    (lambda: functional.conv2d(IMAGE, np.zeros((4, 1, 3, 3)), groups=3), ShapeError, r"be divided into groups=3"),
    (lambda: functional.conv2d(IMAGE, KERNEL, groups=0), ValueError, r"groups should be an integer of at least 1"),
    (lambda: functional.conv2d(IMAGE, KERNEL, dilation=3), ShapeError, r"window of \(7, 7\) does not fit.*\(5, 5\)"),
    (lambda: functional.conv2d(IMAGE, KERNEL, stride=0), ValueError, r"stride should be at least 1, not 0"),
    (lambda: functional.conv2d(IMAGE, KERNEL, stride=(1, 2, 3)), ValueError, r"integer or 2 of them, not \(1, 2, 3\)"),
    (lambda: functional.conv2d(IMAGE, KERNEL, stride=odd(1.5)), TypeError, r"stride should be an integer"),
    (lambda: functional.conv2d(IMAGE, KERNEL, padding=-1), ValueError, r"padding should be at least 0, not -1"),
    (lambda: functional.conv2d(IMAGE, KERNEL, padding=odd("full")), ValueError, r'"valid" or "same", not \'full\''),
    (lambda: functional.conv2d(IMAGE, KERNEL, stride=2, padding="same"), ValueError, r"needs stride 1, not \(2, 2\)"),
    (lambda: functional.conv_transpose2d(IMAGE, KERNEL), ShapeError, r"has 3 channels.*takes 4"),
    (lambda: functional.conv_transpose1d(IMAGE[0], IMAGE), ShapeError, r"\(channels, outputs / groups, kernel\)"),
    (
        lambda: functional.conv_transpose2d(IMAGE, KERNEL[:3], output_padding=1),
        ValueError,
        r"output_padding should be less than the stride or the dilation, but is \(1, 1\)",
    ),
    (lambda: functional.conv_transpose2d(IMAGE, KERNEL[:3], padding=4), ShapeError, r"\(-1, -1\) is none: use less"),
    (lambda: nn.Conv2d(0, 1, 3), ValueError, r"Conv2d: in_channels should be an integer of 1 or more"),
    (lambda: nn.Conv2d(3, 4, 3, groups=2), ValueError, r"groups=2 does not divide the channels, 3 and 4"),
    (lambda: nn.Conv2d(3, 4, 0), ValueError, r"Conv2d: kernel_size should be at least 1"),
    (lambda: nn.Conv2d(3, 4, 3, padding_mode="mirror"), ValueError, r"zeros, reflect, replicate, circular, not 'mirr"),
    (lambda: nn.Conv2d(3, 4, 3, 2, "same"), ValueError, r'Conv2d: padding="same" needs stride 1'),
    (lambda: nn.ConvTranspose2d(3, 4, 3, padding_mode="reflect"), ValueError, r'can only be "zeros"'),
    (lambda: nn.ConvTranspose2d(3, 4, 3, padding=odd("same")), TypeError, r"padding should be an integer"),
    (
        lambda: nn.Conv2d(3, 4, 3, padding=5, padding_mode="reflect")(IMAGE),
        ShapeError,
        r"Conv2d: .* at most length - 1 places on a side, but the widths are 5 and 5",
    ),
    (
        lambda: nn.ConvTranspose2d(3, 4, 3, 2)(IMAGE, output_size=(11, 13)),
        ShapeError,
        r"from \(11, 11\) to \(12, 12\).*not \(11, 13\)",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors_name_what_is_wrong(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


PAGES = """
import resource
import numpy as np
import nn

model = nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3))
x = np.zeros((32, 1, 28, 28), np.float32)

def faults(steps):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(steps):
        model(x).sum().backward()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults(5)
print(faults(20) // 20)
"""


@pytest.mark.thorough
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep memory in other ways")
def test_steps_do_not_ask_the_system_for_memory_again() -> None:
    """A step takes some 15 MB, which is 4000 pages to clear if it was returned."""
    done = subprocess.run([sys.executable, "-c", PAGES], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 400


def test_a_network_learns_what_it_is_shown() -> None:
    """Tell horizontal from vertical lines, at every place."""
    nn.manual_seed(0)
    images, labels = [], []
    for place, kind in itertools.product(range(8), range(2)):
        image = np.zeros((1, 8, 8), np.float32)
        image[(0, place) if kind else (0, slice(None), place)] = 1
        images.append(image)
        labels.append(kind)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 2, 3), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )  # fmt: skip
    optimizer = nn.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(60):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(np.stack(images)), np.array(labels))
        loss.backward()
        optimizer.step()
    assert float(loss) < 0.1
