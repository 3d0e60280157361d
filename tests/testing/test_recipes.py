"""The recipes for other libraries run where these are installed, and the kit needs nothing but NumPy."""

import importlib.util
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import GradientCheckError
from autograd.testing import check

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "check-elsewhere.md").read_text()
RECIPES = {
    name: textwrap.dedent(code)
    for name, code in re.findall(r"^## (\w+).*\n(?:\n|\S.*\n)+((?:\n| .*\n)+)", f"{PAGE}\n", re.MULTILINE)
}
MODULES = {"PyTorch": "torch", "JAX": "jax", "MyGrad": "mygrad", "NumPy": "numpy"}  # HIPS autograd has our name
INSTALLED = [name for name, module in MODULES.items() if importlib.util.find_spec(module) is not None]

NUMPY_ALONE = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in ("numpy", "autograd") and not top.startswith("_") and top not in sys.stdlib_module_names:
            raise ImportError(f"{name} is not there")

sys.meta_path.insert(0, Nothing())
import numpy as np
from autograd import GradientCheckError, elementwise
from autograd.testing import check
check(np.tanh)
try:
    check(elementwise(lambda x: np.sin(x), lambda g, x: -g * np.cos(x), name="wrong"), profile="quick")
except GradientCheckError as error:
    assert "to reproduce" in str(error)
"""


def test_there_is_a_recipe_for_each_engine() -> None:
    assert RECIPES.keys() == {"PyTorch", "JAX", "HIPS", "MyGrad", "NumPy"}


@pytest.mark.parametrize("name", INSTALLED)
def test_a_recipe_runs(name: str) -> None:
    names: dict[str, object] = {}
    exec(compile(RECIPES[name], f"check-elsewhere.md, {name}", "exec"), names)
    assert getattr(names["report"], "compared") > 20  # noqa: B009


def test_numpy_is_all_that_the_kit_needs() -> None:
    done = subprocess.run([sys.executable, "-c", NUMPY_ALONE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("factor", [2.0, -1.0])
def test_a_wrong_gradient_by_hand_is_found(factor: float) -> None:
    with pytest.raises(GradientCheckError, match="by differences"):
        check(lambda x: (np.sin(x), lambda g: factor * g * np.cos(x)), engine="numpy", profile="quick")


def test_several_outputs_by_hand_are_checked() -> None:
    def both(x: Any, y: Any) -> object:
        return (x * y, x - y), lambda g, h: (g * y + h, g * x - h)

    assert check(both, engine="numpy", signature="(n),(n)", dtypes=["float64"], profile="quick").compared > 100
