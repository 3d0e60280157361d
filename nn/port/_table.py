"""The tables of spellings: what calls of PyTorch are in NumPy's words, and how arguments go into them.

``spellings.txt`` has a call in each line, ``name(arguments): what it is here``; where it ends with the arguments, the
table of names for errors and pages (`autograd.extend.missing.equivalents`) has the rest. ``t`` is the tensor.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from autograd.extend import missing

# Arguments by PyTorch's names, and the names of the same in the tables.
_SAME = {
    "dim": "axis", "keepdim": "keepdims", "index": "indices", "input": "t", "mat2": "other", "vec2": "other",
    "exponent": "other", "tensor": "other", "min": "low", "max": "high", "fill_value": "value", "correction": "ddof",
    "unbiased": "ddof", "repeats": "n", "chunks": "n", "size": "shape", "shifts": "shift", "dims": "axis",
    "num_samples": "num", "diagonal": "k", "offset": "k", "src": "values", "from": "low", "to": "high", "obj": "state",
    "f": "path", "steps": "n", "condition": "mask", "tensor1": "a", "tensor2": "b",
}  # fmt: skip
# Arguments that have no effect here.
IDLE = {
    "device",
    "non_blocking",
    "memory_format",
    "pin_memory",
    "layout",
    "map_location",
    "weights_only",
    "copy",
    "only_inputs",
}


class Parameter(NamedTuple):
    """A parameter of a call: its default, or what it has to be for the line to apply."""

    name: str
    default: str | None  # "" for one that may be left out
    must: str | None


class Spelling(NamedTuple):
    """A line of the table."""

    parameters: tuple[Parameter, ...] | None  # None for a call whose arguments stay as they are
    here: str
    keywords_only: bool


@cache
def tables() -> dict[str, dict[str, list[Spelling]]]:
    """Return the spellings, by section and name."""
    found: dict[str, dict[str, list[Spelling]]] = {}
    known = missing.equivalents("Tensor")
    for line in (Path(__file__).parent / "spellings.txt").read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"\[(\w+)\]", line):
            section = found[match[1]] = {}
        elif match := re.fullmatch(r"([\w.]+)\((.*?)\)(?:: (.+))?", line):
            name, parameters, here = match.groups()
            section.setdefault(name, []).append(_spelling(parameters, here or known[name]))
        elif line:
            name, _, here = line.partition(": ")
            section[name] = [Spelling(None, here, False)]
    return found


def _spelling(parameters: str, here: str) -> Spelling:
    if parameters == "...":
        return Spelling(None, _alternative(here, []), False)
    only = parameters.startswith("*, ")
    found = []
    for text in filter(None, parameters.removeprefix("*, ").split(", ")):
        name, given, default = text.partition("=")
        name, _, must = name.partition(": ")
        found.append(Parameter(name, default if given else None, must or None))
    return Spelling(tuple(found), _alternative(here, [each.name.strip("*") for each in found]), only)


def _alternative(here: str, names: Sequence[str]) -> str:
    """Return the first code of a line on the page that uses all arguments."""
    codes: list[str] = re.findall(r"`([^`]+)`", here) or [here]
    return next((code for code in codes if all(re.search(rf"\b{name}\b", code) for name in names)), codes[0])


class Arguments(NamedTuple):
    """The arguments of a call, as nodes, and how to write one."""

    positional: Sequence[ast.expr]
    keywords: Mapping[str, ast.expr]
    text: Callable[[ast.expr], str]

    def shape(self, nodes: Sequence[ast.expr]) -> str:
        """Return one text for the numbers of a shape."""
        if len(nodes) == 1 and not isinstance(nodes[0], ast.Starred):
            node = nodes[0]
            if isinstance(node, ast.List):
                return f"({', '.join(map(self.text, node.elts))}{',' * (len(node.elts) == 1)})"
            return self.text(node)
        return f"({', '.join(map(self.text, nodes))}{',' * (len(nodes) == 1)})"


def bind(spelling: Spelling, given: Arguments) -> dict[str, str] | None:
    """Return the text of each parameter, or None if the arguments do not fit this line."""
    assert spelling.parameters is not None
    rest = [] if spelling.keywords_only else list(given.positional)
    if spelling.keywords_only and given.positional:
        return None
    named = {_SAME.get(name, name): (name, node) for name, node in given.keywords.items()}
    bound: dict[str, str] = {}
    for parameter in spelling.parameters:
        name = parameter.name
        if name[0] == "*":
            nodes = rest
            if not nodes and (word := next((each for each in (name[1:], "axis") if each in named), None)):
                nodes = [named.pop(word)[1]]
            rest = []
            if name == "*args" and len(nodes) == 1 and not isinstance(nodes[0], ast.List | ast.Tuple | ast.Starred):
                return None  # a list of arrays, or one array
            bound[name[1:]] = given.shape(nodes)
            continue
        if rest:
            by, node = None, rest.pop(0)
            if isinstance(node, ast.Starred):
                return None
        elif name in named:
            by, node = named.pop(name)
        elif parameter.default is None:
            return None
        else:
            bound[name] = parameter.default
            continue
        if parameter.must and not _is(node, parameter.must, by):
            return None
        bound[name] = _argument(name, by, node, given)
    return None if rest or named else bound


def _is(node: ast.expr, must: str, by: str | None) -> bool:
    if must != "int":
        return ast.unparse(node) in (must, f"'{must}'", must.replace('"', "'"))
    if by is not None:
        return by == "dim"
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    if isinstance(node, ast.Name | ast.Attribute):
        return bool(re.search(r"(dim|axis)$", ast.unparse(node)))
    return isinstance(node, ast.Constant) and type(node.value) is int


def _argument(name: str, by: str | None, node: ast.expr, given: Arguments) -> str:
    text = given.text(node)
    if (name == "axis" and isinstance(node, ast.List)) or name == "shape":
        return given.shape([node])
    if name == "ddof" and by != "correction":
        return {"True": "1", "False": "0"}.get(text, f"int({text})")
    return text


def render(here: str, bound: Mapping[str, str], everything: str = "") -> str:
    """Return the code of a table with texts in place of its names; arguments that were not given are left out."""
    if not bound and "..." not in here:
        return here
    tree = ast.parse(here).body[0]
    texts: list[str] = []

    def hole(text: str) -> ast.Name:
        texts.append(text)
        return ast.Name(f"__{len(texts) - 1}__")

    class Fill(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:  # the name that ast calls
            of_tensor = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "t"
            node.func = self.visit(node.func)
            args: list[ast.expr] = []
            for each in node.args:
                if isinstance(each, ast.Constant) and each.value is ...:
                    args += [hole(everything)] if everything else []
                elif isinstance(each, ast.Name) and each.id in bound:
                    text = bound[each.id]
                    apart = each.id == "args" or (of_tensor and each.id == "shape")
                    bare = text[1:-1].rstrip(",") if apart and text[:1] == "(" else text
                    args += [hole(bare)] if bare else []
                else:
                    args.append(self.visit(each))
            node.args = args
            keywords = []
            for word in node.keywords:
                if isinstance(word.value, ast.Name) and word.value.id in bound:
                    if not bound[word.value.id]:
                        continue
                    word.value = hole(bound[word.value.id])
                else:
                    word.value = self.visit(word.value)
                keywords.append(word)
            node.keywords = keywords
            return node

        def visit_Subscript(self, node: ast.Subscript) -> ast.AST:  # as above
            node.value = self.visit(node.value)
            alone = isinstance(node.slice, ast.Name) and bound.get(node.slice.id)
            node.slice = hole(alone) if alone else self.visit(node.slice)
            return node

        def visit_Name(self, node: ast.Name) -> ast.AST:  # as above
            return hole(operand(bound[node.id])) if bound.get(node.id) else node

    text = ast.unparse(Fill().visit(tree))
    for number, each in reversed([*enumerate(texts)]):
        text = text.replace(f"__{number}__", each)
    return text


def operand(text: str) -> str:
    """Return an expression that another operation can be applied to."""
    node = ast.parse(f"({text}\n)", mode="eval").body
    if text[:1] == "(" and text[-1:] == ")" and _parses(f"[{text[1:-1]}\n]"):
        return text
    plain = ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.List | ast.Tuple | ast.Constant
    tight = isinstance(node, plain) and not (isinstance(node, ast.Tuple) and not text.startswith("("))
    return text if tight else f"({text})"


def _parses(text: str) -> bool:
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return False
    return True
