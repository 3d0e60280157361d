"""Functions and layers of complex numbers: what is defined for real numbers alone refuses them, all else is right.

`gradcheck` sees no fault in ``maximum(z, 0)``: NumPy compares real parts first, so it is z or 0, each with its
derivative. But it is no continuation of what the function is for real numbers, as the mean over a circle tells: for a
function that has a complex derivative it is the value at the centre.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import DtypeError, Tensor, gradcheck

from .dtype_calls import Call, functions, layers

Array = np.ndarray[Any, Any]

CALLS = {f"{'nn' if call.name[0].isupper() else 'functional'}.{call.name}": call for call in (*functions(), *layers())}
PLACES = [(name, i) for name, call in CALLS.items() for i in call.data]
# Norms have no complex derivative: dividing by one is tested for itself.
OF_NORMS = {"normalize"}
RADIUS = 0.7  # tanh has poles at a distance of pi/2 from real numbers
every_place = pytest.mark.parametrize(("name", "place"), PLACES)


def of_one(call: Call, place: int) -> Callable[[Any], Any]:
    """Return the function of one of the arguments; drawings are the same each time."""
    args = [arg.astype(np.float64) if i in call.data else arg for i, arg in enumerate(call.args)]
    nn.manual_seed(1)
    made = call.make()

    def function(x: Any) -> Any:
        nn.manual_seed(0)
        out = made(*args[:place], x, *args[place + 1 :], **call.options)
        return out[0] if isinstance(out, tuple) else out

    return function


def values(out: Any) -> Array:
    return np.asarray(out.data if isinstance(out, Tensor) else out)


def refused(call: Call, place: int, z: Array) -> bool:
    """Tell whether the function refuses complex numbers, in words that help."""
    try:
        of_one(call, place)(z)
    except DtypeError as error:
        message = str(error)
        assert "complex128" in message
        assert message.endswith(": use .real and .imag, or np.abs")
        if call.name in nn.functional.__all__:
            assert message.startswith(f"{call.name} computes with real numbers, but ")
        return True
    return False


@pytest.mark.one_in(6)
@every_place
def test_complex_numbers_are_refused_or_computed_rightly(name: str, place: int) -> None:
    call, rng = CALLS[name], np.random.default_rng(2)
    x = call.args[place].astype(np.float64)
    direction = np.exp(2j * np.pi * rng.uniform(size=x.shape))
    if refused(call, place, x + direction):
        return
    function = of_one(call, place)
    np.testing.assert_allclose(values(function(x + 0j)), values(function(x)), 1e-12, 1e-12)
    assert gradcheck(function, x + 0.3 * direction, fast_mode=True)
    if call.name in OF_NORMS:
        return
    circle = RADIUS * np.exp(2j * np.pi * np.arange(32) / 32)
    for centre in (x, 10 * x - 5):
        mean = np.mean([values(function(centre + step * direction)) for step in circle], axis=0)
        np.testing.assert_allclose(mean, values(function(centre)), 1e-5, 1e-5)


def test_a_vector_divided_by_its_norm_keeps_its_phases() -> None:
    z = np.array([[3.0, 4.0j], [1 + 1j, 1 - 1j]])
    np.testing.assert_allclose(nn.functional.normalize(z), [[0.6, 0.8j], [(1 + 1j) / 2, (1 - 1j) / 2]])


@pytest.mark.one_in(3)
@every_place
def test_tensors_are_refused_as_arrays_are(name: str, place: int) -> None:
    call = CALLS[name]
    z = call.args[place] + 0.5j
    assert refused(call, place, Tensor(z)) == refused(call, place, z)  # type: ignore[arg-type]  # either


def test_weights_of_classes_are_real() -> None:
    weight = np.array([1.0, 1j])
    for loss in (nn.functional.cross_entropy, nn.functional.nll_loss, nn.functional.multi_margin_loss):
        with pytest.raises(DtypeError, match="weight has dtype complex128"):
            loss(np.ones((2, 2)), np.array([0, 1]), weight=weight)
