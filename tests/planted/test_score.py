"""The score of checkers: right operations are right, errors are found, and the page lists all of them."""

import pytest

from .score.__main__ import MARK, PAGE, Outcome, Score, page, score, written
from .score.checkers import by_check, by_gradcheck
from .score.errors import ERRORS
from .score.operations import OPERATIONS

KINDS = {error.kind: error for error in ERRORS}
# Errors that one point does not show, and that are not looked for beside it.
MISSED_AT_ONE_POINT = {
    "nan_at_zeros", "overflow_of_a_sum", "squares_leave_the_range", "quotient_of_the_product", "each_of_the_ties",
    "index_of_eight_bits", "ddof_forgotten", "axes_in_another_order", "option_compared_by_identity", "kept_by_shape",
    "order_of_the_memory", "divided_by_the_length_of_keepdims", "large_numbers_in_single_precision",
}  # fmt: skip


@pytest.mark.one_in(8)
@pytest.mark.parametrize("part", range(8))
def test_gradcheck_accepts_right_operations_and_finds_most_errors(part: int) -> None:
    found = score(by_gradcheck, ERRORS[part::8], list(OPERATIONS)[part::8])
    assert not [name for name, one in found.right.items() if one.said]
    assert {kind for kind, one in found.errors.items() if not one.said} <= MISSED_AT_ONE_POINT


def test_check_finds_what_one_point_does_not_show() -> None:
    found = score(by_check, [KINDS["nan_at_zeros"]], ["total"])
    assert found.errors["nan_at_zeros"].said.startswith("GradientCheckError: length() at ")
    assert not found.right["total"].said


@pytest.mark.one_in(64)
@pytest.mark.parametrize("part", range(64))
def test_check_finds_all_and_accepts_what_is_right(part: int) -> None:
    found = score(by_check, ERRORS[part::64], list(OPERATIONS)[part::64])
    missed = {kind for kind, one in found.errors.items() if not one.said}
    assert not missed
    assert not [name for name, one in found.right.items() if one.said]


def test_each_error_has_a_kind_of_its_own_and_says_why_it_is_wrong() -> None:
    assert len(KINDS) == len(ERRORS)
    assert all(error.why.endswith(".") and error.operation in OPERATIONS for error in ERRORS)


def test_the_page_lists_all_errors_and_its_numbers_are_those_of_the_data() -> None:
    text = PAGE.read_text()
    assert f"{len(ERRORS)} errors of {len(ERRORS)} kinds" in text
    assert f"one of {len(OPERATIONS)} operations" in " ".join(text.split())
    assert [error.why for error in ERRORS if f"| {error.why} |" not in text] == []


def test_the_tables_are_written_below_the_mark() -> None:
    said = {error.kind: Outcome("wrong" * (error.kind == "noise"), 0.5) for error in ERRORS}
    one = Score(said, {"sine": Outcome("", 0.25), "total": Outcome("wrong", 0.75)})
    text = written(f"before\n\n{MARK}\n\nold\n", page({"mine": one}))
    assert text.startswith(f"before\n\n{MARK}\n\n| Checker")
    assert f"| mine | 1 of {len(ERRORS)} | 1 of 2 | 0.50, 0.8 |" in text
    assert "Right, but called wrong by mine: total." in text
    assert "| noise, sine | Each gradient is off by some millionths, at random. | found |" in text
    assert "old" not in text
