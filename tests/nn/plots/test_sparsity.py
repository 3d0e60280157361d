"""Pictures of sparse patterns show each entry where it is, in the color of its product."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import nn
from autograd import DtypeError

pytest.importorskip("matplotlib", reason="draws: pip install -e '.[plot]'")
plots: Any = nn.plots  # so that wrong calls need no excuse


def _cells(ax: Any) -> Any:
    return np.asarray(ax.images[0].get_array())[..., :3]


@pytest.mark.parametrize("shape", [(7, 5), (5, 7), (1, 9), (40, 2)])
def test_each_entry_is_where_it_is(shape: tuple[int, int]) -> None:
    mask = np.random.default_rng(0).random(shape) < 0.4
    ax = plots.sparsity(sp.csr_array(mask))
    np.testing.assert_array_equal((_cells(ax) < 1).any(axis=-1), mask)
    assert f"{mask.sum()} entries" in ax.get_title()


@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_entries_of_one_color_look_alike(direction: str) -> None:
    mask, colors = np.ones((4, 6), bool), np.arange(6 if direction == "forward" else 4) % 3
    ax = plots.sparsity(SimpleNamespace(pattern=sp.csr_array(mask), colors=colors, direction=direction))
    lines = _cells(ax)[0] if direction == "forward" else _cells(ax)[:, 0]
    alike = (lines[:, None] == lines).all(axis=-1)
    np.testing.assert_array_equal(alike, colors[:, None] == colors)
    assert "3 colors" in ax.get_title()


def test_a_large_matrix_in_cells() -> None:
    ax = plots.sparsity(sp.csr_array(sp.eye_array(10_000)))
    cells = _cells(ax)
    assert max(cells.shape[:2]) <= 400
    np.testing.assert_array_equal((cells < 1).any(axis=-1), np.eye(len(cells), dtype=bool))


def test_no_entries() -> None:
    for shape in ((3, 3), (0, 4), (1000, 1000)):
        ax = plots.sparsity(sp.csr_array(shape, dtype=bool))
        assert (_cells(ax) == 1).all()
        ax.figure.canvas.draw()


def test_dense_arrays_are_refused() -> None:
    with pytest.raises(DtypeError, match=r"csr_array\(x\)"):
        plots.sparsity(np.eye(3))
