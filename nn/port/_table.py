"""The tables of spellings: what calls of PyTorch are in NumPy's words, and how arguments go into them.

``spellings.txt`` has a call in each line, ``name(arguments): what it is here``; where it ends with the arguments, the
table of names for errors and pages (`autograd.extend.missing.equivalents`) has the rest. ``t`` is the tensor. The first
line that a call fits is taken: ``axis: int`` says what an argument has to be, ``axis=0`` what it is otherwise, and with
``axis=`` it may be left out. What is behind ``#`` is left to decide; ``error:`` is the reason why a call is refused.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from autograd.extend import missing


class Parameter(NamedTuple):
    """A parameter of a call: what it has to be for the line to apply, and its default."""

    name: str
    must: str
    default: str | None  # "" for one that may be left out


class Spelling(NamedTuple):
    """A line of the table."""

    parameters: Sequence[Parameter] | None  # None for a call whose arguments stay as they are
    here: str
    decide: str = ""

    @property
    def pair(self) -> list[str]:
        """The code of both results, such as values and their indices; empty for one result."""
        tree = None if self.here.startswith("error: ") else ast.parse(self.here).body[0]
        both = isinstance(tree, ast.Expr) and isinstance(tree.value, ast.Tuple) and tree.value.elts
        return [ast.get_source_segment(self.here, each) or "" for each in both] if both else []


@cache
def tables() -> dict[str, dict[str, list[Spelling]]]:
    """Return the spellings, by section and name."""
    found: dict[str, dict[str, list[Spelling]]] = {}
    known = missing.equivalents("Tensor")
    for line in (Path(__file__).parent / "spellings.txt").read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"\[(\w+)\]", line):
            section = found[match[1]] = {}
        elif match := re.fullmatch(r"([\w.]+)\((.*?)\)(?:: (.+?))?(?:  # (.*))?", line):
            name, given, here, decide = match.groups()
            parameters = None if given == "..." else [_parameter(text) for text in given.split(", ") if text]
            codes = [here] if here else re.findall(r"`([^`]+)`", known[name])  # of which the first with all arguments
            words = [re.escape(each.name.strip("*")) for each in parameters or ()]
            here = next((code for code in codes if all(re.search(rf"\b{word}\b", code) for word in words)), codes[0])
            section.setdefault(name, []).append(Spelling(parameters, here, decide or ""))
        elif line:
            name, _, here = line.partition(": ")
            section[name] = [Spelling(None, here)]
    return found


def _parameter(text: str) -> Parameter:
    name, given, default = text.partition("=")
    name, _, must = name.partition(": ")
    return Parameter(name, must, default if given else None)


def bind(
    spelling: Spelling, call: ast.Call, text: Callable[[ast.expr], str], fits: Callable[[ast.expr, str, str], bool]
) -> dict[str, str] | None:
    """Return the text of each parameter, or None if the arguments do not fit this line.

    `fits` is asked whether a node is what it must be, which has the name that PyTorch gives it.
    """
    if spelling.parameters is None:
        words = [word for word in call.keywords if word.arg not in tables()["idle"]]
        return {"...": ", ".join([*map(text, call.args), *(f"{word.arg}={text(word.value)}" for word in words)])}
    same = tables()["arguments"]
    named = {same[word.arg][0].here if word.arg in same else word.arg: word for word in call.keywords if word.arg}
    rest = list(call.args)
    bound: dict[str, str] = {}
    for name, must, default in spelling.parameters:
        if name[0] == "*":
            nodes, rest = rest, []
            if not nodes and name[1:] in named:
                nodes = [named.pop(name[1:]).value]
            listed = len(nodes) == 1 and isinstance(nodes[0], ast.List | ast.Tuple) and nodes[0].elts
            single = len(nodes) == 1 and not listed and not isinstance(nodes[0], ast.Starred)
            floats = must != "float" or any(fits(each, must, "") for each in nodes)
            if (name == "*" and nodes) or (must == "many" and (single or not nodes)) or not floats:
                return None
            if name == "*":  # what follows is given by name
                continue
            texts = [*map(text, listed or nodes)]
            if name == "*sizes" and not single:
                texts = [f"__t.shape[{n - len(texts)}]" if each == "-1" else each for n, each in enumerate(texts)]
            bound[name] = ", ".join(texts)
            bound[name[1:]] = texts[0] if single else f"({bound[name]}{',' * (len(texts) == 1)})"
            continue
        node, by = (rest.pop(0), "") if rest else (None, "")
        if node is None and name in named:
            word = named.pop(name)
            node, by = word.value, word.arg or ""
        right = node and not isinstance(node, ast.Starred) and all(fits(node, each, by) for each in must.split())
        if not right and (node or default is None):
            return None
        bound[name] = default or "" if node is None else text(node)
        if isinstance(node, ast.List) and name in ("axis", "shape"):
            bound[name] = f"({bound[name][1:-1]}{',' * (len(node.elts) == 1)})"
        if name == "ddof" and by != "correction" and node is not None:  # whether it is one
            bound[name] = {"True": "1", "False": "0"}.get(bound[name], f"int({bound[name]})")
    return None if rest or named.keys() - tables()["idle"] else bound


def render(here: str, bound: Mapping[str, str]) -> str:
    """Return the code of a table with texts in place of its names; arguments that were not given are left out."""
    for name, text in bound.items():
        if not text:
            here = re.sub(rf"(, )?(\w+=)?(?<![\w.*]){re.escape(name)}(?![\w=])", "", here)
    here = re.sub(r"\((, )+", "(", here)

    def put(match: re.Match[str]) -> str:
        text = bound[match[0]]
        before, after = here[: match.start()].rstrip()[-1:], here[match.end() :].lstrip()[:1]
        alone = before in ("", *"([,=") and after in ("", *")],")
        return text if alone else operand(text)

    names = "|".join(re.escape(name) for name in sorted(bound, key=len, reverse=True) if bound[name])
    return re.sub(rf"(?<![\w.'\"])(?:{names})(?![\w'\"]|=[^=])", put, here) if names else here


def operand(text: str) -> str:
    """Return an expression that another operation can be applied to."""
    node = ast.parse(f"({text}\n)", mode="eval").body
    plain = isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.List | ast.Constant)
    inside = 1 if isinstance(node, ast.Tuple) else 2  # where it begins if it has parentheses of its own
    return text if plain or node.col_offset >= inside else f"({text})"
