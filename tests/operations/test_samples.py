"""Every operation has samples, and every sample an operation."""

from collections import Counter

from ..lists import assert_complete
from .samples import OPERATIONS, SAMPLES


def test_every_operation_has_samples_and_every_sample_an_operation() -> None:
    names = {operation.key: str(operation) for operation in OPERATIONS}
    sampled = [names.get(key, str(key)) for key in SAMPLES]
    assert_complete([*names.values()], sampled, "tests/operations/*_samples.py, which says where to test an operation")


def test_names_are_unique() -> None:
    repeated = [key for key, count in Counter(operation.key for operation in OPERATIONS).items() if count > 1]
    # Products with one matrix, of all rows, and with what a batch shares: the same samples serve all of them.
    assert repeated == ["matmul"]
