"""The difference of two graphs of ten thousand nodes: CPU time to record, to compare and to write the page.

Run it with ``python -m benchmarks.difference [--nodes N]``.
"""

from benchmarks import timing  # isort: skip  # limits the threads before NumPy is imported

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from autograd import Tensor, diff_graphs, record_run, tensor


def model(weights: list[Tensor], layers: int, swapped: int = -1) -> Tensor:
    """Return the result of a deep network, in which one layer may have another nonlinearity."""
    h = np.ones((16, 16)) @ weights[0]
    for layer in range(layers):
        h = h @ weights[layer % len(weights)]
        h = np.sin(h) if layer == swapped else np.tanh(h)
    result: Tensor = h.sum()
    return result


def main() -> None:
    """Print the medians of several rounds for an equal graph, one swapped operation, and weights that all differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=10_000)
    layers = parser.parse_args().nodes // 2
    rng = np.random.default_rng(0)
    weights = [tensor(rng.normal(size=(16, 16)) / 4, requires_grad=True) for _ in range(100)]
    others = [tensor(w.data * (1 + 1e-3), requires_grad=True) for w in weights]
    cases = {
        "equal": lambda: model(weights, layers),
        "one operation": lambda: model(weights, layers, layers // 2),
        "all weights": lambda: model(others, layers),
    }
    print("| difference | nodes | differ | record both s | compare s | write s | compare + write s | MB |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for name, changed in cases.items():
            rows = []
            for done in range(3):
                timing.progress(f"{name}, round {done + 1}")
                times = [time.process_time()]
                a, b = record_run(cases["equal"]), record_run(changed)
                times.append(time.process_time())
                difference = diff_graphs(a, b)
                times.append(time.process_time())
                page = difference.to_html(Path(folder) / "page.html")
                times.append(time.process_time())
                rows.append(np.diff(times))
            timing.progress("")
            recorded, compared, written = np.median(rows, axis=0)
            counts = f"{len(difference.nodes):,} | {len(difference.differences):,}"
            size = page.stat().st_size / 1e6
            print(
                f"| {name} | {counts} | {recorded:.2f} | {compared:.2f} | {written:.2f} | {compared + written:.2f} | "
                f"{size:.1f} |"
            )


if __name__ == "__main__":
    main()
