from collections import Counter
from typing import Any

import numpy as np
import pytest

from datasets import (
    ArgumentError,
    BatchSampler,
    BucketBatchSampler,
    DataLoader,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)


def test_each_epoch_has_an_order_of_its_own_that_seed_and_number_decide() -> None:
    sampler = RandomSampler(range(20), generator=3)
    epochs = [list(sampler) for _ in range(3)]
    assert all(sorted(epoch) == list(range(20)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    again = RandomSampler(range(20), generator=3)
    again.set_epoch(2)
    assert list(again) == epochs[2]
    other = RandomSampler(range(20))
    other.load_state_dict(again.state_dict())
    assert list(other) == list(again)
    assert list(RandomSampler(range(20))) != list(RandomSampler(range(20)))
    generator = np.random.default_rng(0)
    assert list(RandomSampler(range(20), generator=generator)) != list(RandomSampler(range(20), generator=generator))


def test_more_or_fewer_rows_than_there_are() -> None:
    assert len(set(RandomSampler(range(20), num_samples=7, generator=0))) == 7
    counts = Counter(RandomSampler(range(3), num_samples=8, generator=0))
    assert sorted(counts.values()) == [2, 3, 3]
    drawn = list(RandomSampler(range(3), replacement=True, num_samples=9000, generator=0))
    assert all(abs(count - 3000) < 200 for count in Counter(drawn).values())
    assert list(RandomSampler([])) == list(SequentialSampler([])) == []


def test_chosen_rows_come_in_another_order_in_each_epoch() -> None:
    sampler = SubsetRandomSampler([7, 3, 5, 11], generator=0)
    assert len(sampler) == 4
    epochs = [list(sampler) for _ in range(8)]
    assert all(sorted(epoch) == [3, 5, 7, 11] for epoch in epochs)
    assert len(set(map(tuple, epochs))) > 1
    with pytest.raises(TypeError, match="integer"):
        SubsetRandomSampler([1.5, 2])  # type: ignore[list-item]


def test_weights_are_probabilities() -> None:
    drawn = Counter(WeightedRandomSampler([1, 0, 3], 8000, generator=0))
    assert set(drawn) == {0, 2}
    assert abs(drawn[2] - 6000) < 200
    without = WeightedRandomSampler([1, 0, 3, 1], 3, replacement=False, generator=0)
    assert sorted(without) == [0, 2, 3]


def test_processes_share_an_order() -> None:
    for rows, drop_last in [(10, False), (10, True), (1, False), (2, True), (0, False)]:
        samplers = [DistributedSampler(range(rows), 3, rank, seed=5, drop_last=drop_last) for rank in range(3)]
        parts = [list(sampler) for sampler in samplers]
        assert {len(part) for part in parts} == {samplers[0].num_samples} == {len(samplers[0])}
        together = [row for group in zip(*parts, strict=True) for row in group]
        assert len(together) == samplers[0].total_size
        seen = set(together)
        assert len(seen) == (rows - rows % 3 if drop_last else rows)
        if rows == 10:
            assert [list(sampler) for sampler in samplers] != parts  # also where set_epoch was forgotten
            for sampler in samplers:
                sampler.set_epoch(0)
            assert [list(sampler) for sampler in samplers] == parts


def test_rows_of_similar_length_come_together() -> None:
    lengths = np.random.default_rng(0).integers(1, 100, 1000)
    sampler = BucketBatchSampler(lengths, 32, generator=0)
    batches = list(sampler)
    assert len(batches) == len(sampler) == 32
    assert sorted(row for batch in batches for row in batch) == list(range(1000))
    padded = sum(len(batch) * lengths[batch].max() for batch in batches)
    assert padded < 1.05 * lengths.sum()
    assert list(sampler) != batches
    tails = BucketBatchSampler(lengths, 32, bucket_size=3, drop_last=True, generator=0)
    assert len(list(tails)) == len(tails) == 31
    (first, *_, last) = BucketBatchSampler(lengths, 32, shuffle=False)
    assert lengths[first].min() == 97 > lengths[last].max() == 1


class Own(Sampler):
    def __len__(self) -> int:
        return 5

    def __iter__(self) -> Any:
        return iter([4, 2, 0, 1, 3])


@pytest.mark.parametrize("sampler", [Own(), [4, 2, 0, 1, 3]])
def test_samplers_of_ones_own(sampler: Any) -> None:
    assert list(BatchSampler(sampler, 2, drop_last=False)) == [[4, 2], [0, 1], [3]]
    assert list(BatchSampler(sampler, 2, drop_last=True)) == [[4, 2], [0, 1]]
    loader = DataLoader(np.arange(5) * 10, 2, sampler=sampler)
    assert [batch.tolist() for batch in loader] == [[40, 20], [0, 10], [30]]
    assert len(loader) == 3
    with pytest.raises(NotImplementedError, match="order"):
        list(Sampler())


@pytest.mark.parametrize("call", [
    lambda: RandomSampler(range(3), num_samples=0), lambda: RandomSampler(range(3), replacement=1),  # type: ignore[arg-type]
    lambda: RandomSampler(range(3), generator="a"), lambda: RandomSampler(range(3), generator=-1),  # type: ignore[arg-type]
    lambda: WeightedRandomSampler([1, -1], 2), lambda: WeightedRandomSampler([0, 0], 2),
    lambda: WeightedRandomSampler([[1]], 2), lambda: WeightedRandomSampler([1, np.nan], 2),
    lambda: WeightedRandomSampler([1, 0], 2, replacement=False), lambda: WeightedRandomSampler([1], 1.5),  # type: ignore[arg-type]
    lambda: DistributedSampler(range(3), 2, 2), lambda: DistributedSampler(range(3), 0, 0),
    lambda: DistributedSampler(range(3), 2, -1), lambda: DistributedSampler(range(3), 2, 0, seed=None),  # type: ignore[arg-type]
    lambda: BatchSampler([1], 0, drop_last=False), lambda: BatchSampler([1], 1, drop_last="no"),  # type: ignore[arg-type]
    lambda: BucketBatchSampler([[1]], 2), lambda: BucketBatchSampler(["a"], 2), lambda: BucketBatchSampler([1], 0),
])  # fmt: skip
def test_arguments_out_of_range(call: Any) -> None:
    with pytest.raises(ArgumentError):
        call()
