"""Import times of ``autograd`` and ``nn``, beside NumPy's: the CPU time of whole processes on one thread, interleaved.

Run it with ``python -m benchmarks.import_time``.
"""

import os
import random
import statistics
import sys
from operator import truediv


def seconds(statement: str) -> float:
    """Return the CPU time that a new process takes to execute `statement`."""
    # Without compiled files, which some environments switch off, one would time the compiler.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["OPENBLAS_NUM_THREADS"] = "1"  # idle threads of NumPy's would add half of its time
    process = os.posix_spawn(sys.executable, [sys.executable, "-c", statement], environment)
    _, status, usage = os.wait4(process, 0)
    if status:
        raise RuntimeError(f"{statement!r} failed in a new process")
    return usage.ru_utime + usage.ru_stime


def main(rounds: int = 30) -> None:
    """Print the medians, and the median ratios to `import numpy` within a round."""
    statements = ["import numpy", "import autograd", "import nn"]
    for statement in statements:
        seconds(statement)  # writes the compiled files
    times: dict[str, list[float]] = {statement: [] for statement in statements}
    for _ in range(rounds):
        for statement in random.sample(statements, len(statements)):
            times[statement].append(seconds(statement))
    for statement, taken in times.items():
        ratio = statistics.median(map(truediv, taken, times["import numpy"]))
        print(f"{statement:16} {statistics.median(taken) * 1e3:6.1f} ms, {ratio:.2f} times")


if __name__ == "__main__":
    main()
