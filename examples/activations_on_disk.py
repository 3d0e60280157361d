"""A deep model whose activations wait on disk: `backward` reads what it needs from memory maps.

Run it with ``python -m examples.activations_on_disk``; it takes a second, and leaves nothing behind.
"""

import argparse
import itertools
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import nn
from autograd import Tensor, checkpoint, saved_tensors_hooks

Array = np.ndarray[Any, Any]
LARGE = 10_000  # elements; smaller arrays stay in memory, and so do the weights, which are kept anyway


def on_disk(folder: Path) -> saved_tensors_hooks:
    """Return hooks that write large arrays to a folder and read them through memory maps."""
    numbers = itertools.count()

    def pack(array: Array) -> Array | Path:
        if array.size < LARGE:
            return array
        path = folder / f"{next(numbers)}.npy"
        np.save(path, array)
        return path

    def unpack(packed: Array | Path) -> Any:
        return np.load(packed, mmap_mode="r") if isinstance(packed, Path) else packed

    return saved_tensors_hooks(pack, unpack)


def gradient(forward: Callable[[Array], Tensor], model: nn.Module, x: Array) -> tuple[Array, float]:
    """Return the gradient of all parameters, and the peak memory in megabytes."""
    model.zero_grad()
    tracemalloc.start()
    forward(x).mean().backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return np.concatenate([parameter.grad.data.ravel() for parameter in model.parameters()]), peak / 1e6


def main() -> None:
    """Compare three ways to keep the activations of forty layers: in memory, on disk, and not at all."""
    nn.manual_seed(0)
    blocks = [nn.Sequential(*[m for _ in range(5) for m in (nn.Linear(64, 64), nn.Tanh())]) for _ in range(8)]
    model = nn.Sequential(*blocks)
    x = np.random.default_rng(0).standard_normal((4096, 64)).astype(np.float32)

    def recomputed(x: Any) -> Tensor:
        for block in blocks:
            x = checkpoint(block, x)
        return x  # type: ignore[no-any-return]  # the result of a block

    expected, peak = gradient(model, model, x)
    print(f"in memory:  {peak:6.1f} MB at most")
    with tempfile.TemporaryDirectory() as folder:
        with on_disk(Path(folder)):
            found, peak = gradient(model, model, x)
        size = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6
    same = np.array_equal(found, expected)
    print(f"on disk:    {peak:6.1f} MB at most, {size:.1f} MB of files, the same gradient: {same}")
    found, peak = gradient(recomputed, model, x)
    print(f"recomputed: {peak:6.1f} MB at most, the same gradient: {np.array_equal(found, expected)}")


if __name__ == "__main__":
    argparse.ArgumentParser("python -m examples.activations_on_disk", description=__doc__).parse_args()
    main()
