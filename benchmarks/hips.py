"""Programs for HIPS autograd, on it and on this package: what passes, and the CPU time on one thread.

``python -m benchmarks.hips`` fetches HIPS autograd and what builds on it from the package index, into ``build/hips``,
and runs their test suites, programs with those that have none, and HIPS's examples on both packages. It takes a quarter
of an hour; names limit it (``python -m benchmarks.hips pymanopt examples``). It needs matplotlib, pandas and
scikit-learn.

Suites, which take minutes, run on both packages at the same time, so that a machine that is slower for a while is so
for both: it takes two cores that are idle. All else runs in turns.

Examples that train for long are cut short, and draw nothing; those about MNIST are given other images of its size. One
example is left out: rkhs, which differentiates with respect to a class of its own.
"""

import argparse
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parents[1]
FOLDER = HERE / "build" / "hips"
SOURCES = {
    "autograd": "1.9.1",
    "pymanopt": "2.2.1",
    "lifelines": "0.30.3",
    "reliability": "0.9.0",
    "surpyval": "0.25",
}
LIBRARIES = [
    "autograd-gamma==0.5.0",
    "ceviche==0.1.3",
    "formulaic",
    "interface-meta",
    "narwhals",
    "wrapt",
    "mplcursors",
    "numdifftools",
    "joblib",
    "pint",
    "flexcache",
    "flexparser",
    "pymongo",
    "flaky",
    "tqdm",
    "typing-extensions",
    "hypothesis",
    "sortedcontainers",
    "pymoo==0.6.2",
    "alive-progress",
    "about-time",
    "graphemeu",
    "cma",
    "Deprecated",
    "moocore",
    "cffi",
    "pycparser",
    "platformdirs",
    "backends==1.9.0",
    "plum-dispatch",
    "beartype",
    "fdm",
    "algebra",
    "opt-einsum",
    "rich",
    "geomstats==2.8.0",
    "pennylane==0.45.0",
    "pennylane-lightning==0.45.0",
    "scipy-openblas32",
    "appdirs",
    "autoray==0.8.4",
    "cachetools",
    "diastatic-malt==2.15.3",
    "astunparse",
    "gast",
    "termcolor",
    "networkx",
    "rustworkx",
    "tomlkit",
    "requests",
    "urllib3",
    "idna",
    "certifi",
    "charset-normalizer",
]

