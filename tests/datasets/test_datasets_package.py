import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import datasets
from datasets import errors

ROOT = Path(datasets.__file__).parent.parent
KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type)]


def test_all_is_sorted_and_every_name_is_there() -> None:
    assert datasets.__all__ == sorted(datasets.__all__)
    for name in datasets.__all__:
        assert getattr(datasets, name).__doc__


def test_importing_loads_neither_the_engine_nor_pandas() -> None:
    program = "import datasets, sys; print(sorted({'autograd', 'nn', 'pandas'} & sys.modules.keys()))"
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout == "[]\n"


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "datasets" / "py.typed").is_file()


@pytest.mark.parametrize("kind", KINDS)
def test_errors_are_public_drawn_plain_and_picklable(kind: type[errors.DataError]) -> None:
    assert kind.__name__ in datasets.__all__
    assert kind.__name__ in (errors.__doc__ or "")
    assert issubclass(kind, errors.DataError)
    assert issubclass(kind, ValueError)
    message = "file.csv: line 3:\n'x' is wrong"
    assert str(kind(message)) == message
    assert str(pickle.loads(pickle.dumps(kind(message)))) == message


def test_errors_are_the_built_in_errors_a_caller_would_catch() -> None:
    assert issubclass(errors.MissingFileError, FileNotFoundError)
    assert issubclass(errors.TruncatedError, EOFError)
    assert issubclass(errors.ColumnError, KeyError)
