"""A sample of what ``python -m tests.planted.right`` checks: right operations and functions are accepted."""

import warnings

import numpy as np
import pytest

from tests.operations.samples import OPERATIONS, SAMPLES

from .right import Totals, check_example, check_functions
from .right_functions import compositions, functions


@pytest.fixture
def totals() -> Totals:
    return Totals()


def test_right_operations_cause_no_alarm(totals: Totals) -> None:
    operations = [one for one in OPERATIONS if one.key in SAMPLES]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for i, operation in enumerate(operations[::40]):
            for number in range(11 + i % 4, 22, 4):
                check_example(totals, operation, number)
    assert not totals.alarms
    assert totals.examples > 20


def test_right_functions_cause_no_alarm(totals: Totals) -> None:
    rights = [*(right for right in functions() if right.places is not None)][::45] + list(compositions(3))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        check_functions(totals, rights)
    assert not totals.alarms
    assert totals.examples > 20


def test_an_alarm_comes_with_the_command_that_repeats_it(totals: Totals, capsys: pytest.CaptureFixture[str]) -> None:
    totals.add_alarm("sqrt, zeros, [0.0]", ZeroDivisionError("0"), "--operation sqrt --seed 0 --example 3")
    assert "ZeroDivisionError: 0" in totals.alarms[0]
    assert "python -m tests.planted.right --operation sqrt --seed 0 --example 3" in capsys.readouterr().out
