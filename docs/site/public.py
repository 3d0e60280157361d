"""Public names, all of which the site has to describe. This needs only the project itself."""

import ast
import importlib
import inspect
from collections.abc import Iterable, Iterator

PACKAGES = ("autograd", "nn", "datasets")
MODULES = (
    "autograd", "autograd.extend", "autograd.scipy.fft", "autograd.scipy.integrate", "autograd.scipy.interpolate",
    "autograd.scipy.linalg", "autograd.scipy.optimize", "autograd.scipy.signal", "autograd.scipy.sparse",
    "autograd.scipy.sparse.linalg", "autograd.scipy.spatial.distance", "autograd.scipy.stats", "autograd.special",
    "autograd.testing", "nn", "nn.distributed", "nn.distributions", "nn.distributions.constraints", "nn.functional",
    "nn.init", "nn.onnx", "nn.optim", "nn.optim.lr_scheduler", "nn.optim.swa_utils", "nn.plots", "nn.sklearn",
    "nn.training", "nn.utils", "nn.utils.parametrizations", "nn.utils.parametrize", "nn.utils.rnn", "datasets",
    "datasets.transforms",
)  # fmt: skip


def public_names() -> Iterator[tuple[str, str]]:
    """Yield the public names with their modules; names that both `nn.training` and `nn` list belong to `nn`."""
    for module in MODULES:
        home = importlib.import_module(module)
        above = importlib.import_module(module.rpartition(".")[0] or module)
        for name in home.__all__:
            if above is home or name not in above.__all__ or getattr(above, name) is not getattr(home, name):
                yield module, name


def expanded(module: str, lines: Iterable[str]) -> list[str]:
    """Return the names in lines of a block; ``all of FILE`` stands for the public ones that FILE defines, in order."""
    found: list[str] = []
    for line in lines:
        words = line.split()
        if words[:2] == ["all", "of"]:
            tree = ast.parse(inspect.getsource(importlib.import_module(words[2])))
            defined = [name for node in tree.body if (name := _defined(node))]
            public = importlib.import_module(module).__all__
            found += [name for name in dict.fromkeys(defined) if name in public]
        else:
            found += words
    return found


def _defined(node: ast.stmt) -> str:
    """Return the name of a class or a function that a statement defines, also as a sibling of another."""
    match node:
        case ast.ClassDef() | ast.FunctionDef():
            return node.name
        case ast.Assign(
            targets=[ast.Name(name)],
            value=ast.Call(ast.Name("sibling")) | ast.Call(args=[ast.Call(ast.Name("sibling"))]),
        ):
            return name
    return ""
