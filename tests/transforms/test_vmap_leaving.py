"""Ways out of a batch: what vmap's arrays are handed to computes what a loop over the batch does, or it raises."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import BatchError, DtypeError, grad, vmap

from ..operations.samples import OPERATIONS, Operation
from ..tensors import conversion_cases as exits
from ..tensors.test_bad_input import filled, good_calls
from ..tensors.test_masked import INNER, LEFT_ALONE, masked

AT = np.array([0.73, 0.7305, 0.731])


@pytest.mark.one_in(6)
@pytest.mark.filterwarnings("ignore")  # of libraries, for what they are asked here has no sense to them
@pytest.mark.parametrize("name", exits.EXITS)
@pytest.mark.parametrize("transform", [lambda f: f, grad], ids=["values", "gradients"])
def test_no_way_out_of_a_batch_is_silent(name: str, transform: Callable[[Any], Any]) -> None:
    function = transform(exits.EXITS[name])
    try:
        found = vmap(function, loops="allow")(AT)
    except Exception:  # noqa: BLE001  # whichever a library raises in the place of ours
        return
    assert isinstance(found, np.ndarray)
    assert np.allclose(found, [function(x) for x in AT], rtol=1e-9, atol=1e-12)


def arrays_in(args: Any, path: tuple[int, ...] = ()) -> list[tuple[tuple[int, ...], Any]]:
    """Return the arrays among arguments, and in lists and tuples among them, with the way to each."""
    found = []
    for i, value in enumerate(args):
        if type(value) is np.ndarray:
            found.append(((*path, i), value))
        elif type(value) in (list, tuple) and not path:
            found += arrays_in(value, (i,))
    return found


def put(args: Any, path: tuple[int, ...], value: Any) -> Any:
    """Return arguments with another value at the end of a path."""
    i, *rest = path
    return type(args)([*args[:i], put(args[i], tuple(rest), value) if rest else value, *args[i + 1 :]])


@pytest.mark.one_in(8)
@pytest.mark.filterwarnings("ignore")  # of NumPy, for calls that come to nothing
@pytest.mark.parametrize("operation", [o for o in OPERATIONS if str(o) not in INNER | LEFT_ALONE], ids=str)
def test_no_operation_takes_a_masked_array_beside_a_batch(operation: Operation) -> None:
    for call in good_calls(operation):
        args = filled(list(call.args), lambda x: x)
        for batched, array in arrays_in(args):
            for other, beside in arrays_in(args):
                if other == batched:
                    continue
                given = put(args, other, masked(beside))

                def beside_it(x: Any, given: Any = given, path: Any = batched, call: Any = call) -> Any:
                    return operation.public(*put(given, path, x), **call.kwargs)

                with pytest.raises((DtypeError, TypeError, ValueError)):
                    vmap(beside_it)(np.stack([array, array]))


@pytest.mark.parametrize("masked_index", [masked([0, 1]), masked([True, False, True])])
def test_a_masked_array_is_no_index_into_a_batch_and_is_not_written_to_it(masked_index: Any) -> None:
    x = np.ones((2, 3))

    def write(x: Any) -> Any:
        y = x.copy()
        y[: len(masked_index)] = masked_index
        return y

    for function in (lambda x: x[masked_index], write):
        with pytest.raises(DtypeError, match="mask"):
            vmap(function)(x)


def test_copies_belong_to_the_same_batch_and_pickles_raise() -> None:
    x = np.arange(6.0).reshape(2, 3)
    for copied in (copy.copy, copy.deepcopy):
        assert np.array_equal(vmap(lambda x, copied=copied: copied({"x": x})["x"] + 1, (0,))(x), x + 1)
    with pytest.raises(BatchError, match="a pickle of a batched array"):
        vmap(lambda x: pickle.loads(pickle.dumps(x)))(x)
