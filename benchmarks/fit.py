"""A step of `nn.fit` as a user runs it, and of the same loop in PyTorch: CPU time and memory, each in its own process.

Run it with ``python -m benchmarks.fit [--batches 32 128 1024]``. The network is that of `benchmarks.mnist_step`; rows
have a new order in each epoch, and losses are added up. The time is that of the best epoch.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from typing import Any

SIZES, RATE, EPOCHS = (784, 128, 64, 10), 1e-3, 3
ENGINES = ("fit", "fit, compile=False", "PyTorch")


def images_and_labels() -> tuple[Any, Any]:
    """Return the training set."""
    from datasets import load_mnist

    return load_mnist()[0]


def plaingrad(size: int, **options: Any) -> list[float]:
    """Return the seconds of a step in each epoch of `fit`."""
    import nn

    seconds: list[float] = []

    class Clock(nn.training.Callback):
        def on_epoch_start(self, training: Any) -> None:
            self.begun = time.process_time(), training.step

        def on_epoch(self, training: Any) -> None:
            begun, step = self.begun
            seconds.append((time.process_time() - begun) / (training.step - step))

    nn.manual_seed(0)
    model = nn.MLP(SIZES)
    optimizer, loss = nn.optim.Adam(model.parameters(), lr=RATE), nn.CrossEntropyLoss()
    nn.fit(
        model, images_and_labels(), loss, optimizer, epochs=EPOCHS, batch_size=size, callbacks=[Clock()],
        verbose=False, **options,
    )  # fmt: skip
    return seconds


def torch(size: int) -> list[float]:
    """Return the same of PyTorch's eager mode."""
    import itertools

    import torch

    torch.set_num_threads(1)
    images, labels = map(torch.from_numpy, map(np_copy, images_and_labels()))
    layers = [torch.nn.Linear(i, o) for i, o in itertools.pairwise(SIZES)]
    model = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])
    loss, optimizer = torch.nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters(), lr=RATE)
    seconds = []
    for _ in range(EPOCHS):
        begun, total = time.process_time(), 0.0
        parts = torch.randperm(len(images)).split(size)
        for part in parts:
            optimizer.zero_grad()
            value = loss(model(images[part]), labels[part])
            value.backward()
            optimizer.step()
            total += value.item() * len(part)
        seconds.append((time.process_time() - begun) / len(parts))
    return seconds


def np_copy(array: Any) -> Any:
    """Return a copy that may be written to, which PyTorch wants; of labels, in 64 bits."""
    return array.astype("int64") if array.dtype.kind in "iu" else array.copy()


def main() -> None:
    """Time each engine in processes of its own, in turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, nargs="+", default=[32, 128, 1024])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engine", choices=ENGINES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine is not None:
        (size,) = options.batches
        run = {"fit": plaingrad, "fit, compile=False": lambda size: plaingrad(size, compile=False), "PyTorch": torch}
        print(min(run[options.engine](size)), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    for size in options.batches:
        print(f"\nOne step, batch {size}\n\n| engine | µs | PyTorch is 1 | peak MB |\n|---|---:|---:|---:|")
        found: dict[str, list[tuple[float, float]]] = {engine: [] for engine in ENGINES}
        for _ in range(options.rounds):
            for engine, measured in found.items():
                command = [sys.executable, "-m", "benchmarks.fit", "--engine", engine, "--batches", str(size)]
                threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
                done = subprocess.run(command, env=os.environ | threads, capture_output=True, text=True, check=True)
                seconds, memory = map(float, done.stdout.split())
                measured.append((seconds, memory))
        best = {engine: min(seconds for seconds, _ in measured) for engine, measured in found.items()}
        for engine, measured in found.items():
            ratio, memory = best[engine] / best["PyTorch"], max(memory for _, memory in measured)
            print(f"| {engine} | {best[engine] * 1e6:.0f} | {ratio:.2f} | {memory:.0f} |", flush=True)


if __name__ == "__main__":
    main()
