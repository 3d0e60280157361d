"""What PyTorch overwrites: inputs of activations in place that are used again, which here stay as they were."""

from __future__ import annotations

import ast
from collections.abc import Callable

Path = Callable[[ast.AST], str | None]


def overwritten(tree: ast.Module, path: Path) -> list[tuple[ast.Call, str]]:
    """Return the calls that PyTorch computes in place, of variables that are read later, with their names."""
    layers = {
        ast.unparse(target)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _begins_in_place(node.value, path)
        for target in node.targets
    }
    found = []
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            shapes = {
                node.value if isinstance(node, ast.Attribute) else node.left
                for node in ast.walk(function)
                if (isinstance(node, ast.Attribute) and node.attr in ("shape", "size", "device", "dtype", "dim"))
                or (isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Is | ast.IsNot))
            }  # of which the values do not matter
            names = [each for each in ast.walk(function) if isinstance(each, ast.Name) and each not in shapes]
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Name):
                    own = ast.unparse(call.func) in layers or _is_in_place(call, path)
                    if own and _read_later(function, call, call.args[0], names):
                        found.append((call, call.args[0].id))
    return found


def _is_in_place(call: ast.Call, path: Path) -> bool:
    """Whether a call is of a function, or makes a layer, that writes to its input."""
    name = path(call.func) or ""
    words = {word.arg: word.value for word in call.keywords}
    given = words.get("inplace") or (call.args[0] if call.args and name == "torch.nn.ReLU" else None)
    return isinstance(given, ast.Constant) and given.value is True and name.startswith("torch.nn.")


def _begins_in_place(value: ast.expr, path: Path) -> bool:
    if not isinstance(value, ast.Call):
        return False
    if path(value.func) == "torch.nn.Sequential":
        return bool(value.args) and _begins_in_place(value.args[0], path)
    return _is_in_place(value, path) and (path(value.func) or "").count("functional") == 0


def _read_later(function: ast.FunctionDef, call: ast.Call, given: ast.Name, names: list[ast.Name]) -> bool:
    """Whether a variable is read in the statement of a call, or after it and before it is assigned to."""
    statement = next(
        each
        for each in sorted((node for node in ast.walk(function) if isinstance(node, ast.stmt)), key=lambda n: -n.lineno)
        if each.lineno <= call.lineno and call in ast.walk(each)
    )
    own = set(ast.walk(statement))
    rest = [each for each in names if each.id == given.id and each is not given]
    if any(isinstance(each.ctx, ast.Load) for each in rest if each in own and each.lineno >= statement.lineno):
        return True
    if any(isinstance(each.ctx, ast.Store) for each in rest if each in own):
        return False
    later = sorted((each for each in rest if each.lineno > (statement.end_lineno or 0)), key=lambda each: each.lineno)
    line = [each for each in later if each.lineno == later[0].lineno]
    return any(isinstance(each.ctx, ast.Load) for each in line)
