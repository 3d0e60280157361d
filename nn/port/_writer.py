"""From PyTorch's spelling to NumPy's: the text of a program, with the parts replaced that mean something else here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from autograd.extend import missing

from ._imports import MOVED, Imports
from ._overwritten import overwritten
from ._table import IDLE, Arguments, Spelling, bind, operand, render, tables

_DROP = "\0drop\0"
_HEAD = "\0head\0"
_CASTS = {"float", "double", "half", "to", "type", "cuda", "cpu", "dim"}  # methods that modules have too
_FLOATS = {
    "rand", "randn", "zeros", "ones", "empty", "eye", "linspace", "tensor", "full", "arange", "normal", "randint",
}  # fmt: skip
_SIMPLE = ast.Name | ast.Attribute | ast.Subscript | ast.Constant | ast.Slice | ast.Tuple | ast.expr_context
# What methods make of memory that nobody else has seen.
_FILLS = {
    "normal_": "rng.normal(mean, std, size=shape).astype(np.float32)",
    "uniform_": "rng.uniform(low, high, size=shape).astype(np.float32)",
    "zero_": "np.zeros(shape, dtype=np.float32)",
    "fill_": "np.full(shape, value, dtype=np.float32)",
}
_SELF = {"self", "super()", "cls"}
_ENGINE = (
    "Function", "Tensor", "as_tensor", "enable_grad", "gradients", "logsumexp", "no_grad", "set_grad_enabled", "tensor",
)  # fmt: skip


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

    Parameters
    ----------
    source
        The text of the program.

    Returns
    -------
    Ported
        The text, in which comments that begin with ``# port:`` say what is left to decide, and the notes.

    Raises
    ------
    SyntaxError
        If it is not Python.

    Examples
    --------
    >>> from nn.port import port
    >>> print(port("import torch\nx = torch.zeros(2, 3).unsqueeze(1)").text)
    import numpy as np
    x = np.expand_dims(np.zeros((2, 3), dtype=np.float32), 1)
    """
    writer = _Writer(source)
    text = writer.whole()
    return Ported(text, sorted({*writer.notes, *writer.written.values()}))


