"""What holds for the source as a whole: imports point one way, public names are complete and described."""

import ast
import importlib
import importlib.util
import inspect
import subprocess
import sys
from functools import cache
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


# What may be imported against the order of the floors, or in a circle, with the reason. Each is under TYPE_CHECKING:
# when a program runs, no module is imported in a circle.
EXCEPTIONS = {
    ("autograd.tensors.tensor", "autograd.tensors.methods"): "the stub of the methods that declarations install",
    ("autograd.extend", "autograd.hips.definitions"): "the types of names that are loaded when asked for",
    ("autograd.extend", "autograd.hips.vector_spaces"): "as above",
    ("autograd.extend", "autograd.visualize.page"): "as above",
}
FLOORS = (
    {"errors", "files"},
    {"later"},
    {"source", "foreign"},
    {"arrays"},
    {"calculus"},
    {"graph"},
    {"tensors"},
    {"primitives"},
    {"scalar"},
    {"ops", "transforms"},
    {"diagnosis"},
    {"special"},
    {"extend", "inside"},
    {"visualize"},
    {"testing"},
    {"array_api", "hips", "scipy"},
)
# What could be packages of their own: they import the engine by the names of `DOORS`, and it does not name them.
ANNEXES = (
    "autograd.array_api", "autograd.hips", "autograd.scipy", "autograd.testing", "autograd.visualize",
    "autograd.transforms.compile.fused", "autograd.transforms.compile.scalars",
    "nn.distributed", "nn.distributions", "nn.onnx", "nn.plots", "nn.port", "nn.sklearn",
)  # fmt: skip
DOORS = {"autograd", "autograd.extend", "autograd.inside", "autograd.special"}
# Imports of annexes from elsewhere, with the reason: of one module, or of a folder.
INTO_ANNEXES = {
    ("autograd.testing", "autograd.visualize"): "pictures and texts of rules are as in drawings",
    ("autograd.extend", "autograd.hips"): "the types of names that are loaded when asked for",
    ("autograd.extend", "autograd.transforms.compile.fused"): "as above",
    ("autograd.extend", "autograd.visualize"): "as above",
    ("nn.training", "nn.distributed"): "`fit` is what ranks share",
    ("nn.port.jax.scipy", "autograd.scipy"): "its functions, of arrays of JAX",
}


LAST = len(FLOORS)  # `__init__`, which gathers the public names
# Modules that are imported by a name that is not written out, with the reason.
BY_NAME = {
    "autograd.later": "which others ask",
    "autograd.testing.__main__": "the module of a function that is checked",
    "nn.onnx": "its two functions, when they are first asked for",
    "nn.plots": "its functions, when they are first asked for",
    "nn.plots._axes": "modules of matplotlib",
}
BLOCKS = ast.stmt | ast.excepthandler | ast.match_case


def loads_of(node: ast.AST) -> list[object]:
    """Return what a call of `import_module` imports: a name, or None for one that is not written out."""
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
        return [getattr(node.args[0], "value", None)] if name in ("import_module", "__import__") else []
    return []


@cache
def named_in(path: Path) -> list[ast.ImportFrom | ast.ExceptHandler]:
    """Return where a file imports names, and where it catches exceptions."""
    nodes: list[ast.AST] = [ast.parse(path.read_text())]
    for node in nodes:
        nodes += [child for child in ast.iter_child_nodes(node) if isinstance(child, BLOCKS)]
    return [node for node in nodes if isinstance(node, ast.ImportFrom | ast.ExceptHandler)]


