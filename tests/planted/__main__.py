"""Print which planted errors a checker finds: ``python -m tests.planted --checker gradcheck``."""

import argparse

from .catalogue import catalogue
from .checkers import CHECKERS
from .kinds import KINDS
from .rates import false_alarms, measure, report
from .subjects import SUBJECTS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__)
    parser.add_argument("--checker", choices=CHECKERS, default="check", help="which one is measured")
    parser.add_argument("--kind", nargs="+", choices=KINDS, metavar="KIND", help="only errors of these kinds")
    parser.add_argument("--operation", nargs="+", choices=SUBJECTS, metavar="NAME", help="only in these operations")
    parser.add_argument("--seed", type=int, default=0, help="another number draws another catalogue")
    parser.add_argument("--each", type=int, default=3, help="how many errors of each kind are drawn")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes work")
    parser.add_argument("--list", action="store_true", help="print the kinds and the catalogue instead")
    options = parser.parse_args()
    pairs = [
        pair
        for pair in catalogue(options.seed, options.each)
        if pair.kind in (options.kind or KINDS) and pair.operation in (options.operation or SUBJECTS)
    ]
    if options.list:
        for name in sorted({pair.kind for pair in pairs}):
            places = ", ".join(f"{pair.operation}/{pair.index}" for pair in pairs if pair.kind == name)
            print(f"{name}: {KINDS[name].summary} {places}")
        return
    refused = false_alarms(options.checker, (pair.operation for pair in pairs), options.jobs)
    for operation, said in refused.items():
        print(f"{operation} is right, but: {said}")
    print(report(measure(options.checker, [pair for pair in pairs if pair.operation not in refused], options.jobs)))


if __name__ == "__main__":
    main()
