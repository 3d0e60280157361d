"""Generate files from the source: three pages, the types of installed methods, pictures of graphs.

``python docs/generate.py`` writes ``docs/operations.md``, ``docs/numerics.md``, the last part of
``docs/howto/from-pytorch.md`` and ``autograd/tensors/methods.pyi``, and a test fails if one of them is out of date. It
also draws ``docs/images/*.svg``, which needs Graphviz.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from autograd import Tensor  # noqa: E402 - found through the path set above
from autograd.primitives.declare import OPERATORS  # noqa: E402 - as above
from autograd.tensors.foreign_names import KEYWORDS, NAMES  # noqa: E402 - as above
from docs import contract, pictures, reasons, surface  # noqa: E402 - as above

OPERATIONS = ROOT / "docs" / "operations.md"
IMAGES = ROOT / "docs" / "images"
NUMERICS = ROOT / "docs" / "numerics.md"
PYTORCH = ROOT / "docs" / "howto" / "from-pytorch.md"
STUB = ROOT / "autograd" / "tensors" / "methods.pyi"
HEAD = '''"""The methods that declarations install on tensors, for type checkers. Written by docs/generate.py."""

from typing import Any

from .tensor import Tensor

class Installed:
'''
WRITTEN = "<!-- what follows is written by docs/generate.py -->\n"
TITLES = {
    "Tensor": "Attributes and methods of tensors",
    "Value": "Of values",
    "Module": "Of modules",
    "Optimizer": "Of optimizers",
    "autograd": "Names of `torch`, `jax` and others, in `autograd`",
    "autograd.extend": "In `autograd.extend`",
    "nn": "In `nn`",
    "nn.functional": "In `nn.functional`, here `F`",
    "nn.init": "In `nn.init`",
    "nn.optim": "In `nn.optim`",
}
UNARY = {"neg", "pos", "abs", "invert"}
BINARY = set(OPERATORS.values()) - UNARY


def operations_page() -> str:
    """Return the text of the page about NumPy's functions."""
    return surface.page(OPERATIONS.read_text() if OPERATIONS.exists() else "")


def numerics_page() -> str:
    """Return the text of the page about kinks, edges and domains."""
    return contract.page()


def pytorch_page() -> str:
    """Return the text of the page about PyTorch, which ends with the tables of foreign names."""
    head, mark, _ = PYTORCH.read_text().partition(WRITTEN)
    tables = {"Arguments of operations and methods": KEYWORDS} | {TITLES[owner]: NAMES[owner] for owner in NAMES}
    return head + mark + "".join(map(names_table, tables, tables.values()))


def names_table(title: str, names: Mapping[str, str]) -> str:
    """Return a table of foreign names, in alphabetical order."""
    rows = "".join(f"| `{name}` | {names[name]} |\n" for name in sorted(names, key=str.lower))
    return f"\n### {title}\n\n| elsewhere | here |\n|---|---|\n{rows}"


def stub() -> str:
    """Return the text of the stub file; methods that only another NumPy version has are kept."""
    found = {name: declaration(name, value) for name, value in vars(Tensor).items() if is_installed(value)}
    elsewhere = {full.rpartition(".")[2] for full in reasons.ONLY} - found.keys()
    for line in STUB.read_text().splitlines():
        name = line.strip().removeprefix("def ").partition("(")[0]
        if name in elsewhere:
            found[name] = [line.strip()]
    return HEAD + "".join(f"    {line}\n" for name in sorted(found) for line in found[name])


def is_installed(value: Any) -> bool:
    """Tell whether a declaration installed an attribute of the class."""
    function = value.fget if isinstance(value, property) else value
    home = getattr(function, "__module__", "")
    return callable(function) and home.startswith("autograd.") and home != "autograd.tensors.tensor"


def declaration(name: str, value: Any) -> list[str]:
    """Return the lines that declare one attribute."""
    if isinstance(value, property):
        return ["@property", f"def {name}(self) -> Tensor: ..."]
    bare = name.strip("_") if name.startswith("__") else ""
    result = "Tensor" if hasattr(value, "operation") else getattr(value, "__annotations__", {}).get("return", "Any")
    result = result if result in ("Tensor", "None") else "Any"
    if bare in UNARY:
        return [f"def {name}(self) -> {result}: ..."]
    if bare in ("eq", "ne"):
        return [f"def {name}(self, other: object) -> Any: ..."]
    if bare in BINARY or (bare[:1] in ("r", "i") and bare[1:] in BINARY):
        forward = vars(Tensor).get(f"__{bare[1:]}__", value) if bare not in BINARY else value
        return [f"def {name}(self, other: Any) -> {'Tensor' if hasattr(forward, 'operation') else result}: ..."]
    return [f"def {name}(self, *args: Any, **kwargs: Any) -> {result}: ..."]


def draw(name: str) -> None:
    """Draw one of the pictures that the pages show."""
    pictures.PICTURES[name]().write(IMAGES / f"{name}.svg")


if __name__ == "__main__":
    STUB.write_text(stub())
    OPERATIONS.write_text(operations_page())
    NUMERICS.write_text(numerics_page())
    PYTORCH.write_text(pytorch_page())
    for name in pictures.PICTURES:
        draw(name)
