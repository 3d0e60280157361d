"""From PyTorch's spelling to NumPy's: the text of a program, with the parts replaced that mean something else here."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from itertools import accumulate, takewhile
from typing import Any, NamedTuple

import numpy as np

from autograd.extend import missing

from ._imports import Imports, joined
from ._table import Spelling, bind, operand, render, tables

_CASTS = {"float", "double", "half", "to", "type", "cuda", "cpu", "dim"}  # methods that modules have too
_MAKERS = "rand|randn|zeros|ones|empty|eye|linspace|tensor|full|arange|normal|randint"
_FLOATS = {*_MAKERS.split("|")}
_SIMPLE = ast.Name | ast.Attribute | ast.Subscript | ast.Constant | ast.Slice | ast.Tuple | ast.expr_context
_SELF = {"self", "super()", "cls"}
# methods that others than tensors have
_OTHERS = {"at", "get_shape", "iloc", "label", "loc", "to_numpy", "type", "where"}
_ENGINE = "Function|Tensor|as_tensor|enable_grad|gradients|logsumexp|no_grad|set_grad_enabled|tensor"
_HEAD, _DROP = "\1", "\2"  # for the imports, and for statements that are not needed
_PLACE = re.compile(r"([ \t]*)\0(\d+)\0")  # before the first statement of a line, for comments
_FILES = re.compile(r"\.(pth\.tar|pth|pt|ckpt|bin|tar|pkl)(?=['\"])")  # which `nn.save` does not take
_NEW = re.compile(
    r"rng|np\.(array|zeros|ones|empty|eye|full|arange|linspace|concatenate|stack)\b|t\.(copy|sum|mean|max|min)\("
)
_T = r"(?<![\w.])t\b(?!=)"


class Note(NamedTuple):
    """What happened to a piece of code: its line, what it was, what it is, and what is left to decide."""

    line: int
    was: str
    now: str
    decide: str = ""
    refused: bool = False


class Ported(NamedTuple):
    """A program in NumPy's spelling, and what was done."""

    text: str
    notes: list[Note]

    @property
    def refused(self) -> list[Note]:
        """What has to be written by hand."""
        return [note for note in self.notes if note.refused]


def port(source: str) -> Ported:
    r"""Return a program of PyTorch in the spelling of NumPy.

    Comments that begin with ``# port:`` say what is left to decide. What is not Python raises a SyntaxError.

    Examples
    --------
    >>> from nn.port import port
    >>> print(port("import torch\nx = torch.zeros(2, 3).unsqueeze(1)").text)
    import numpy as np
    x = np.expand_dims(np.zeros((2, 3), dtype=np.float32), 1)
    """
    writer = _Writer(source)
    text = writer.whole()
    return Ported(text, sorted({*writer.notes, *writer.written}))


class _Call(NamedTuple):
    """A call of a method, or of the function of the same name, and the line of the table that it fits."""

    section: str
    name: str
    tensor: ast.expr | None
    rest: ast.Call  # without the tensor
    spelling: Spelling | None = None
    bound: dict[str, str] = {}  # noqa: RUF012  # it is never changed

    @property
    def pair(self) -> list[str]:
        """The code of both results, if there are two."""
        return self.spelling.pair if self.spelling else []


