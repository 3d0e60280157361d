"""How many examples are drawn, by default and with ``pytest --hypothesis-profile=thorough``, and whose turn it is.

A case is chosen by its name alone, so that a failure comes again, and adding a case does not change which others run.
"""

import zlib

from hypothesis import settings

THOROUGH = settings.get_current_profile_name().startswith("thorough")  # Hypothesis adds its other options to the name


def few(count: int) -> settings:
    """Return settings with so many examples, or as many as the thorough profile has."""
    return settings() if THOROUGH else settings(max_examples=count)


def draws(count: int) -> settings:
    """Return settings with so many examples in the thorough profile, and otherwise a fifth of them."""
    return settings(max_examples=count if THOROUGH else -(-count // 5))


def turn(name: str, count: int) -> int:
    """Return a number under `count` for a name: which of so many ways it is tried in."""
    return zlib.crc32(name.encode()) % count