class _Writer:
    def __init__(self, source: str) -> None:
        self.source = source
        self.tree = ast.parse(source)
        lines = source.splitlines(keepends=True)
        self.lines = lines
        self.starts = [0, *accumulate(map(len, lines))]
        self.parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}
        self.imports = Imports(self.tree)
        self.notes: set[Note] = set()
        self.written: dict[tuple[int, int], Note] = {}  # by the place of what was replaced
        self.named: dict[ast.AST, str] = {}  # what is computed once and used twice
        self.left: set[ast.AST] = set()  # functions that were refused
        self.above: dict[int, list[str]] = {}
        self.dropped: set[ast.AST] = set()
        self.own = {
            each.name
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ClassDef)
            for each in node.body
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        self.stored = {
            each.id for each in ast.walk(self.tree) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        }
        # the results of calls and operators, which may be ndarrays here, as may parameters of functions
        self.results = {
            each.id
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            for each in ast.walk(target)
            if isinstance(each, ast.Name) and not isinstance(target, ast.Attribute | ast.Subscript)
        }
        self.buffers = {
            f"self.{node.args[0].value!s}"
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "self.register_buffer"
            if node.args and isinstance(node.args[0], ast.Constant)
        }
        for call, name in overwritten(self.tree, self.imports.path):
            what = (
                f"PyTorch overwrites {name} here, which is read again: write {name} = relu({name}), or the like, before"
            )
            self._decide(call, self.segment(call), what, refused=True)
        self.modules, self.arrays, plain = self._kinds()
        # A name is one of NumPy's arrays, or a text, only if it is nothing else anywhere in the program.
        others = self._assigned_otherwise(plain)
        self.plain, self.unsure = {*plain} - others, others if self.imports.others & {"np", "numpy"} else set()
        # whether gradients are asked for after tensors are made, such as of all that are in a list
        self.asks_later = bool(re.search(r"\.requires_grad\s*=\s*True|[\w\])]\.requires_grad_\(", source))

    # -- what names stand for

    def _assigned_otherwise(self, plain: dict[str, set[ast.AST]]) -> set[str]:
        """Return the parameters of functions, and all names that something else than `plain` is assigned to too."""
        stored = [each for each in ast.walk(self.tree) if isinstance(getattr(each, "ctx", None), ast.Store)]
        known = {target for targets in plain.values() for target in targets}
        names = {ast.unparse(each) for each in stored if each not in known}
        return names | {each.arg for each in ast.walk(self.tree) if isinstance(each, ast.arg)}

    def _kinds(self) -> tuple[set[str], set[str], dict[str, set[ast.AST]]]:
        """Return the names of modules, of what constructors make, and of what NumPy and Python make."""
        layers = {"Module", "Sequential", "ModuleList", "ModuleDict", "Optimizer"}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ClassDef) and any(
                (self.imports.path(base) or ast.unparse(base)).rpartition(".")[2] in layers for base in node.bases
            ):
                layers.add(node.name)
        modules: set[str] = set()
        arrays: set[str] = set()
        plain: dict[str, set[ast.AST]] = {}
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
                continue
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            value = node.value
            while isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in _CASTS:
                value = value.func.value
            path = (self.imports.path(value.func) or ast.unparse(value.func)) if isinstance(value, ast.Call) else ""
            name = path.rpartition(".")[2]
            kind: set[str] | None = None
            if (path.startswith("torch.nn.") and name[:1].isupper() and name != "Parameter") or name in layers:
                kind = modules
            elif path.startswith("torch.") and name.removesuffix("_like") in _FLOATS:
                kind = arrays
            elif (
                self.imports.is_foreign(value) or path.endswith(".numpy") or isinstance(value, ast.Dict | ast.JoinedStr)
            ) or (isinstance(value, ast.Constant) and isinstance(value.value, str)):
                for target in targets:
                    plain.setdefault(ast.unparse(target), set()).add(target)
            if kind is not None:
                kind.update(map(ast.unparse, targets))
        return modules, arrays, plain

    def _foreign(self, node: ast.expr) -> bool:
        """Whether what a method is called on is no tensor."""
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.Dict) or self.imports.is_foreign(node):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ("numpy", "tolist", "item", "read", "strip", "join"):
                return True
            return ast.unparse(node.func.value) not in _SELF and self._foreign(node.func.value)
        return ast.unparse(node) in self.plain | _SELF

    # -- positions

    def start(self, node: Any) -> int:
        first = min([*getattr(node, "decorator_list", ()), node], key=lambda each: (each.lineno, each.col_offset))
        line = self.lines[first.lineno - 1]
        back = first is not node
        place = self.starts[first.lineno - 1] + len(line.encode()[: first.col_offset].decode())
        return self.source.rindex("@", 0, place) if back else place

    def end(self, node: Any) -> int:
        line = self.lines[node.end_lineno - 1]
        return int(self.starts[node.end_lineno - 1] + len(line.encode()[: node.end_col_offset].decode()))

    def segment(self, node: Any) -> str:
        return self.source[self.start(node) : self.end(node)]

    def children(self, node: ast.AST) -> Iterable[Any]:
        for child in ast.iter_child_nodes(node):
            if hasattr(child, "lineno"):
                yield child
            else:
                yield from self.children(child)

    # -- texts

    def whole(self) -> str:
        if not self.imports.names:
            return self.source
        body = self._stitch(self.tree, 0, len(self.source))
        body = "".join([*self.above.pop(0, ()), body])
        body = self._head(body)
        body = re.sub(rf"(?m)^[ \t]*{_DROP}[ \t]*(#.*)?(\n|\Z)", "", body)
        return body.replace(_DROP, "pass")

    def _stitch(self, node: Any, start: int, end: int) -> str:
        spans = sorted(
            ((self.start(child), self.end(child), child) for child in self.children(node)), key=lambda s: s[:2]
        )
        texts = []
        place = start
        for first, last, child in spans:
            if first >= place:
                texts.append((first, last, self.text(child)))
                place = last
        out = []
        place = start
        for first, last, text in texts:
            out += [self._gap(place, first), text]
            place = last
        return "".join([*out, self._gap(place, end)])

    def _gap(self, start: int, end: int) -> str:
        out = []
        for place in sorted(each for each in self.above if start < each <= end):
            out.append(self.source[start:place])
            out += self.above.pop(place)
            start = place
        return "".join([*out, self.source[start:end]])

    def text(self, node: Any) -> str:
        """Return the new text of a node."""
        new = self._rewritten(node)
        if new is None:
            return self._stitch(node, self.start(node), self.end(node))
        old = self.segment(node)
        lost = [each for each in re.findall(r"#[^\n]*", old) if each not in new] if "\n" in old else []
        if lost and new != _HEAD:
            self._put_above(node, lost)
        if new not in (_DROP, _HEAD) and new != old:
            inside = (self.start(node), self.end(node))
            self.written = {
                span: note for span, note in self.written.items() if not (inside[0] <= span[0] and span[1] <= inside[1])
            }
            self.written[inside] = Note(node.lineno, _short(old), _short(new))
        return new

    def _rewritten(self, node: ast.AST) -> str | None:
        match node:
            case ast.JoinedStr():
                return self._f_string(node)
            case ast.Import() | ast.ImportFrom():
                return self._import(node)
            case ast.Expr() | ast.Assign() | ast.AugAssign():
                return self._statement(node)
            case ast.Subscript(value=ast.Call()):
                return self._item(node)
            case ast.Attribute(attr="values" | "indices", value=ast.Call() as call):
                pair = self._pair(call)
                return pair and pair[node.attr == "indices"]
            case ast.Call():
                return self._call(node)
            case ast.Attribute() | ast.Name():
                return self._valued(node)
            case ast.keyword(arg="device"):
                return None
        return None

    def _f_string(self, node: ast.JoinedStr) -> str:
        """Return an f-string; before Python 3.12 the places of what is in it are not to be relied on."""
        text = self.segment(node)
        for each in ast.walk(node):
            if isinstance(each, ast.FormattedValue):
                inner = ast.unparse(each.value)
                old = next(
                    (m for m in re.findall(r"\{([^{}]*?)(?:![rsa])?(?::[^{}]*)?\}", text) if _same(m, inner)), None
                )
                parsed = _Piece(self, inner) if old is not None else None
                if parsed and parsed.new != inner:
                    quote = '"' if text.lstrip("rRfF")[0] == '"' else "'"
                    text = text.replace(f"{{{old}", "{" + parsed.new.replace(quote, "'" if quote == '"' else '"'), 1)
                elif old is None and "torch" in inner:
                    self._decide(node, inner, "look into this f-string")
        return text

    def _import(self, node: ast.Import | ast.ImportFrom) -> str | None:
        if node not in self.imports.lines:
            return None
        for reason in self.imports.refused.get(node, ()):
            self._decide(node, self.segment(node), reason, refused=True)
        self.notes.add(Note(node.lineno, self.segment(node), "; ".join(self.imports.lines[node]) or "not needed"))
        return _HEAD if node is self.imports.first else self._drop(node)

    def _head(self, body: str) -> str:
        """Return the text with the imports that it needs."""
        code = re.sub(r"(?m)#.*$", "", body)
        needed = ["import numpy as np"] if re.search(r"\bnp\.", code) and not self.imports.has("np") else []
        lines = dict.fromkeys(line for lines in self.imports.lines.values() for line in lines)
        for name in ("nn", "datasets", "autograd"):
            if re.search(rf"(?<![\w.]){name}\.", code) and f"import {name}" not in lines:
                lines[f"import {name}"] = None
        names = [name for name in _ENGINE if re.search(rf"(?<![\w.\"']){name}\b", code) and not self.imports.has(name)]
        if names:
            lines[f"from autograd import {', '.join(names)}"] = None
        head = "\n".join([*needed, *lines])
        if re.search(r"(?<![\w.])rng\.", code) and not re.search(r"(?m)^rng = ", code):
            rng = "rng = np.random.default_rng()  # of all random numbers but those of nn"
            if not needed and not self.imports.has("np"):
                head = f"import numpy as np\n{head}"
            body = self._after_imports(body, rng)
        return body.replace(_HEAD, head or _DROP, 1)

    def _after_imports(self, body: str, line: str) -> str:
        """Put a line behind the imports at the top."""
        marked = ast.parse(body.replace(_HEAD, "import head").replace(_DROP, "pass"))
        last = 0
        for node in marked.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                last = node.end_lineno or 0
            elif not isinstance(node, ast.Pass | ast.Expr):
                break
        rows = body.split("\n")
        return "\n".join([*rows[:last], "", line, *rows[last:]])

    # -- statements

    def _drop(self, node: Any) -> str:
        self.dropped.add(node)
        body = next(
            (list(each) for _, each in ast.iter_fields(self.parents[node]) if isinstance(each, list) and node in each),
            [],
        )
        return (
            "pass"
            if self.dropped.issuperset(body) and node is body[-1] and self.parents[node] is not self.tree
            else _DROP
        )

    def _statement(self, node: ast.Expr | ast.Assign | ast.AugAssign) -> str | None:
        value = node.value
        if node in self.imports.aliases:
            self.notes.add(Note(node.lineno, self.segment(node), "not needed: the one kind of tensors"))
            return self._drop(node)
        if isinstance(node, ast.Assign):
            if self.asks_later and self._makes_floats(value):
                return f"{self.segment(node)[: self.start(value) - self.start(node)]}tensor({self.text(value)})"
            path = self.imports.path(node.targets[0])
            if path and path.split(".")[min(1, path.count("."))] in tables()["dropped"]:
                return self._dropped(node, path)
        if not isinstance(value, ast.Call):
            return None
        path = self.imports.path(value.func)
        if path and isinstance(node, ast.Expr) and path.split(".")[min(1, path.count("."))] in tables()["dropped"]:
            return self._dropped(node, path)
        if path in ("torch.manual_seed", "torch.random.manual_seed", "torch.seed"):
            return self._seeding(node, value)
        if isinstance(node, ast.Assign) and (pair := self._pair(value)):
            return self._unpacked(node, value, pair)
        if isinstance(node, ast.Expr) and isinstance(value.func, ast.Attribute) and not path:
            return self._in_place(node, value, value.func)
        if isinstance(node, ast.Assign) and isinstance(value.func, ast.Attribute) and not path:
            place = value.func.value  # as in `mask = mask.fill_diagonal_(0)`
            if value.func.attr in tables()["statements"] and _simple(place):
                here = self._spelled("statements", value.func.attr, value, value.args, self.text(place))
                same = [*map(ast.unparse, node.targets)] == [ast.unparse(place)]
                rest = (
                    "" if same else f"; {self.segment(node)[: self.start(value) - self.start(node)]}{self.text(place)}"
                )
                return here and here + rest
        return None

    def _makes_floats(self, node: ast.expr) -> bool:
        """Whether an expression computes with a new tensor of floats, and none that is given a dtype or a gradient."""
        calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
        paths = [self.imports.path(each.func) or "" for each in calls]
        words = {word.arg for each in calls for word in each.keywords}
        return (
            not isinstance(node, ast.Tuple | ast.List | ast.ListComp | ast.Dict)
            and any(path.removeprefix("torch.") in _FLOATS - {"arange", "randint"} for path in paths)
            and not any(path.startswith("torch.nn.") for path in paths)
            and not words & {"dtype", "requires_grad"}
        )

    def _dropped(self, node: Any, path: str) -> str:
        self.notes.add(
            Note(node.lineno, self.segment(node), f"not needed: {tables()['dropped'][path.split('.')[1]][0].here}")
        )
        return self._drop(node)

    def _seeding(self, node: Any, call: ast.Call) -> str:
        seed = ", ".join(self.text(each) for each in call.args)
        parent = self.parents[node]
        while isinstance(parent, ast.If | ast.With | ast.Try | ast.For):
            parent = self.parents[parent]
        if parent is self.tree:
            return f"rng = nn.manual_seed({seed})"
        self._decide(
            node,
            self.segment(node),
            "this seeds the layers; `rng`, of all other numbers, needs its seed where it is made",
        )
        return f"nn.manual_seed({seed})"

    def _unpacked(self, node: ast.Assign, call: ast.Call, pair: Sequence[str]) -> str | None:
        target = node.targets[0]
        if isinstance(target, ast.Tuple) and len(target.elts) == 2 and len(node.targets) == 1:
            names = [self.text(each) for each in target.elts]
            kept = [number for number in (0, 1) if names[number] != "_"]
            if len(kept) == 1:
                return f"{names[kept[0]]} = {self._pair(call)[kept[0]]}"  # type: ignore[index]  # it is one
        return None

    def _in_place(self, node: ast.Expr, call: ast.Call, function: ast.Attribute) -> str | None:
        """Return the statements for a chain of methods that write in place."""
        chain: list[tuple[ast.Call, ast.Attribute]] = []
        place: ast.expr = call
        while isinstance(place, ast.Call) and isinstance(place.func, ast.Attribute) and place.func.attr.endswith("_"):
            if place.func.attr in ("requires_grad_", "detach_"):
                return None
            chain.insert(0, (place, place.func))
            place = place.func.value
        if not chain or (function.attr not in tables()["statements"] and not _known(function.attr)):
            return self._to_device(node, call, function)
        out = []
        target = self.text(place)
        for each, method in chain:
            here = self._spelled("statements", method.attr, each, each.args, target)
            if here is None or not _simple(place):
                return None  # which is refused as an expression
            if method.attr == "zero_" and target.endswith(".grad"):
                here = f"{target} = None"
            out.append(here)
        indent = re.match(r"[ \t]*", self.lines[node.lineno - 1])[0]  # type: ignore[index]  # it always matches
        return f"\n{indent}".join(out)

    def _to_device(self, node: ast.Expr, call: ast.Call, function: ast.Attribute) -> str | None:
        """Drop a statement such as ``model.to(device)``."""
        gone = function.attr in ("to", "cuda", "cpu") and not call.keywords and _simple(function.value)
        if gone and self.text(call) == self.text(function.value):
            self.notes.add(Note(node.lineno, self.segment(node), "not needed: the CPU is the only device"))
            return self._drop(node)
        return None

    # -- calls

    def _arguments(self, call: ast.Call, args: Sequence[ast.expr]) -> Arguments:
        named = {word.arg: word.value for word in call.keywords if word.arg and word.arg not in IDLE}
        return Arguments(args, named, self.text)

    def _spelled(
        self, section: str, name: str, call: ast.Call, args: Sequence[ast.expr], tensor: str = ""
    ) -> str | None:
        """Return a call in NumPy's spelling, or None if no line of the table fits it."""
        spelling, bound = self._fit(section, name, call, args)
        return None if spelling is None else self._render(spelling.here, bound, call, args, tensor)

    def _fit(
        self, section: str, name: str, call: ast.Call, args: Sequence[ast.expr]
    ) -> tuple[Spelling | None, dict[str, str]]:
        given = self._arguments(call, args)
        asked = dict(given.keywords)
        for idle in ("requires_grad", "generator", "stable", "out") if section != "statements" else ("generator",):
            if idle != "out" and name != "autograd.Variable":
                asked.pop(idle, None)
        for spelling in tables()[section].get(name, ()):
            if spelling.parameters is None:
                return spelling, {}
            bound = bind(spelling, given._replace(keywords=asked))
            if bound is not None:
                return spelling, bound
        return None, {}

    def _render(self, here: str, bound: dict[str, str], call: ast.Call, args: Sequence[ast.expr], tensor: str) -> str:
        everything = ", ".join(
            [*map(self.text, args), *(self.text(word) for word in call.keywords if word.arg not in IDLE)]
        )
        words = {word.arg: word.value for word in call.keywords}
        if "generator" in words and here.startswith("rng."):
            here = self.text(words["generator"]) + here.removeprefix("rng")
        here = re.sub(rf"(?<![\w.])({'|'.join(_ENGINE)})\(", self._engine, here)
        new = render(here, {**bound, "t": tensor} if tensor else bound, everything)
        if "requires_grad" in words and here.startswith(("np.", "rng.")):
            new = f"tensor({new}, requires_grad={self.text(words['requires_grad'])})"
        return new

    def _engine(self, call: re.Match[str]) -> str:
        """Return the beginning of a call of the engine, also where the program has another use for its name."""
        return f"autograd.{call[0]}" if call[1] in self.stored else call[0]

    def _call(self, node: ast.Call) -> str | None:
        path = self.imports.path(node.func)
        if path is not None:
            return self._function(node, path.removeprefix("torch."))
        if isinstance(node.func, ast.Attribute):
            return self._method(node, node.func)
        return None

    def _function(self, node: ast.Call, name: str) -> str | None:
        special = {
            "tensor": self._tensor, "as_tensor": self._as_tensor, "full": self._full, "arange": self._arange,
            "Tensor": self._tensor, "split": None, "flatten": None,
            "FloatTensor": self._tensor if len(node.args) > 1 else None,
        }  # fmt: skip
        if special.get(name) is not None:
            return special[name](node)  # type: ignore[misc]  # it is not None
        if name in ("Generator", "Generator.manual_seed"):
            return "np.random.default_rng()"
        if name in tables()["torch"]:
            listed = name == "einsum" and len(node.args) == 2 and isinstance(node.args[1], ast.List | ast.Tuple)
            args = [node.args[0], *node.args[1].elts] if listed else node.args  # type: ignore[attr-defined]  # a list
            new = self._spelled("torch", name, node, args)
            if new is not None and name in ("save", "load"):
                return self._file(node, new)
            self.left.add(node.func)
            return self._refuse(node, f"torch.{name} with these arguments") if new is None else new
        if (
            name.startswith("nn.init.")
            and node.args
            and isinstance(node.args[0], ast.Attribute)
            and node.args[0].attr == "data"
        ):
            rest = [*map(self.text, node.args[1:]), *map(self.text, node.keywords)]
            return f"{self.text(node.func)}({', '.join([self.text(node.args[0].value), *rest])})"
        if name.startswith(("nn.", "optim.", "utils.", "distributions.")) or ("." in name and self.imports.known(name)):
            return None  # the same here
        tensor = node.args[0] if node.args else next((w.value for w in node.keywords if w.arg == "input"), None)
        if tensor is not None and "." not in name:
            words = [word for word in node.keywords if word.value is not tensor]
            call = ast.copy_location(ast.Call(node.func, node.args[1:], words), node)
            self.parents[call] = self.parents[node]
            self.left.add(node.func)
            new = self._on_tensor(call, name, tensor, function=True)
            if new is not None:
                return new
        here = missing.equivalents("autograd").get(name) or missing.equivalents("Tensor").get(name)
        self.left.add(node.func)
        return self._refuse(
            node, f"torch.{name}" + (f": here it is {here}" if here else " has no spelling in the table")
        )

    def _file(self, node: ast.Call, new: str) -> str:
        """Return a call with a name of a file that `nn.save` takes."""
        named = re.sub(r"\.(pt|pth|ckpt|bin|tar|pkl)(?=['\"])", ".npz", new)
        if named == new and not re.search(r"\.(npz|safetensors)['\"]", new):
            self._decide(node, new, "the name of the file has to end in .npz or .safetensors")
        return named

    def _method(self, node: ast.Call, function: ast.Attribute) -> str | None:
        name, tensor = function.attr, function.value
        if self._foreign(tensor) or any(word.arg == "axis" for word in node.keywords):
            return None
        if (
            name == "manual_seed"
            and isinstance(tensor, ast.Call)
            and self.imports.path(tensor.func) == "torch.Generator"
        ):
            return f"np.random.default_rng({', '.join(map(self.text, node.args))})"
        if name in _CASTS and ast.unparse(tensor) in self.modules:
            return self._cast_module(node, function)
        if name in self.own:
            if name in tables()["tensors"]:
                self._decide(node, f".{name}", f"a class here has a method {name} too: left as it is")
            return None
        return self._on_tensor(node, name, tensor, function=False)

    def _cast_module(self, node: ast.Call, function: ast.Attribute) -> str | None:
        kept = [each for each in [*node.args, *(w.value for w in node.keywords)] if not self._is_device(each)]
        return self.text(function.value) if function.attr in ("to", "cuda", "cpu") and not kept else None

    def _is_device(self, node: ast.expr) -> bool:
        text = ast.unparse(node)
        return bool(re.search(r"(?i)(^|[._])dev(ice)?(_?\w*)?$|^.(cpu|cuda)", text)) or (
            isinstance(node, ast.Call) and self.imports.path(node.func) == "torch.device"
        )

    def _on_tensor(self, node: ast.Call, name: str, tensor: ast.expr, *, function: bool) -> str | None:
        """Return the call of a method, or of the function of the same name."""
        text = self._receiver(tensor) + ("" if function else self._break(node, tensor))
        if name in ("to", "type"):
            return self._to(node, text)
        if name in ("detach", "numpy") and isinstance(_root(tensor), ast.Name | ast.Attribute) and name not in self.own:
            return f"as_tensor({text}).{name}()"  # which may be an ndarray here
        if name == "requires_grad_" and self._fresh(tensor) is not None:
            return f"tensor({text}, requires_grad={', '.join(map(self.text, node.args)) or 'True'})"
        parent = self.parents[node]
        if (
            name == "requires_grad_"
            and not isinstance(parent, ast.Expr)
            and isinstance(tensor, ast.BinOp | ast.UnaryOp)
        ):
            return f"as_tensor({text}).requires_grad_({', '.join(map(self.text, node.args))})"
        if name in _FILLS and (made := self._fresh(tensor)) is not None and made is tensor:
            return self._filled(node, name, made)
        if name in ("expand", "split", "flatten") and (special := self._by_shape(node, name, tensor)) is not None:
            return special
        if name == "split" and (not node.args or isinstance(node.args[0], ast.Constant | ast.JoinedStr)):
            return None  # of a text
        if name in ("sort", "add") and isinstance(self.parents[node], ast.Expr) and not function:
            return None  # a tensor's result would be lost: this is `sort` of a list or `add` of a set
        if name not in tables()["tensors"]:
            return None if function else self._unknown(node, name, tensor)
        pair = self._pair(node, name, tensor) if name in ("max", "min", "sort", "topk") else None
        if pair:
            parent = self.parents[node]
            bare = isinstance(parent, ast.Assign | ast.Return)
            return f"{pair[0]}, {pair[1]}" if bare else f"({pair[0]}, {pair[1]})"
        spelling, bound = self._fit("tensors", name, node, node.args)
        if spelling is None:
            return self._refuse(node, f"{name} with these arguments")
        other = bound.get("other")
        number = rf"\b{other}\s*(:\s*int\b|=\s*-?\d+(?![\d.]))|for {other} in (range|reversed)\("
        if (
            name in ("max", "min")
            and "other" in bound
            and isinstance(node.args[0], ast.Name)
            and (not function or re.search(number, self.source))
        ):
            return self._refuse(
                node, f"{bound['other']} may be an axis (t.{name}(axis=...), t.arg{name}(axis=...)) or a tensor"
            )
        if name == "view" and any((self.imports.path(each) or "") for each in node.args):
            return self._refuse(node, "view of another dtype: here it is t.data.view(dtype)")
        if name in ("std", "var", "repeat") and not function and ast.unparse(_root(tensor)) in self.unsure:
            self._decide(node, self.segment(node), f"{name} of a tensor; of an array of NumPy it has to stay as it was")
        here, text = self._once(spelling.here, tensor, text)
        new = self._render(here, bound, node, node.args, text)
        parent = self.parents[node]
        free = isinstance(parent, ast.Assign | ast.Return | ast.Expr | ast.keyword | ast.Call | ast.AugAssign)
        attribute = isinstance(parent, ast.Call) and parent.func is node
        return new if free and not attribute else operand(new)

    def _fresh(self, node: ast.expr) -> ast.Call | None:
        """Return the call of a constructor that methods are called on, or None."""
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not self.imports.path(node.func):
            node = node.func.value
        path = (isinstance(node, ast.Call) and self.imports.path(node.func)) or ""
        return (
            node
            if isinstance(node, ast.Call) and path.removeprefix("torch.") in _FLOATS | {"Tensor", "FloatTensor"}
            else None
        )

    def _filled(self, node: ast.Call, name: str, made: ast.Call) -> str:
        """Return a constructor whose memory is filled by a method."""
        given = self._arguments(made, made.args)
        shape = given.shape(made.args or [given.keywords["size"]])
        here = tables()["statements"][name]
        for spelling in here:
            bound = bind(spelling, self._arguments(node, node.args))
            if bound is not None:
                return render(_FILLS[name], {**bound, "shape": shape})
        return self._refuse(node, f"{name} with these arguments")

    def _receiver(self, tensor: ast.expr) -> str:
        text = self.text(tensor)
        return operand(text)

    def _break(self, call: ast.Call, tensor: ast.expr) -> str:
        """Return what is between a tensor and a method on a line of its own."""
        between = self.source[self.end(tensor) : self.source.rindex(".", self.end(tensor), self.end(call.func))]
        between = re.sub(r"^(\s*\))+", "", between)
        return between if "\n" in between else ""

    def _once(self, here: str, tensor: ast.expr, text: str) -> tuple[str, str]:
        """Return a text that may be written twice: what is computed gets a name where it is first used."""
        if len(re.findall(r"\bt\b", here)) < 2 or _simple(tensor):
            return here, text
        name = self._name(tensor)
        return re.sub(r"\bt\b", name, here).replace(name, "t", 1), f"({name} := {text})"

    def _name(self, tensor: ast.expr) -> str:
        return self.named.setdefault(tensor, f"_t{len(self.named) + 1}")

    def _pair(self, call: ast.Call, name: str = "", tensor: ast.expr | None = None) -> tuple[str, str] | None:
        """Return the two results of ``x.max(1)`` and its like, or None for other calls."""
        if tensor is None:
            path = self.imports.path(call.func)
            if path is not None and call.args:
                name, tensor = path.removeprefix("torch."), call.args[0]
                called = call
                call = ast.copy_location(ast.Call(call.func, call.args[1:], call.keywords), call)
                self.parents[call] = self.parents[called]
            elif isinstance(call.func, ast.Attribute) and not path and not self._foreign(call.func.value):
                name, tensor = call.func.attr, call.func.value
        if tensor is None or name not in tables()["tensors"] or any(word.arg == "axis" for word in call.keywords):
            return None
        spelling, bound = self._fit("tensors", name, call, call.args)
        tree = ast.parse(spelling.here, mode="eval").body if spelling else None
        if spelling is None or not isinstance(tree, ast.Tuple) or name in self.own:
            return None
        first, second = (ast.unparse(each) for each in tree.elts)
        text = self._receiver(tensor)
        both = isinstance(self.parents.get(call), ast.Assign) or not isinstance(
            self.parents.get(call), ast.Subscript | ast.Attribute
        )
        target = self.parents.get(call)
        if isinstance(target, ast.Assign) and "_" in ast.unparse(target.targets[0]).strip("()").split(", "):
            both = False
        if both and not _simple(tensor):
            temporary = self._name(tensor)
            second = re.sub(r"\bt\b", temporary, second)
            text = f"({temporary} := {text})"
        return (self._render(first, bound, call, call.args, text), self._render(second, bound, call, call.args, text))

    def _item(self, node: ast.Subscript) -> str | None:
        """Return ``x.max(1)[0]``, or an item of ``x.size()``."""
        assert isinstance(node.value, ast.Call)
        pair = self._pair(node.value)
        if pair is None:
            return None
        if isinstance(node.slice, ast.Constant) and node.slice.value in (0, 1):
            return operand(pair[int(node.slice.value == 1)])
        return self._refuse(node, "a pair of values and indices: say which of the two")

    def _by_shape(self, node: ast.Call, name: str, tensor: ast.expr) -> str | None:
        """Return what depends on the shape of the tensor."""
        given = self._arguments(node, node.args)
        words = {key: self.text(value) for key, value in given.keywords.items()}
        args = [self.text(each) for each in node.args]
        if name == "flatten":
            first = args[0] if args else words.get("start_dim", "0")
            last = args[1] if len(args) > 1 else words.get("end_dim", "-1")
            if (first, last) == ("0", "-1"):
                return None
            head = "t.shape[0], " if first == "1" else "" if first == "0" else f"*t.shape[:{first}], "
            tail = "" if last == "-1" else f", *t.shape[{last} + 1:]"
            here = f"t.reshape({head}-1{tail})"
        elif name == "split":
            if not args or (isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)):
                return None
            axis = args[1] if len(args) > 1 else words.get("dim")
            if axis is None and isinstance(node.args[0], ast.Name) and not isinstance(self.parents[node], ast.Assign):
                return None  # of a text, perhaps
            axis = axis or "0"
            if isinstance(node.args[0], ast.List | ast.Tuple | ast.ListComp):
                here = f"np.split(t, np.cumsum({args[0]})[:-1], axis={axis})"
            else:
                here = f"np.split(t, range({args[0]}, t.shape[{axis}], {args[0]}), axis={axis})"
        else:
            nodes = (
                node.args[0].elts
                if len(node.args) == 1 and isinstance(node.args[0], ast.Tuple | ast.List)
                else node.args
            )
            if any(isinstance(each, ast.Starred) for each in nodes) or given.keywords:
                return f"np.broadcast_to({self._receiver(tensor)}, {given.shape(node.args)})" if args else None
            sizes = [self.text(each) for each in nodes]
            count = len(sizes)
            sizes = [f"t.shape[{number - count}]" if size == "-1" else size for number, size in enumerate(sizes)]
            here = (
                f"np.broadcast_to(t, {sizes[0]})"
                if len(node.args) == 1 == count
                else f"np.broadcast_to(t, ({', '.join(sizes)},))"
            )
            here = here.replace(",))", "))") if count > 1 else here
        here, text = self._once(here, tensor, self._receiver(tensor))
        return re.sub(r"(?<![\w.])t(?=[.,)])", lambda _: text, here)

    def _to(self, node: ast.Call, text: str) -> str | None:
        """Return ``x.to(...)``: a dtype, or nothing for a device."""
        kept = [each for each in node.args if not self._is_device(each)]
        kept += [word.value for word in node.keywords if word.arg == "dtype"]
        kept = [each for each in kept if not (isinstance(each, ast.Constant) and isinstance(each.value, bool))]
        if not kept:
            return text
        (first, *rest) = kept
        path = self.imports.path(first) or ""
        if not rest and (path.removeprefix("torch.") in tables()["values"] or "dtype" in ast.unparse(first)):
            kind = {"torch.LongTensor": "np.int64", "torch.FloatTensor": "np.float32"}.get(path) or self.text(first)
            return f"{text}.astype({kind})"
        if isinstance(first, ast.Name | ast.Attribute) and not rest:
            return self._refuse(node, f"`{ast.unparse(first)}`: a device needs nothing, a dtype is t.astype(dtype)")
        return (
            None if isinstance(first, ast.Constant) else self._refuse(node, "to with these arguments: t.astype(dtype)")
        )

    def _unknown(self, node: ast.Call, name: str, tensor: ast.expr) -> str | None:
        known = missing.equivalents("Tensor")
        if name == "median":
            return self._refuse(node, "np.median takes the mean of the two in the middle, PyTorch the lower one")
        if name in tables()["statements"] or (name in known and name not in ("at", "type", "label", "where")):
            here = known.get(name) or ast.unparse(ast.parse(tables()["statements"][name][0].here))
            return self._refuse(node, f".{name}: here it is {here}")
        return None

    # -- constructors

    def _tensor(self, node: ast.Call) -> str:
        """Return ``torch.tensor(values)``: of Python's floats it is float32."""
        words = {word.arg: word.value for word in node.keywords}
        value = node.args[0] if node.args else words.get("data")
        upper = self.imports.path(node.func) in ("torch.Tensor", "torch.FloatTensor")
        outer = self.parents[node]
        sized = isinstance(outer, ast.Call) and ast.unparse(outer.func).endswith("Parameter")
        if upper and (
            len(node.args) > 1 or isinstance(value, ast.Constant) or (sized and not isinstance(value, ast.List))
        ):
            return f"np.empty({self._arguments(node, node.args).shape(node.args)}, dtype=np.float32)"
        if value is None or (upper and isinstance(value, ast.Name | ast.Attribute | ast.BinOp)):
            return self._refuse(
                node, "of a size np.empty(size, dtype=np.float32), of values np.array(values, dtype=np.float32)"
            )
        dtype = "np.float32" if upper else self.text(words["dtype"]) if "dtype" in words else ""
        if not dtype:
            floats, known = _floats(value)
            dtype = "np.float32" if floats else ""
            if not known:
                self._decide(
                    node,
                    self.segment(node),
                    "np.array makes float64 of Python's floats: add dtype=np.float32 if these are floats",
                )
        new = f"np.array({self.text(value)}{f', dtype={dtype}' * bool(dtype)})"
        if "requires_grad" in words:
            new = f"tensor({new}, requires_grad={self.text(words['requires_grad'])})"
        return new

    def _as_tensor(self, node: ast.Call) -> str:
        if any(word.arg == "dtype" for word in node.keywords) or isinstance(node.args[0], ast.List | ast.ListComp):
            return self._tensor(node)
        return f"as_tensor({self.text(node.args[0])})"

    def _full(self, node: ast.Call) -> str:
        given = self._arguments(node, node.args)
        value = given.positional[1] if len(node.args) > 1 else given.keywords["fill_value"]
        shape = given.shape([node.args[0] if node.args else given.keywords["size"]])
        floats, known = _floats(value)
        dtype = self.text(given.keywords["dtype"]) if "dtype" in given.keywords else "np.float32" if floats else ""
        if not dtype and not known:
            self._decide(node, self.segment(node), "of a float value this is float64: add dtype=np.float32")
        new = f"np.full({shape}, {self.text(value)}{f', dtype={dtype}' * bool(dtype)})"
        wanted = given.keywords.get("requires_grad")
        return f"tensor({new}, requires_grad={self.text(wanted)})" if wanted is not None else new

    def _arange(self, node: ast.Call) -> str:
        given = self._arguments(node, node.args)
        words = {name: self.text(value) for name, value in given.keywords.items() if name != "requires_grad"}
        if "dtype" not in words and any(_floats(each)[0] for each in [*node.args, *given.keywords.values()]):
            words["dtype"] = "np.float32"
        new = ", ".join([*map(self.text, node.args), *(f"{name}={text}" for name, text in words.items())])
        new = f"np.arange({new})"
        wanted = given.keywords.get("requires_grad")
        return f"tensor({new}, requires_grad={self.text(wanted)})" if wanted is not None else new

    # -- names

    def _valued(self, node: ast.Attribute | ast.Name) -> str | None:
        if isinstance(node.ctx, ast.Store) or node in self.left:
            return None
        path = self.imports.path(node)
        if path is None:
            if isinstance(node, ast.Attribute) and node.attr == "is_cuda":
                return "False"
            if isinstance(node, ast.Attribute) and node.attr == "data":
                if ast.unparse(node.value) in self.buffers:
                    return f"as_tensor({self.text(node.value)}).detach()"  # an ndarray, whose `data` is its memory
                if isinstance(node.value, ast.Name) and node.value.id in self.results:
                    return f"as_tensor({self.text(node.value)}).data"
            return None
        if path in MOVED:
            return self.segment(node) if isinstance(node, ast.Name) else MOVED[path]
        name = path.removeprefix("torch.")
        if name == "Tensor" and (kinds := self._asked_kinds(node)):
            return kinds
        if name in tables()["values"]:
            return tables()["values"][name][0].here
        if self.imports.kept(node):
            return None
        if (new := self.imports.here(path)) is not None:
            return new
        spelled = tables()["torch"].get(name) or tables()["tensors"].get(name)
        if spelled and isinstance(self.parents[node], ast.Call | ast.keyword | ast.Assign | ast.Dict | ast.List):
            simple = re.fullmatch(r"(np\.\w+|nn\.functional\.\w+)\(t\)", spelled[0].here)
            if simple:
                return simple[1]
        if path == "torch":
            return None
        here = missing.equivalents("autograd").get(name)
        self.left |= {*ast.walk(node)}
        return self._refuse(node, f"{path}" + (f": here it is {here}" if here else " has no spelling in the table"))

    def _asked_kinds(self, node: ast.AST) -> str | None:
        """Return what ``isinstance(x, torch.Tensor)`` asks for: here an array may be one too."""
        parent = self.parents[node]
        call = self.parents[parent] if isinstance(parent, ast.Tuple) else parent
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "isinstance":
            return "Tensor, np.ndarray" if parent is not call else "Tensor | np.ndarray"
        return None

    # -- comments

    def _decide(self, node: Any, was: str, what: str, *, refused: bool = False) -> None:
        note = Note(node.lineno, _short(was), "", what.replace("`", ""), refused)
        if note not in self.notes:
            self.notes.add(note)
            self._put_above(node, [f"# port: {'error: ' * refused}{note.decide}"])

    def _refuse(self, node: Any, what: str) -> str:
        self._decide(node, self.segment(node), what, refused=True)
        return self._stitch(node, self.start(node), self.end(node))

    def _put_above(self, node: Any, comments: list[str]) -> None:
        while not isinstance(node, ast.stmt):
            node = self.parents[node]
        place = self.start(node)
        line = self.source.rfind("\n", 0, place) + 1
        indent = re.match(r"[ \t]*", self.source[line:])[0]  # type: ignore[index]  # it always matches
        rows = self.above.setdefault(line, [])
        rows += [row for each in comments if (row := f"{indent}{each}\n") not in rows]


