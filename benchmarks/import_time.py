"""Import time of ``autograd``, beyond that of NumPy: whole processes, interleaved.

Run it with ``python -m benchmarks.import_time``.
"""

import os
import statistics
import subprocess
import sys
import time


def seconds(statement: str) -> float:
    """Return how long a new process takes to execute `statement`."""
    # Without compiled files, which some environments switch off, one would time the compiler.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, env=environment)
    return time.perf_counter() - started


def main(rounds: int = 20) -> None:
    """Print the medians and their difference."""
    statements = ("import numpy", "import autograd")
    for statement in statements:
        seconds(statement)  # writes the compiled files
    times = [[seconds(statement) for statement in statements] for _ in range(rounds)]
    numpy, both = (statistics.median(column) * 1e3 for column in zip(*times, strict=True))
    extra = statistics.median(with_engine - without for without, with_engine in times) * 1e3
    print(f"import numpy {numpy:.1f} ms, import autograd {both:.1f} ms: {extra:.1f} ms above NumPy")


if __name__ == "__main__":
    main()
