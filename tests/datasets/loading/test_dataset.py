import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets import (
    ArgumentError,
    ConcatDataset,
    DataLoader,
    Dataset,
    RowIndexError,
    Subset,
    TensorDataset,
    random_split,
)

from .rows import OneByOne

X, Y = np.arange(20.0).reshape(10, 2), np.arange(10)


def test_a_row_and_rows_of_arrays() -> None:
    dataset = TensorDataset(X, Y)
    x, y = dataset[-1]
    assert (len(dataset), x.tolist(), y) == (10, [18.0, 19.0], 9)
    assert [part.tolist() for part in dataset[np.array([3, 0])]] == [[[6, 7], [0, 1]], [3, 0]]
    assert dataset[2:4][1].tolist() == dataset[[2, 3]][1].tolist() == dataset[Y // 2 == 1][1].tolist() == [2, 3]
    assert [int(y) for _, y in dataset] == list(range(10))  # type: ignore[attr-defined]  # by index, until IndexError


def test_parts_of_parts() -> None:
    dataset = Subset(
        ConcatDataset([TensorDataset(X, Y), TensorDataset(-X, -Y)]) + TensorDataset(X, Y + 100), [3, 15, -1]
    )
    assert [int(dataset[i][1]) for i in (0, 1, 2, -2)] == [3, -5, 109, -5]
    assert [batch[1].tolist() for batch in DataLoader(dataset, 2)] == [[3, -5], [109]]
    assert dataset[np.array([2, 0])][1].tolist() == [109, 3]
    mixed: Dataset[Any] = ConcatDataset([OneByOne(2), Subset(OneByOne(5), [4])])
    (batch,) = DataLoader(mixed, 3)
    assert batch[0].tolist() == [3.0, 4.0, 7.0]
    assert batch[1]["index"].tolist() == [0, 1, 4]


@pytest.mark.parametrize("make", [
    lambda: TensorDataset(X, Y), lambda: Subset(TensorDataset(X, Y), range(10)),
    lambda: ConcatDataset([TensorDataset(X[:5], Y[:5]), TensorDataset(X[5:], Y[5:])]),
])  # fmt: skip
@pytest.mark.parametrize("index", [10, -11, np.array([3, 10])])
def test_an_index_out_of_range(make: Any, index: Any) -> None:
    with pytest.raises(RowIndexError, match=r"of 10 rows.* (10|-11)\b.*Rows are 0 to 9"):
        make()[index]
    with pytest.raises(IndexError, match="Rows are 0 to 9; look at the sampler"):
        list(DataLoader(make(), 3, sampler=[0, *np.ravel(index).tolist()]))


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [([7, 3], [7, 3]), ([0.7, 0.3], [7, 3]), ([0.25, 0.25, 0.5], [3, 2, 5]), ([1.0], [10]), ([10, 0], [10, 0])],
)
def test_random_splits(lengths: list[float], expected: list[int]) -> None:
    parts = random_split(TensorDataset(Y), lengths, generator=1)
    assert [len(part) for part in parts] == expected
    rows = [int(part[i][0]) for part in parts for i in range(len(part))]
    assert sorted(rows) == list(range(10)) != rows
    again = random_split(TensorDataset(Y), lengths, generator=1)
    assert [part.indices.tolist() for part in parts] == [part.indices.tolist() for part in again]  # type: ignore[union-attr]


@pytest.mark.parametrize("lengths", [[3, 3], [0.3, 0.3], [-1, 11], [5.5, 4.5], ["a"], [float("nan"), 1.0]])
def test_splits_that_do_not_add_up(lengths: Any) -> None:
    with pytest.raises(ArgumentError, match="random_split"):
        random_split(TensorDataset(Y), lengths)


def test_arguments_that_are_no_rows() -> None:
    with pytest.raises(ArgumentError, match="no arrays"):
        TensorDataset()
    with pytest.raises(ArgumentError, match="differ in their number of rows"):
        TensorDataset(X, Y[:3])
    with pytest.raises(ArgumentError, match="no datasets"):
        ConcatDataset([])
    with pytest.raises(ArgumentError, match=r"shape \(1, 2\)"):
        Subset(TensorDataset(Y), np.array([[1, 2]]))
    with pytest.raises(NotImplementedError, match="__len__"):
        len(Dataset[Any]())
    with pytest.raises(NotImplementedError, match="__getitem__"):
        Dataset[Any]()[0]


@pytest.mark.parametrize("part", [slice(None), slice(3, None), slice(None, None, 2)])
def test_a_mapped_file_is_read_in_rows_and_opened_again_from_a_pickle(tmp_path: Path, part: slice) -> None:
    values = np.random.default_rng(0).random((1000, 300))
    np.save(tmp_path / "rows.npy", values)
    dataset = TensorDataset(np.load(tmp_path / "rows.npy", mmap_mode="r")[part])
    for each in (dataset, pickle.loads(pickle.dumps(dataset))):
        (batch,) = next(iter(DataLoader(each, 5, sampler=[9, 3, 4, 0, 1])))
        assert type(batch) is np.ndarray
        np.testing.assert_array_equal(batch, values[part][[9, 3, 4, 0, 1]])
    size = len(pickle.dumps(dataset))
    assert size < 1000 if part == slice(None) else size > 1000


def test_what_was_written_to_a_mapped_file_stays(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.zeros((4000, 10)))
    for mode in ("r+", "c"):
        array = np.load(tmp_path / "rows.npy", mmap_mode=mode)
        array[:] = 7.0
        dataset = TensorDataset(array)
        for _ in range(2):  # so often that memory is given back
            assert all((batch == 7).all() for (batch,) in DataLoader(dataset, 1000, shuffle=True))


def test_a_file_that_was_replaced_is_not_taken_for_the_one_that_is_mapped(tmp_path: Path) -> None:
    path = tmp_path / "rows.npy"
    np.save(path, np.zeros((50, 3)))
    array = np.load(path, mmap_mode="r")
    np.save(tmp_path / "other.npy", np.ones((50, 3)))
    (tmp_path / "other.npy").replace(path)
    for dataset in (TensorDataset(array), pickle.loads(pickle.dumps(TensorDataset(array)))):
        assert all((batch == 0).all() for (batch,) in DataLoader(dataset, 7, shuffle=True))
    path.unlink()
    assert all((batch == 0).all() for (batch,) in DataLoader(TensorDataset(array), 7, num_workers=2))
