"""What checkers find of a sample of planted errors does not fall; ``python -m tests.planted`` measures all of it."""

from collections.abc import Iterable

import pytest

from tests.planted.catalogue import Pair, catalogue
from tests.planted.rates import false_alarms, measure, report

# Errors that show at every place, in float64, in C order, in small arrays.
AT_ORDINARY_PLACES = (
    "sign", "twice", "half", "no_gradient", "constant_for_variable", "term_too_many", "reversed_elements",
    "rows_swapped", "at_the_largest", "last_element", "second_sign", "second_lost", "writes_to_the_input",
)  # fmt: skip


def _of(kinds: Iterable[str]) -> list[Pair]:
    return [pair for pair in catalogue() if pair.kind in set(kinds)]


def _missed(checker: str, pairs: list[Pair]) -> list[str]:
    return [str(outcome.pair) for outcome in measure(checker, pairs) if not outcome.found]


def test_gradcheck_finds_what_shows_at_ordinary_places() -> None:
    assert not _missed("gradcheck", _of(AT_ORDINARY_PLACES))


def test_gradgradcheck_finds_wrong_second_derivatives() -> None:
    assert not _missed("gradgradcheck", _of(["second_twice_too_large", "second_with_wrong_sign"]))


@pytest.mark.parametrize("checker", ["gradcheck", "gradgradcheck"])
def test_right_operations_are_accepted(checker: str) -> None:
    assert not false_alarms(checker, {pair.operation for pair in catalogue()})


def test_the_report_counts_by_kind_and_lists_what_was_missed() -> None:
    text = report(measure("gradcheck", _of(["sign", "over_1e6"])))
    assert "sign                                   3/3      1, 1" in text
    assert "\nmissed:\n  over_1e6 in " in text
