"""Run the notebooks and store their output: ``python docs/run_notebooks.py``, or some by name, ``chain_rule``.

Each ``docs/notebooks/*.ipynb`` runs from its first cell to its last in a new kernel, in an empty folder, and is written
back with only cells, tags and outputs. The same program gives the same file, apart from pictures and the last digits,
which depend on the machine and the versions of libraries. A test runs the notebooks too, and compares.

It needs ``pip install -e '.[notebooks]'``, and Graphviz.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "notebooks"
SECONDS = 600  # for one cell, on a machine that does much else
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def main(names: list[str]) -> None:
    """Run the notebooks of these names, or all, and write them."""
    for path in map(named, names) if names else sorted(FOLDER.glob("*.ipynb")):
        print(path.relative_to(ROOT), flush=True)
        write(run(read(path)), path)


def named(name: str) -> Path:
    """Return the file of a notebook, given its path or its name."""
    return FOLDER / f"{Path(name).stem}.ipynb"


def read(path: Path) -> nbformat.NotebookNode:
    """Return the notebook in a file."""
    notebook: nbformat.NotebookNode = nbformat.read(path, as_version=4)
    return notebook


def run(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return the notebook with the outputs of a new run; an exception in a cell is raised.

    Its folder is an empty one, so that only what stands in the notebook, and what this repository has, can count.
    """
    with tempfile.TemporaryDirectory(prefix="notebook-") as folder:
        where = {"metadata": {"path": folder}}
        client = NotebookClient(_bare(notebook), timeout=SECONDS, resources=where, coalesce_streams=True)
        client.extra_arguments = ["--IPKernelApp.log_level=ERROR"]  # not that others on this machine could listen
        with tempfile.TemporaryDirectory(prefix="ipython-") as settings:
            client.execute(env=_environment(settings))
    return _bare(client.nb, outputs=True)


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook to a file."""
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")


def _environment(settings: str) -> dict[str, str]:
    """Return the environment of a kernel that imports these packages, shows pictures, and ignores user settings."""
    environment = {name: value for name, value in os.environ.items() if name not in ("MPLBACKEND", "PYTHONWARNINGS")}
    paths = filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
    return environment | {
        "PYTHONPATH": os.pathsep.join(paths),
        "IPYTHONDIR": settings,
        "MPLCONFIGDIR": settings,
        "TMPDIR": settings,
        "OPENBLAS_NUM_THREADS": "1",  # sums in the same order each time, and fast beside other programs
    }


def _bare(notebook: nbformat.NotebookNode, outputs: bool = False) -> nbformat.NotebookNode:
    """Return the contents of a notebook: the text of its cells, their tags and, if wanted, their outputs."""
    cells = []
    for number, cell in enumerate(notebook.cells, start=1):
        tags = {"tags": cell.metadata.tags} if cell.metadata.get("tags") else {}
        bare = {"cell_type": cell.cell_type, "id": f"cell-{number}", "source": cell.source.strip(), "metadata": tags}
        if cell.cell_type == "code":
            bare["execution_count"] = cell.execution_count if outputs else None
            bare["outputs"] = [_bare_output(output) for output in cell.outputs] if outputs else []
        cells.append(bare)
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    made: nbformat.NotebookNode = nbformat.from_dict(
        {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    )
    return made


def _bare_output(output: nbformat.NotebookNode) -> dict[str, Any]:
    """Return an output without what is specific to one run."""
    return {**output, "metadata": {}} if "metadata" in output else dict(output)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="notebooks (default: all)")
    main(parser.parse_args().names)
