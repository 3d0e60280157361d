"""What holds for the source as a whole: imports point one way, public names are complete and described."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("autograd", "nn", "datasets")


def modules() -> dict[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def top_level_imports(name: str, path: Path, known: set[str]) -> set[str]:
    """Return the modules of this project that are imported when module `name` is."""
    tree = ast.parse(path.read_text())
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    imports: set[str] = set()
    statements = list(tree.body)
    while statements:
        node = statements.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            statements += node.orelse
        elif isinstance(node, ast.If | ast.Try | ast.With):
            statements += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
        elif isinstance(node, ast.Import):
            imports |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = package.split(".")
                parent = parent[: len(parent) - node.level + 1]
                base = ".".join([*parent, *([base] if base else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                imports.add(inner if inner in known else base)
    return (imports & known) - {name}


def test_no_import_cycle() -> None:
    found = modules()
    graph = {name: top_level_imports(name, path, set(found)) for name, path in found.items()}
    while True:
        free = [name for name, imports in graph.items() if not imports]
        if not free:
            break
        for name in free:
            del graph[name]
        for imports in graph.values():
            imports.difference_update(free)
    assert not graph, f"an import cycle runs through {sorted(graph)}"


def test_the_engine_and_the_data_know_nothing_of_the_layers() -> None:
    found = modules()
    for name, path in found.items():
        imports = {module.partition(".")[0] for module in top_level_imports(name, path, set(found))}
        allowed = {"autograd": {"autograd"}, "datasets": {"datasets"}, "nn": {"nn", "autograd"}}[name.partition(".")[0]]
        assert imports <= allowed, f"{name} imports {imports - allowed}"


def test_layers_use_only_the_public_names_of_the_engine() -> None:
    public = set(importlib.import_module("autograd").__all__)
    for path in (ROOT / "nn").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "autograd":
                assert node.module == "autograd", f"{path} reaches into {node.module}"
                assert {alias.name for alias in node.names} <= public


@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_are_complete_and_described(package: str) -> None:
    module = importlib.import_module(package)
    for name in module.__all__:
        assert inspect.getdoc(getattr(module, name)), f"{package}.{name} has no docstring"
    tree = ast.parse(Path(str(module.__file__)).read_text())
    statements = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    imported = {alias.asname or alias.name for node in statements for alias in node.names}
    assert {name for name in imported if not name.startswith("_")} - {"annotations"} == set(module.__all__) & imported


def test_importing_the_engine_loads_numpy_alone() -> None:
    program = "import sys, autograd; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert not loaded & {"scipy", "pandas", "graphviz", "matplotlib", "tqdm", "hypothesis", "nn", "datasets"}


def test_no_star_imports_and_no_unexplained_exceptions_swallowed() -> None:
    for path in modules().values():
        for node in ast.walk(ast.parse(path.read_text())):
            assert not (isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)), path
            if isinstance(node, ast.ExceptHandler):
                assert node.type is not None, path
                assert not (len(node.body) == 1 and isinstance(node.body[0], ast.Pass)), path
