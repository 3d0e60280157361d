"""Cells like those of JAX's tutorials, after a change of their imports alone: what they compute, in both.

`cells.txt` has them; each computes ``r``.
"""

import contextlib
import io
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn.port import jax as front

jax = pytest.importorskip("jax", reason="compares with JAX: pip install -e '.[jax]'")

TEXT = (Path(__file__).parent / "cells.txt").read_text(encoding="utf-8")
CELLS = {name: body for name, _, body in (cell.partition("\n") for cell in re.split(r"(?m)^# %% ", TEXT)[1:])}
# In turn with numbers of 32 bits there and of 64; cells that draw random numbers, which are others then, with both.
CASES = [
    (name, bool(wide)) for i, name in enumerate(CELLS) for wide in (0, 1) if i % 2 == wide or "rand" in CELLS[name]
]
# What is not there, and what the error says.
REFUSED = {
    "nn initializers and jax.nn helpers": "here it is jax.random.normal",
    "random gamma beta poisson dirichlet": "here it is one of NumPy's generators",
    "random number kinds and splits": "here it is one of NumPy's generators",
    "tree structure and transpose": "here it is tree_flatten",
    "vectorize": "here it is vmap",
    "vmap axes, out_axes and spmd_axis": "sum over the batch after vmap",
}


def moved(text: str) -> str:
    """Return a cell with its imports changed, as the page "Coming from JAX" says."""
    lines = []
    for line in text.splitlines():
        if re.match(r"(import|from) ", line):
            line = re.sub(r"(?<![\w.])jax(?=$|,)", "nn.port.jax as jax", line)
            line = re.sub(r"(?<![\w.])jax(?=\.| (?:as|import)\b)", "nn.port.jax", line)
        lines.append(line)
    return "\n".join(lines)


def numbers(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = [value[key] for key in sorted(value)]
    if isinstance(value, list | tuple):
        return [each for part in value for each in numbers(part)]
    return [value if value is None or isinstance(value, str) else np.asarray(value)]


def run(text: str) -> list[Any]:
    scope: dict[str, Any] = {"__name__": "cell"}
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(text, "cell", "exec"), scope)
    return numbers(scope["r"])


@pytest.mark.one_in(20)
@pytest.mark.parametrize(("name", "wide"), CASES)
def test_cells_compute_what_they_do_in_jax(name: str, wide: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front.config, "jax_enable_x64", wide)
    if name in REFUSED:
        with pytest.raises((NotImplementedError, TypeError), match=REFUSED[name]):
            run(moved(CELLS[name]))
        return
    with jax.enable_x64(wide):
        theirs = run(CELLS[name])
    ours = run(moved(CELLS[name]))
    assert len(theirs) == len(ours)
    for first, second in zip(theirs, ours, strict=True):
        if first is None or isinstance(first, str):
            assert first == second
        else:
            assert (first.shape, first.dtype.kind) == (second.shape, second.dtype.kind)
            single = not wide or first.dtype == np.float32
            np.testing.assert_allclose(second, first, rtol=2e-4 if single else 1e-9, atol=2e-5 if single else 1e-10)
