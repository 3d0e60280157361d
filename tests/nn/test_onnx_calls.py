"""What has no derivative, such as comparisons and integers, is computed in the file, not kept from the export."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import tensor
from nn import functional

from .test_onnx import Function1, check, compare, exported, integers, normal

TABLE = normal(5, 4)


class Rows(nn.Module):
    """Functions of indices, with arrays and weights that they take rows of."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.function, self.table = function, TABLE
        self.register_buffer("steps", np.arange(5.0) / 7)
        self.embedding = nn.Embedding(5, 3)

    def forward(self, i: Any) -> Any:
        """Return the result."""
        return self.function(self, i)


def deviation(x: Any) -> Any:
    total = (x > 0) * 1.0
    before = total * 2
    total += 1  # what was computed before keeps its value
    return total * before


def counted(x: Any) -> Any:
    offset = np.zeros(6, np.float32)
    before = (x > 0) + offset
    offset += 1  # a constant that was another one before
    return before * offset


OF_NUMBERS: dict[str, Callable[[Any], Any]] = {
    "mask": lambda x: x * (x > 0),
    "masks": lambda x: np.where((x > 0.5) & ~(x < 1) | (x <= -1) ^ (x != 0.2), x, -x),
    "logic": lambda x: np.logical_or(np.logical_and(x > 0, x < 1), np.logical_not(x >= -1)) == np.logical_xor(x, x > 0),
    "reversed": lambda x: 1 + (np.float32(0.5) >= x) * 2,
    "steps": lambda x: x - np.floor(x) + np.trunc(x).astype(int) + np.ceil(x).astype(np.int32) % 3,
    "remainders": lambda x: x % -0.3 + x // 0.3 - np.remainder(-x, 0.7) + np.floor_divide(x, -0.7),
    "places": lambda x: np.argmax(x, 1) * 10 + np.argmin(x, axis=-1),
    "flat place": lambda x: np.argmax(x),
    "kept place": lambda x: np.take_along_axis(x, np.argmax(x, 1, keepdims=True), 1),
    "column of a place": lambda x: x[:, np.argmax(x[0])] + x[..., -1, np.newaxis][:, 0],
    "pairs": lambda x: x[np.arange(len(x)), np.argmax(x, 1)],
    "pairs of axes": lambda x: x.reshape(-1, 2, 3)[:, np.argmax(x[0, :2]), [0, -1]],
    "axes apart": lambda x: x.reshape(-1, 2, 3)[np.arange(len(x)), :, np.argmax(x, 1) % 3],
    "any and all": lambda x: np.where((x > 1).any(1, keepdims=True) | np.all(x > -1, axis=0), x, 0),
    "counts": lambda x: (x > 0).sum(1) + np.count_nonzero(x < 0, axis=1) + (x > 0.3).mean(-1),
    "largest": lambda x: (x == x.max(1, keepdims=True)).astype(x.dtype),
    "signs": lambda x: np.sign(x) * (np.abs(x) >= 1) + np.isnan(np.where(x > 0, x, np.nan))
    - np.isfinite(np.where(x > 0, x, np.inf)),
    "views": lambda x: (x > 0).reshape(-1, 2, 3).transpose(0, 2, 1).swapaxes(0, 1)[:, ::-1].sum(0) + (x > 0).T.sum(),
    "joined": lambda x: np.concatenate([x, x > 0], 1) + np.stack([x > 0, x < 0], 1).reshape(-1, 12),
    "like": lambda x: np.where(x > 0, np.zeros_like(x), np.ones_like(x)),
    "length": lambda x: x / x.shape[0] + np.arange(len(x))[:, None],
    "causal": lambda x: np.where(np.tril(np.ones((len(x), len(x)))) > 0, x @ x.T, -1),
    "triangle": lambda x: np.where(np.tri(len(x), k=1, dtype=bool), x @ x.T, -9),
    "detached": lambda x: x * tensor(x).detach().mean(1, keepdims=True),
    "in place": deviation,
    "a constant in place": counted,
    "reduced": lambda x: np.add.reduce(x > 0) + np.logical_or.reduce(x > 1, axis=None) * np.maximum.reduce(x, 0),
    "of elements": lambda x: np.where(x[0] > x[-1], x, -x) if x.shape[1] > 2 else x,
}  # fmt: skip


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_functions_of_numbers(name: str, tmp_path: Path) -> None:
    model = Function1(OF_NUMBERS[name])
    check(model, tmp_path, normal(3, 6))
    for n in 1, 4, 7:
        compare(model, tmp_path, normal(n, 6))