class _Writer:
    def __init__(self, source: str) -> None:
        self.source, self.tree = source, ast.parse(source)
        self.lines = [*io.StringIO(source, newline="")]  # as Python counts them, not those that end with a form feed
        self.starts = [0, *accumulate(map(len, self.lines))]
        nodes: list[Any] = [*ast.walk(self.tree)]
        self.parents = {child: node for node in nodes for child in ast.iter_child_nodes(node)}
        self.imports = Imports(self.tree)
        self.notes: set[Note] = set()
        self.written: list[Note] = []  # of what was replaced, but not within what was
        self.named: dict[ast.AST, str] = {}  # what is computed once and used twice
        self.left: set[ast.AST] = set()  # names that stay
        self.dropped: set[ast.AST] = set()
        self.above: dict[int, list[str]] = {}  # comments, by line
        self.first = {each.lineno: each for each in reversed(nodes) if isinstance(each, ast.stmt)}
        classes = [each for each in nodes if isinstance(each, ast.ClassDef)]
        self.own = {each.name for kind in classes for each in kind.body if hasattr(each, "name")}
        steps = [kind for kind in classes if "torch.optim.Optimizer" in map(self.imports.path, kind.bases)]
        self.optimizers = {each for kind in steps for each in ast.walk(kind)}
        self.stored = {each.id for each in nodes if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
        changed: list[ast.expr] = [each.target for each in nodes if isinstance(each, ast.AugAssign)]
        changed += [each.func.value for each in nodes if _method(each) in tables()["statements"]]
        items = [each for each in nodes if isinstance(each, ast.Subscript) and isinstance(each.ctx, ast.Store)]
        # into which tensors may be written
        self.grown = {ast.unparse(each.value if isinstance(each, ast.Subscript) else each) for each in changed + items}
        assigned = [node for node in nodes if isinstance(node, ast.Assign | ast.AnnAssign) and node.value]
        targets = {node: node.targets if isinstance(node, ast.Assign) else [node.target] for node in assigned}
        # The results of calls and operators, which may be ndarrays here, as may parameters of functions.
        places = [each for node in assigned for each in targets[node] if isinstance(each, ast.Name | ast.Tuple)]
        self.results = self.stored & {each.id for p in places for each in ast.walk(p) if isinstance(each, ast.Name)}
        registered = [each.args[0] for each in nodes if _method(each) == "register_buffer" and each.args]
        self.buffers = {f"self.{each.value!s}" for each in registered if isinstance(each, ast.Constant)}
        self.layers = {"Module", "Sequential", "ModuleList", "ModuleDict", "Optimizer"}
        for kind in classes:
            if any((self.imports.path(b) or ast.unparse(b)).rpartition(".")[2] in self.layers for b in kind.bases):
                self.layers.add(kind.name)
        self.modules = {ast.unparse(each) for n in assigned for each in targets[n] if self._makes_module(n.value)}
        # A name is one of NumPy's arrays, or a text, only if it is nothing else anywhere in the program.
        plain = {each for node in assigned for each in targets[node] if node.value and self._makes_plain(node.value)}
        stored = [each for each in nodes if isinstance(getattr(each, "ctx", None), ast.Store) and each not in plain]
        others = {ast.unparse(each) for each in stored} | {each.arg for each in nodes if isinstance(each, ast.arg)}
        self.plain = {ast.unparse(each) for each in plain} - others
        self.unsure = others if self.imports.others & {"np", "numpy"} else set()
        # whether gradients are asked for after tensors are made, such as of all that are in a list
        self.asks_later = bool(re.search(r"\.requires_grad\s*=\s*True|[\w\])]\.requires_grad_\(", source))

    def _maker(self, node: Any) -> str:
        """Return what is called at the beginning of a chain of casts."""
        while _method(node) in _CASTS:
            node = node.func.value
        return (self.imports.path(node.func) or ast.unparse(node.func)) if isinstance(node, ast.Call) else ""

    def _makes_module(self, node: ast.expr | None) -> bool:
        path = self._maker(node)
        name = path.rpartition(".")[2]
        return (path.startswith("torch.nn.") and name[:1].isupper() and name != "Parameter") or name in self.layers

    def _makes_plain(self, node: ast.expr) -> bool:
        text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        plain = text or isinstance(node, ast.Dict | ast.JoinedStr) or self.imports.is_foreign(node)
        return plain or self._maker(node).endswith(".numpy")

    def _foreign(self, node: Any) -> bool:
        """Whether what a method is called on is no tensor."""
        if (name := _method(node)) and not self.imports.is_foreign(node):
            found = name in ("numpy", "tolist", "item", "read", "strip", "join")
            return found or (ast.unparse(node.func.value) not in _SELF and self._foreign(node.func.value))
        plain = isinstance(node, ast.Constant | ast.JoinedStr | ast.Dict) or self.imports.is_foreign(node)
        return plain or ast.unparse(node) in self.plain | _SELF

    def _is_device(self, node: ast.expr) -> bool:
        named = re.search(r"(?i)(^|[._])(dev(ice)?(_?\w*)?|(local_)?rank|gpu(_id)?)$|^.(cpu|cuda)", ast.unparse(node))
        return bool(named) or (isinstance(node, ast.Call) and self.imports.path(node.func) == "torch.device")

    def fits(self, node: ast.expr, must: str, by: str) -> bool:
        """Whether an argument is what a line of the table says; `by` is its name, if it has one."""
        text, path = ast.unparse(node), self.imports.path(node) or ""
        constant = node.value if isinstance(node, ast.Constant) else None
        match must:
            case "int":  # an axis
                inner = node.operand if isinstance(node, ast.UnaryOp) else node
                number = isinstance(inner, ast.Constant) and type(inner.value) is int
                named = isinstance(inner, ast.Name | ast.Attribute) and re.search(r"(dim|axis)$", text)
                return by == "dim" if by else number or bool(named)
            case "float" | "whole":
                return _floats(node) is (must == "float") and not text.startswith("range(")
            case "list":
                return isinstance(node, ast.List | ast.Tuple | ast.ListComp)
            case "bool" | "text" | "number":
                kind = {"bool": bool, "text": str, "number": int | float}[must]
                return isinstance(constant, kind) or (must == "text" and isinstance(node, ast.JoinedStr))
            case "dtype":
                return path.removeprefix("torch.") in tables()["values"] or "dtype" in text
            case "sized":
                return text.endswith((".size()", ".shape")) or self._maker(node) == "torch.Size"
            case "unsure":
                return isinstance(node, ast.Name | ast.Attribute | ast.BinOp | ast.Subscript)
        return must in (text, path)

    def start(self, node: Any) -> int:
        first = min([*getattr(node, "decorator_list", ()), node], key=lambda each: (each.lineno, each.col_offset))
        line = self.lines[first.lineno - 1]
        place = self.starts[first.lineno - 1] + len(line.encode()[: first.col_offset].decode())
        return place if first is node else self.source.rindex("@", 0, place)

    def end(self, node: Any) -> int:
        line = self.lines[node.end_lineno - 1]
        return int(self.starts[node.end_lineno - 1] + len(line.encode()[: node.end_col_offset].decode()))

    def segment(self, node: Any) -> str:
        return self.source[self.start(node) : self.end(node)]

    def children(self, node: ast.AST) -> Iterator[Any]:
        for child in ast.iter_child_nodes(node):
            if isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant):
                continue  # before Python 3.12 this, and what is around an expression, has the place of the whole
            form = isinstance(node, ast.FormattedValue) and isinstance(child, ast.JoinedStr)
            if hasattr(child, "lineno") and not form and not isinstance(child, ast.FormattedValue):
                yield child
            else:
                yield from self.children(child)

    def whole(self) -> str:
        if not self.imports.names:
            return self.source
        body = self.stitch(self.tree, 0, len(self.source))
        body = _PLACE.sub(lambda m: "".join(f"{m[1]}{c}\n" for c in self.above.get(int(m[2]), ())) + m[1], body)
        return re.sub(rf"(?m)^[ \t]*@?{_DROP}[ \t]*(#.*)?(\n|\Z)", "", self._with_head(body)).replace(_DROP, "pass")

    def stitch(self, node: Any, place: int, end: int) -> str:
        out = []
        for child in sorted(self.children(node), key=self.start):
            if (start := self.start(child)) >= place:
                out += [self.source[place:start], self.text(child)]
                place = self.end(child)
        return "".join([*out, self.source[place:end]])

    def text(self, node: Any) -> str:
        """Return the new text of a node."""
        old, written = self.segment(node), len(self.written)
        new = self._rewritten(node)
        if new is None:
            new = self.stitch(node, self.start(node), self.end(node))
        elif new != old:
            marker = new in (_HEAD, _DROP)
            self.written[written:] = [] if marker else [Note(node.lineno, _short(old), _short(new))]
            lost = re.findall(r"#[^\n]*", old) if "\n" in old and new != _HEAD else []
            self._put_above(node, [each for each in lost if each not in new])
        mark = isinstance(node, ast.stmt) and self.first[node.lineno] is node
        return f"\0{node.lineno}\0{new}" if mark else new

    def _rewritten(self, node: ast.AST) -> str | None:
        match node:
            case ast.Import() | ast.ImportFrom() if node in self.imports.lines:
                if node in self.imports.refused:
                    self.refuse(node, self.imports.refused[node])
                return self._drop(node, "; ".join(self.imports.lines[node]) or "not needed")
            case ast.expr() if node in getattr(self.parents[node], "decorator_list", ()) and re.match(
                r"torch\.(jit|compile|amp|cuda\.amp|autocast)\b",
                self.imports.path(node.func if isinstance(node, ast.Call) else node) or "",
            ):
                return _DROP
            case ast.Expr() | ast.Assign() | ast.Return(value=ast.expr()):
                return self._statement(node)
            case ast.keyword(arg="size_average" | "reduce", value=ast.Constant(value=on)) if isinstance(
                call := self.parents[node], ast.Call
            ) and self.imports.path(call.func):
                return f"reduction={'mean' if on else 'sum' if node.arg == 'size_average' else 'none'!r}"
            case (
                ast.Subscript(value=ast.Call() as call)
                | ast.Attribute(value=ast.Call() as call, attr="values" | "indices")
            ) if (found := self._find(call)) and found.pair:
                part = ast.unparse(node).removeprefix(ast.unparse(call))
                if part in ("[0]", "[1]", "[-1]", ".values", ".indices"):
                    return self._write(node, found, found.pair[part in ("[1]", "[-1]", ".indices")])
                return self.refuse(node, "a pair of values and indices: say which of the two")
            case ast.Call():
                return self._call(node)
            case ast.Attribute() | ast.Name():
                return self._name(node)
            case ast.JoinedStr():
                return self._f_string(node)
            case ast.Constant(value=str()) if "torch.save" in self.source and "\n" not in self.segment(node):
                return re.sub(rf"{_FILES.pattern}(?=.$)", ".npz", self.segment(node))
        return None

    def _f_string(self, node: ast.AST) -> str | None:
        """Return an f-string, in which no quotes of its own may be; and the places in it may be wrong."""
        quote = re.sub("^[rRfF]+", "", self.segment(node))[:1]
        out, place = [], self.start(node)
        for each in sorted(self.children(node), key=self.start):
            old = self.segment(each)
            if not _same(old, each):
                self._decide(node, "look into this f-string")
                return self.segment(node)
            new = self.text(each)
            out += [self.source[place : self.start(each)]]
            out += [new.replace(quote, "'" if quote == '"' else '"') if new != old else new]
            place = self.end(each)
        return "".join([*out, self.source[place : self.end(node)]])

    def _with_head(self, body: str) -> str:
        """Return the text with the imports that it needs."""
        code = re.sub(r"(?m)#.*$", "", body)
        lines = [line for lines in self.imports.lines.values() for line in lines]
        rng = re.search(r"(?<![\w.])rng\.", code) and not re.search(r"(?m)^rng = ", code)
        if (rng or re.search(r"\bnp\.", code)) and "np" not in self.imports.others:
            lines.insert(0, "import numpy as np")
        packages = ("collections", "contextlib", "nn", "datasets", "autograd", "scipy.special", "scipy.sparse")
        names = [name for name in _ENGINE.split("|") if re.search(rf"(?<![\w.\"']){name}\b", code)]
        lines += [f"import {name}" for name in packages if re.search(rf"(?<![\w.]){name}\.", code)]
        lines += [f"from autograd import {name}" for name in names if name not in self.imports.others]
        if rng:  # which goes behind the imports at the top
            rows, nodes = body.split("\n"), ast.parse(body.replace(_HEAD, "import head").replace(_DROP, "pass")).body
            top = takewhile(lambda each: isinstance(each, ast.Import | ast.ImportFrom | ast.Pass | ast.Expr), nodes)
            last = max(
                (each.end_lineno or 0 for each in top if isinstance(each, ast.Import | ast.ImportFrom)), default=0
            )
            rows[last:last] = ["", "rng = np.random.default_rng()  # of all random numbers but those of nn"]
            body = "\n".join(rows)
        return body.replace(_HEAD, "\n".join(joined(lines)) or _DROP, 1)

    def _drop(self, node: Any, why: str) -> str:
        self.notes.add(Note(node.lineno, _short(self.segment(node)), why))
        self.dropped.add(node)
        block = next(each for _, each in ast.iter_fields(self.parents[node]) if isinstance(each, list) and node in each)
        if node is self.imports.first:
            return _HEAD
        empty = self.dropped.issuperset(block) and node is block[-1] and block is not self.tree.body
        return "pass" if empty else _DROP

    def _statement(self, node: ast.Expr | ast.Assign | ast.Return) -> str | None:
        value: Any = node.value
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if node in self.imports.aliases:
            return self._drop(node, "not needed: the one kind of tensors")
        start, end = self.source[self.start(node) : self.start(value)], self.source[self.end(value) : self.end(node)]
        called: Any = getattr(value, "func", value)
        path = "" if isinstance(node, ast.Return) else self.imports.path(target or called) or ""
        if (name := ".".join(path.split(".")[1:2])) in tables()["dropped"]:
            return self._drop(node, f"not needed: {tables()['dropped'][name][0].here}")
        grows = target is not None and ast.unparse(target) in self.grown
        if target and (grows or self.asks_later) and self._makes_floats(value, of_any_dtype=grows):
            return f"{start}tensor({self.text(value)}){end}"
        asked = isinstance(target, ast.Attribute) and target.attr == "requires_grad" and target.value
        asked = asked or (not start and _method(value) == "requires_grad_" and called.value)
        if asked and ast.unparse(asked) in self.results:
            given = self.text(value) if target else ", ".join(map(self.text, value.args))
            return f"{self.text(asked)} = as_tensor({self.text(asked)}).requires_grad_({given})"
        computes = isinstance(value, ast.BinOp | ast.Call) and ".data" not in ast.unparse(value)
        if computes and isinstance(target, ast.Attribute) and target.attr == "data":
            return f"{start}as_tensor({self.text(value)}).data{end}"
        if not isinstance(value, ast.Call):
            return None
        if path in ("torch.manual_seed", "torch.random.manual_seed", "torch.seed"):
            return self._seeding(node, ", ".join(map(self.text, value.args)))
        if not start and _method(value) == "manual_seed":
            return f"{self.text(called.value)} = np.random.default_rng({', '.join(map(self.text, value.args))})"
        if isinstance(target, ast.Tuple) and len(target.elts) == 2 and (found := self._find(value)) and found.pair:
            names = [self.text(each) for each in target.elts]
            if names.count("_") == 1 and start.count("=") == 1:
                kept = names.index("_") == 0
                return f"{names[kept]} = {self._write(node, found, found.pair[kept])}"
        if not start and (found := self._find(value)) and found.spelling and found.spelling.here == "None":
            return self._drop(node, "not needed")
        out = self._in_place(value, alone=not start)
        if out:
            *rows, place = out
            rows += [start + place + end] * bool(start and start.strip() != f"{place} =")
            return "; ".join(rows)
        moves = not start and not value.keywords and _method(value) in ("to", "cuda", "cpu")
        if moves and self.text(value) == self.text(called.value) and _simple(called.value):
            return self._drop(node, "not needed: the CPU is the only device")
        return None

    def _makes_floats(self, node: ast.expr, *, of_any_dtype: bool) -> bool:
        """Whether an expression computes with a new tensor of floats, and none that is given a dtype or a gradient."""
        calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
        paths = {(self.imports.path(each.func) or "").removeprefix("torch.") for each in calls}
        words = {str(word.arg) for each in calls for word in each.keywords}
        made = {path.removesuffix("_like") for path in paths} & (_FLOATS - {"arange", "randint"})
        # not of functions and classes that take one, which make what they like
        functions = {each.func.id for each in calls if isinstance(each.func, ast.Name)} - self.imports.names.keys()
        parts = {"chunk", "item", "max", "meshgrid", "min", "numpy", "sort", "split", "tolist", "topk", "unbind"}
        odd = functions - {"int", "len", "max", "min", "tuple"} or parts & {*map(_method, calls)}
        odd |= {each for each in words if each == "requires_grad" or (each == "dtype" and not of_any_dtype)}
        odd |= {path for path in paths if "." in path}
        return bool(made) and not odd and not isinstance(node, ast.Tuple | ast.List | ast.ListComp | ast.Dict)

    def _seeding(self, node: ast.stmt, seed: str) -> str:
        parent = self.parents[node]
        while isinstance(parent, ast.If | ast.With | ast.Try | ast.For):
            parent = self.parents[parent]
        if parent is not self.tree:
            self._decide(node, "this seeds the layers; `rng`, of all other numbers, needs its seed where it is made")
        return f"{'rng = ' * (parent is self.tree)}nn.manual_seed({seed})"

    def _in_place(self, value: Any, *, alone: bool = False) -> list[str]:
        """Return the statements for a chain of methods that write in place, and the text of the place."""
        chain: list[_Call] = []
        while (name := _method(value)).endswith("_") and not self.imports.path(value.func):
            chain.insert(0, self._fit("statements", name, value.func.value, value))
            value = value.func.value
        once = len(chain) == 1 and chain[0].spelling and len(re.findall(_T, chain[0].spelling.here)) == 1
        if not chain or not all(each.spelling for each in chain) or not (_simple(value) or (once and alone)):
            return []
        place = self.text(value)
        if place.endswith(".grad") and [each.name for each in chain] == ["zero_"]:
            return [f"{place} = None", place]
        return [*(self._write(value, each._replace(tensor=value), None) for each in chain), place]

    def _hoisted(self, node: ast.expr) -> str:
        """Write above a statement what is written in place within it; return the place, or "" if that may differ."""
        outer = self._around(node)
        *rows, place = self._in_place(node) or [""]
        others = {*ast.walk(outer[-1])} - {*ast.walk(node), *outer}
        once = not any(isinstance(each, ast.Call) or ast.unparse(each) == place for each in others)
        plain = all(isinstance(each, ast.Call | ast.keyword | ast.BinOp) for each in outer[1:-1])
        if not (once and plain and rows and self.first[outer[-1].lineno] is outer[-1]):
            return ""
        self._put_above(node, rows)
        return place

    def _fit(self, section: str, name: str, tensor: ast.expr | None, rest: ast.Call) -> _Call:
        for spelling in tables()[section].get(name, ()):
            bound = bind(spelling, rest, self.text, self.fits)
            if bound is not None:
                return _Call(section, name, tensor, rest, spelling, bound)
        return _Call(section, name, tensor, rest)

    def _find(self, call: ast.Call) -> _Call | None:
        """Return what a call is by the tables, or None for what stays as it is."""
        path = self.imports.path(call.func)
        args, words = call.args, call.keywords
        if path is not None:
            name = path.removeprefix("torch.")
            self.left.add(call.func)
            if name in tables()["torch"]:
                return self._fit("torch", name, None, call)
            if not args:  # it may be given by name
                args = [word.value for word in words if word.arg == "input"]
                words = [word for word in words if word.arg != "input"]
            if "." in name or not args:
                return _Call("torch", name, None, call)
            return self._fit("tensors", name, args[0], ast.Call(call.func, args[1:], words))
        if not isinstance(call.func, ast.Attribute) or any(word.arg == "axis" for word in words):
            return None
        name, tensor = call.func.attr, call.func.value
        scales = "GradScaler" in self.source and ast.unparse(tensor).lower().endswith("scaler")
        if scales and name in tables()["scaler"]:
            return self._fit("scaler", name, None, call)
        if self._foreign(tensor) or name in self.own or (name in _CASTS and ast.unparse(tensor) in self.modules):
            return None
        if name in ("to", "cuda", "cpu"):
            args = [each for each in args if not self._is_device(each)]
        return self._fit("tensors", name, tensor, ast.Call(call.func, args, words))

    def _write(self, node: ast.AST, found: _Call, here: str | None) -> str:
        """Return a call in the words of the table; `here` is the part of them that is asked for."""
        assert found.spelling is not None
        both = here is None and bool(found.pair)
        here, bound = here or found.spelling.here, dict(found.bound)
        if here.startswith("error: "):
            return self.refuse(node, here.removeprefix("error: "))
        if found.spelling.decide:
            self._decide(node, found.spelling.decide)
        words = {word.arg: word.value for word in found.rest.keywords}
        wanted = words.get("requires_grad") if here.startswith(("np.", "rng.")) else None
        if here.startswith("rng.") and "generator" in words:
            here, bound["generator"] = f"generator{here[3:]}", self.text(words["generator"])
        here = re.sub(rf"(?<![\w.])({_ENGINE})\(", lambda call: f"{self._engine(call[1])}(", here)
        later = ""
        if found.tensor is not None:
            text = operand(self.text(found.tensor)) + self._break(found)
            if found.section == "statements":  # of what may be a result, whose `data` cannot be replaced
                text = re.sub(r"\)\.data$", ").data[...]", text)
            bound["t"] = later = text
            again = len(re.findall(_T, here)) + len(re.findall(r"__t\b", "".join(bound.values())))
            if again > 1 and not _simple(found.tensor):  # what is computed gets a name where it is first used
                later = self.named.setdefault(found.tensor, f"_t{len(self.named) + 1}")
                bound["t"] = f"({later} := {bound['t']})"
            first, *rest = re.split(_T, here)
            here = first + "".join(("__t" if number else "t") + part for number, part in enumerate(rest))
        new = re.sub(r"\b__t\b", lambda _: later, render(here, bound))
        if wanted is not None:
            return f"{self._engine('tensor')}({new}, requires_grad={self.text(wanted)})"
        parent = self.parents[node]
        if both:
            return new[1:-1] if isinstance(parent, ast.Assign | ast.Return) else new
        called = isinstance(parent, ast.Call) and parent.func is not node
        free = isinstance(parent, ast.stmt | ast.keyword) or called or found.section == "statements"
        return new if free else operand(new)

    def _engine(self, name: str) -> str:
        """Return a name of the engine, also where the program has another use for it."""
        return f"autograd.{name}" if name in self.stored else name

    def _break(self, found: _Call) -> str:
        """Return what is between a tensor and a method on a line of its own."""
        if self.imports.path(found.rest.func):
            return ""
        end = self.end(found.tensor)
        between = re.sub(r"^(\s*\))+", "", self.source[end : self.source.rindex(".", end, self.end(found.rest.func))])
        return between if "\n" in between else ""

    def _call(self, node: ast.Call) -> str | None:
        found, parent = self._find(node), self.parents[node]
        if found is None:
            buffer = len(node.args) == 1 and ast.unparse(node.func) in ("int", "float") and self.text(node.args[0])
            return f"{buffer}.item()" if buffer in self.buffers else self._left_alone(node)
        name, tensor, function = found.name, found.tensor, self.imports.path(node.func) is not None
        if tensor is None:
            return self._function(node, found)
        if name in tables()["statements"] and not (self._fresh(tensor) is tensor and name in tables()["fills"]):
            for plain in (self._fit("new", name, tensor, node), self._fit("tensors", name[:-1], tensor, node)):
                if plain.spelling and self._is_new(tensor):
                    return self._write(node, plain, None)
            if place := self._hoisted(node):
                return place
        text = operand(self.text(tensor))
        made = self._fresh(tensor)
        args = ", ".join(map(self.text, node.args))
        root = _root(tensor)
        made_here = isinstance(root, ast.Call) and not (self.imports.path(root.func) or "torch.nn").startswith(
            "torch.nn"
        )
        array = made_here or isinstance(root, ast.Attribute | ast.BinOp) or ".state_dict()" in ast.unparse(root)
        if not function and name in ("detach", "numpy") and (array or _simple(root) or ".arg" in text):
            return f"as_tensor({text}).{name}()"  # which may be an ndarray here
        computed = isinstance(tensor, ast.BinOp | ast.UnaryOp) and not isinstance(parent, ast.Expr)
        if name == "requires_grad_" and computed:
            return f"as_tensor({text}).requires_grad_({args})"
        if name == "requires_grad_" and (made or self._is_new(tensor)):
            return f"tensor({text}, requires_grad={args or 'True'})"
        if made is tensor and (filled := self._fit("fills", name, None, node)).spelling:
            shape = made.args or [word.value for word in made.keywords if word.arg == "size"]
            bound = bind(tables()["torch"]["empty"][0], ast.Call(made.func, shape, []), self.text, self.fits) or {}
            return self._write(node, filled._replace(bound={**bound, **filled.bound}), None)
        first = node.args[0] if node.args else None
        if name == "split" and not function:  # of a text, perhaps
            one = isinstance(first, ast.Name) and len(node.args) == 1 and not node.keywords
            if not first or self.fits(first, "text", "") or (one and not isinstance(parent, ast.Assign)):
                return None
        alone = name in ("sort", "add") and isinstance(parent, ast.Expr)  # of a list or a set: the result would be lost
        if (alone or (name == "multiply" and "sparse" in self.source)) and not function:  # which is no `*` of matrices
            return None
        if name not in tables()["tensors"]:
            return self._nowhere(node, name) if function else self._unknown(node, name)
        if found.spelling is None:
            return self.refuse(node, f"{name} with these arguments")
        other = found.bound.get("other")
        if name in ("max", "min") and isinstance(found.rest.args[:1] and found.rest.args[0], ast.Name) and other:
            number = rf"\b{other}\s*(:\s*int\b|=\s*-?\d+(?![\d.]))|for {other} in (range|reversed)\("
            if not function or re.search(number, self.source):
                what = f"{other} may be an axis (t.{name}(axis=...), t.arg{name}(axis=...)) or a tensor"
                return self.refuse(node, what)
        if name in ("std", "var", "repeat") and not function and ast.unparse(_root(tensor)) in self.unsure:
            self._decide(node, f"{name} of a tensor; of an array of NumPy it has to stay as it was")
        return self._write(node, found, None)

    def _left_alone(self, node: ast.Call) -> str | None:
        """Return a method of a module or of a class in the program, or what is no method of tensors."""
        if not isinstance(node.func, ast.Attribute) or self._foreign(node.func.value):
            return None
        name, owner = node.func.attr, node.func.value
        if name in ("to", "cuda", "cpu") and ast.unparse(owner) in self.modules:
            given = [*node.args, *(word.value for word in node.keywords if word.arg not in tables()["idle"])]
            return self.text(owner) if all(map(self._is_device, given)) else None
        if name in self.own and name in tables()["tensors"] and not any(word.arg == "axis" for word in node.keywords):
            self._decide(node, f"a class here has a method {name} too: left as it is")
        return None

    def _is_new(self, node: Any) -> bool:
        """Whether no other name can stand for the result of an expression."""
        found = self._find(node) if isinstance(node, ast.Call) else None
        here = found.spelling.here if found and found.spelling else ""
        ufunc = isinstance(getattr(np, here[3:].partition("(")[0], None), np.ufunc)
        if ufunc or _NEW.match(here) or isinstance(node, ast.BinOp | ast.UnaryOp):
            return True
        return bool(_method(node)) and not self.imports.path(node.func) and self._is_new(node.func.value)

    def _is_written(self, node: ast.AST) -> bool:
        """Whether the program writes to what it loops over, or to the elements of what it assigns."""
        places, node = [ast.unparse(node)], self._around(node)[-1]
        for target in [node.target] if isinstance(node, ast.For) else getattr(node, "targets", []):
            places += map(ast.unparse, target.elts if isinstance(target, ast.Tuple) else [target])
        return any(
            each == place or each.startswith((f"{place}[", f"{place}.")) for place in places for each in self.grown
        )

    def _function(self, node: ast.Call, found: _Call) -> str | None:
        """Return a function that is none of a tensor."""
        name = found.name
        if found.spelling:
            new = self._write(node, found, None)
            if name in ("save", "load"):
                new = _FILES.sub(".npz", new)
                if not re.search(r"\.(npz|safetensors)['\"]", new):
                    self._decide(node, "the name of the file has to end in .npz or .safetensors")
            return new
        if name in tables()["torch"]:
            return self.refuse(node, f"torch.{name} with these arguments")
        if self.imports.here(f"torch.{name}") is None:
            return self._nowhere(node, name)
        self.left.discard(node.func)
        return None  # the same here

    def _unknown(self, node: Any, name: str) -> str | None:
        """Refuse a method that is in no table, or leave it if it is none of PyTorch's tensors."""
        known = missing.equivalents("Tensor")
        python = any(hasattr(kind, name) for kind in (dict, list, str, set))
        if name == "state_dict" and self._is_written(node):  # which is a copy here
            owner = self.text(node.func.value)
            arrays = f"{{name: each.data for name, each in {owner}.named_parameters()}}"
            return f"{{**{arrays}, **dict({owner}.named_buffers())}}"
        if name in tables()["statements"] or (name in known and not python and name not in _OTHERS):
            return self.refuse(node, f".{name}: here it is {known.get(name) or tables()['statements'][name][0].here}")
        return None

    def _fresh(self, node: Any) -> ast.Call | None:
        """Return the call of a constructor that methods are called on, or None."""
        while _method(node) and not self.imports.path(node.func):
            node = node.func.value
        path = (self.imports.path(node.func) or "") if isinstance(node, ast.Call) else ""
        made = path.removeprefix("torch.") in _FLOATS | {"Tensor", "FloatTensor"}
        return node if made and isinstance(node, ast.Call) else None

    def _name(self, node: ast.Attribute | ast.Name) -> str | None:
        if isinstance(node.ctx, ast.Store) or node in self.left:
            return None
        path, parent = self.imports.path(node), self.parents[node]
        if path is None:
            if isinstance(node, ast.Name):
                return None
            owner = ast.unparse(node.value)
            match node.attr:
                case "type" if self._is_device(node.value):
                    return self.text(node.value)
                case "state" if owner == "self" and node in self.optimizers:
                    return 'vars(self).setdefault("moments", collections.defaultdict(dict))'
                case name if name in tables()["attributes"]:
                    return render(tables()["attributes"][name][0].here, {"t": self.text(node.value)})
                case "data" | "requires_grad" if (
                    owner in self.results | self.buffers or not re.fullmatch(r"[\w.]+", owner)
                ) and f"{owner}.row" not in self.source:  # of a sparse matrix of SciPy
                    return f"as_tensor({self.text(node.value)}).{node.attr}"
            return None
        name = path.removeprefix("torch.")
        call = self.parents[parent] if isinstance(parent, ast.Tuple) else parent
        if name == "Tensor" and isinstance(call, ast.Call) and ast.unparse(call.func) == "isinstance":
            return "Tensor, np.ndarray" if parent is not call else "Tensor | np.ndarray"
        if name in tables()["values"]:
            return tables()["values"][name][0].here
        if self.imports.kept(node, path):
            return None
        if (new := self.imports.here(path)) is not None:
            return new
        spelled = tables()["torch"].get(name) or tables()["tensors"].get(name)
        simple = re.fullmatch(r"(np\.\w+|nn\.functional\.\w+)\(t\)", spelled[0].here) if spelled else None
        if simple and isinstance(parent, ast.Call | ast.keyword | ast.Assign | ast.Dict | ast.List):
            return simple[1]
        if path == "torch" and isinstance(parent, ast.Attribute):
            return None
        self.left |= {*ast.walk(node)}
        return self._nowhere(node, name)

    def _nowhere(self, node: ast.expr, name: str) -> str:
        here = missing.equivalents("autograd").get(name) or missing.equivalents("Tensor").get(name)
        return self.refuse(
            node, f"torch.{name}" + (f": here it is {here}" if here else " has no spelling in the table")
        )

    def _decide(self, node: Any, what: str, *, refused: bool = False) -> None:
        note = Note(node.lineno, _short(self.segment(node)), "", what.replace("`", ""), refused)
        self.notes.add(note)
        self._put_above(node, [f"# port: {'error: ' * refused}{note.decide}"])

    def refuse(self, node: Any, what: str) -> str:
        self._decide(node, what, refused=True)
        return self.stitch(node, self.start(node), self.end(node))

    def _around(self, node: Any) -> list[Any]:
        """Return a node and all that it is in, up to its statement."""
        return [node] if isinstance(node, ast.stmt) else [node, *self._around(self.parents[node])]

    def _put_above(self, node: Any, comments: list[str]) -> None:
        rows = self.above.setdefault(self._around(node)[-1].lineno, [])
        rows += [each for each in comments if each not in rows]