PARAMETRIC = "surpyval/tests/univariate/parametric/test_"
SUITES = {  # the project, its tests, and which of them use autograd
    "autograd": ("tests", ""),
    "pymanopt": ("tests/backends/test_autograd.py tests/manifolds tests/optimizers tests/test_multi_tools.py", ""),
    "lifelines": (
        "lifelines/tests/test_estimation.py",
        "Weibull or LogNormal or LogLogistic or Piecewise or Exponential or GeneralizedGamma or ParametricRegression "
        "or ParametricUnivariate or CustomRegression or Spline or CRC or Mixture",
    ),
    "reliability": ("tests", ""),
    "surpyval": (
        f"{PARAMETRIC}censored_hessian.py {PARAMETRIC}closed_form_mle.py {PARAMETRIC}conditional_survival.py "
        f"{PARAMETRIC}custom_distribution.py {PARAMETRIC}confidence_bounds.py {PARAMETRIC}discrete.py "
        f"{PARAMETRIC}fixed.py {PARAMETRIC}lfp_zi.py {PARAMETRIC}weibayes.py {PARAMETRIC}real_data.py "
        f"{PARAMETRIC}mixture_model.py {PARAMETRIC}mps.py surpyval/tests/test_autograd_gamma_compat_shapes.py",
        "",
    ),
}
PROGRAMS = ["ceviche", "autograd_gamma", "pymoo", "lab", "geomstats", "pennylane"]  # in hips_programs.py
EXAMPLES = {  # what is replaced in the text, so that each ends within seconds
    "bayesian_neural_net": ("", ""),
    "bayesian_optimization": ("", ""),
    "black_box_svi": ("", ""),
    "convnet": ("num_epochs = 50", "num_epochs = 1"),
    "deep_gaussian_process": ('"CG"', '"CG", options={"maxiter": 40}'),
    "define_gradient": ("", ""),
    "dot_graph": ("", ""),
    "fixed_points": ("", ""),
    "fluidsim/fluidsim": ('"maxiter": 25', '"maxiter": 2'),
    "fluidsim/wing": ('"maxiter": 50', '"maxiter": 2'),
    "gaussian_process": ("", ""),
    "generative_adversarial_net": ("num_epochs = 50", "num_epochs = 3"),
    "gmm": ("", ""),
    "gplvm": ('"CG"', '"CG", options={"maxiter": 60}'),
    "hmm_em": ("atol=1e-3, rtol=1e-3", "atol=0.1, rtol=0.1"),
    "ica": ("", ""),
    "logistic_regression": ("", ""),
    "lstm": ("num_iters=1000", "num_iters=10"),
    "mixture_variational_inference": ("num_iters=2000", "num_iters=30"),
    "natural_gradient_black_box_svi": ("", ""),
    "negative_binomial_maxlike": ("", ""),
    "neural_net": ("", ""),
    "neural_net_regression": ("", ""),
    "ode_net": ("num_iters=1000", "num_iters=10"),
    "print_trace": ("", ""),
    "rnn": ("num_iters=1000", "num_iters=20"),
    "rosenbrock": ("", ""),
    "sinusoid": ("", ""),
    "tanh": ("", ""),
    "variational_autoencoder": ("", ""),
}
expected: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]] = {}  # what a program printed on HIPS autograd
RUN_EXAMPLE = """
import importlib.abc, importlib.machinery, runpy, sys, types, warnings
def imread(path):
    import numpy, PIL.Image
    return numpy.asarray(PIL.Image.open(path), numpy.float32) / 255
class Nothing:  # any part of matplotlib
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return imread if name == "imread" else self
    def __call__(self, *args, **kwargs):
        return self
    def __iter__(self):  # figure, axes = plt.subplots()
        return iter((self, self))
class Undrawn(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] == "matplotlib":
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
    def create_module(self, spec):
        module = types.ModuleType(spec.name)
        module.__path__, module.__getattr__ = [], Nothing().__getattr__
        return module
    def exec_module(self, module): pass
sys.meta_path.insert(0, Undrawn())
def digits():  # in the place of a download: images of the size of MNIST's
    import numpy
    rng = numpy.random.default_rng(0)
    labels = rng.integers(0, 10, 1280, numpy.uint8)
    images = (rng.integers(0, 256, (10, 28, 28))[labels] * rng.random((1280, 28, 28))).astype(numpy.uint8)
    return images[:1024], labels[:1024], images[1024:], labels[1024:]
sys.modules["data_mnist"] = types.SimpleNamespace(mnist=digits)
warnings.simplefilter("ignore")
sys.path.insert(0, sys.argv[2])
runpy.run_path(sys.argv[1], run_name="__main__")
"""
RUN_SUITE = """
import pathlib, random, sys
import numpy, pytest
pathlib.Path("empty.ini").touch()
class Seeds:  # so that both packages are given the same data
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        random.seed(1); numpy.random.seed(1)
ours = ["-p", "no:pytest_plaingrad", "-p", "no:plaingrad"]
options = ["-q", "-p", "no:cacheprovider", "-W", "ignore", "-c", "empty.ini", *ours]
sys.exit(pytest.main([*options, *sys.argv[1:]], [Seeds()]))
"""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    whole = [*SUITES, *PROGRAMS, "examples"]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(whole)}, or an example")
    names = parser.parse_args().names or whole
    for name in names:
        if name not in (*whole, *EXAMPLES):
            parser.error(f"there is no {name!r}: {', '.join([*whole, *EXAMPLES])}")
    fetch()
    print(f"{'':32}{'HIPS autograd':>32}{'s':>8}{'plaingrad':>32}{'s':>8}{'ratio':>8}")
    totals = [0.0, 0.0]
    for name in [name for name in names if name in SUITES]:
        seconds = compare_at_once(name)
        totals = [a + b for a, b in zip(totals, seconds, strict=True)]
    if totals[0]:
        print(f"all suites: ratio {totals[1] / totals[0]:.2f}")
    for name in [name for name in names if name in PROGRAMS]:
        compare(name, run_program)
    chosen = [each for name in names for each in (EXAMPLES if name == "examples" else [name]) if each in EXAMPLES]
    ratios = []
    for name in chosen:
        theirs, ours = compare(name, run_example)
        ratios.append(ours / theirs)
    if ratios:
        print(f"{len(ratios)} examples: geometric mean {math.exp(sum(map(math.log, ratios)) / len(ratios)):.2f}")


