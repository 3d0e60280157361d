"""Every operation has samples, and every sample an operation."""

from collections import Counter

from .samples import OPERATIONS, SAMPLES


def test_every_operation_has_samples() -> None:
    missing = [str(operation) for operation in OPERATIONS if operation.key not in SAMPLES]
    assert not missing, f"say in tests/operations/*_samples.py where to test {', '.join(missing)}"


def test_every_sample_has_an_operation() -> None:
    stale = [key for key in SAMPLES if key not in {operation.key for operation in OPERATIONS}]
    assert not stale


def test_names_are_unique() -> None:
    repeated = [key for key, count in Counter(operation.key for operation in OPERATIONS).items() if count > 1]
    # Products with one matrix, of all rows, and with what a batch shares: the same samples serve all of them.
    assert repeated == ["matmul"]
