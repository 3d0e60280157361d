"""Quoting: what a program's text takes from the user's program, which may be anything, since the text is run.

Names of files, functions, attributes and keywords, lines of source, keys and numbers enter a text through these alone.
"""

from __future__ import annotations

import keyword
import os
from typing import Any
from unicodedata import normalize

from ...source.source_info import text_at


def comment(text: str) -> str:
    """Return a text as a comment of one line: whatever could end the line, or hide what follows, is escaped."""
    return "# " + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def line_comment(file: str, number: int | None) -> str:
    """Return a line of the user's program as a comment, with its text if that can be read."""
    text = text_at(file, number)
    return comment(f"{os.path.basename(file)}:{number}: {text}" if text else f"{file}:{number}")


def identifier(wish: Any, otherwise: str) -> str:
    """Return a name that Python's grammar takes as it is, and reads as the same name: the one wished for if it can be.

    It does not take keywords, and it reads some letters as others, such as a ligature as two letters.
    """
    fits = isinstance(wish, str) and wish.isidentifier() and not keyword.iskeyword(wish) and wish != "__debug__"
    return str.__str__(wish) if fits and normalize("NFKC", wish) == wish else otherwise


def is_literal(x: Any) -> bool:
    """Tell whether something can be printed as it is: nothing whose text its own class makes."""
    if type(x) is int:
        return x.bit_length() < 1000  # Python neither prints nor reads integers of several thousand digits
    if type(x) is float:
        return x - x == 0  # neither inf nor nan, which are names
    return type(x) in (bool, str, bytes, type(None))


def literal(x: Any) -> str:
    """Return the text of what `is_literal`, or of a text of any subclass as a plain one."""
    return str.__repr__(x) if isinstance(x, str) else repr(x)
