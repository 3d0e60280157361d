"""Loaders, samplers and datasets beside those of PyTorch, with the same arguments, where the order is defined."""

import inspect
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import datasets

torch = pytest.importorskip("torch")
theirs = torch.utils.data

X, Y = np.arange(46.0).reshape(23, 2), np.arange(23)


class Rows:
    """A dataset that answers one index at a time, in both."""

    def __len__(self) -> int:
        return 23

    def __getitem__(self, index: Any) -> Any:
        return {"x": X[int(index)], "y": int(index), "name": f"row {index}"}


def both(name: str) -> tuple[Any, Any]:
    if name == "rows":
        return Rows(), Rows()
    arrays = datasets.TensorDataset(X, Y), theirs.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    if name == "tensors":
        return arrays
    if name == "subset":
        return datasets.Subset(arrays[0], [5, 3, -1, 8, 0, 7]), theirs.Subset(arrays[1], [5, 3, -1, 8, 0, 7])
    if name == "array":
        return X, X
    return datasets.ConcatDataset([arrays[0], arrays[0]]), theirs.ConcatDataset([arrays[1], arrays[1]])


def plain(batch: Any) -> Any:
    if isinstance(batch, dict):
        return {key: plain(value) for key, value in batch.items()}
    if isinstance(batch, tuple | list):
        return [plain(part) for part in batch]
    return batch.tolist() if hasattr(batch, "tolist") else batch


ORDER = [4, 2, 0, 3, 1, 5, 2]
OPTIONS: list[dict[str, Any]] = [
    *({"batch_size": size, "drop_last": drop} for size in (1, 4, 23, 50) for drop in (False, True)),
    {}, {"batch_size": None}, {"batch_size": 3, "sampler": ORDER}, {"batch_sampler": [[1, 2], [0], [5, 5, 3]]},
    {"batch_size": None, "sampler": ORDER}, {"batch_size": 3, "collate_fn": len, "pin_memory": False},
    {"batch_size": 2, "sampler": ORDER, "num_workers": 2}, {"batch_size": 3, "num_workers": 2, "prefetch_factor": 3},
    {"batch_size": 3, "num_workers": 1, "timeout": 30, "persistent_workers": True, "in_order": False},
]  # fmt: skip


@pytest.mark.parametrize("name", ["tensors", "rows", "subset", "concatenated", "array"])
def test_batches_are_theirs(name: str) -> None:
    for options in OPTIONS:
        if name != "tensors" and "num_workers" in options:  # starting their processes takes long
            continue
        mine, other = both(name)
        found, expected = datasets.DataLoader(mine, **options), theirs.DataLoader(other, **options)
        assert len(found) == len(expected), options
        for _ in range(2):
            assert [plain(batch) for batch in found] == [plain(batch) for batch in expected], options


def test_rows_and_lists_of_rows_without_batches() -> None:
    mine, other = both("tensors")
    for options in ({"collate_fn": len}, {"sampler": ORDER}):
        found = datasets.DataLoader(mine, batch_size=None, **options)
        assert [plain(batch) for batch in found] == [
            plain(batch) for batch in theirs.DataLoader(other, batch_size=None, **options)
        ]
    found = datasets.DataLoader(mine, None, sampler=datasets.BatchSampler(ORDER, 3, drop_last=False))
    expected = theirs.DataLoader(other, None, sampler=theirs.BatchSampler(ORDER, 3, drop_last=False))
    assert len(found) == len(expected)
    for _ in range(2):
        assert [plain(batch) for batch in found] == [plain(batch) for batch in expected]
    states = [found.state_dict() for _ in found]
    found.load_state_dict(states[1])
    assert [plain(batch) for batch in found] == [plain(batch) for batch in expected][2:]


def test_dtypes_of_batches_are_theirs() -> None:
    row = (1, 2.5, True, np.float32(1), np.arange(3, dtype=np.int16), [1, "a"], {"b": b"c"})
    found, expected = datasets.default_collate([row, row]), theirs.default_collate([row, row])
    assert plain(found) == plain(expected)
    for one, other in zip(found[:5], expected[:5], strict=True):
        assert one.dtype == other.numpy().dtype


