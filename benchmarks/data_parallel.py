"""What two processes gain over one: a training step of the MNIST network, beside PyTorch's DistributedDataParallel.

Run it with ``mpiexec -n 2 python -m benchmarks.data_parallel [--batches 128 1024]``. Each process has one thread. Both
libraries run in the same processes, PyTorch with gloo, in interleaved blocks in random order; while one process is
measured the others sleep. The efficiency is the time of a step on one process over n times that on n processes, with
the same batch. Where Linux tells that a process waited for a core, which others on the machine had, the block does not
count in wall time, if at least five others do: steps that wait for each other suffer more from that than others. CPU
time tells on a busy machine too how much more there is to do on several processes: the part that is kept.
"""

import argparse
import random
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


class Blocks:
    """What was measured of one step, block by block: milliseconds of wall time, and of CPU time of all processes.

    Attributes
    ----------
    undisturbed
        Whether each of the processes had a core whenever it wanted one.
    """

    def __init__(self, columns: Any, repeats: int) -> None:
        seconds, cpu, waited = columns  # of each process and block
        self.undisturbed = np.max(waited, axis=0) < DISTURBED * np.array(seconds[0])
        self.wall, self.cpu = np.array(seconds[0]) / repeats * 1e3, np.sum(cpu, axis=0) / repeats * 1e3

    def of_wall(self, undisturbed: bool) -> float:
        """Return the median of the wall time, of undisturbed blocks or of all."""
        return float(np.median(self.wall[self.undisturbed] if undisturbed else self.wall))

    def of_cpu(self) -> float:
        """Return the median of the CPU time."""
        return float(np.median(self.cpu))


def measure(steps: dict[tuple[str, bool], Step], rounds: int, block: float) -> dict[tuple[str, bool], Blocks]:
    """Return what was measured of each step; the second part of a key is whether all processes take part."""
    repeats: dict[tuple[str, bool], int] = {}
    for key, step in steps.items():
        for _ in range(5):
            step()
        start = time.perf_counter()
        for _ in range(10):
            step()
        repeats[key] = max(1, int(block / (time.perf_counter() - start) * 10))
    repeats = gather_objects(repeats)[0]
    found: dict[tuple[str, bool], list[tuple[float, float, float]]] = {key: [] for key in steps}
    order, shuffle = list(steps), random.Random(0).shuffle
    for _ in range(rounds):
        shuffle(order)
        for key in order:
            distributed.barrier()
            if RANK and not key[1]:
                found[key].append((0.0, 0.0, 0.0))
                continue  # to the next barrier
            before, cpu, start = waited(), time.process_time(), time.perf_counter()
            for _ in range(repeats[key]):
                steps[key]()
            found[key].append((time.perf_counter() - start, time.process_time() - cpu, waited() - before))
    distributed.barrier()
    everywhere = gather_objects(found)  # by process, step and block
    columns = {key: np.array([each[key] for each in everywhere]).transpose(2, 0, 1) for key in steps}
    return {key: Blocks(columns[key], repeats[key]) for key in steps}


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
        print(f"| batch | library | 1, ms | {SIZE}, ms | efficiency | undisturbed | CPU: 1, ms | {SIZE}, ms | kept |")
        print("|---|---|---|---|---|---|---|---|---|")
    for batch in options.batches:
        found = measure(steps_of(batch, with_torch), options.rounds, options.block)
        for name in dict.fromkeys(name for name, _ in found):
            alone, together = found[name, False], found[name, True]
            quiet = min(alone.undisturbed.sum(), together.undisturbed.sum()) >= 5
            one, several = alone.of_wall(quiet), together.of_wall(quiet)
            if RANK == 0:
                print(
                    f"| {batch} | {name} | {one:.2f} | {several:.2f} | {one / (SIZE * several):.2f} | "
                    f"{alone.undisturbed.sum()}, {together.undisturbed.sum()} of {options.rounds} | "
                    f"{alone.of_cpu():.2f} | {together.of_cpu():.2f} | {alone.of_cpu() / together.of_cpu():.2f} |",
                    flush=True,
                )
    for (name, _), blocks in measure(sums(), options.rounds, options.block).items():
        if RANK == 0:
            print(
                f"a sum of {name} over {SIZE} processes: {blocks.of_wall(bool(blocks.undisturbed.sum() >= 5)):.3f} ms"
            )
    if with_torch:
        import torch

        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
