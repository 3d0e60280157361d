"""The lines that messages and pictures name, where a program is typed into the cells of a notebook."""

import json
import os
import subprocess
import sys
from pathlib import Path

RUN = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
for cell in json.load(sys.stdin):
    shell.run_cell(cell, store_history=True)
"""
CELLS = [
    "from autograd import draw_graph, player, tensor",
    "x = tensor([1.0, 2.0], requires_grad=True)\ny = (x @ x).sum()",
    "print('\"Cell In[2], line 2\"' in draw_graph(y).source)",
    "page = player(y, 'page.html').read_text()",
    """print('"where":"Cell In[2], line 2","line":"y = (x @ x).sum()"' in page)""",
    "y.backward()",
    "try:\n    y.backward()\nexcept RuntimeError as error:\n    print(error)",
]


def test_a_cell_of_a_notebook_is_named_by_its_number(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "IPYTHONDIR": str(tmp_path)}
    found = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps(CELLS),
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    *pictures, error = found.stdout.splitlines()
    assert pictures == ["True", "True"], found.stdout
    assert "an earlier backward() at Cell In[6], line 1 freed the graph" in error
    assert "'sum', recorded at Cell In[2], line 2, no longer" in error
