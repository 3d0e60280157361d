"""The command line of the examples: common options, the folder with the results, errors and Ctrl-C.

An example is a function of its options, and a parser for them::

    def main(options: argparse.Namespace) -> None:
        model = ...
        with command.Run(options) as run:  # measures time, and delays Ctrl-C until the folder is written
            history = nn.fit(model, train, loss, optimizer, epochs=options.epochs or 12)
            pages = {"report.html": lambda path: nn.plots.report(path, history, model, test)}
            run.write(model, nn.evaluate(model, test, loss), pages, history)

    if __name__ == "__main__":
        parser = command.parser("name", __doc__, epochs="12", quick="a tenth of the images")
        sys.exit(command.run(parser, main))

A training loop other than `nn.fit` looks at ``run.requested`` after each step: it is true once Ctrl-C has been pressed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

import nn
from autograd import __version__
from datasets import DataError

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["Run", "UsageError", "image_shape", "natural", "parser", "positive", "run", "save_figure", "save_text"]

EXIT_CODE = 130  # a shell reports this for a program that Ctrl-C ended: 128 plus the number of the signal


class UsageError(ValueError):
    """A file, a folder or an option that cannot be used; the message says what to do."""


def parser(
    name: str, document: str | None, *, quick: str, epochs: str | None = None, epilog: str = ""
) -> argparse.ArgumentParser:
    """Return a parser with ``--seed``, ``--out``, ``--quick``, and ``--epochs`` if `epochs` describes its default."""
    found = argparse.ArgumentParser(
        prog=f"python -m examples.{name}",
        description=(document or "").partition("\n")[0],
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add, folder = found.add_argument, Path("runs", name)
    if epochs is not None:
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
    try:
        main(options)
    except KeyboardInterrupt:
        print(f"{name}: stopped", file=sys.stderr)
        return EXIT_CODE
    except (DataError, UsageError, ImportError, OSError) as error:  # ImportError: a package is missing
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    return 0


class Run(nn.training.Interruption):
    """A ``with`` block that trains and writes the folder: it measures the time, and delays Ctrl-C until its end.

    A second Ctrl-C stops at once: every file is written whole or not at all.

    Raises
    ------
    UsageError
        At the start, if the folder cannot be written.
    KeyboardInterrupt
        At the end, if Ctrl-C was pressed.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__()
        _check_writable(options.out)
        self.options = options
        self.pictures = find_spec("matplotlib") is not None
        if not self.pictures:
            print("no pictures will be drawn: that takes matplotlib, pip install matplotlib", file=sys.stderr)

    def __enter__(self) -> Run:
        super().__enter__()
        self._wall, self._processor = time.perf_counter(), time.process_time()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if self.requested and kind is None:
            raise KeyboardInterrupt

    def write(
        self,
        model: nn.Module | None,
        metrics: Mapping[str, Any],
        files: Mapping[str, Callable[[Path], object]],
        history: pandas.DataFrame | None = None,
    ) -> None:
        """Write ``model.npz``, ``metrics.json`` and then other files, and print their names.

        Parameters
        ----------
        model
            Its parameters and buffers are saved; None leaves out ``model.npz``.
        metrics
            The results; options, times and versions, and figures from `history`, are written with them.
        files
            For each name, a function that takes a path and writes the file. Pictures, ``.png`` and ``.html``, need
            matplotlib.
        history
            The table that `nn.fit` returned.
        """
        options = {name: str(value) if isinstance(value, Path) else value for name, value in vars(self.options).items()}
        epochs = {} if history is None else _epochs(history)
        described = {**options, **metrics, **self._describe(), **epochs}
        folder: Path = self.options.out
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("model.npz", *files):  # files of an earlier run must not stay next to the figures of this one
            (folder / name).unlink(missing_ok=True)
        if model is not None:
            nn.save(model, folder / "model.npz")
        save_text(json.dumps(described, indent=2), folder / "metrics.json")
        written = [name for name in files if self.pictures or not name.endswith((".png", ".html"))]
        for name in written:
            files[name](folder / name)
        saved = [] if model is None else ["model.npz"]
        print(f"{folder} holds {', '.join([*saved, 'metrics.json', *written])}")

    def _describe(self) -> dict[str, Any]:
        wanted = [os.environ.get(name, "") for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")]
        return {
            "interrupted": self.requested,
            "seconds": round(time.perf_counter() - self._wall, 3),
            "cpu_seconds": round(time.process_time() - self._processor, 3),
            "threads": next((int(text) for text in wanted if text.isdecimal()), os.cpu_count()),
            "versions": {"python": platform.python_version(), "numpy": np.__version__, "plaingrad": __version__},
            "machine": platform.machine(),
        }


def save_figure(figure: Figure, path: Path) -> None:
    """Write a picture whole or not at all."""
    with nn.utils.replacing(path) as partial:
        figure.savefig(partial, format="png", dpi=150)


def save_text(text: str, path: Path) -> None:
    """Write a text, with one line break at its end, whole or not at all."""
    with nn.utils.replacing(path) as partial:
        partial.write_bytes(text.rstrip("\n").encode() + b"\n")


def image_shape(pixels: int) -> tuple[int, int]:
    """Return height and width of an image with `pixels` pixels: square, or as close to square as possible.

    Examples
    --------
    >>> image_shape(784), image_shape(12)
    ((28, 28), (3, 4))
    """
    height = next(height for height in range(math.isqrt(pixels), 0, -1) if pixels % height == 0)
    return height, pixels // height


def positive(text: str) -> int:
    """Read a whole number above 0."""
    number = natural(text)
    if number == 0:
        raise argparse.ArgumentTypeError("0 is too few")
    return number


def natural(text: str) -> int:
    """Read a whole number that is not negative."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def _epochs(history: pandas.DataFrame) -> dict[str, Any]:
    records = json.loads(history.reset_index().to_json(orient="records", double_precision=15))  # nan becomes null
    return {"epochs": len(history), "steps": int(history["steps"].iloc[-1]), "history": records}


def _check_writable(folder: Path) -> None:
    """Raise before the training, not after it, if `folder` cannot be written to; nothing is created yet."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise UsageError(f"{existing} is a file, where a folder is to be written: choose another --out")
    if not os.access(existing, os.W_OK):
        raise UsageError(f"{existing} cannot be written to: choose another --out")
