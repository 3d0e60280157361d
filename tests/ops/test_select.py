"""Selection by bits: `select` is `np.where`, to the bit, and takes over where it may."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import compile, grad
from autograd.arrays import select as module
from autograd.extend import select

SPECIAL = (0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan, 1e-45, -1e-310, 3.5)
NUMBERS = (0, 0.0, -0.0, 1, -3, True, 0.1, 1e29, 1e300, np.inf, -np.inf, np.nan, np.float32(0.1), np.float64(0.1))


def same(found: Any, expected: Any) -> bool:
    return bool(
        type(found) is type(expected)
        and found.dtype == expected.dtype
        and found.shape == expected.shape
        and np.asarray(found).tobytes() == np.asarray(expected).tobytes()
    )


@pytest.fixture(autouse=True, scope="module")
def few_are_many() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MANY", 3)
        yield


@given(
    seed=st.integers(0, 10_000),
    shapes=st.lists(st.sampled_from(((), (1,), (4,), (3, 4), (3, 1), (0, 4), (2, 3, 4))), min_size=3, max_size=3),
    dtypes=st.tuples(*[st.sampled_from((np.float32, np.float64, np.float16, np.int32, np.complex64, None))] * 2),
    order=st.sampled_from("CF"),
    alike=st.booleans(),
)
def test_it_is_where_to_the_bit(seed: int, shapes: Any, dtypes: Any, order: Any, alike: bool) -> None:
    draw = np.random.default_rng(seed)
    if alike:
        shapes, dtypes = [shapes[0]] * 3, (dtypes[0] or np.float32,) * 2
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return
    condition = np.asarray(draw.random(shapes[0]) > 0.5, order=order)
    with np.errstate(all="ignore"):
        x, y = (
            NUMBERS[draw.integers(len(NUMBERS))]
            if dtype is None
            else np.asarray(draw.choice(SPECIAL, shape), order=order).astype(dtype)
            for shape, dtype in zip(shapes[1:], dtypes, strict=True)
        )
        found, expected = select(condition, x, y), np.where(condition, x, y)
    assert same(found, expected)
    assert found.strides == expected.strides


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("number", NUMBERS, ids=repr)
def test_numbers(number: Any, dtype: Any) -> None:
    x, condition = np.array(SPECIAL, dtype), np.arange(len(SPECIAL)) % 2 > 0
    with np.errstate(all="ignore"):
        assert same(select(condition, x, number), np.where(condition, x, number))
        assert same(select(condition, number, x), np.where(condition, number, x))


def test_results_own_their_memory_and_operands_stay() -> None:
    x, y, condition = np.ones(8), np.zeros(8), np.arange(8) > 3
    for given_x, given_y in ((x, y), (x, 0), (0.0, y), (x, -1.0)):
        assert select(condition, given_x, given_y).flags.owndata
    assert x.tolist() == [1.0] * 8
    assert y.tolist() == [0.0] * 8
    assert condition.tolist() == [False] * 4 + [True] * 4


def test_programs_select_in_the_same_way() -> None:
    x = np.array(SPECIAL[:5] + SPECIAL[6:])

    def loss(x: Any) -> Any:
        return np.sum(np.where(x > 0, x * 2, -x) + np.clip(x, -1, 2))

    with np.errstate(all="ignore"):
        compiled = compile(grad(loss), backend="numpy")
        for _ in range(3):
            assert same(compiled(x), grad(loss)(x))
    assert "where(" in compiled.source()
