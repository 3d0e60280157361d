"""Import time of ``autograd``, beside that of NumPy: the CPU time of whole processes on one thread, interleaved.

Run it with ``python -m benchmarks.import_time``.
"""

import os
import random
import statistics
import sys


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
    """Print the medians, their difference, and the median ratio of the two within a round."""
    statements = ["import numpy", "import autograd"]
    for statement in statements:
        seconds(statement)  # writes the compiled files
    times: dict[str, list[float]] = {statement: [] for statement in statements}
    for _ in range(rounds):
        for statement in random.sample(statements, 2):
            times[statement].append(seconds(statement))
    numpy, both = (statistics.median(times[statement]) * 1e3 for statement in statements)
    pairs = list(zip(*times.values(), strict=True))
    extra = statistics.median(with_engine - without for without, with_engine in pairs) * 1e3
    ratio = statistics.median(with_engine / without for without, with_engine in pairs)
    print(f"import numpy {numpy:.1f} ms, import autograd {both:.1f} ms (CPU): {extra:.1f} ms more, {ratio:.2f} times")


if __name__ == "__main__":
    main()
