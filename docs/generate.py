"""Generate files from the source: pages, the types of installed methods, pictures of graphs.

``python docs/generate.py`` writes ``docs/operations.md`` and ``docs/numerics.md``, which the README links to, the last
parts of ``docs/howto/from-pytorch.md`` and ``docs/howto/compile.md``, and ``autograd/tensors/methods.pyi``, and a test
fails if one of them is out of date. It also draws ``docs/images/*.svg``. The pages that only the site needs are written
when it is built: ``docs/site/written.py``.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from autograd.foreign.missing import (  # noqa: E402 - found through the path set above
    COMPILE_KEYWORDS,
    GRAD_KEYWORDS,
    KEYWORDS,
    LAYER_KEYWORDS,
    NAMES,
    SCAN_KEYWORDS,
    TENSOR_KEYWORDS,
    WHILE_KEYWORDS,
    tables,
)
from autograd.tensors.dispatch import declare_further_functions  # noqa: E402 - found through the path set above
from docs import contract, pictures, refused, stub, surface  # noqa: E402 - as above
from tests.against_pytorch.ours_alone import is_ours_alone  # noqa: E402 - as above

declare_further_functions()  # the pages name all functions, also those that are declared when first called

OPERATIONS = ROOT / "docs" / "operations.md"
IMAGES = ROOT / "docs" / "images"
NUMERICS = ROOT / "docs" / "numerics.md"
PYTORCH = ROOT / "docs" / "howto" / "from-pytorch.md"
COMPILE = ROOT / "docs" / "howto" / "compile.md"
STUB = ROOT / "autograd" / "tensors" / "methods.pyi"
WRITTEN = "<!-- what follows is written by docs/generate.py -->\n"
SAME = {
    "torch.nn": "nn",
    "torch.nn.functional": "nn.functional",
    "torch.nn.init": "nn.init",
    "torch.nn.utils": "nn.utils",
    "torch.nn.utils.rnn": "nn.utils.rnn",
    "torch.optim": "nn.optim",
    "torch.optim.lr_scheduler": "nn.optim.lr_scheduler",
    "torch.optim.swa_utils": "nn.optim.swa_utils",
}
TITLES = {
    "Tensor": "Attributes and methods of tensors",
    "Value": "Of values",
    "Module": "Of modules",
    "Optimizer": "Of optimizers",
    "autograd": "Names of `torch`, `jax` and others, in `autograd`",
    "nn": "In `nn`",
    "nn.functional": "In `nn.functional`, here `F`",
    "nn.distributions": "In `nn.distributions`",
    "nn.init": "In `nn.init`",
    "nn.utils": "In `nn.utils`",
    "nn.utils.parametrize": "In `nn.utils.parametrize`",
    "nn.utils.rnn": "In `nn.utils.rnn`",
    "nn.training": "In `nn.training`",
    "nn.optim": "In `nn.optim`",
    "nn.optim.swa_utils": "In `nn.optim.swa_utils`",
}


def operations_page() -> str:
    """Return the text of the page about NumPy's functions."""
    return surface.page(OPERATIONS.read_text() if OPERATIONS.exists() else "")


def numerics_page() -> str:
    """Return the text of the page about kinks, edges and domains."""
    return contract.page()


def pytorch_page() -> str:
    """Return the text of the page about PyTorch, which ends with the tables of foreign names."""
    head, mark, _ = PYTORCH.read_text().partition(WRITTEN)
    head += mark + names_here()
    shown = {
        "Arguments of operations and of `vmap`": KEYWORDS,
        "Arguments of `tensor`": TENSOR_KEYWORDS,
        "Arguments of layers, losses, optimizers and `nn.fit`": LAYER_KEYWORDS,
        "Arguments of `grad`": GRAD_KEYWORDS,
        "Arguments of `scan`": SCAN_KEYWORDS,
        "Arguments of `while_loop`": WHILE_KEYWORDS,
    }
    shown["Arguments of `compile`"] = COMPILE_KEYWORDS
    of_pytorch = {**NAMES, **tables("layer_names.txt")}.items()
    shown |= {TITLES[owner]: names for owner, names in of_pytorch if names and not owner.startswith("autograd.")}
    return head + "".join(map(names_table, shown, shown.values()))


def names_here() -> str:
    """Return the table of the names that are the same in PyTorch and here."""
    rows = []
    for theirs, ours in SAME.items():
        module = importlib.import_module(ours)
        names = [name for name in module.__all__ if not is_ours_alone(f"{ours}.{name}")]
        rows.append(f"| `{theirs}` | {', '.join(f'`{name}`' for name in sorted(names, key=str.lower))} |\n")
    return f"\n### The same in both\n\n| module | names |\n|---|---|\n{''.join(rows)}"


def compile_page() -> str:
    """Return the text of the page about `compile`, which ends with what is refused."""
    return refused.page(COMPILE.read_text(), WRITTEN)


def names_table(title: str, names: Mapping[str, str]) -> str:
    """Return a table of foreign names, in alphabetical order."""
    rows = "".join(f"| `{name}` | {names[name]} |\n" for name in sorted(names, key=str.lower))
    return f"\n### {title}\n\n| elsewhere | here |\n|---|---|\n{rows}"


def draw(name: str) -> None:
    """Draw one of the pictures that the pages show, in which lines of this checkout have relative paths."""
    picture = IMAGES / f"{name}.svg"
    pictures.PICTURES[name]().write(picture)
    picture.write_text(picture.read_text().replace(f"{ROOT}{os.sep}", ""))


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    stub.write(STUB)
    OPERATIONS.write_text(operations_page())
    NUMERICS.write_text(numerics_page())
    PYTORCH.write_text(pytorch_page())
    COMPILE.write_text(compile_page())
    for name in pictures.PICTURES:
        draw(name)
