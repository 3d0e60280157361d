"""Changes of resolution are those of PyTorch: values, gradients and errors."""

import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import hvp, tensor
from nn import functional

from ..thorough import draws

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")


def compare(ours: Any, theirs: Any, x: Any, precision: float = 1e-11) -> None:
    """Compare outputs and gradients with respect to the input; or what cannot be computed."""
    live, other = tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    try:
        expected = theirs(other)
    except RuntimeError:
        with pytest.raises(ValueError, match=r"window|leaves nothing"):
            ours(live)
        return
    out = ours(live)
    assert out.dtype == x.dtype
    np.testing.assert_allclose(out.data, expected.detach().numpy(), precision, precision)
    g = np.random.default_rng(0).standard_normal(out.shape)
    out.backward(g)
    expected.backward(torch.tensor(g))
    np.testing.assert_allclose(live.grad.data, other.grad.numpy(), precision, precision)


@st.composite
def images(draw: st.DrawFn, axes: int, *, leading: Any = None, multiple: int = 1) -> Any:
    shape = (*(leading or (2, 3)), *(multiple * draw(st.integers(1, 5)) for _ in range(axes)))
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1))).standard_normal(shape)


@draws(25)
@given(data=st.data())
def test_upsample(data: Any) -> None:
    axes = data.draw(st.integers(1, 3))
    x = data.draw(images(axes))
    smooth = {1: ["linear"], 2: ["bilinear", "bicubic"], 3: ["trilinear"]}[axes]
    mode = data.draw(st.sampled_from(["nearest", "nearest-exact", "area", *smooth]))
    options: dict[str, Any] = {"mode": mode}
    if data.draw(st.booleans()):
        # PyTorch divides in single precision: of 7 places in the middle of 14 it may take the one before
        sizes = st.sampled_from([1, 2, 4, 5, 8]) if mode.startswith("nearest") else st.integers(1, 11)
        options["size"] = data.draw(sizes | st.tuples(*[sizes] * axes))
    else:
        # numbers of single precision; of 1.25, which may leave a length as it is, PyTorch's gradient for the nearest
        # and the cubic is not that of its values
        least = [0.5] if mode != "area" or min(x.shape) > 1 else []  # of nothing PyTorch makes empty areas
        factors = st.sampled_from([*least, 1.0, 2.0, 2.5, 3.3125] + [1.25] * mode.endswith("linear"))
        options["scale_factor"] = data.draw(factors | st.tuples(*[factors] * axes))
        options["recompute_scale_factor"] = data.draw(st.sampled_from([None, False]))
    if mode in smooth:
        options["align_corners"] = data.draw(st.sampled_from([None, False, True]))
    compare(nn.Upsample(**options), torch.nn.Upsample(**options), x, 1e-7 if "scale_factor" in options else 1e-11)


@given(data=st.data())
def test_recomputed_scales(data: Any) -> None:
    x = data.draw(images(2))
    options: dict[str, Any] = {
        "scale_factor": 1.75,
        "recompute_scale_factor": True,
        "mode": "bilinear",
        "align_corners": False,
    }
    ours, theirs = (lambda x, f=f: f.interpolate(x, **options) for f in (functional, torch.nn.functional))
    compare(ours, theirs, x)


MODES = {1: ["linear"], 2: ["bilinear", "bicubic"], 3: ["trilinear"]}


@pytest.mark.parametrize(
    ("mode", "axes"),
    [(mode, axes) for axes, smooth in MODES.items() for mode in ["nearest", "nearest-exact", "area", *smooth]],
)
def test_second_derivatives_of_every_mode(mode: str, axes: int) -> None:
    x = np.random.default_rng(axes).standard_normal((1, 2, *(3, 4, 2)[:axes]))
    size = (5, 2, 3)[:axes]

    def wave(x: Any, library: Any) -> Any:
        return (library.interpolate(x * x * x, size, mode=mode) ** 2).sum()

    found = hvp(lambda x: wave(x, functional), x, np.ones(x.shape))
    other = torch.tensor(x, requires_grad=True)
    (first,) = torch.autograd.grad(wave(other, torch.nn.functional), other, create_graph=True)
    first.sum().backward()
    np.testing.assert_allclose(found, other.grad.numpy(), 1e-10, 1e-10)


