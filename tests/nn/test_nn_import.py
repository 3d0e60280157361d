"""What `import nn` loads, and what is loaded when it is first asked for."""

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

# Modules some of whose names are loaded when they are first asked for.
LAZY = ["nn", "nn.distributed", "nn.onnx", "nn.optim", "nn.plots", "nn.utils"]
UNUSED = ("nn.training", "nn.distributions", "nn.onnx._", "nn.plots._", "nn.optim._adam", "nn.optim.lr_scheduler")


def fresh(program: str, **environment: str) -> str:
    """Run a program in a new process, and return what it printed."""
    command = [sys.executable, "-c", program]
    run = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, "PMI_SIZE": "1", **environment}
    )
    assert not run.returncode, run.stderr
    return run.stdout


def test_the_import_loads_only_what_most_programs_use() -> None:
    loaded = fresh(
        "import sys, numpy.typing, pickle; before = {*sys.modules}; import nn; print(*{*sys.modules} - before)"
    )
    others = {name for name in loaded.split() if not name.startswith(("nn", "autograd"))}
    assert others <= {"__future__", "copy", "gc"}
    assert not [name for name in loaded.split() if name.startswith((*UNUSED, "nn.distributed._launch."))]
    assert len(loaded.split()) < 170  # files, each of which takes a third of a millisecond


def test_generators_are_made_when_they_are_asked_for() -> None:
    program = """
import sys, nn
print("numpy.random" in sys.modules, end=" ")
generator = nn.random.default_generator()
print(generator is nn.random.default_generator(), generator.random())
"""
    first, second = fresh(program).split(), fresh(program).split()
    assert first[:2] == second[:2] == ["False", "True"]
    assert first[2] != second[2]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("module", LAZY)
def test_names_are_listed_before_they_are_loaded_and_can_be_pickled(module: str) -> None:
    program = f"""
import pickle, {module} as module
missing = {{*module.__all__}} - {{*dir(module)}}
assert not missing, missing
from {module} import *
for name in module.__all__:
    value = getattr(module, name)
    assert value is globals()[name] is getattr(module, name)
    if hasattr(value, "__qualname__"):
        assert pickle.loads(pickle.dumps(value)) is value, name
        print(name, value.__module__)
"""
    homes = dict(line.split() for line in fresh(program).splitlines())
    assert {home for name, home in homes.items() if name != "replacing"} <= {module}


def test_names_say_the_same_module_whichever_is_asked_for_first() -> None:
    names = "NonFiniteLossError, TrainingWarning, evaluate, fit, predict, watch"
    program = f"from nn.training import {names}; print(*{{each.__module__ for each in ({names})}})"
    assert fresh(program) == "nn\n"


@pytest.mark.parametrize("module", ["autograd", "autograd.extend", *LAZY])
def test_type_checkers_are_told_of_the_names_that_are_loaded_later(module: str) -> None:
    loaded = importlib.import_module(module)
    told = set()
    for block in ast.parse(Path(str(loaded.__file__)).read_text()).body:
        if isinstance(block, ast.If) and ast.unparse(block.test) == "typing.TYPE_CHECKING":
            imports = [each for each in block.body if isinstance(each, ast.ImportFrom)]
            told = {alias.asname or alias.name for each in imports for alias in each.names}
    tables = [getattr(loaded, table, {}) for table in ("_OWN", "_OTHERS", "_OF_HIPS", "_FILES")]
    later = {name.rpartition(" ")[2] for table in tables for names in table.values() for name in names}
    later |= {*getattr(loaded, "_MODULES", ())} & {*loaded.__all__}
    of_hips = {"Box", "JVPNode", "SparseObject", "VJPNode", "backward_pass", "def_linear", "register_notrace"}
    assert told ^ later <= of_hips  # which have no types


def test_states_of_kinds_that_are_not_loaded_are_refused() -> None:
    program = """
import nn
weight = nn.Parameter([1.0])
adam = nn.optim.Adam([weight])
state = adam.state_dict()
state["param_groups"][0]["etas"] = (0.5, 1.2)
schedule = nn.optim.lr_scheduler.ConstantLR(adam)
mistaken = {**schedule.state_dict(), "anneal_epochs": 3}
for each, given in ((adam, state), (schedule, mistaken)):
    try:
        each.load_state_dict(given)
    except ValueError as error:
        print(str(error).rpartition("it has ")[2].rpartition(".")[0] or error)
"""
    optimizer, schedule = fresh(program).splitlines()
    assert optimizer == "etas"
    assert schedule.endswith("it has ['anneal_epochs'], as another kind of scheduler")


def test_a_process_of_a_launcher_starts_mpi_with_the_import() -> None:
    program = "import sys, nn; print('nn.distributed._launch' in sys.modules)"
    assert fresh(program) == "False\n"
    assert fresh("import sys; sys.modules['mpi4py.MPI'] = None\n" + program, PMI_SIZE="2") == "True\n"


def test_names_that_there_are_not_say_where_similar_ones_are() -> None:
    program = """
import nn
for module, name in ((nn, "adam"), (nn, "Fit"), (nn.optim, "steplr"), (nn.utils, "Remove_Parametrizations")):
    try:
        getattr(module, name)
    except AttributeError as error:
        print(str(error).rpartition(": here it is ")[2])
"""
    remedies = [
        "nn.optim.Adam",
        "nn.fit",
        "nn.optim.lr_scheduler.StepLR",
        "nn.utils.parametrize.remove_parametrizations",
    ]
    assert fresh(program).splitlines() == remedies
