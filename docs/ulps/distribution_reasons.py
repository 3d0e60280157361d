"""Why some errors of distributions are above the limit, by patterns of ``library.distribution.function quantity``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .distributions import Case

__all__ = ["LIMIT", "REASONS", "explained", "reason"]

LIMIT = 100.0
REASONS: dict[str, str] = {
    r"scipy\.(pareto|weibull_min|invgamma|f|gamma|beta|chi2)\.(log)?pdf gradient by (scale|x|loc)": (
        "the derivative of a power with an exponent near 0 is the difference of 1 and 1 more than the exponent"
    ),
}


def reason(case: Case, method: str, quantity: str) -> str:
    """Return why a result of a function is inaccurate, or an empty string."""
    text = f"{case.library}.{case.name}.{method} {quantity}"
    return next((why for pattern, why in REASONS.items() if re.fullmatch(pattern, text)), "")


def explained() -> Iterator[tuple[str, str]]:
    """Yield patterns of results, as the page shows them, and the reasons."""
    for pattern, why in REASONS.items():
        yield "`" + pattern.replace("\\", "").replace("|", r"\|") + "`", why
