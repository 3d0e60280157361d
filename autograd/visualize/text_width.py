"""Text widths: those of Helvetica, which Arial and Liberation Sans share."""

from __future__ import annotations

import unicodedata

# Thousandths of the size of the font, for the printable characters of ASCII in their order.
_REGULAR = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 "
    "584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 "
    "278 556 500 722 500 500 500 334 260 334 584"
)
_BOLD = (
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 333 333 "
    "584 584 584 611 975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 333 278 333 584 556 333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 "
    "333 611 556 778 556 556 500 389 280 389 584"
)
_SIGNS = {"×": 584, "±": 584, "−": 584, "÷": 584, "·": 278, "…": 1000}  # further characters in pictures
_WIDTHS = [
    {chr(32 + index): int(width) for index, width in enumerate(table.split())} | _SIGNS for table in (_REGULAR, _BOLD)
]
_OTHER, _WIDE = 900, 1300  # upper bounds for nearly all other characters, and for East Asian ones and emoji


def width_of(text: str, size: float, bold: bool = False) -> float:
    """Return the width of a line of text, in the unit of `size`: exact if `is_measured`, else an upper bound."""
    widths = _WIDTHS[bold]
    return sum(widths.get(character) or _unknown(character) for character in text) * size / 1000


def is_measured(text: str) -> bool:
    """Tell whether the width of each character is known."""
    return all(character in _WIDTHS[0] for character in text)


def _unknown(character: str) -> int:
    if unicodedata.east_asian_width(character) in "WF" or ord(character) > 0xFFFF:
        return _WIDE
    return 0 if unicodedata.combining(character) else _OTHER
