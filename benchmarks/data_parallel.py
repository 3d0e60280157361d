"""What two processes gain over one: a training step of the MNIST network, beside PyTorch's DistributedDataParallel.

Run it with ``mpiexec -n 2 python -m benchmarks.data_parallel [--batches 128 1024]``. Each process has one thread. Both
libraries run in the same processes, PyTorch with gloo, in interleaved blocks in random order; while one process is
measured the others sleep. The efficiency is the time of a step on one process over n times that on n processes, with
the same batch. Times are wall time. A block in which a process waited for a core, which others on the machine had, is
thrown away where Linux tells: steps that wait for each other suffer more from that than others.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import nn
from nn import distributed
from nn.distributed._blocks import share_of
from nn.distributed._collectives import add_up, gather_objects
from nn.distributed._launch import limit_threads

Step = Callable[[], object]
SIZES = [784, 128, 64, 10]
DISTURBED = 0.05  # part of a block's time
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


def waited() -> float:
    """Return the seconds for which the threads of this process have waited for a core."""
    files = Path("/proc/self/task").glob("*/schedstat")
    return sum(int(file.read_text().split()[1]) for file in files) / 1e9


def steps_of(batch: int, with_torch: bool) -> dict[tuple[str, bool], Step]:
    """Return a step of each library: on one process, and with shares of rows."""
    numbers = np.random.default_rng(0)
    x, y = numbers.random((batch, 784), dtype=np.float32), numbers.integers(0, 10, batch)
    makers = {"plaingrad": own_step, **({"torch + gloo": torch_step} if with_torch else {})}
    return {(name, parted): make(x, y, parted) for name, make in makers.items() for parted in (False, True)}


def sums() -> dict[tuple[str, bool], Step]:
    """Return sums over all processes, of a few numbers, of a gradient of this network, and of a larger one."""
    arrays = {"64 B": np.zeros(16, np.float32), "0.44 MB": np.zeros(109_386, np.float32)}
    arrays["16 MB"] = np.zeros(1 << 22, np.float32)
    return {(name, True): partial(add_up, array) for name, array in arrays.items()}


def measure(steps: dict[tuple[str, bool], Step], rounds: int, block: float) -> dict[tuple[str, bool], list[float]]:
    """Return the milliseconds of each step in the rounds that nothing disturbed.

    The second part of a key is whether all processes take part.
    """
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
    delays: dict[tuple[str, bool], list[float]] = {key: [] for key in steps}  # as parts of the time
    order, shuffle = list(steps), random.Random(0).shuffle
    for _ in range(rounds):
        shuffle(order)
        for key in order:
            distributed.barrier()
            if RANK and not key[1]:
                delays[key].append(0.0)
                continue  # to the next barrier
            before, start = waited(), time.perf_counter()
            for _ in range(repeats[key]):
                steps[key]()
            taken = time.perf_counter() - start
            times[key].append(taken / repeats[key] * 1000)
            delays[key].append((waited() - before) / taken)
    distributed.barrier()
    everywhere = gather_objects(delays)
    worst = {key: np.max([each[key] for each in everywhere], axis=0) for key in steps}
    return {key: [t for t, delay in zip(times[key], worst[key], strict=False) if delay < DISTURBED] for key in steps}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, nargs="+", default=[128, 1024])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--block", type=float, default=0.01, help="seconds of a block")
    options = parser.parse_args()
    limit_threads(1)
    with_torch = begin_torch()
    if RANK == 0:
        print(f"| batch | library | 1 process, ms | {SIZE} processes, ms | efficiency | blocks |")
        print("|---|---|---|---|---|---|")
    for batch in options.batches:
        times = measure(steps_of(batch, with_torch), options.rounds, options.block)
        for name in dict.fromkeys(name for name, _ in times):
            if RANK == 0:
                alone, together = times[name, False], times[name, True]
                if not (alone and together):
                    print(f"| {batch} | {name} | no block was undisturbed |", flush=True)
                    continue
                one, several = statistics.median(alone), statistics.median(together)
                print(
                    f"| {batch} | {name} | {one:.2f} | {several:.2f} | {one / (SIZE * several):.2f} | "
                    f"{len(alone)}, {len(together)} |",
                    flush=True,
                )
    for (name, _), found in measure(sums(), options.rounds, options.block).items():
        if RANK == 0 and found:
            print(f"a sum of {name} over {SIZE} processes: {statistics.median(found):.3f} ms")
    if with_torch:
        import torch

        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
