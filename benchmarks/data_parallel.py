"""What two processes gain over one: a training step of the MNIST network, beside PyTorch's DistributedDataParallel.

Run it with ``mpiexec -n 2 python -m benchmarks.data_parallel [--batches 128 1024]``. Each process has one thread. Both
libraries run in the same processes, PyTorch with gloo, in interleaved blocks in random order; while one process is
measured the others sleep. The efficiency is the time of a step on one process over that on n with the same batch, times
n. Times are wall time: other work on the machine lengthens steps that wait for each other more than those that do not.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

import nn
from nn import distributed
from nn.distributed._blocks import share_of
from nn.distributed._collectives import gather_objects
from nn.distributed._launch import limit_threads

Step = Callable[[], object]
SIZES = [784, 128, 64, 10]
RANK, SIZE = distributed.rank(), distributed.world_size()


def share(x: Any, parted: bool) -> Any:
    """Return the rows of this process, or all."""
    rows = share_of(len(x), RANK, SIZE)
    return x[rows.start : rows.stop] if parted else x


def own_step(x: Any, y: Any, parted: bool) -> Step:
    """Return a step of this library."""
    model, loss = nn.MLP(SIZES), nn.CrossEntropyLoss()
    called = distributed.DataParallel(model) if parted else model
    optimizer = nn.optim.Adam(model.parameters())
    x, y = share(x, parted), share(y, parted)

    def step() -> None:
        optimizer.zero_grad()
        loss(called(x), y).backward()
        optimizer.step()

    return step


def torch_step(x: Any, y: Any, parted: bool) -> Step:
    """Return a step of PyTorch's."""
    import torch

    layers = [torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 64), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers, torch.nn.Linear(64, 10))
    called = torch.nn.parallel.DistributedDataParallel(model) if parted else model
    loss, optimizer = torch.nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters())
    x, y = torch.from_numpy(share(x, parted).copy()), torch.from_numpy(share(y, parted).copy())

    def step() -> None:
        optimizer.zero_grad()
        loss(called(x), y).backward()
        optimizer.step()

    return step


def begin_torch() -> bool:
    """Let PyTorch's processes meet; return whether it is there."""
    try:
        import torch
    except ImportError:
        return False
    torch.set_num_threads(1)
    folder = gather_objects(tempfile.mkdtemp() if RANK == 0 else "")[0]
    torch.distributed.init_process_group(
        "gloo", f"file://{Path(folder, 'meeting')}", timedelta(seconds=60), rank=RANK, world_size=SIZE
    )
    return True


def measure(batch: int, rounds: int, block: float, with_torch: bool) -> dict[tuple[str, bool], list[float]]:
    """Return the milliseconds of a step in each round: for each library, alone and with shares of rows."""
    numbers = np.random.default_rng(0)
    x, y = numbers.random((batch, 784), dtype=np.float32), numbers.integers(0, 10, batch)
    makers = {"plaingrad": own_step, **({"torch + gloo": torch_step} if with_torch else {})}
    steps = {(name, parted): make(x, y, parted) for name, make in makers.items() for parted in (False, True)}
    repeats: dict[tuple[str, bool], int] = {}
    for key, step in steps.items():
        for _ in range(5):
            step()
        start = time.perf_counter()
        for _ in range(10):
            step()
        repeats[key] = max(3, int(block / (time.perf_counter() - start) * 10))
    repeats = gather_objects(repeats)[0]
    times: dict[tuple[str, bool], list[float]] = {key: [] for key in steps}
    order, shuffle = list(steps), random.Random(0).shuffle
    for _ in range(rounds):
        shuffle(order)
        for key in order:
            distributed.barrier()
            if RANK and not key[1]:
                continue  # to the next barrier
            start = time.perf_counter()
            for _ in range(repeats[key]):
                steps[key]()
            times[key].append((time.perf_counter() - start) / repeats[key] * 1000)
    distributed.barrier()
    return times


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, nargs="+", default=[128, 1024])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--block", type=float, default=0.1, help="seconds of a block")
    options = parser.parse_args()
    limit_threads(1)
    with_torch = begin_torch()
    if RANK == 0:
        print(f"| batch | library | 1 process, ms | {SIZE} processes, ms | efficiency | of the fastest rounds |")
        print("|---|---|---|---|---|---|")
    for batch in options.batches:
        times = measure(batch, options.rounds, options.block, with_torch)
        for name in dict.fromkeys(name for name, _ in times):
            if RANK == 0:
                alone, together = times[name, False], times[name, True]
                ratios = [a / (SIZE * b) for a, b in zip(alone, together, strict=True)]
                best = min(alone) / (SIZE * min(together))
                print(
                    f"| {batch} | {name} | {statistics.median(alone):.2f} | {statistics.median(together):.2f} | "
                    f"{statistics.median(ratios):.2f} | {best:.2f} |",
                    flush=True,
                )
    if with_torch:
        import torch

        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
