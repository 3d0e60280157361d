"""Every row of the page about PyTorch gives the same in both libraries, on drawn shapes."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Tensor, tensor

torch: Any = pytest.importorskip("torch", reason="pip install torch")
PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "from-pytorch.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("## The names\n")[2].partition("\n\n## ")[0]
ROWS = [tuple(line.strip("| ").split(" | ")) for line in TABLE.splitlines() if line.startswith("| ")][1:]

# Rows that name something with arguments of its own, which other tests compare with PyTorch.
ELSEWHERE = (
    "`torch.tensor([1.0])` is float32", "`t.clone()`, `t.to(dtype)`", "`torch.autograd", "`torch.func", "`torch.vmap",
    "`torch.utils", "`torch.save", "`torch.distributions", "`torch.onnx", "`DataLoader", "your own loop",
    "`p.data.normal_", "`from einops",
)  # fmt: skip
RUN = [row for row in ROWS if not row[0].startswith(ELSEWHERE)]


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def computed(code: str, names: dict[str, Any]) -> list[np.ndarray[Any, Any]]:
    """Return the arrays that an expression gives, or that a statement leaves."""
    try:
        found = eval(code, names)
    except SyntaxError:
        exec(code, names)
        found = None
    if code.startswith("p.") or "out=" in code:
        found = names["p"]
    several = isinstance(found, tuple) and not all(isinstance(part, int) for part in found)
    return [
        np.asarray(x.detach() if isinstance(x, Tensor | torch.Tensor) else x) for x in (found if several else [found])
    ]


def drawn(values: np.ndarray[Any, Any], make: Any) -> dict[str, Any]:
    t = make(values)
    return {"t": t, "p": make(values.copy()), "a": make(values + 1), "mask": t > 0, "np": np, "torch": torch, "nn": nn}


def test_every_row_is_run_or_compared_elsewhere() -> None:
    assert len(RUN) >= 12
    assert all(any(row[0].startswith(each) for row in ROWS) for each in ELSEWHERE)


@pytest.mark.parametrize("row", RUN, ids=[row[0] for row in RUN])
@given(rows=st.integers(2, 5), columns=st.integers(2, 5), seed=st.integers(0, 99))
def test_a_row_gives_the_same_in_both(row: tuple[str, ...], rows: int, columns: int, seed: int) -> None:
    values = np.random.default_rng(seed).permutation(rows * columns).reshape(rows, columns) - 2.5  # no ties
    theirs, ours = drawn(values, torch.tensor), drawn(values, tensor)
    expected = [array for code in codes(row[0]) for array in computed(code, theirs)]
    found: list[Any] = []
    for code in codes(row[1]):
        if len(found) < len(expected):
            found += computed(code, ours)
    assert len(found) == len(expected)
    for ours_one, theirs_one in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours_one, theirs_one, rtol=1e-14)


@given(seed=st.integers(0, 99))
def test_parameters_are_drawn_in_place(seed: int) -> None:
    (row,) = (row for row in ROWS if row[0].startswith("`p.data.normal_"))
    nn.manual_seed(seed)
    for code, (mean, spread) in zip(codes(row[1]), ((0, 0.1), (0, 3**-0.5)), strict=True):
        p = tensor(np.zeros(4000), requires_grad=True)
        exec(code, {"nn": nn, "p": p})
        assert abs(p.data.mean() - mean) < 6 * spread / 4000**0.5
        assert abs(p.data.std() / spread - 1) < 0.1