def _method(node: Any) -> str:
    """Return the name of the method that a node calls, or ""."""
    return node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""


def _root(node: Any) -> Any:
    """Return what the first of a chain of methods is called on."""
    while _method(node) in tables()["tensors"]:
        node = node.func.value
    return node


def _same(text: str, node: ast.expr) -> bool:
    try:
        return ast.unparse(ast.parse(text.strip(), mode="eval")) == ast.unparse(node)
    except SyntaxError:
        return False


def _simple(node: ast.AST) -> bool:
    """Whether an expression may be written twice."""
    inside = {each for part in ast.walk(node) if isinstance(part, ast.Subscript) for each in ast.walk(part.slice)}
    signs = ast.UnaryOp | ast.BinOp | ast.unaryop | ast.operator  # of indices
    return all(isinstance(each, _SIMPLE) or (each in inside and isinstance(each, signs)) for each in ast.walk(node))


def _floats(node: Any) -> bool | None:
    """Return whether values are floats, or None if that cannot be known."""
    match node:
        case ast.Constant():
            return isinstance(node.value, float)
        case ast.UnaryOp(operand=part) | ast.ListComp(elt=part) | ast.GeneratorExp(elt=part):
            return _floats(part)
        case ast.BinOp(op=ast.Div()) | ast.List(elts=[]) | ast.Tuple(elts=[]):  # as of an empty tensor
            return True
        case ast.Compare() | ast.Call(func=ast.Name(id="int" | "len" | "bool" | "range" | "ord")):
            return False
        case ast.Call(func=ast.Name(id="float") | ast.Attribute(attr="sqrt" | "log" | "exp" | "sin" | "cos")):
            return True
    parts = [node.left, node.right] if isinstance(node, ast.BinOp) else getattr(node, "elts", [])
    found = {_floats(each) for each in parts} or {None}
    return True if True in found else None if None in found else False


def _short(text: str) -> str:
    return " ".join(text.split())
