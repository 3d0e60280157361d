"""Blocks of rows: which there are, the tree of sums, and blocks that wait for each other."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from nn.distributed._blocks import BLOCK, Lockstep, TreeSum, blocks_of, lockstep, share_of
from nn.distributed._sync_batchnorm import counting_for_nothing
from nn.random import RowShare, default_generator, drawing_for_rows


def test_shares_are_neighbours_and_differ_by_one_at_most() -> None:
    for count in range(30):
        for size in range(1, 8):
            shares = [share_of(count, rank, size) for rank in range(size)]
            assert [i for share in shares for i in share] == list(range(count))
            assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert [b.stop - b.start for b in blocks_of(2 * BLOCK + 3)] == [BLOCK, BLOCK, 3]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 11, 16, 23])
def test_a_tree_of_sums_is_the_same_whoever_adds_up(count: int) -> None:
    leaves = np.random.default_rng(count).standard_normal((count, 5)).astype(np.float32)

    def total(size: int) -> Any:
        whole = TreeSum(count)
        for rank in range(size):
            own = TreeSum(count)
            for i in share_of(count, rank, size):
                own.add(0, i, leaves[i].copy())
            for node in own.nodes:
                whole.add(*node)
        ((_, _, result),) = whole.nodes
        return result

    expected = total(1)
    np.testing.assert_allclose(expected, leaves.sum(axis=0), rtol=1e-4, atol=1e-5)
    for size in range(2, 8):
        np.testing.assert_array_equal(total(size), expected)


def test_blocks_wait_for_the_sums_of_all_and_keep_their_random_numbers() -> None:
    nn.manual_seed(0)
    before = default_generator()

    def work(number: int) -> tuple[float, float]:
        running = lockstep()
        assert running is not None
        with nn.random.drawing_from((1, number)):
            first = running[0].total(running[1], np.array([10.0**number]))
            drawn = default_generator().random()
            second = running[0].total(running[1], first)
        assert second[0] == 3 * first[0]
        return first[0], drawn

    found = Lockstep(3).run(work)
    assert [first for first, _ in found] == [111.0] * 3
    assert [drawn for _, drawn in found] == [np.random.default_rng((1, i)).random() for i in range(3)]
    assert default_generator() is before


def test_an_error_in_one_block_ends_all() -> None:
    def work(number: int) -> None:
        running = lockstep()
        assert running is not None
        running[0].total(running[1], np.zeros(1))
        if number == 1:
            raise ValueError("block 1")
        running[0].total(running[1], np.zeros(1))

    with pytest.raises((ValueError, RuntimeError), match=r"block 1|do not compute the same layers"):
        Lockstep(3).run(work)
    unlike = Lockstep(2)
    with pytest.raises(RuntimeError, match="do not compute the same layers"):
        unlike.run(lambda i: unlike.total(i, np.zeros(i + 1)))


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3)])
def test_rows_are_given_the_numbers_that_one_process_draws_for_all(shape: tuple[int, ...]) -> None:
    functions: list[Callable[[Any], Any]] = [
        lambda x: nn.functional.dropout(x, 0.5),
        lambda x: nn.functional.rrelu(-x, training=True),
    ]
    for function in functions:
        for total in (1, 2, 5, 8):
            nn.manual_seed(4)
            whole = [function(np.ones((total, *shape))) for _ in range(3)]
            state = default_generator().bit_generator.state
            for size in (2, 3):
                for rank in range(size):
                    rows = share_of(total, rank, size) or range(1)
                    nn.manual_seed(4)
                    with drawing_for_rows(RowShare(rows.start, len(rows), total, rank)):
                        own = [function(np.ones((len(rows), *shape))) for _ in range(3)]
                    for one, part in zip(whole, own, strict=True):
                        np.testing.assert_array_equal(part, one[rows.start : rows.stop])
                    after = default_generator().bit_generator.state
                    assert (after["state"], after["has_uint32"]) == (state["state"], state["has_uint32"])


def test_converted_layers_compute_the_same_and_keep_parameters() -> None:
    model: Any = nn.Sequential(
        nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Sequential(nn.Unflatten(1, (1, 2, 2)), nn.BatchNorm2d(1))
    )
    x = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    weight, state = model[1].weight, model.state_dict()
    expected = model(x).data
    model.load_state_dict(state)
    nn.distributed.SyncBatchNorm.convert_sync_batchnorm(model)
    assert [type(layer).__name__ for layer in (model[1], model[2][1])] == ["SyncBatchNorm"] * 2
    assert model[1].weight is weight
    np.testing.assert_array_equal(model(x).data, expected)
    assert model[1].num_batches_tracked == 1
    np.testing.assert_array_equal(model.eval()(x).data.shape, expected.shape)
    assert isinstance(nn.distributed.convert_sync_batchnorm(nn.BatchNorm1d(2)), nn.distributed.SyncBatchNorm)
    nested: Any = nn.Sequential(nn.ReLU())
    nested.blocks = [[nn.BatchNorm1d(2)], {"norm": nn.BatchNorm1d(2)}]
    nn.distributed.convert_sync_batchnorm(nested)
    assert [type(inner) for inner in nested.modules()][2:] == [nn.distributed.SyncBatchNorm] * 2

    class Own(nn.BatchNorm1d):
        """A layer of the user's."""

    with pytest.raises(TypeError, match="1 is a Own, which derives from BatchNorm"):
        nn.distributed.convert_sync_batchnorm(nn.Sequential(nn.ReLU(), Own(2)))


def test_rows_that_count_for_nothing_get_no_gradient() -> None:
    layer = nn.distributed.SyncBatchNorm(2)
    x = nn.Parameter([[1, 2], [3, 5]])
    with counting_for_nothing():
        out = layer(x)
    out.sum().backward()
    assert not x.grad.data.any()


def test_reproducible_blocks_refuse_what_depends_on_them() -> None:
    x = np.ones((4, 2), np.float32)
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match=r"1 is a BatchNorm1d, .*convert_sync_batchnorm"):
        nn.fit(model, (x, x), nn.MSELoss(), optimizer, epochs=1, reproducible=True)
    with pytest.raises(ValueError, match="compile=True does not go with reproducible=True"):
        nn.fit(model[0], (x, x), nn.MSELoss(), optimizer, epochs=1, reproducible=True, compile=True)
