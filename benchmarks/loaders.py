"""What a `DataLoader` costs: an epoch of 60,000 rows of 784 numbers, in batches, and a file larger than memory.

Run it with ``python -m benchmarks.loaders``; PyTorch takes part where it is installed. CPU time of one process.
``--mapped 4`` streams a file of 4 GB, and prints the most memory that it took.
"""

from benchmarks.timing import Step, interleave  # isort: skip - first

import argparse
import resource
import statistics
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from datasets import DataLoader, TensorDataset, batches

ROWS, FEATURES = 60_000, 784


class PlainBatches:
    """The shortest loop that shuffles and divides arrays, as a measure for the others."""

    def __init__(self, *arrays: Any, batch_size: int) -> None:
        self.arrays, self.batch_size, self.generator = arrays, batch_size, np.random.default_rng(0)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        order = self.generator.permutation(ROWS)
        picks = (order[start : start + self.batch_size] for start in range(0, ROWS, self.batch_size))
        return (tuple(array.take(pick, axis=0) for array in self.arrays) for pick in picks)


def loaders(batch_size: int) -> dict[str, Iterable[Any]]:
    """Return what is compared."""
    rng = np.random.default_rng(0)
    X, y = rng.random((ROWS, FEATURES), np.float32), rng.integers(10, size=ROWS)
    dataset = TensorDataset(X, y)
    found: dict[str, Iterable[Any]] = {
        "a plain loop": PlainBatches(X, y, batch_size=batch_size),
        "batches": batches(X, y, batch_size=batch_size, seed=0),
        "DataLoader": DataLoader(dataset, batch_size, shuffle=True, generator=0),
        "DataLoader, 1 thread": DataLoader(dataset, batch_size, shuffle=True, generator=0, num_workers=1),
    }
    try:
        import torch
        from torch.utils import data
    except ImportError:
        return found
    torch.set_num_threads(1)
    theirs = data.TensorDataset(torch.from_numpy(X), torch.from_numpy(y))
    found["PyTorch's DataLoader"] = data.DataLoader(theirs, batch_size, shuffle=True)
    return found


def stream(gigabytes: float) -> None:
    """Go through a file of that size in random order, and print the time and the memory."""
    rows = int(gigabytes * 1e9 / (4 * FEATURES))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.npy"
        with path.open("wb") as file:
            header = {"descr": "<f4", "fortran_order": False, "shape": (rows, FEATURES)}
            np.lib.format.write_array_header_1_0(file, header)
            for start in range(0, rows, 10_000):
                file.write(np.full((min(10_000, rows - start), FEATURES), start, np.float32).tobytes())
        before = peak()
        dataset = TensorDataset(np.load(path, mmap_mode="r"))
        seen = sum(len(batch[0]) for batch in DataLoader(dataset, 128, shuffle=True, generator=0))
        assert seen == rows
        print(f"{path.stat().st_size / 1e9:.1f} GB in random order: {peak():.0f} MB at most, {before:.0f} MB before")


def peak() -> float:
    """Return the most memory that the process had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the CPU time of an epoch, and its ratio to that of `batches`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--mapped", type=float, default=0, help="gigabytes")
    options = parser.parse_args()
    if options.mapped:
        stream(options.mapped)
        return
    print("| batch size | loader | ms | of `batches` | of PyTorch's |")
    print("|---:|---|---:|---:|---:|")
    for batch_size in (32, 128, 512):
        steps: dict[str, Step] = {name: partial(deque, loader, 0) for name, loader in loaders(batch_size).items()}
        seconds = {name: statistics.median(each) for name, each in interleave(steps, rounds=options.rounds).items()}
        theirs = seconds.get("PyTorch's DataLoader", float("nan"))
        for name, each in seconds.items():
            ratios = f"{each / seconds['batches']:.2f} | {each / theirs:.2f}"
            print(f"| {batch_size} | {name} | {1e3 * each:.1f} | {ratios} |", flush=True)


if __name__ == "__main__":
    main()