@pytest.mark.parametrize(
    ("rows", "replicas", "drop_last"), list(itertools.product((1, 5, 7, 12), (1, 3), (False, True)))
)
def test_processes_get_their_rows(rows: int, replicas: int, drop_last: bool) -> None:
    for rank in range(replicas):
        arguments: Any = {"num_replicas": replicas, "rank": rank, "shuffle": False, "drop_last": drop_last}
        found = datasets.DistributedSampler(range(rows), **arguments)
        expected = theirs.DistributedSampler(range(rows), **arguments)
        assert len(found) == len(expected)
        assert found.total_size == expected.total_size
        if not drop_last or rows >= replicas:  # else theirs fails
            assert list(found) == list(expected)


@pytest.mark.parametrize("lengths", [[5, 18], [0.5, 0.5], [0.3, 0.3, 0.4], [1 / 3, 1 / 3, 1 / 3]])
def test_parts_have_their_lengths(lengths: list[float]) -> None:
    mine, other = both("tensors")
    found, expected = datasets.random_split(mine, lengths), theirs.random_split(other, lengths)
    assert [len(part) for part in found] == [len(part) for part in expected]


def test_samplers_have_their_lengths_and_counts() -> None:
    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
        ("SequentialSampler", (range(5),), {}), ("RandomSampler", (range(5),), {}),
        ("RandomSampler", (range(5),), {"num_samples": 3}), ("RandomSampler", (range(5),), {"num_samples": 12}),
        ("RandomSampler", (range(5),), {"replacement": True}), ("WeightedRandomSampler", ([1.0, 0, 2], 7), {}),
        ("WeightedRandomSampler", ([1.0, 0, 2], 2), {"replacement": False}),
        ("BatchSampler", ([3, 1, 2], 2, False), {}), ("BatchSampler", ([3, 1, 2], 2, True), {}),
    ]  # fmt: skip
    for name, args, options in calls:
        found, expected = getattr(datasets, name)(*args, **options), getattr(theirs, name)(*args, **options)
        assert len(found) == len(expected)
        mine, other = list(found), list(expected)
        assert len(mine) == len(other)
        if "Weighted" not in name and "replacement" not in options and options.get("num_samples") != 3:
            counted = sorted(map(mine.count, range(5))) if name == "RandomSampler" else mine
            assert counted == (sorted(map(other.count, range(5))) if name == "RandomSampler" else other)


@pytest.mark.parametrize("options", [
    {"shuffle": True, "sampler": ORDER}, {"batch_sampler": [[1]], "batch_size": 2},
    {"batch_size": None, "drop_last": True},
    {"prefetch_factor": 2}, {"timeout": -1}, {"num_workers": -1}, {"persistent_workers": True}, {"batch_size": 0},
    {"batch_sampler": [[1]], "drop_last": True}, {"multiprocessing_context": "spawn"}, {"batch_size": -2},
])  # fmt: skip
def test_what_they_refuse_is_refused(options: dict[str, Any]) -> None:
    mine, other = both("tensors")
    for make, dataset in ((theirs.DataLoader, other), (datasets.DataLoader, mine)):
        with pytest.raises(ValueError):
            make(dataset, **options)


@pytest.mark.parametrize("name", [
    "DataLoader", "TensorDataset", "Subset", "ConcatDataset", "random_split", "SequentialSampler", "RandomSampler",
    "SubsetRandomSampler", "WeightedRandomSampler", "DistributedSampler", "BatchSampler",
])  # fmt: skip
def test_arguments_have_their_names_and_defaults(name: str) -> None:
    def arguments(function: Callable[..., Any]) -> dict[str, Any]:
        found = {key: each.default for key, each in inspect.signature(function).parameters.items()}
        return {key: value for key, value in found.items() if key not in LEFT_OUT}

    assert arguments(getattr(datasets, name)) == arguments(getattr(theirs, name))


# What they pin for a device; and what is required here, or fixed, where they draw from a generator of the process.
LEFT_OUT = {"pin_memory_device", "generator", "num_replicas", "rank"}
