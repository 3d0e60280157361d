"""Batches: what they hold, in which order, with what arguments, by whom they are made, and after a stop anywhere."""

import pickle
from collections import namedtuple
from typing import Any

import numpy as np
import pytest

from datasets import (
    ArgumentError,
    BucketBatchSampler,
    DataLoader,
    Dataset,
    DistributedSampler,
    RandomSampler,
    RowError,
    TensorDataset,
    WeightedRandomSampler,
    batches,
    default_collate,
)

from .rows import OneByOne

X, Y = np.arange(46.0).reshape(23, 2), np.arange(23)
DATASET = TensorDataset(X, Y)
Pair = namedtuple("Pair", ["one", "other"])


def rows_of(loader: Any) -> list[list[int]]:
    return [batch[-1].tolist() for batch in loader]


def test_batches_of_arrays() -> None:
    loader = DataLoader(DATASET, 5)
    assert rows_of(loader) == [list(range(start, min(start + 5, 23))) for start in range(0, 23, 5)]
    assert len(loader) == 5
    assert len(DataLoader(DATASET, 5, drop_last=True)) == len(rows_of(DataLoader(DATASET, 5, drop_last=True))) == 4
    shuffled = DataLoader(DATASET, 5, shuffle=True, generator=0)
    epochs = [rows_of(shuffled) for _ in range(2)]
    assert epochs[0] != epochs[1]
    assert all(sorted(row for batch in epoch for row in batch) == list(range(23)) for epoch in epochs)
    assert all((x[:, 0] == 2 * y).all() for x, y in shuffled)
    assert epochs == [rows_of(other) for other in [DataLoader(DATASET, 5, shuffle=True, generator=0)] for _ in range(2)]
    assert [batch.tolist() for batch in DataLoader([1, 2, 3], 2)] == [[1, 2], [3]]
    assert [y for _, y in DataLoader(DATASET, None)] == list(range(23))


def test_rows_of_any_structure() -> None:
    rows = [{"text": "ab"[i], "pair": Pair(i, np.full(2, i)), "list": [1.5, (True,)]} for i in (0, 1)]
    batch = default_collate(rows)
    assert batch["text"] == ["a", "b"]
    assert type(batch["pair"]) is Pair
    assert batch["pair"].other.tolist() == [[0, 0], [1, 1]]
    assert batch["list"][0].dtype == np.float64
    assert batch["list"][1][0].tolist() == [True, True]


def test_a_batch_without_rows() -> None:
    with pytest.raises(RowError, match="a batch of no rows"):
        default_collate([])
    with pytest.raises(RowError, match="a batch of no rows"):
        list(DataLoader([1, 2], batch_sampler=[[0], []]))


@pytest.mark.parametrize(("rows", "message"), [
    ([np.zeros(2), np.zeros(3)], r"row 1 of the batch has shape \(3,\), where row 0 has \(2,\).*pad_sequence"),
    ([(1, 2), (1,)], "row 1 of the batch has other number of parts"), ([{"a": 1}, {"b": 1}], "other keys"),
    ([(1, 2), 3], "row 1 of the batch is a int"), ([object(), object()], "holds a object"), ([1, None], "holds a None"),
])  # fmt: skip
def test_rows_that_do_not_fit_together(rows: list[Any], message: str) -> None:
    with pytest.raises(RowError, match=message):
        default_collate(rows)
    with pytest.raises(RowError, match=rf"default_collate\(\) of rows 0, 1 of list: .*{message}"):
        list(DataLoader(rows, 2))


def test_a_dataset_that_answers_arrays_is_asked_for_them() -> None:
    class Counted(Dataset[Any]):
        asked: list[Any] = []  # noqa: RUF012

        def __len__(self) -> int:
            return 6

        def __getitem__(self, index: Any) -> Any:
            self.asked.append(np.ndim(index))
            return X[index], Y[index]

    assert rows_of(DataLoader(Counted(), 2)) == [[0, 1], [2, 3], [4, 5]]
    # the first, the second, the fourth batch and so on are also fetched row by row, to compare
    assert Counted.asked == [1, 0, 0, 1, 1, 0, 0, 1, 1]