def test_the_nearest_centres_are_exact_where_pytorch_rounds() -> None:
    for old in range(1, 30):
        for new in range(1, 60):
            out = functional.interpolate(np.arange(old).reshape(1, 1, -1), new, mode="nearest-exact")
            assert out.ravel().tolist() == [(2 * i + 1) * old // (2 * new) for i in range(new)]


def test_nearest_is_exact_where_pytorch_rounds() -> None:
    """Place 7 of 14 lies at 7 * 6 / 14 = 3 exactly, and so on for every pair of lengths."""
    for old in range(1, 30):
        for new in range(1, 60):
            out = functional.interpolate(np.arange(old).reshape(1, 1, -1), new)
            assert out.ravel().tolist() == [i * old // new for i in range(new)]


@given(data=st.data())
def test_pixel_shuffle(data: Any) -> None:
    r = data.draw(st.integers(1, 3))
    leading = data.draw(st.sampled_from([(), (2,), (2, 3)]))
    x = data.draw(images(2, leading=(*leading, 2 * r * r)))
    compare(nn.PixelShuffle(r), torch.nn.PixelShuffle(r), x)
    x = data.draw(images(2, leading=(*leading, 2), multiple=r))
    compare(nn.PixelUnshuffle(r), torch.nn.PixelUnshuffle(r), x)


@given(data=st.data())
def test_unfold_and_fold(data: Any) -> None:
    def numbers(least: int, most: int) -> Any:
        return data.draw(st.integers(least, most) | st.tuples(*[st.integers(least, most)] * 2))

    options = {"kernel_size": numbers(1, 3), "dilation": numbers(1, 2), "padding": numbers(0, 2),
               "stride": numbers(1, 3)}  # fmt: skip
    x = data.draw(images(2, leading=data.draw(st.sampled_from([(3,), (2, 3)]))))
    compare(nn.Unfold(**options), torch.nn.Unfold(**options), x)
    try:
        columns = torch.nn.Unfold(**options)(torch.tensor(x)).numpy()
    except RuntimeError:
        return
    size = x.shape[-2:]
    compare(nn.Fold(size, **options), torch.nn.Fold(size, **options), columns)


@pytest.mark.parametrize("kind", ["Upsample", "PixelShuffle", "PixelUnshuffle", "Unfold", "Fold"])
def test_parameters_and_representation(kind: str) -> None:
    ours, theirs = getattr(nn, kind), getattr(torch.nn, kind)
    expected = [(name, p.default) for name, p in inspect.signature(theirs).parameters.items()]
    assert [(name, p.default) for name, p in inspect.signature(ours).parameters.items()] == expected
    args = (4, 3) if kind == "Fold" else (2,)
    assert repr(ours(*args)) == repr(theirs(*args))


def test_integers_are_taken_by_the_nearest_and_become_floats_in_means() -> None:
    x = tensor(np.arange(4).reshape(1, 1, 4))
    for mode in ("nearest", "nearest-exact"):
        assert functional.interpolate(x, 2, mode=mode).dtype == np.int64
    for mode in ("linear", "area"):
        out = functional.interpolate(x, 2, mode=mode)
        assert out.dtype.kind == "f"
        assert out.ravel().tolist() == [0.5, 2.5]


@given(data=st.data(), axes=st.integers(1, 3), groups=st.integers(1, 3))
def test_channel_shuffle(data: Any, axes: int, groups: int) -> None:
    x = data.draw(images(axes, leading=(2, 2 * groups)))
    compare(nn.ChannelShuffle(groups), torch.nn.ChannelShuffle(groups), x)


@draws(25)
@given(data=st.data(), kind=st.sampled_from(["UpsamplingNearest2d", "UpsamplingBilinear2d"]))
def test_upsampling_of_images(data: Any, kind: str) -> None:
    options = data.draw(st.sampled_from([{"size": 4}, {"size": (8, 2)}, {"scale_factor": 2.0}]))
    ours, theirs = (getattr(where, kind)(**options) for where in (nn, torch.nn))
    assert repr(ours) == repr(theirs)
    x = data.draw(images(2, leading=(2, 1)))
    x = np.concatenate([x, x], -1)  # of an odd length PyTorch's nearest places are rounded
    compare(ours, theirs, x[..., :1, :2] if kind == "UpsamplingNearest2d" else x)
