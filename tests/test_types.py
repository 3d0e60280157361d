"""Types of public signatures say something."""

from . import public_types


def test_fewer_than_a_tenth_of_the_types_of_public_signatures_say_nothing() -> None:
    empty, total = map(sum, zip(*public_types.count().values(), strict=True))
    assert total > 2000
    assert empty < 0.1 * total, "python -m tests.public_types shows them"