def test_rows_that_look_alike_by_chance_are_found_out() -> None:
    values = np.zeros((40, 3))
    values[20:] = np.arange(60.0).reshape(20, 3)

    class Centred(Dataset[Any]):
        def __len__(self) -> int:
            return 40

        def __getitem__(self, index: Any) -> Any:
            return values[index] - values[index].mean()  # of all rows, for an array of indices

    with pytest.warns(
        RuntimeWarning, match=r"Centred\[indices\] is a batch for most .* not for 28, 29, 30, 31.*one by one"
    ) as caught:
        found = np.concatenate(list(DataLoader(Centred(), 4)))
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(found[28:], values[28:] - values[28:].mean(axis=1, keepdims=True))


def test_a_dataset_that_does_not_is_asked_row_by_row() -> None:
    batch = list(DataLoader(OneByOne(5), 3))[1]
    assert batch[0].tolist() == [6.0, 7.0]
    assert batch[1]["index"].tolist() == [3, 4]

    class Several(OneByOne):
        def __getitems__(self, indices: list[int]) -> list[Any]:
            return [10 * index for index in indices][: 2 if 4 in indices else None]

    assert [batch.tolist() for batch in DataLoader(Several(4), 2)] == [[0, 10], [20, 30]]
    with pytest.raises(RowError, match="returned 2 rows for 3 indices"):
        list(DataLoader(Several(5), 3, sampler=[0, 1, 4]))


def test_a_collate_function_is_given_rows() -> None:
    seen = []

    def collate(rows: list[Any]) -> int:
        seen.append(rows)
        return len(rows)

    assert list(DataLoader(DATASET, 20, collate_fn=collate)) == [20, 3]
    assert [int(y) for _, y in seen[1]] == [20, 21, 22]


