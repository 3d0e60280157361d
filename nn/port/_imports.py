"""What the names of a program stand for, by its imports, and the imports that it has here."""

from __future__ import annotations

import ast
import re

from ._table import tables


class Imports:
    """The imports of a program, and the names that come from them."""

    def __init__(self, tree: ast.Module) -> None:
        self.names: dict[str, str] = {}  # of PyTorch, with what they stand for
        self.others: set[str] = set()  # of other modules
        self.lines: dict[ast.AST, list[str]] = {}
        self.refused: dict[ast.AST, str] = {}
        nodes = [each for each in ast.walk(tree) if isinstance(each, ast.Import | ast.ImportFrom)]
        for node in sorted(nodes, key=lambda each: each.lineno):
            for alias in node.names:
                self._read(node, alias)
        self.aliases = {node for node in ast.walk(tree) if isinstance(node, ast.Assign) and self._is_alias(node)}
        self.first = next((node for node in self.lines if node in tree.body), next(iter(self.lines), None))

    def _read(self, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> None:
        base = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
        root, _, rest = f"{base}{alias.name}".partition(".")
        local = alias.asname or (alias.name if base else root)
        if root != "torch":
            if root != "copy":  # whose results are tensors or modules, as what they copy
                self.others.add(local)
            if not base and any(each.name.partition(".")[0] == "torch" for each in node.names):
                self.lines.setdefault(node, []).append(ast.unparse(ast.Import([alias])))
            if root in ("torchvision", "torchaudio", "torchtext", "pytorch_lightning", "lightning"):
                self.lines[node] = [ast.unparse(node)]
                self.refused[node] = f"{root} is not here: see `datasets` and its transforms"
            return
        lines = self.lines.setdefault(node, [])
        named = bool(base or alias.asname)
        self.names[local] = f"torch.{rest}" if rest and named else "torch"
        if (home := self.here(f"torch.{rest}")) and named:
            package, _, name = home.rpartition(".")
            start = f"from {package} import {name}" if base and package else f"import {home}"
            lines.append(start + (f" as {local}" if local not in (home, name if base else "") else ""))

    def _is_alias(self, node: ast.Assign) -> bool:
        """Whether it names a kind of tensors: ``T = torch.cuda.FloatTensor if cuda else torch.FloatTensor``."""
        values = [node.value.body, node.value.orelse] if isinstance(node.value, ast.IfExp) else [node.value]
        (path, *others) = {"torch.FloatTensor" if (p := self.path(each)) == "torch.Tensor" else p for each in values}
        if others or path not in ("torch.FloatTensor", "torch.LongTensor") or not isinstance(node.targets[0], ast.Name):
            return False
        self.names[node.targets[0].id] = path
        return len(node.targets) == 1

    def path(self, node: ast.AST) -> str | None:
        """Return what an expression stands for in PyTorch, such as ``torch.nn.Linear``, or None."""
        if isinstance(node, ast.Attribute):
            base = self.path(node.value)
            full = base and f"{base}.{node.attr}"
            return full and re.sub(r"^torch\.(sparse\.torch$|cuda\.(?=\w+Tensor$))", "torch.", full).rstrip(".")
        if isinstance(node, ast.Call):  # of what can be called again
            return self.path(node.func) if self.path(node.func) == "torch.Generator" else None
        return self.names.get(node.id) if isinstance(node, ast.Name) else None

    def kept(self, node: ast.AST, path: str) -> bool:
        """Whether a name stays as it is, since what it begins with is imported from its home here."""
        while isinstance(node, ast.Attribute):
            node = node.value
        full = self.names[node.id] if isinstance(node, ast.Name) else ""
        home = self.here(full)
        return home is not None and self.here(path) == home + path.removeprefix(full)

    def here(self, path: str) -> str | None:
        """Return the name that a name of PyTorch has here, as far as homes are all that differs."""
        for theirs, (spelling,) in tables()["homes"].items():
            if path == theirs or path.startswith(f"{theirs}."):
                rest = path.removeprefix(theirs)
                # The package here has the names of modules within, but for those of nn.
                return spelling.here + (rest if theirs == "torch.nn" else re.sub(r"^(\.[a-z]\w*)+(?=\.)", "", rest))
        return None

    def is_foreign(self, node: ast.AST) -> bool:
        """Whether an expression begins with a module that is not PyTorch's."""
        while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
            node = node.func if isinstance(node, ast.Call) else node.value
        return isinstance(node, ast.Name) and node.id in self.others


def joined(lines: list[str]) -> list[str]:
    """Return lines of imports, with one for each module that names are imported from."""
    found: dict[str, list[str]] = {}
    for line in lines:
        start, _, name = line.partition(" import ")
        found.setdefault(start, []).append(name)
    return [
        f"{start} import {', '.join(dict.fromkeys(names))}" if names[0] else start for start, names in found.items()
    ]
