"""The source of derivative rules, short, as it stands in the file that declares them."""

from __future__ import annotations

import inspect
import linecache
import os
import textwrap
from collections.abc import Callable
from typing import Any

from ...outputs import Output

__all__ = ["rules_of", "text_of_line"]

_MOST_LINES = 24


def rules_of(op: Any, count: int) -> list[str]:
    """Return the source of the rule of each of `count` inputs of an operation."""
    if isinstance(op, Output):
        return ["the gradient takes the place of this output in the gradient of the operation"] * count
    definition = getattr(op, "definition", None)
    if definition is not None:
        return [_source(definition.backward)] * count
    rules = getattr(op, "rules", ())
    if not rules:
        return [""] * count
    return [_source(rules[0 if op.variadic else index]) for index in range(count)]


def text_of_line(place: str) -> tuple[str, str]:
    """Return the name of a file with the number of a line, without the directory, and what the line says."""
    file, _, line = place.rpartition(":")
    text = linecache.getline(file, int(line)).strip() if line.isdigit() else ""
    return f"{os.path.basename(file)}:{line}", text


def _source(rule: Callable[..., Any]) -> str:
    code = rule.__code__
    names = ", ".join(code.co_varnames[: code.co_argcount])
    if code.co_name == "<lambda>":
        body = _body(rule)
        return f"lambda {names}: {body}" if body else f"lambda {names}: ..."
    try:
        lines = textwrap.dedent(inspect.getsource(rule)).splitlines()
    except OSError:  # it was typed at a prompt
        return f"{code.co_name}({names})"
    more = ["    ..."] if len(lines) > _MOST_LINES else []
    return "\n".join([*lines[:_MOST_LINES], *more])


def _body(rule: Callable[..., Any]) -> str:
    """Return the expression of a lambda, which stands among others in its line: from where its instructions come."""
    code = rule.__code__
    spans = [
        (line, start, last, end)
        for line, last, start, end in code.co_positions()
        if line and last and start is not None and end is not None and (last, end) > (line, start)
    ]
    if not spans:
        return ""
    first, start = min(span[:2] for span in spans)
    last, end = max(span[2:] for span in spans)
    lines = [line.encode() for line in linecache.getlines(code.co_filename)[first - 1 : last]]
    if len(lines) < last - first + 1:
        return ""
    lines[-1] = lines[-1][:end]  # columns count bytes
    lines[0] = lines[0][start:]
    return " ".join(line.decode().strip() for line in lines)
