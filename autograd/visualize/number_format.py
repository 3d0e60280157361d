"""Number formats: single numbers in full, arrays by their statistics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from autograd.extend import whole


class Summary(NamedTuple):
    """An array in words, and whether it is finite and whether it is zero."""

    text: str
    finite: bool
    zero: bool


def summarize(array: ArrayLike) -> Summary:
    """Return the number itself, or mean, standard deviation, minimum and maximum of several."""
    array = np.asarray(whole(array))
    if array.size == 1:
        number = array.item()
        return Summary(short(number), bool(np.isfinite(array).all()), not number)
    if not array.size or array.dtype.kind not in "biufc":
        return Summary("empty" if not array.size else "no numbers", finite=True, zero=False)
    finite = array[np.isfinite(array)]
    zero = not array.any()
    if array.dtype.kind == "c":
        finite = np.abs(finite)
    wide = finite.astype(np.float64)
    parts = ["zero"] if zero else []
    if finite.size and not zero:
        with np.errstate(over="ignore"):
            parts.append(f"mean {wide.mean():.3g} ± {wide.std():.3g}")
            parts.append(f"{wide.min():.3g} to {wide.max():.3g}")
    missing = int(np.isnan(array).sum())
    infinite = array.size - finite.size - missing
    parts += [f"{count:,} {what}" for count, what in ((missing, "nan"), (infinite, "inf")) if count]
    return Summary(", ".join(parts), finite.size == array.size, zero)


def short(number: complex) -> str:
    """Write a number with four decimals, or with four significant digits if very small or large."""
    if isinstance(number, float) and (number == 0 or 1e-3 <= abs(number) < 1e5):
        return f"{number:.4f}"
    return f"{number:.4g}"


def readable_bytes(count: int) -> str:
    """Write a number of bytes with a unit.

    Examples
    --------
    >>> readable_bytes(800), readable_bytes(999_900), readable_bytes(4_200_000)
    ('800 B', '1000 kB', '4.2 MB')
    """
    return _with_unit(count, ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B")))


def readable_seconds(seconds: float) -> str:
    """Write a time with a unit.

    Examples
    --------
    >>> readable_seconds(2.5), readable_seconds(0.0123), readable_seconds(4.2e-6)
    ('2.5 s', '12.3 ms', '4.2 µs')
    """
    return _with_unit(seconds, ((1, "s"), (1e-3, "ms"), (1e-6, "µs")))


def _with_unit(number: float, units: Sequence[tuple[float, str]]) -> str:
    power, unit = next((each for each in units if number >= each[0]), units[-1])
    return f"{float(f'{number / power:.3g}'):g} {unit}"


def time_lines(forward: float | None, backward: float | None) -> list[str]:
    """Return a line with the times that are known, in seconds, if any is."""
    known = (("forward", forward), ("backward", backward))
    parts = [f"{name} {readable_seconds(seconds)}" for name, seconds in known if seconds is not None]
    return [", ".join(parts)] if parts else []
