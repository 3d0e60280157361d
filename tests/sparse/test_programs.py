"""Random programs: no entry missing in their patterns, here and everywhere, of the first and the second order."""

import warnings
from collections import Counter
from typing import Any

import numpy as np
import pytest

from ..thorough import THOROUGH
from .programs import Program, check

COUNT = 2000 if THOROUGH else 96
PARTS = 3


@pytest.mark.parametrize("part", range(PARTS))
def test_no_entry_is_missing(part: Any) -> None:
    tally: Counter[str] = Counter()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for seed in range(part, COUNT, PARTS):
            check(Program(seed), tally)
    assert tally["smallest"] >= 0.75 * tally["Jacobians"] > 0
    assert tally["smallest Hessians"] >= 0.75 * tally["Hessians"] > 0
    assert tally["everywhere"] >= 0.5 * tally["Jacobians"]
