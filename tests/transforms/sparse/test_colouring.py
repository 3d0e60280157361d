"""Colours: columns of one colour share no row, star colours leave each entry readable, and there are few of them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array, diags_array, kron, random_array

from autograd.transforms.sparse.colouring import (
    column_colors,
    compressions,
    longest_row,
    star_colors,
    star_places,
    symmetric_colors,
)

Pattern = Any
MODES = ("forward", "reverse")


def sorted_pattern(matrix: Any) -> Pattern:
    pattern = csr_array(matrix).astype(bool)
    pattern.sort_indices()
    return pattern


def band(size: int, low: int, high: int) -> Pattern:
    return sorted_pattern(diags_array(np.ones(low + high + 1), offsets=range(-low, high + 1), shape=(size, size)))


def grid(side: int, *, corners: bool, periodic: bool = False) -> Pattern:
    """The pattern of a 5-point or a 9-point stencil."""
    line = band(side, 1, 1).astype(int).tolil()
    if periodic:
        line[0, -1] = line[-1, 0] = 1
    line, one = csr_array(line), diags_array(np.ones(side))
    return sorted_pattern(kron(line, line) if corners else kron(line, one) + kron(one, line))


def brusselator(side: int) -> Pattern:
    """Of two fields on a periodic grid, one after another, that react with each other at each point."""
    one = diags_array(np.ones(side * side))
    return sorted_pattern(kron(np.eye(2), grid(side, corners=False, periodic=True)) + kron(np.ones((2, 2)), one))


def arrow(size: int) -> Pattern:
    matrix = np.eye(size)
    matrix[0] = matrix[:, 0] = 1
    return sorted_pattern(matrix)


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    """Random patterns, with bands and full lines in some of them."""
    height, width = draw(st.integers(0, 12)), draw(st.integers(0, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    matrix = rng.random((height, width)) < draw(st.sampled_from([0.0, 0.1, 0.3, 1.0]))
    if draw(st.booleans()):
        matrix |= np.abs(np.subtract.outer(np.arange(height), np.arange(width))) <= draw(st.integers(0, 2))
    if height and width and draw(st.booleans()):
        matrix[rng.integers(height)] = True
    if height and width and draw(st.booleans()):
        matrix[:, rng.integers(width)] = True
    return sorted_pattern(matrix)


def colors_of(pattern: Pattern, mode: str | None = None) -> int:
    ways, _ = compressions(pattern, mode, (1, 1), symmetric=False, both=True)
    return sum(way.many for way in ways)


def share_no_row(pattern: Pattern, colors: Any) -> bool:
    rows = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
    pairs = rows * (int(colors.max(initial=0)) + 1) + colors[pattern.indices]
    return bool(len(np.unique(pairs)) == pattern.nnz)


@given(patterns())
def test_columns_of_one_color_share_no_row(pattern: Pattern) -> None:
    colors = column_colors(pattern)
    assert colors.shape == (pattern.shape[1],)
    assert share_no_row(pattern, colors)
    assert set(colors.tolist()) == set(range(colors.max(initial=-1) + 1))


@given(patterns(), st.sampled_from(["forward", "reverse", None]), st.sampled_from([(1, 1), (1, 2), (3, 1)]))
def test_each_entry_is_read_from_its_place_in_the_products(pattern: Pattern, mode: Any, costs: Any) -> None:
    matrix = csr_array(pattern.astype(float))
    matrix.data = np.arange(1.0, matrix.nnz + 1)
    ways, order = compressions(pattern, mode, costs, symmetric=False, both=True)
    found = []
    for way in ways:
        assert mode in (None, "forward" if way.forward else "reverse")
        side = matrix if way.forward else matrix.T
        seeds = way.colors == np.arange(way.many)[:, None]
        assert way.random.shape == way.colors.shape
        assert (way.random[way.colors < 0] == 0).all()
        products = (side @ seeds.T).T.reshape(-1)
        found.append(products[way.place])
        sums = np.zeros(side.shape[0])
        line, others = way.matrix.tocoo().coords  # in the order of the entries
        np.testing.assert_array_equal(line, way.line)
        np.add.at(sums, line, found[-1] * way.random[others])
        np.testing.assert_allclose(sums[way.whole], (side @ way.random)[way.whole])
    np.testing.assert_array_equal(found[0] if order is None else np.concatenate(found)[order], matrix.data)
    if mode is None and len(ways) > 1:
        one = min(compressions(pattern, each, costs, symmetric=False, both=True)[0][0].many for each in MODES)
        assert sum(way.many for way in ways) < one * 3


@given(patterns())
def test_star_colors_leave_each_entry_of_a_symmetric_matrix_readable(pattern: Pattern) -> None:
    side = min(pattern.shape)
    symmetric = sorted_pattern(pattern[:side, :side].maximum(pattern[:side, :side].T))
    upper = np.triu(np.arange(1.0, side * side + 1).reshape(side, side))
    matrix = csr_array(symmetric.multiply(upper + np.triu(upper, 1).T))
    star = star_colors(symmetric)
    for colors, place in ((star, star_places(symmetric, star)), symmetric_colors(symmetric)):
        seeds = colors == np.arange(colors.max(initial=-1) + 1)[:, None]
        products = (matrix @ seeds.T).T.reshape(-1)
        np.testing.assert_array_equal(products[place], matrix.data)


@pytest.mark.parametrize("low", [0, 1, 3, 5])
@pytest.mark.parametrize("high", [0, 1, 5])
def test_bands_have_as_few_colors_as_their_rows_are_long(low: int, high: int) -> None:
    pattern = band(200, low, high)
    assert column_colors(pattern).max() + 1 == low + high + 1
    assert colors_of(sorted_pattern(pattern[:, ::-1])) == low + high + 1


@pytest.mark.parametrize(
    ("pattern", "most"),
    [
        (grid(60, corners=False), 5),
        (grid(60, corners=True), 9),
        (grid(50, corners=False, periodic=True), 5),
        (grid(32, corners=False, periodic=True), 8),
        (brusselator(32), 8),
        (kron(np.ones((3, 3)), band(50, 1, 1)), 9),
        (kron(grid(12, corners=False), np.eye(12)) + kron(np.eye(144), band(12, 1, 1)), 7),
    ],
    ids=["5-point", "9-point", "periodic", "other side", "brusselator", "blocks", "7-point"],
)
def test_grids_have_few_colors(pattern: Pattern, most: int) -> None:
    pattern = sorted_pattern(pattern)
    assert longest_row(pattern) <= column_colors(pattern).max() + 1 <= most
    assert symmetric_colors(pattern)[0].max() + 1 <= most


def test_an_arrow_has_two_colors() -> None:
    colors, _ = symmetric_colors(arrow(1000))
    assert colors.max() + 1 == 2
    assert colors_of(arrow(1000)) <= 3
    assert colors_of(arrow(1000), "forward") == 1000
    bordered = sorted_pattern(np.pad(band(200, 1, 1).toarray(), (2, 3), constant_values=True))
    assert colors_of(bordered) <= 2 * 5 + 3


def test_colors_are_no_more_than_those_that_another_direction_has() -> None:
    wide = sorted_pattern(random_array((30, 3000), density=0.01, rng=np.random.default_rng(0)) != 0)
    for pattern, forward in ((wide, False), (sorted_pattern(wide.T), True)):
        ((found,), _) = compressions(pattern, None, (1, 1), symmetric=False, both=False)
        assert found.forward is forward
        assert found.many < colors_of(pattern, MODES[forward])


def test_coloring_anew_takes_colors_away(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    pattern = sorted_pattern(csr_array((np.ones(3000), rng.integers(0, 1000, 3000), np.arange(0, 3001, 3))))
    few = column_colors(pattern).max()
    monkeypatch.setattr("autograd.transforms.sparse.colouring._ROUNDS", 0)
    assert few < column_colors(pattern).max()