def fetch() -> None:
    """Fetch sources and libraries, once."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, version in SOURCES.items():
        if not (FOLDER / f"{name}-{version}").exists():
            pip("download", "--no-deps", "--no-binary", name, "-d", FOLDER, f"{name}=={version}")
            (archive,) = FOLDER.glob(f"{name}-{version}.tar.gz")
            with tarfile.open(archive) as opened:
                opened.extractall(FOLDER, filter="data")
            if name == "autograd":  # the tests import what is on the path
                shutil.rmtree(FOLDER / f"{name}-{version}" / "autograd")
            if name == "pymanopt":  # its tests of other backends are not run
                tests = FOLDER / f"{name}-{version}" / "tests" / "conftest.py"
                tests.write_text(re.sub(r".*(tensorflow|torch|tf\.).*\n", "", tests.read_text()))
    if not (FOLDER / "theirs").exists():
        pip("install", "--no-deps", "--target", FOLDER / "theirs", f"autograd=={SOURCES['autograd']}")
    if not (FOLDER / "libraries").exists():
        pip("install", "--no-deps", "--target", FOLDER / "libraries", *LIBRARIES)


def pip(*arguments: object) -> None:
    """Run pip."""
    subprocess.run([sys.executable, "-m", "pip", "-q", *map(str, arguments)], check=True)


def compare(name: str, run: Callable[[str, bool], tuple[str, float]]) -> tuple[float, float]:
    """Run one thing on both packages in turns, print a line, and return the seconds of each: medians."""
    rounds: list[list[tuple[str, float]]] = []
    while not rounds or (len(rounds) < (4 if rounds[0][1][1] > 1 else 16) and rounds[0][1][1] < 8):
        rounds.append([run(name, False), run(name, True)])
    counted = rounds[1:] or rounds  # the first time, modules are compiled
    theirs, ours = [statistics.median(each[which][1] for each in counted) for which in (0, 1)]
    return shown(name, [outcome for outcome, _ in rounds[-1]], theirs, ours)


def compare_at_once(name: str) -> tuple[float, float]:
    """Run a suite on both packages at the same time, print a line, and return the seconds of each."""
    with ThreadPoolExecutor() as pool:
        (theirs, theirs_seconds), (ours, ours_seconds) = pool.map(run_suite, [name] * 2, (False, True))
    return shown(name, [theirs, ours], theirs_seconds, ours_seconds)


def shown(name: str, outcomes: Sequence[str], theirs: float, ours: float) -> tuple[float, float]:
    """Print a line, and return the seconds."""
    print(f"{name:32}{outcomes[0]:>32}{theirs:8.1f}{outcomes[1]:>32}{ours:8.1f}{ours / theirs:8.2f}", flush=True)
    return theirs, ours


def run_suite(name: str, ours: bool) -> tuple[str, float]:
    """Run the tests of a project; return how many pass and fail, and the CPU time."""
    tests, chosen = SUITES[name]
    source = FOLDER / f"{name}-{SOURCES[name]}"
    lines, seconds = timed(["-c", RUN_SUITE, *tests.split(), *(["-k", chosen] if chosen else [])], source, ours)
    counted = re.findall(r"\d+ (?:passed|failed|error)", lines[-1] if lines else "")
    return ", ".join(counted) or "did not run", seconds


def run_program(name: str, ours: bool) -> tuple[str, float]:
    """Run a program; return whether it printed the numbers that it prints on HIPS autograd, and the CPU time."""
    lines, seconds = timed([str(HERE / "benchmarks" / "hips_programs.py"), name], FOLDER, ours)
    try:
        numbers = np.array([float(number) for line in lines for number in line.split()])
    except ValueError:
        return lines[-1][:30], seconds
    if not ours:
        expected[name] = numbers
    same = numbers.shape == expected[name].shape and np.allclose(numbers, expected[name], rtol=1e-6, atol=1e-9)
    return f"{numbers.size} numbers" if same else "other numbers", seconds


def run_example(name: str, ours: bool) -> tuple[str, float]:
    """Run an example, shortened; return whether it ran, and the CPU time."""
    folder = FOLDER / f"autograd-{SOURCES['autograd']}" / "examples"
    pattern, replacement = EXAMPLES[name]
    text = (folder / f"{name}.py").read_text()
    if pattern and not re.search(pattern, text):
        raise ValueError(f"the text of {name} has no {pattern}")
    short = (folder / name).with_name("shortened.py")
    short.write_text(re.sub(pattern, replacement, text) if pattern else text)
    try:
        lines, seconds = timed(["-c", RUN_EXAMPLE, str(short), str(short.parent)], short.parent, ours)
    finally:
        short.unlink()
    failed = lines and re.match(r"\w+(\.\w+)*(Error|Exception)\b", lines[-1])
    return (lines[-1][:30] if failed else "ran"), seconds


def timed(arguments: list[str], folder: Path, ours: bool) -> tuple[list[str], float]:
    """Run Python in `folder` with one of the packages; return what it printed and its CPU time."""
    path = [HERE if ours else FOLDER / "theirs", FOLDER / "libraries", *sources(), folder]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, path)), "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg",
        "PLAINGRAD_COMPATIBILITY": "hips", "PYTHONPYCACHEPREFIX": str(FOLDER / "bytecode"),
    }  # fmt: skip
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=folder, env=environment, stdout=printed, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        return printed.read().strip().splitlines(), used.ru_utime + used.ru_stime


def sources() -> Iterable[Path]:
    """Return where the projects themselves are imported from; HIPS autograd is not."""
    for name, version in SOURCES.items():
        if name != "autograd":
            root = FOLDER / f"{name}-{version}"
            yield root / "src" if (root / "src").exists() else root


if __name__ == "__main__":
    main()
