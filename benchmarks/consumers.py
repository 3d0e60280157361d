"""The array API tests of SciPy and scikit-learn themselves, with tensors in place of the arrays of array-api-strict.

``python -m benchmarks.consumers`` prints how many pass. Their suites run once for each array library that they know;
a module of that name with this project's namespace stands in for one of them. It takes minutes, and needs no
array-api-strict.
"""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from autograd import array_api

SUITES = {
    "scipy": (
        ["-m", "array_api_backends"],
        """
        _lib/tests/test_array_api.py cluster/tests/test_vq.py constants/tests/test_constants.py
        differentiate/tests/test_differentiate.py fft/tests/test_basic.py fft/tests/test_helper.py
        integrate/tests/test_quadrature.py integrate/tests/test_tanhsinh.py optimize/tests/test_chandrupatla.py
        signal/tests/test_signaltools.py signal/tests/test_windows.py spatial/transform/tests/test_rotation.py
        special/tests/test_logsumexp.py special/tests/test_support_alternative_backends.py stats/tests/test_entropy.py
        stats/tests/test_morestats.py stats/tests/test_quantile.py stats/tests/test_stats.py
        stats/tests/test_variation.py
        """,
    ),
    "sklearn": (
        ["-k", "array_api and strict"],
        """
        decomposition/tests/test_pca.py linear_model/tests/test_ridge.py metrics/tests/test_common.py
        metrics/tests/test_pairwise.py preprocessing/tests/test_data.py tests/test_discriminant_analysis.py
        tests/test_naive_bayes.py
        """,
    ),
}


def stand_in() -> ModuleType:
    """Return a module that the suites take for array-api-strict."""
    module = ModuleType("array_api_strict")
    vars(module).update({name: getattr(array_api, name) for name in array_api.__all__})
    vars(module).update(__version__="2.9", set_array_api_strict_flags=lambda **flags: None)
    vars(array_api)["Device"] = lambda name: "cpu"  # of which array-api-strict has several
    return module


def run(library: str) -> int:
    """Run the suite of one library in this process."""
    import pytest

    os.environ["SCIPY_ARRAY_API"] = '["array_api_strict"]' if library == "scipy" else "1"
    sys.modules["array_api_strict"] = stand_in()
    chosen, files = SUITES[library]
    spec = find_spec(library)
    if spec is None or spec.origin is None:
        print(f"{library} is not installed")
        return 1
    home = Path(spec.origin).parent
    options = ["-q", "-p", "no:cacheprovider", "-W", "ignore", "--tb=line", f"--rootdir={home}"]
    return pytest.main([*options, *chosen, *(str(home / file) for file in files.split())])


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.exit(run(sys.argv[1]))
    sys.exit(
        max(
            subprocess.run([sys.executable, "-m", "benchmarks.consumers", library], check=False).returncode
            for library in SUITES
        )
    )
