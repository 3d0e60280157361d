from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets import ArgumentError, batches, train_test_split

from ..thorough import draws

sizes = st.integers(0, 50)
seeds = st.integers(0, 2**32)
quick = draws(60)


def epoch_rows(epoch: batches) -> list[int]:
    return [int(row) for (rows,) in epoch for row in rows]


@quick
@given(n=sizes, batch_size=st.integers(1, 60), seed=seeds, shuffle=st.booleans())
def test_each_row_comes_exactly_once(n: int, batch_size: int, seed: int, shuffle: bool) -> None:
    epoch = batches(np.arange(n), batch_size=batch_size, seed=seed, shuffle=shuffle)
    for _ in range(2):
        rows = epoch_rows(epoch)
        assert (sorted(rows) if shuffle else rows) == list(range(n))


@quick
@given(n=sizes, batch_size=st.integers(1, 60), drop_last=st.booleans())
def test_length_and_sizes(n: int, batch_size: int, drop_last: bool) -> None:
    epoch = batches(np.arange(n), batch_size=batch_size, seed=0, drop_last=drop_last)
    lengths = [len(rows) for (rows,) in epoch]
    assert len(epoch) == len(lengths)
    assert all(length == batch_size for length in lengths[:-1])
    assert sum(lengths) == (n - n % batch_size if drop_last else n)
    if drop_last:
        assert all(length == batch_size for length in lengths)


@quick
@given(n=sizes, batch_size=st.integers(1, 60), seed=seeds)
def test_rows_at_the_same_position_stay_together(n: int, batch_size: int, seed: int) -> None:
    X, y = np.arange(2.0 * n).reshape(n, 2), np.arange(n)
    for samples, labels in batches(X, y, batch_size=batch_size, seed=seed):
        np.testing.assert_array_equal(samples, X[labels])
        assert samples.dtype == X.dtype
        assert labels.dtype == y.dtype


@quick
@given(seed=seeds)
def test_a_seed_repeats_the_sequence_of_orders_and_no_order_repeats(seed: int) -> None:
    first, second = (batches(np.arange(40), batch_size=7, seed=seed) for _ in range(2))
    orders = [epoch_rows(first) for _ in range(3)]
    assert orders == [epoch_rows(second) for _ in range(3)]
    assert len({tuple(order) for order in orders}) == 3


def test_a_generator_is_drawn_from() -> None:
    generator = np.random.default_rng(3)
    orders = [epoch_rows(batches(np.arange(40), batch_size=7, seed=generator)) for _ in range(2)]
    seeded = batches(np.arange(40), batch_size=7, seed=3)
    assert orders == [epoch_rows(seeded) for _ in range(2)]


def test_without_a_seed_each_order_is_another() -> None:
    first, second = (epoch_rows(batches(np.arange(40), batch_size=7)) for _ in range(2))
    assert first != second


def test_two_iterations_at_once_do_not_disturb_each_other() -> None:
    epoch = batches(np.arange(10), batch_size=3, seed=0)
    pairs = list(zip(epoch, epoch, strict=True))
    for side in zip(*pairs, strict=True):
        assert sorted(np.concatenate([rows for (rows,) in side]).tolist()) == list(range(10))


@pytest.mark.parametrize("shuffle", [False, True])
def test_no_buffer_is_handed_out_twice(shuffle: bool) -> None:
    X = np.arange(12.0).reshape(6, 2)
    kept = X.copy()
    minibatches = [samples for (samples,) in batches(X, batch_size=2, shuffle=shuffle, seed=0)]
    for position, samples in enumerate(minibatches):
        assert not np.shares_memory(samples, X)
        assert not any(np.shares_memory(samples, other) for other in minibatches[position + 1 :])
        samples[:] = -1.0
    np.testing.assert_array_equal(X, kept)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24).reshape(6, 4).T.copy().T,
        np.arange(48).reshape(6, 8)[:, ::2],
        np.arange(48).reshape(12, 4)[::2],
        list(range(6)),
        np.array(list("abcdef")),
    ],
)
def test_any_array_will_do(array: Any) -> None:
    rows = np.concatenate([rows for (rows,) in batches(array, batch_size=4, shuffle=False)])
    np.testing.assert_array_equal(rows, np.asarray(array))


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_has_a_row(batch_size: int) -> None:
    with pytest.raises(ArgumentError, match=f"batch_size={batch_size}. A minibatch has at least 1 row"):
        batches(np.arange(3), batch_size=batch_size)


def test_a_batch_size_is_whole() -> None:
    with pytest.raises(TypeError, match="integer"):
        batches(np.arange(3), batch_size=1.5)  # type: ignore[arg-type]


def test_arrays_that_do_not_match() -> None:
    X, y = np.zeros((3, 2)), np.zeros(4)
    with pytest.raises(ArgumentError, match=r"shapes \(3, 2\), \(4,\) differ in their number of rows"):
        batches(X, y, batch_size=2)
    with pytest.raises(ArgumentError, match="differ in their number of rows"):
        train_test_split(X, y)
    with pytest.raises(ArgumentError, match="no arrays were given"):
        batches(batch_size=2)
    with pytest.raises(ArgumentError, match="array 2 of 2 is the single value 32, which has no rows"):
        batches(X, 32, batch_size=2)


@quick
@given(n=st.integers(2, 60), test_size=st.floats(0.01, 0.99), seed=seeds)
def test_a_split_shares_out_all_rows_in_pairs(n: int, test_size: float, seed: int) -> None:
    X, y = np.arange(2.0 * n).reshape(n, 2), np.arange(n)
    if not 0 < round(n * test_size) < n:
        with pytest.raises(ArgumentError, match=f"test_size={test_size} of {n} rows leaves a part empty"):
            train_test_split(X, y, test_size=test_size, seed=seed)
        return
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=test_size, seed=seed)
    assert len(y_test) == round(n * test_size)
    assert sorted([*y_train.tolist(), *y_test.tolist()]) == list(range(n))
    np.testing.assert_array_equal(X_train, X[y_train])
    np.testing.assert_array_equal(X_test, X[y_test])


def test_a_split_is_shuffled_seeded_and_a_copy() -> None:
    rows = np.arange(50)
    train, test = train_test_split(rows)
    assert train.tolist() != sorted(train.tolist())
    assert train_test_split(rows)[1].tolist() == test.tolist()
    assert train_test_split(rows, seed=1)[1].tolist() != test.tolist()
    generator = np.random.default_rng(0)
    assert train_test_split(rows, seed=generator)[1].tolist() == test.tolist()
    assert train_test_split(rows, seed=generator)[1].tolist() != test.tolist()
    assert not np.shares_memory(train, rows)


@pytest.mark.parametrize("test_size", [0.0, 1.0, -0.5, 10_000, float("nan"), float("inf")])
def test_a_split_needs_a_fraction(test_size: float) -> None:
    with pytest.raises(ArgumentError, match="Give a fraction above 0 and below 1"):
        train_test_split(np.arange(5), test_size=test_size)
