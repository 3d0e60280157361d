"""What the names of a program stand for, by its imports, and the imports that it has here."""

from __future__ import annotations

import ast
import re

# Modules by their names there, and here; of longer names, the first that fits.
_HOMES = {
    "torch.nn.modules": "nn", "torch.nn.parameter": "nn", "torch.nn": "nn", "torch.optim": "nn.optim",
    "torch.utils.data": "datasets", "torch.distributions": "nn.distributions",
}  # fmt: skip


# What is in another module here.
MOVED = {f"torch.nn.utils.{name}": f"nn.utils.parametrizations.{name}" for name in ("weight_norm", "spectral_norm")}
# The modules within that are modules here too.
_KEPT = {"torch.optim": ("lr_scheduler", "swa_utils"), "torch.distributions": ("constraints", "kl", "transforms")}


class Imports:
    """The imports of a program, and the names that come from them."""

    def __init__(self, tree: ast.Module) -> None:
        self.names: dict[str, str] = {}  # of PyTorch, with what they stand for
        self.others: set[str] = set()  # of other modules
        self.lines: dict[ast.AST, list[str]] = {}
        self.refused: dict[ast.AST, list[str]] = {}
        for node in sorted(
            (each for each in ast.walk(tree) if isinstance(each, ast.Import | ast.ImportFrom)),
            key=lambda each: each.lineno,
        ):
            self._read(node)
        self.aliases = {node for node in ast.walk(tree) if self._is_alias(node)}
        self.first = next((node for node in self.lines if node in tree.body), next(iter(self.lines), None))

    def _is_alias(self, node: ast.AST) -> bool:
        """Whether it names a kind of tensors: ``T = torch.cuda.FloatTensor if cuda else torch.FloatTensor``."""
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name) or len(node.targets) > 1:
            return False
        value = node.value
        paths = {self.path(each) for each in ([value.body, value.orelse] if isinstance(value, ast.IfExp) else [value])}
        path = paths.pop()
        if paths or path not in ("torch.FloatTensor", "torch.LongTensor"):
            return False
        self.names[node.targets[0].id] = path
        return True

    def _read(self, node: ast.Import | ast.ImportFrom) -> None:
        base = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            full = f"{base}.{alias.name}" if base else alias.name
            root = full.partition(".")[0]
            local = alias.asname or (alias.name if base else root)
            if root in ("torchvision", "torchaudio", "torchtext", "pytorch_lightning", "lightning"):
                self.lines.setdefault(node, []).append(ast.unparse(node))
                self.refused.setdefault(node, []).append(f"{root} is not here: see `datasets` and its transforms")
                self.others.add(local)
            elif root != "torch":
                self.others.add(local)
            else:
                self.names[local] = full if base or alias.asname else "torch"
                self.lines.setdefault(node, []).extend(self._line(full, local, bool(base or alias.asname)))
        if node in self.lines:
            self.lines[node] = _joined(self.lines[node])

    def _line(self, full: str, local: str, named: bool) -> list[str]:
        home = self.here(full)
        if home is None:
            return []
        if not named:
            return [f"import {home}"] if home != "nn" else ["import nn"]
        package, _, name = home.rpartition(".")
        if home in ("nn", "datasets", "nn.functional", "nn.optim", "nn.init", "nn.utils", "nn.distributions") or (
            name == "lr_scheduler"
        ):
            return [f"import {home} as {local}" if local != home else f"import {home}"]
        return [f"from {package} import {name}" + (f" as {local}" if local != name else "")]

    def path(self, node: ast.AST) -> str | None:
        """Return what an expression stands for in PyTorch, such as ``torch.nn.Linear``, or None."""
        if isinstance(node, ast.Attribute):
            base = self.path(node.value)
            full = base and f"{base}.{node.attr}"
            return full and re.sub(r"^torch\.(sparse\.torch$|cuda\.(?=\w+Tensor$))", "torch.", full).rstrip(".")
        return self.names.get(node.id) if isinstance(node, ast.Name) else None

    def kept(self, node: ast.AST) -> bool:
        """Whether a name stays as it is, since what it begins with is imported from its home here."""
        while isinstance(node, ast.Attribute):
            node = node.value
        full = self.names[node.id] if isinstance(node, ast.Name) else ""
        return self.here(full) is not None and not full.startswith("torch.nn.modules")

    def here(self, path: str) -> str | None:
        """Return the name that a name of PyTorch has here, as far as homes are all that differs."""
        if path in MOVED:
            return MOVED[path]
        for theirs, ours in _HOMES.items():
            if path == theirs or path.startswith(f"{theirs}."):
                rest = path.removeprefix(theirs)
                if rest.count(".") > 1 and rest.split(".")[1] not in _KEPT.get(theirs, ()) and theirs != "torch.nn":
                    rest = rest[rest.rfind(".") :]  # of a module within, whose names are in the package here
                return f"{ours}{rest}"
        return None

    def known(self, name: str) -> bool:
        """Whether a dotted name is of a module that is here too."""
        return self.here(f"torch.{name}") is not None

    def is_foreign(self, node: ast.AST) -> bool:
        """Whether an expression begins with a module that is not PyTorch's, such as ``np.zeros(3)``."""
        while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
            node = node.func if isinstance(node, ast.Call) else node.value
        return isinstance(node, ast.Name) and node.id in self.others

    def has(self, name: str) -> bool:
        """Whether the program imports a name itself."""
        return name in self.others


def _joined(lines: list[str]) -> list[str]:
    """Return lines of imports, with one for each module that names are imported from."""
    found: dict[str, list[str]] = {}
    for line in lines:
        start, names, name = line.partition(" import ")
        found.setdefault(start if names else line, []).append(name)
    return [
        f"{start} import {', '.join(dict.fromkeys(names))}" if names[0] else start for start, names in found.items()
    ]
