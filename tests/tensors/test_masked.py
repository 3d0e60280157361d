"""A mask is never dropped in silence: whatever takes an array raises for a masked one, and says what to do."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd
import datasets
import nn
from autograd import AutogradError, Tensor

from ..autograd_calls import CALLS, undone
from ..good_calls import fresh, good_call, inputs_of
from ..operations.calls import Live
from ..operations.samples import OPERATIONS, Operation
from .test_bad_input import filled, good_calls, public_calls

REMEDY = "mask.*fill"

# Parts of others, which have looked at what they are given.
INNER = {"hazard", "log_ratio", "scatter"}
# These look at memory or batches, not at numbers; sums and conditions of an array without a tensor are NumPy's, which
# knows of masks; and `as_array` does as numpy.asarray, in rules and forwards, whose operands have been looked at,
# as has what computed the result that `overwrite` is given.
LEFT_ALONE = {
    "compile", "mark_written", "portions", "innermost", "accurate_sum", "anywhere", "everywhere", "as_array",
    "overwrite", "tree_leaves",
}  # fmt: skip


def masked(array: Any) -> Any:
    """Return a masked array of the same values; nothing need be masked for it to be refused."""
    return np.ma.masked_array(array, np.zeros(np.shape(array), bool))


def with_one_masked(value: Any) -> Iterator[Any]:
    """Yield arguments with a masked array in the place of one of the arrays in them, each in turn."""
    if isinstance(value, Live):
        yield masked(value.array)
    elif isinstance(value, Tensor):
        yield masked(value.data)
    elif type(value) is np.ndarray:
        yield masked(value)
    elif type(value) in (list, tuple):
        for place, item in enumerate(value):
            for changed in with_one_masked(item):
                yield type(value)([*value[:place], changed, *value[place + 1 :]])
    elif isinstance(value, dict):
        for key, item in value.items():
            for changed in with_one_masked(item):
                yield {**value, key: changed}


def dropped(function: Callable[..., Any], args: Any, kwargs: Any) -> str | None:
    """Say what a call returns that it should not; None if it raises, or gives masked arrays as NumPy does."""
    try:
        result = function(*args, **kwargs)
    except (AutogradError, TypeError, ValueError):
        return None
    kept = [isinstance(x, np.ma.MaskedArray) for x in (result if type(result) is tuple else [result])]
    return None if all(kept) else f"returned {result!r:.80} for {args!r:.300} {kwargs!r:.200}"


def has_tensor(value: Any) -> bool:
    items = value.values() if isinstance(value, dict) else value if type(value) in (list, tuple) else ()
    return isinstance(value, Tensor) or any(map(has_tensor, items))


def live(array: Any) -> Any:
    return Tensor(array, requires_grad=array.dtype.kind in "fc") if type(array) is np.ndarray else array


def live_beside(args: list[Any]) -> list[Any]:
    """Return the arguments with tensors for the other arrays of numbers: what has none of these is NumPy's affair."""
    return [live(x) if type(x) is np.ndarray and x.dtype.kind == "f" else x for x in args]


@pytest.mark.one_in(8)
@pytest.mark.parametrize("operation", [o for o in OPERATIONS if str(o) not in INNER], ids=str)
def test_operations_take_no_masked_operand(operation: Operation) -> None:
    faults: list[str] = []
    for call in good_calls(operation):
        for args, kwargs in with_one_masked([tuple(call.args), call.kwargs]):
            given = filled(list(args), live), filled(kwargs, live)
            if has_tensor(given):  # else NumPy's function does what it does
                faults += filter(None, [dropped(operation.public, *given)])
    assert not faults, "\n".join(faults[:3])


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", [name for name in CALLS if name not in LEFT_ALONE])
def test_autograds_own_functions_take_no_masked_array(name: str) -> None:
    function, made, options = CALLS[name]
    with undone():
        changed = [args for args in with_one_masked(made()) if len(args) == 1 or has_tensor(args) or "." not in name]
        faults = [dropped(function, args, options) for args in changed]
    assert not any(faults), faults


@pytest.mark.one_in(4)
@pytest.mark.parametrize("function", public_calls())
def test_layers_losses_and_data_take_no_masked_array(function: Callable[..., Any]) -> None:
    known = good_call(function)
    if known is None:
        return  # another test counts those of which no good call is known
    args, options = known
    faults = [dropped(function, live_beside(given), options) for given in with_one_masked([fresh(x) for x in args])]
    if inspect.isclass(function) and issubclass(function, nn.Module):
        module = function(*map(fresh, args), **options)
        inputs = inputs_of(module)
        if inputs is not None:
            faults += [dropped(module, live_beside(given), {}) for given in with_one_masked([fresh(x) for x in inputs])]
    assert not any(faults), faults


MASKED = np.ma.masked_array([[1.0, 2.0], [3.0, 4.0]], [[False, True], [False, False]])
LABELS = np.array([0, 1])


def fitted_to(data: Any) -> Any:
    return nn.fit(
        model := nn.Linear(2, 2), data, nn.functional.cross_entropy, nn.optim.SGD(model.parameters()), epochs=1
    )


OTHERS: dict[str, Callable[[], Any]] = {
    "fit": lambda: fitted_to((MASKED, LABELS)),
    "fit to masked labels": lambda: fitted_to((np.ones((2, 2)), np.ma.masked_array(LABELS, [True, False]))),
    "fit of batches": lambda: fitted_to([(MASKED, LABELS)]),
    "evaluate": lambda: nn.evaluate(nn.Linear(2, 2), (MASKED, LABELS), nn.functional.cross_entropy),
    "predict": lambda: nn.predict(nn.Linear(2, 2), MASKED),
    "load_state_dict": lambda: nn.Linear(2, 2).load_state_dict({"weight": MASKED, "bias": np.zeros(2)}),
    "register_buffer": lambda: nn.Module().register_buffer("mean", MASKED),
    "batches": lambda: datasets.batches(MASKED, LABELS, batch_size=1),
    "save": lambda: nn.save({"a": MASKED}, "never.npz"),
    "grad": lambda: autograd.grad(np.sum)(MASKED),
    "vjp": lambda: autograd.vjp(lambda x: x * x, np.ones((2, 2)))[1](MASKED),
    "jvp": lambda: autograd.jvp(lambda x: x * x, np.ones((2, 2)), MASKED),
    "backward": lambda: (leaf() * 2).backward(MASKED),
    "grad=": lambda: setattr(leaf(), "grad", MASKED),
    "data=": lambda: setattr(leaf(), "data", MASKED),
    "np.ma.log": lambda: np.ma.log(leaf()),
    "masked * tensor": lambda: MASKED * leaf(),
    "tensor * masked": lambda: leaf() * MASKED,
    "masked @ tensor": lambda: MASKED @ leaf(),
    "+=": lambda: MASKED.copy().__iadd__(leaf()),
    "item": lambda: (leaf() * 2).__setitem__(slice(None), MASKED),
    "index": lambda: leaf()[MASKED > 1],
    "where": lambda: np.where(MASKED > 1, leaf(), 0.0),
    "sum of where": lambda: np.sum(leaf(), where=MASKED > 1),
}


def leaf() -> Any:
    return autograd.tensor(np.ones((2, 2)), requires_grad=True)


@pytest.mark.parametrize("name", OTHERS)
def test_the_error_says_what_to_do(name: str) -> None:
    with pytest.raises((AutogradError, ValueError, TypeError), match=REMEDY):
        OTHERS[name]()


def test_constants_are_what_numpy_makes_of_them() -> None:
    constant = autograd.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert (MASKED * constant).mask.tolist() == MASKED.mask.tolist()
