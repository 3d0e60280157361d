"""What PyTorch overwrites: inputs of activations in place that are used again, which here stay as they were."""

from __future__ import annotations

import ast
from collections.abc import Callable

Path = Callable[[ast.AST], str | None]


def overwritten(tree: ast.Module, path: Path) -> list[tuple[ast.Call, str]]:
    """Return the calls that PyTorch computes in place, of variables that are read later, with their names."""
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)]
    layers = {ast.unparse(each) for node in assigned for each in node.targets if _begins_in_place(node.value, path)}
    found = []
    for function in (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)):
        statements = sorted((each for each in ast.walk(function) if isinstance(each, ast.stmt)), key=lambda n: n.lineno)
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Name):
                own = ast.unparse(call.func) in layers or _is_in_place(call, path)
                if own and _is_read_later(statements, call, call.args[0]):
                    found.append((call, call.args[0].id))
    return found


def _is_in_place(call: ast.Call, path: Path) -> bool:
    """Whether a call is of a function, or makes a layer, that writes to its input."""
    name = path(call.func) or ""
    first = call.args[:1] if name == "torch.nn.ReLU" else []
    given = [word.value for word in call.keywords if word.arg == "inplace"] or first
    return name.startswith("torch.nn.") and any(isinstance(x, ast.Constant) and x.value is True for x in given)


def _begins_in_place(call: ast.expr, path: Path) -> bool:
    name = (path(call.func) or "") if isinstance(call, ast.Call) else ""
    if name == "torch.nn.Sequential" and isinstance(call, ast.Call):
        return bool(call.args) and _begins_in_place(call.args[0], path)
    return isinstance(call, ast.Call) and "functional" not in name and _is_in_place(call, path)


def _is_read_later(statements: list[ast.stmt], call: ast.Call, given: ast.Name) -> bool:
    """Whether a variable is read in the statement of a call, or after it and before it is assigned to."""
    own = next(each for each in reversed(statements) if each.lineno <= call.lineno and call in ast.walk(each))
    later = [each for each in statements if each.lineno > (own.end_lineno or 0)]
    for statement in (own, *later):
        parts = [each for each in ast.iter_child_nodes(statement) if not isinstance(each, ast.stmt)]
        nodes = [each for part in parts for each in ast.walk(part)]
        names = [each for each in nodes if isinstance(each, ast.Name) and each.id == given.id]
        unread = {
            node.value if isinstance(node, ast.Attribute) else node.left
            for node in nodes
            if (isinstance(node, ast.Attribute) and node.attr in ("shape", "size", "device", "dtype", "dim"))
            or (isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Is | ast.IsNot))
        }  # of which the values do not matter
        reads = [each for each in names if isinstance(each.ctx, ast.Load) and each is not given and each not in unread]
        if reads or any(isinstance(each.ctx, ast.Store) for each in names):
            return bool(reads)
    return False
