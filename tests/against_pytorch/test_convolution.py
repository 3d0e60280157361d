"""Convolutions do what PyTorch's do: values, gradients, shapes, names and errors."""

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import tensor

from ..thorough import draws

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")

MODES = ["zeros", "reflect", "replicate", "circular"]


def layers(kind: str, options: dict[str, Any], dtype: str = "float64") -> tuple[Any, Any]:
    """Return our layer and PyTorch's, with the same parameters."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = getattr(torch.nn, kind)(**options, dtype=getattr(torch, dtype))
    ours = getattr(nn, kind)(**options, dtype=dtype)
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
    return ours, theirs


def compare(ours: Any, theirs: Any, x: Any, precision: float = 1e-10, **more: Any) -> None:
    """Compare outputs, and gradients with respect to the input and the parameters; or what cannot be computed."""
    live, other = tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that padding="same" may take a copy
            expected = theirs(other, **more)
    except RuntimeError:
        expected = None
    if expected is None or not expected.numel():  # PyTorch returns some empty outputs, which are errors here
        with pytest.raises(ValueError, match=r"onv"):
            ours(live, **more)
        return
    out = ours(live, **more)
    np.testing.assert_allclose(out.data, expected.detach().numpy(), precision, precision)
    assert out.dtype == x.dtype
    g = np.random.default_rng(0).standard_normal(out.shape).astype(x.dtype)
    out.backward(g)
    expected.backward(torch.tensor(g))
    np.testing.assert_allclose(live.grad.data, other.grad.numpy(), precision, precision)
    named = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        np.testing.assert_allclose(parameter.grad.data, named[name].grad.numpy(), precision, precision)


@st.composite
def cases(draw: st.DrawFn, transpose: bool) -> tuple[str, dict[str, Any], Any]:
    """Draw a layer with options, and an input, which may be too small."""
    axes = draw(st.integers(1, 3))
    longest = {1: 12, 2: 7, 3: 4}[axes]

    def option(least: int, most: int) -> Any:
        return draw(st.integers(least, most) | st.tuples(*[st.integers(least, most)] * axes))

    groups = draw(st.integers(1, 3))
    options = {
        "in_channels": groups * draw(st.integers(1, 2)),
        "out_channels": groups * draw(st.integers(1, 2)),
        "kernel_size": option(1, 3),
        "stride": option(1, 3),
        "padding": option(0, 2),
        "dilation": option(1, 2),
        "groups": groups,
        "bias": draw(st.booleans()),
    }
    if transpose:
        options["output_padding"] = option(0, 1)
    else:
        options["padding_mode"] = draw(st.sampled_from(MODES))
        if draw(st.integers(0, 3)) == 0:
            options["padding"] = draw(st.sampled_from(["same", "valid"]))
            options["stride"] = 1
    leading = draw(st.sampled_from([(), (1,), (3,)]))
    shape = (*leading, options["in_channels"], *(draw(st.integers(1, longest)) for _ in range(axes)))
    seed = draw(st.integers(0, 2**32 - 1))
    x = np.random.default_rng(seed).standard_normal(shape)
    return f"Conv{'Transpose' * transpose}{axes}d", options, x


@draws(25)
@given(case=cases(transpose=False))
def test_convolutions(case: Any) -> None:
    kind, options, x = case
    compare(*layers(kind, options), x)


@draws(20)
@given(case=cases(transpose=True))
def test_transposed_convolutions(case: Any) -> None:
    kind, options, x = case
    compare(*layers(kind, options), x)


@draws(20)
@given(case=cases(transpose=False) | cases(transpose=True))
def test_single_precision(case: Any) -> None:
    kind, options, x = case
    compare(*layers(kind, options, "float32"), x.astype(np.float32), 2e-5)


@draws(20)
@given(case=cases(transpose=False) | cases(transpose=True))
def test_state_and_representation(case: Any) -> None:
    kind, options, _ = case
    ours, theirs = layers(kind, options)
    state = {name: tuple(value.shape) for name, value in theirs.state_dict().items()}
    assert {name: value.shape for name, value in ours.state_dict().items()} == state
    assert list(ours.state_dict()) == list(state)
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize("kind", ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d"])
def test_initial_values_are_drawn_alike(kind: str) -> None:
    nn.manual_seed(0)
    torch.manual_seed(0)
    options = {"in_channels": 32, "out_channels": 64, "kernel_size": 3, "groups": 2}
    ours, theirs = getattr(nn, kind)(**options), getattr(torch.nn, kind)(**options)
    for name, parameter in theirs.named_parameters():
        own = getattr(ours, name)
        assert own.dtype == np.float32
        parameter = parameter.detach()
        largest = float(parameter.abs().max())
        assert abs(own.data).max() == pytest.approx(largest, rel=0.1)
        assert own.data.std() == pytest.approx(float(parameter.std()), rel=0.2)


@pytest.mark.parametrize("size", [(7, 9), (8, 10), (3, 8, 9), [2, 3, 8, 9]])
def test_the_size_of_a_transposed_convolution_can_be_given(size: Any) -> None:
    ours, theirs = layers("ConvTranspose2d", {"in_channels": 2, "out_channels": 3, "kernel_size": 3, "stride": 2,
                                              "padding": 1})  # fmt: skip
    x = np.random.default_rng(0).standard_normal((2, 2, 4, 5))
    if len(size) == 3:
        with pytest.raises(ValueError, match="output_size"):
            ours(x, output_size=(6, 9))
        return
    compare(ours, theirs, x, output_size=size)


def test_parameters_have_the_same_names_and_defaults() -> None:
    import inspect

    for kind in ("Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"):
        ours = inspect.signature(getattr(nn, kind)).parameters
        theirs = inspect.signature(getattr(torch.nn, kind)).parameters
        expected = [(name, p.default) for name, p in theirs.items() if name != "device"]
        assert [(name, p.default) for name, p in ours.items()] == expected
