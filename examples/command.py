"""What the examples share: common options, the folder with the results, errors and Ctrl-C."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import nn
from autograd import __version__
from datasets import DataError

__all__ = ["Run", "UsageError", "natural", "parser", "positive", "run"]


class UsageError(ValueError):
    """A file, a folder or an option that cannot be used; the message says what to do."""


def parser(name: str, document: str | None, *, quick: str, epochs: str = "") -> argparse.ArgumentParser:
    """Return a parser with ``--seed``, ``--out``, ``--quick``, and, given its default in words, ``--epochs``."""
    description, _, rest = (document or "").partition("\n")
    found = argparse.ArgumentParser(
        prog=f"python -m examples.{name}",
        description=description,
        epilog=f"{rest}\nCtrl-C ends the training and saves what there is.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add, folder = found.add_argument, Path("runs", name)
    if epochs:
        add("--epochs", type=positive, metavar="N", help=f"how often to go through the training set ({epochs})")
    add("--seed", type=natural, metavar="N", default=0, help="of the first weights and all else that is drawn (0)")
    add("--out", type=Path, metavar="FOLDER", default=folder, help=f"folder to write ({folder})")
    add("--quick", action="store_true", help=f"{quick}, to see that it works")
    return found


def run(
    parser: argparse.ArgumentParser, main: Callable[[argparse.Namespace], None], arguments: Sequence[str] | None = None
) -> int:
    """Call `main` with the options; return the exit code: 0, 1 for an error that it explains, 130 after Ctrl-C."""
    options, name = parser.parse_args(arguments), parser.prog.removeprefix("python -m ")
    if nn.distributed.rank() > 0:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # until the end; rank 0 says it all
    try:
        main(options)
    except KeyboardInterrupt:
        if nn.distributed.rank() == 0:
            print(f"{name}: stopped", file=sys.stderr)
        return 130  # what shells report: 128 plus the number of the signal
    except (DataError, UsageError, ImportError, OSError) as error:  # ImportError: a package is missing
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    return 0


class Run(nn.training.Interruption):
    """A ``with`` block that trains and writes the folder: it measures the time, and delays Ctrl-C until its end.

    A loop other than `nn.fit` ends when `requested` says that Ctrl-C was pressed. A second Ctrl-C stops at once.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        if nn.distributed.rank() == 0:
            super().__init__()
        else:
            super().__init__(message="")
        _check_writable(options.out)
        self.options, self.start = options, (time.perf_counter(), time.process_time())
        self.pictures = find_spec("matplotlib") is not None
        if not self.pictures and nn.distributed.rank() == 0:
            print("no pictures will be drawn: that takes matplotlib, pip install matplotlib", file=sys.stderr)

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        if self.requested and error[0] is None:
            raise KeyboardInterrupt

    def write(
        self,
        model: nn.Module | None,
        metrics: Mapping[str, Any],
        files: Mapping[str, Callable[[Path], object]],
        history: Any = None,
    ) -> None:
        """Write ``model.npz`` if there is a model, ``metrics.json``, and `files`, by a function of the path for each.

        `history` is the table that `nn.fit` returned. Pictures, ``.png`` and ``.html``, need matplotlib. Of several
        processes, under mpiexec, rank 0 writes.
        """
        if nn.distributed.rank() > 0:
            return
        folder, described = self.options.out, vars(self.options) | dict(metrics) | self._describe()
        if history is not None:
            records = json.loads(history.reset_index().to_json(orient="records", double_precision=15))  # null for nan
            described |= {"epochs": len(history), "steps": int(history["steps"].iloc[-1]), "history": records}
        text = json.dumps(described, indent=2, default=os.fspath) + "\n"
        makers = {"metrics.json": lambda path: path.write_text(text, encoding="utf-8"), **files}
        if model is not None:
            makers = {"model.npz": lambda path: nn.save(model, path), **makers}
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("model.npz", *makers):  # what an earlier run left must not stay next to the figures of this one
            (folder / name).unlink(missing_ok=True)
        written = [name for name in makers if self.pictures or not name.endswith((".png", ".html"))]
        for name in written:
            try:
                makers[name](folder / name)
            except BaseException:  # a second Ctrl-C too: nothing half-written stays
                (folder / name).unlink(missing_ok=True)
                raise
        print(f"{folder} holds {', '.join(written)}")

    def _describe(self) -> dict[str, Any]:
        wanted = [os.environ.get(name, "") for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")]
        return {
            "interrupted": self.requested,
            "seconds": round(time.perf_counter() - self.start[0], 3),
            "cpu_seconds": round(time.process_time() - self.start[1], 3),
            "threads": next((int(text) for text in wanted if text.isdecimal()), os.cpu_count()),
            "versions": {"python": platform.python_version(), "numpy": np.__version__, "plaingrad": __version__},
            "machine": platform.machine(),
        }


def natural(text: str) -> int:
    """Read a whole number that is not negative."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def positive(text: str) -> int:
    """Read a whole number above 0."""
    if natural(text) == 0:
        raise argparse.ArgumentTypeError("0 is too few")
    return int(text)


def _check_writable(folder: Path) -> None:
    """Raise before the training, not after it, if `folder` cannot be written to; nothing is created yet."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise UsageError(f"{existing} is a file, where a folder is to be written: choose another --out")
    if not os.access(existing, os.W_OK):
        raise UsageError(f"{existing} cannot be written to: choose another --out")
