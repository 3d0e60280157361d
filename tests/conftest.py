"""How tests run: Hypothesis without a deadline or a database, with the same examples each time where CI is set.

``pytest --hypothesis-profile=thorough`` tries more examples than a change has to wait for, and all cases of suites that
otherwise take a sample (`tests/thorough.py`).
"""

import gc
import os
import signal
import tempfile
from pathlib import Path

from hypothesis import settings

from autograd.tensors.dispatch import declare_further_functions

# What it remembers of the source and of Unicode; by default that is written beside the source.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(Path(tempfile.gettempdir()) / "hypothesis"))

settings.register_profile("default", deadline=None, database=None, max_examples=6)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=100)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "default")

# Suites go through all operations, including those that are declared when they are first called.
declare_further_functions()

# What a script runs in the background ignores Ctrl-C; tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Leave what tests are made of out of the garbage collections that tests ask for."""
    gc.collect()
    gc.freeze()