def imports_of(name: str, path: Path, known: set[str]) -> tuple[set[str], set[str]]:
    """Return the modules of this project that module `name` imports anywhere, and those when it is imported itself."""
    text = path.read_text()
    # Only in a file that calls `import_module` do expressions import something.
    parts = ast.AST if "import_module" in text or "__import__" in text else BLOCKS
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    anywhere: set[str] = set()
    at_once: set[str] = set()
    nodes: list[tuple[ast.AST, bool]] = [(node, True) for node in ast.parse(text).body]
    while nodes:
        node, runs = nodes.pop()
        imports: set[str] = set()
        if isinstance(node, ast.Import):
            imports = {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = package.split(".")
                parent = parent[: len(parent) - node.level + 1]
                base = ".".join([*parent, *([base] if base else [])])
            inner = [f"{base}.{alias.name}" for alias in node.names]
            imports = {each if each in known else base for each in inner}
        else:
            anywhere |= {load for load in loads_of(node) if isinstance(load, str)}
            runs = runs and isinstance(node, ast.If | ast.Try | ast.With)
            typed = node.body if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING") else ()
            children = [child for child in ast.iter_child_nodes(node) if isinstance(child, parts)]
            nodes += [(child, runs and child not in typed) for child in children]
        anywhere |= imports
        at_once |= imports if runs else set()
    return (anywhere & known) - {name}, (at_once & known) - {name}


@cache
def _all_imports() -> dict[str, tuple[set[str], set[str]]]:
    found = modules()
    known = {*found, "autograd.tensors.methods"}
    return {name: imports_of(name, path, known) for name, path in found.items()}


@cache
def all_imports(*, everywhere: bool = True) -> dict[str, set[str]]:
    """Return what each module imports: anywhere, or only when it is imported itself."""
    return {name: imports[0 if everywhere else 1] for name, imports in _all_imports().items()}


def circle(imports: dict[str, set[str]]) -> list[str]:
    """Return what is left when what imports nothing, or is imported by nothing, is taken away, again and again."""
    rest = {name: set(names) for name, names in imports.items()}
    while True:
        imported = {other for names in rest.values() for other in names}
        free = [name for name, names in rest.items() if not names & rest.keys() or name not in imported]
        if not free:
            return sorted(rest)
        for name in free:
            del rest[name]


def test_no_import_cycle_at_run_time() -> None:
    assert not circle(all_imports(everywhere=False))


def test_no_import_cycle_but_the_named_ones_under_type_checking_and_in_functions_either() -> None:
    imports = {}
    for name, names in all_imports().items():
        # A package's own `__init__` names its modules; who imports the package imports the names from there.
        outside = {other for other in names if not name.startswith(f"{other}.")}
        imports[name] = {other for other in outside if (name, other) not in EXCEPTIONS}
    assert not circle(imports)
    assert all(first in imports for first, _ in EXCEPTIONS)


def test_imports_of_the_engine_go_down_the_floors() -> None:
    floor = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    against = set()
    for name, names in all_imports().items():
        first, _, rest = name.partition(".")
        room = rest.partition(".")[0]
        if first != "autograd" or not room:
            continue
        assert room in floor, f"{name} is on no floor: say in FLOORS where it belongs"
        for other in names - DOORS if annex_of(name) else names:
            place = other.partition(".")[2].partition(".")[0]
            if place != room and floor.get(place, LAST) >= floor[room]:
                against.add((name, other))
    assert against - EXCEPTIONS.keys() == set()


def test_no_module_is_imported_by_its_name_in_a_string_but_by_the_one_that_does_so_for_all() -> None:
    for name, path in modules().items():
        text = path.read_text()
        if "import_module" not in text and "__import__" not in text:
            continue
        loads = [load for node in ast.walk(ast.parse(text)) for load in loads_of(node)]
        ours = [load for load in loads if not isinstance(load, str) or load.partition(".")[0] in ("", *PACKAGES)]
        assert not ours or name in BY_NAME, f"{name} imports {ours}: ask `autograd.later.load` for it"


def test_the_engine_and_the_data_know_nothing_of_the_layers() -> None:
    for name, names in all_imports().items():
        imports = {module.partition(".")[0] for module in names}
        allowed = {"autograd": {"autograd"}, "datasets": {"datasets"}, "nn": {"nn", "autograd"}}[name.partition(".")[0]]
        assert imports <= allowed, f"{name} imports {imports - allowed}"


def annex_of(module: str) -> str | None:
    return next((annex for annex in ANNEXES if f"{module}.".startswith(f"{annex}.")), None)


def test_annexes_import_the_engine_through_its_doors() -> None:
    public = set(importlib.import_module("autograd").__all__) | {"special"}
    for name, path in modules().items():
        annex = annex_of(name)
        if annex is None or not name.startswith("autograd."):
            continue
        own = "autograd.transforms.compile" if annex.startswith("autograd.transforms.compile.") else annex
        for other in all_imports()[name]:
            if other not in DOORS and not f"{other}.".startswith(f"{own}."):
                assert (annex, annex_of(other)) in INTO_ANNEXES, f"{name} imports {other}: see `autograd.inside`"
        for node in named_in(path):
            if isinstance(node, ast.ImportFrom) and node.module == "autograd" and not node.level:
                assert {alias.name for alias in node.names} <= public, path


def test_nothing_names_an_annex_from_outside() -> None:
    used = set()
    for name, names in all_imports().items():
        for other in names:
            annex = annex_of(other)
            if annex is not None and annex != annex_of(name) and name not in PACKAGES:
                used.add(
                    (
                        next(
                            (room for room, of in INTO_ANNEXES if of == annex and f"{name}.".startswith(f"{room}.")),
                            name,
                        ),
                        annex,
                    )
                )
    assert used == INTO_ANNEXES.keys(), "ask `autograd.later` for it"


def test_layers_use_only_the_public_names_of_the_engine() -> None:
    public = {name: set(importlib.import_module(name).__all__) for name in ("autograd", "autograd.extend")}
    for path in (ROOT / "nn").rglob("*.py"):
        for node in named_in(path):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "autograd":
                assert node.module in public, f"{path} reaches into {node.module}"
                assert {alias.name for alias in node.names} <= public[node.module]


@pytest.mark.parametrize("package", [*PACKAGES, "autograd.extend"])
def test_public_names_are_complete_and_described(package: str) -> None:
    module = importlib.import_module(package)
    for name in module.__all__:
        assert inspect.getdoc(getattr(module, name)), f"{package}.{name} has no docstring"
    tree = ast.parse(Path(str(module.__file__)).read_text())
    statements = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    imported = {alias.asname or alias.name for node in statements for alias in node.names}
    assert {name for name in imported if not name.startswith("_")} - {"annotations"} == set(module.__all__) & imported


def test_public_methods_say_what_they_do_themselves_or_by_what_they_override() -> None:
    bare = []
    for name in modules():
        if name == "autograd.visualize.pytorch" and importlib.util.find_spec("torch") is None:
            continue  # which `.[dev]` leaves out
        for owner in vars(importlib.import_module(name)).values():
            ours = inspect.isclass(owner) and owner.__module__.partition(".")[0] in PACKAGES
            if not ours or owner.__name__.startswith("_") or getattr(owner, "_is_protocol", False):
                continue
            for attribute, method in vars(owner).items():
                here = inspect.isfunction(method) and method.__qualname__ == f"{owner.__qualname__}.{attribute}"
                if here and not attribute.startswith("_") and not inspect.getdoc(getattr(owner, attribute)):
                    bare.append(f"{name}.{owner.__qualname__}.{attribute}")
    assert not bare, f"write a docstring, or one in the base class: {bare}"


def test_importing_the_engine_loads_numpy_alone() -> None:
    program = "import sys, autograd; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert not loaded & {"scipy", "pandas", "graphviz", "matplotlib", "tqdm", "hypothesis", "nn", "datasets"}


def test_no_star_imports_and_no_unexplained_exceptions_swallowed() -> None:
    for path in modules().values():
        for node in named_in(path):
            assert not (isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)), path
            if isinstance(node, ast.ExceptHandler):
                assert node.type is not None, path
                assert not (len(node.body) == 1 and isinstance(node.body[0], ast.Pass)), path
