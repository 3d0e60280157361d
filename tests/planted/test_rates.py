"""What checkers find of a sample of planted errors does not fall; ``python -m tests.planted`` measures all of it."""

from collections.abc import Iterable

import pytest

from tests.planted.catalogue import Pair, catalogue
from tests.planted.rates import false_alarms, measure, report
from tests.planted.subjects import SUBJECTS

# Errors that show at every place, in float64, in C order, in small arrays.
AT_ORDINARY_PLACES = (
    "sign", "twice", "half", "no_gradient", "constant_for_variable", "term_too_many", "reversed_elements",
    "rows_swapped", "at_the_largest", "last_element", "second_sign", "second_lost", "writes_to_the_input",
)  # fmt: skip

# Errors that show only in other calls, for other numbers or in other shapes than are given.
BESIDE_THE_PLACE = (
    "function_writes_to_the_input", "constant_in_second", "second_with_wrong_sign", "batch_shifted",
    "in_other_threads", "error_in_other_threads", "at_one", "in_a_narrow_interval",
    "next_to_nan", "from_64_elements_on", "over_1000_elements", "no_axes", "one_element", "three_axes",
    "broadcast_not_summed", "value_of_the_last_element", "nan_lost", "value_of_strided_input", "forward_in_single",
    "beside_what_the_batch_shares", "tall_matrix", "over_4096_elements",
)  # fmt: skip

# Errors that show only at some numbers, shapes, dtypes or cotangents, or in other uses of the operation.
ELSEWHERE = (
    Pair("under_1e_30", "sigmoid", 0), Pair("in_a_narrow_interval", "cross", 0), Pair("single_over_50", "sinh", 0),
    Pair("cotangent_of_ones", "exp", 0), Pair("second_beside_a_constant", "power", 0), Pair("several_axes", "sum", 0),
)  # fmt: skip


def _one_of_each(kinds: Iterable[str]) -> list[Pair]:
    wanted = set(kinds)
    return list({pair.kind: pair for pair in catalogue(0, 1) if pair.kind in wanted}.values())


def _missed(checker: str, kinds: Iterable[str]) -> list[str]:
    return [str(outcome.pair) for outcome in measure(checker, _one_of_each(kinds)) if not outcome.found]


@pytest.mark.thorough
def test_gradcheck_finds_what_shows_at_ordinary_places() -> None:
    assert not _missed("gradcheck", AT_ORDINARY_PLACES)


@pytest.mark.thorough
def test_gradcheck_finds_what_shows_beside_the_place() -> None:
    assert not _missed("gradcheck", BESIDE_THE_PLACE)


@pytest.mark.thorough
def test_gradgradcheck_finds_wrong_second_derivatives() -> None:
    assert not _missed("gradgradcheck", ["second_twice_too_large", "second_with_wrong_sign"])


@pytest.mark.thorough
def test_check_finds_what_shows_elsewhere() -> None:
    assert [str(pair) for pair in ELSEWHERE if not pair.shows()] == []
    assert [str(outcome.pair) for outcome in measure("check", ELSEWHERE) if not outcome.found] == []


@pytest.mark.thorough
def test_right_operations_are_accepted() -> None:
    assert not false_alarms("gradcheck", list(SUBJECTS)[::4])


def test_the_report_counts_by_kind_and_lists_what_was_missed() -> None:
    text = report(measure("gradcheck", _one_of_each(["sign", "baked_factor"])))
    assert "sign                                   1/1      1, 1" in text
    assert "\nmissed:\n  baked_factor in " in text
