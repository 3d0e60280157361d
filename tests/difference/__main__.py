"""Plant 200 changes in random models, and count how many are found: ``python -m tests.difference``."""

import sys

from .planting import KINDS
from .search import found

COUNT = 200


def main(count: int = COUNT) -> int:
    """Print what is not found, and return how many changes that are."""
    missed = 0
    for of_functions, what in ((True, "of functions"), (False, "of results")):
        wrong = [text for number in range(count) if (text := found(number, of_functions))]
        missed += len(wrong)
        print(f"{what}: {count - len(wrong)} of {count} changes found at their node, of {', '.join(KINDS)}")
        print(*wrong, sep="\n")
    return missed


if __name__ == "__main__":
    sys.exit(main() > COUNT // 100)
