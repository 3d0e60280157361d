"""Progress bar on a terminal, and a line for each epoch."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from ..distributed._launch import launchers_terminal

_SECONDS = "seconds"
_HIDDEN = ("epoch", "steps", "lr", "gradient_norm", "update_ratio", _SECONDS)


class Progress:
    """Show how far the training is.

    Parameters
    ----------
    epochs
        The number of all of them.
    verbose
        Whether to show anything. The bar appears on the standard error stream if that is a terminal, or the launcher's
        of several processes is one, and disappears at the end of the epoch; the line goes to the standard output.
    """

    def __init__(self, epochs: int, verbose: bool) -> None:
        self._epochs, self._verbose = epochs, verbose
        self._columns = launchers_terminal() if verbose else None
        self._watched = self._columns is not None or (verbose and sys.stderr is not None and sys.stderr.isatty())
        self.bar: Any = None

    def start(self, epoch: int, size: int | None, done: int) -> None:
        """Begin an epoch of `size` batches, `done` of which are done."""
        if self._watched:
            from tqdm import tqdm  # loaded where it is used

            self.bar = tqdm(
                total=size,
                initial=done,
                desc=f"epoch {epoch}/{self._epochs}",
                unit=" batches",
                leave=False,
                delay=0.3,
                ncols=self._columns,
            )

    def update(self, batches: int, means: Mapping[str, float]) -> None:
        """Show the means so far; called only while there is a bar."""
        self.bar.set_postfix_str(_figures(means), refresh=False)
        self.bar.update(batches)

    def finish(self, row: Mapping[str, Any] | None) -> None:
        """End an epoch: close the bar, and print the line."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None
        if row is not None and self._verbose:
            shown = {name: value for name, value in row.items() if name not in _HIDDEN}
            print(f"epoch {row['epoch']}/{self._epochs}: {_figures(shown)}, {row[_SECONDS]:.1f} s", flush=True)

    def say(self, text: str) -> None:
        """Print a line."""
        if self._verbose:
            print(text, flush=True)


def _figures(values: Mapping[str, float]) -> str:
    return ", ".join(
        f"{name} {value:.4g}" for name, value in values.items() if not hasattr(value, "shape") or not value.shape
    )