SAMPLERS: dict[str, Any] = {
    "in order": lambda: DataLoader(DATASET, 2),
    "shuffled": lambda: DataLoader(DATASET, 2, shuffle=True, generator=1),
    "another seed each time": lambda: DataLoader(DATASET, 2, shuffle=True),
    "random": lambda: DataLoader(DATASET, 2, sampler=RandomSampler(DATASET, True, 23, generator=1)),
    "weighted": lambda: DataLoader(DATASET, 2, sampler=WeightedRandomSampler(Y + 1, 23, generator=1)),
    "distributed": lambda: DataLoader(DATASET, 1, sampler=DistributedSampler(DATASET, 2, 1)),
    "buckets": lambda: DataLoader(DATASET, batch_sampler=BucketBatchSampler(Y, 2, bucket_size=3, generator=1)),
    "list": lambda: DataLoader(DATASET, 2, sampler=[*range(10, 23), *range(10)]),
    "batches": lambda: batches(X, Y, batch_size=2, seed=1),
    "batches without a seed": lambda: batches(X, Y, batch_size=2),
    "threads": lambda: DataLoader(DATASET, 2, shuffle=True, generator=1, num_workers=2),
    "row by row": lambda: DataLoader(DATASET, 2, shuffle=True, generator=1, collate_fn=default_collate),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_stopped_at_twenty_places_and_resumed_it_gives_the_same_batches(name: str) -> None:
    whole = SAMPLERS[name]()
    expected: list[Any]
    states, expected = [whole.state_dict()], []
    for _ in range(3):
        for batch in whole:
            expected.append(batch[-1].tolist())
            states.append(whole.state_dict())
    length = len(expected) // 3
    for place in np.random.default_rng(0).choice(len(states), 20, replace=False).tolist():
        other = SAMPLERS[name]()
        other.load_state_dict(pickle.loads(pickle.dumps(states[place])))
        assert other.state_dict() == states[place]
        found: list[Any] = []
        while len(found) < len(expected) - place:
            before = len(found)
            found += rows_of(other)
            assert len(found) - before <= length
        assert found == expected[place:]


def test_the_state_between_epochs_and_of_nested_iterations() -> None:
    loader = DataLoader(DATASET, 10, shuffle=True, generator=1)
    assert (loader.epoch, loader.state_dict()["place"]) == (0, 0)
    first = rows_of(loader)
    assert (loader.epoch, loader.state_dict()["place"]) == (1, 0)
    for _ in loader:
        break
    assert (loader.epoch, loader.state_dict()["place"]) == (1, 1)
    again = DataLoader(DATASET, 10, shuffle=True, generator=1)
    pairs = list(zip(again, again, strict=True))
    assert [one[1].tolist() for one, _ in pairs] == first
    assert (again.epoch, again.state_dict()["place"]) == (2, 0)


def test_a_state_is_refused_where_it_does_not_fit() -> None:
    loader = DataLoader(DATASET, 5, shuffle=True, generator=1)
    states = [loader.state_dict() for _ in loader]
    with pytest.raises(ArgumentError, match="the state of a loader has"):
        loader.load_state_dict({"epoch": 1})
    for other in (DataLoader(DATASET, 4, shuffle=True), DataLoader(TensorDataset(X[:22]), 5, shuffle=True)):
        other.load_state_dict(states[2])
        with pytest.raises(ArgumentError, match="before the place of the state, has other rows"):
            iter(other)
    short = DataLoader(TensorDataset(X[:10]), 5, shuffle=True)
    short.load_state_dict(states[4])
    with pytest.raises(ArgumentError, match="the epoch has 2 batches, but 5 of it were handed out"):
        iter(short)


@pytest.mark.parametrize("arguments", [
    {"batch_size": 0}, {"batch_size": 1.5}, {"batch_size": True}, {"batch_size": None, "drop_last": True},
    {"shuffle": True, "sampler": [1]}, {"shuffle": "no"}, {"sampler": 3}, {"batch_sampler": [[1]], "batch_size": 2},
    {"batch_sampler": [[1]], "shuffle": True}, {"batch_sampler": [[1]], "sampler": [1]},
    {"batch_sampler": [[1]], "drop_last": True}, {"sampler": iter([1])},
    {"num_workers": -1}, {"num_workers": 1.0}, {"timeout": -1}, {"timeout": 1},
    {"prefetch_factor": 2}, {"prefetch_factor": 0, "num_workers": 1}, {"persistent_workers": True},
    {"multiprocessing_context": "spawn"}, {"multiprocessing_context": "spwan", "num_workers": 1},
    {"generator": "a"}, {"dataset": (X, Y)}, {"dataset": iter([1])}, {"dataset": {"a": 1}}, {"dataset": "text"},
])  # fmt: skip
def test_arguments_out_of_range_or_that_exclude_each_other(arguments: Any) -> None:
    with pytest.raises(ArgumentError):
        DataLoader(**{"dataset": DATASET, **arguments})


def test_lengths_that_are_not_known() -> None:
    class Endless:
        def __iter__(self) -> Any:
            return iter([1, 2])

    for loader in (DataLoader(DATASET, sampler=Endless()), DataLoader(DATASET, batch_sampler=Endless())):
        with pytest.raises(TypeError, match="has no length"):
            len(loader)


class OneBuffer:
    """Writes each row to the same array."""

    def __init__(self, copies: bool, label: Any) -> None:
        self.buffer, self.copies, self.label = np.zeros(2), copies, label

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> Any:
        self.buffer[:] = int(index)
        return (self.buffer.copy() if self.copies else self.buffer), self.label


@pytest.mark.parametrize("label", [1, 0.5, "a", np.float32(2), np.ones(2), {"k": [1, (2.0, "b")]}])
def test_rows_in_one_array_are_refused(label: Any) -> None:
    with pytest.raises(RowError, match=r"row 0 of OneBuffer has changed as row 1 was taken: .* Return a copy"):
        list(DataLoader(OneBuffer(False, label), batch_size=4))
    batches = list(DataLoader(OneBuffer(True, label), batch_size=4))
    assert [x[:, 0].tolist() for x, _ in batches] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert len(list(DataLoader(OneBuffer(False, label), batch_size=1))) == 8
    assert len(list(DataLoader(OneBuffer(False, label), batch_size=4, collate_fn=len))) == 2
