"""The packages where `pip install` puts them: in site-packages, whose files are those of other libraries."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROGRAM = """
import warnings
import numpy as np
import autograd, datasets, nn
assert all("site-packages" in package.__file__ for package in (autograd, datasets, nn))
warnings.simplefilter("error")
x, y = np.random.default_rng(0).random((8, 1, 9, 9), np.float32), np.arange(8) % 3

def train(compiled):
    nn.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.GELU(), nn.Flatten(), nn.Linear(98, 3))
    optimizer = nn.optim.Adam(model.parameters())
    def step(x, y):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss
    step = autograd.compile(step) if compiled else step
    losses = [float(step(x, y)) for _ in range(5)]
    return losses, [*getattr(step, "fallbacks", ())]

(losses, _), (found, fallbacks) = train(False), train(True)
np.testing.assert_allclose(found, losses, rtol=1e-5)
assert not fallbacks, fallbacks
"""


def test_a_training_step_of_installed_layers_is_compiled(tmp_path: Path) -> None:
    installed = tmp_path / "site-packages"
    installed.mkdir()
    for package in ("autograd", "datasets", "nn"):
        (installed / package).symlink_to(ROOT / package)
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