class _Piece:
    """An expression that is in no file of its own: what is in an f-string."""

    def __init__(self, whole: _Writer, text: str) -> None:
        lines = [ast.unparse(node) for node in whole.imports.lines]
        writer = _Writer("\n".join([*lines, text]))
        for name in ("modules", "arrays", "plain", "unsure", "own", "asks_later", "buffers", "results", "stored"):
            setattr(writer, name, getattr(whole, name))
        statement = writer.tree.body[-1]
        self.new = writer.text(statement)


def _root(node: ast.expr) -> ast.expr:
    """Return what the first of a chain of methods is called on."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in tables()["tensors"]:
        node = node.func.value
    return node


def _known(name: str) -> bool:
    return name in missing.equivalents("Tensor") and name.endswith("_")


def _same(text: str, unparsed: str) -> bool:
    try:
        return ast.unparse(ast.parse(text.strip(), mode="eval")) == unparsed
    except SyntaxError:
        return False


def _simple(node: ast.AST) -> bool:
    """Whether an expression may be written twice."""
    return all(isinstance(each, _SIMPLE) for each in ast.walk(node))


def _floats(node: ast.expr) -> tuple[bool, bool]:
    """Return whether values are floats, and whether that can be known."""
    match node:
        case ast.Constant():
            return isinstance(node.value, float), True
        case ast.UnaryOp():
            return _floats(node.operand)
        case ast.BinOp():
            found = [_floats(node.left), _floats(node.right)]
            real = isinstance(node.op, ast.Div) or any(floats for floats, _ in found)
            return real, real or all(known for _, known in found)
        case ast.List() | ast.Tuple():
            found = [_floats(each) for each in node.elts]
            return any(floats for floats, _ in found), any(floats for floats, _ in found) or all(k for _, k in found)
        case ast.ListComp() | ast.GeneratorExp():
            return _floats(node.elt)
        case ast.Call(func=ast.Name(id="int" | "len" | "bool" | "range" | "ord")):
            return False, True
        case ast.Call(func=ast.Name(id="float")):
            return True, True
        case ast.Compare():
            return False, True
        case ast.Call(func=ast.Attribute(attr="sqrt" | "log" | "exp" | "sin" | "cos")):
            return True, True
    return False, False


def _short(text: str) -> str:
    return " ".join(text.split())