OF_INTEGERS: dict[str, Callable[[Any, Any], Any]] = {
    "arithmetic": lambda m, i: m.embedding((i * 3 + 1) // 2 % 5),
    "signs": lambda m, i: (i - 3) % 4 + (i - 3) // 4 + (i - 3) // -2 + (2 - i) % -3,
    "clipped": lambda m, i: m.embedding(np.clip(i * 3, 0, 4)) + m.embedding(np.minimum(i + 2, 4)),
    "bits": lambda m, i: (i & 1) | (i ^ 2),
    "sums": lambda m, i: np.cumsum(i, 1) + i.sum(1, keepdims=True) - i.max(1, keepdims=True),
    "one-hot": lambda m, i: functional.one_hot(i, 5) + np.eye(5)[i],
    "rows": lambda m, i: m.table[i] * m.steps[i][..., None] + np.take(m.table, i, axis=0),
    "of a mean": lambda m, i: m.steps[i].mean(1),
    "shifted": lambda m, i: m.embedding(np.where(np.arange(i.shape[1]) == 0, 4, np.roll(i, 1, 1))),
    "equal": lambda m, i: (i[:, :, None] == i[:, None]) * 1.0 + (i[:, :, None] != 2),
    "truth": lambda m, i: ((i > 2).max(1) + (i < 2).min(1)) * (i[:, 0] > 1),
    "narrow": lambda m, i: (i.astype(np.uint8) > 2) * (i.astype(np.int16) <= 3.5),
    "places": lambda m, i: np.argmax(i, 1) - np.argmin(i, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_INTEGERS)
def test_functions_of_integers(name: str, tmp_path: Path) -> None:
    model = Rows(OF_INTEGERS[name])
    check(model, tmp_path, integers(5, 3, 4))
    for n in 1, 4, 7:
        compare(model, tmp_path, integers(5, n, 4))


def test_a_comparison_is_no_constant_of_the_inputs_of_the_export(tmp_path: Path) -> None:
    model = Function1(lambda x: np.where(x > 100, -1, x))
    exported(model, tmp_path, normal(3, 6))  # where it is False everywhere
    compare(model, tmp_path, normal(3, 6) * 100)


def test_several_inputs_of_several_kinds(tmp_path: Path) -> None:
    class Chosen(nn.Module):
        def forward(self, x: Any, i: Any, mask: Any) -> Any:
            return np.where(mask, x, 0) + x[np.arange(len(x)), i][:, None] * (i[:, None] > x)

    names = {name: {0: "batch"} for name in ("x", "i", "mask")}
    exported(Chosen(), tmp_path, normal(3, 6), integers(5, 3), normal(3, 6) > 0, dynamic_axes=names)
    for n in 1, 5:
        compare(Chosen(), tmp_path, normal(n, 6), integers(5, n), normal(n, 6) > 0)


def test_the_arrays_of_a_model_are_its_own_again(tmp_path: Path) -> None:
    model = Rows(lambda m, i: m.embedding(i) * m.steps[i][..., None])
    arrays: list[Any] = [model.table, model.steps, model.embedding.weight.data]
    exported(model, tmp_path, integers(5, 3, 4))
    assert all(type(array) is np.ndarray for array in arrays)
    found = [model.table, model.steps, model.embedding.weight.data]
    assert all(one is other for one, other in zip(found, arrays, strict=True))
    assert model(tensor(integers(5, 2, 2))).shape == (2, 2, 3)
