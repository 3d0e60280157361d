"""`fit` on several ranks: the same training as on one, also after ranks are killed."""

import json
import os
import random
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ..thorough import THOROUGH
from . import trainings
from .launching import needs_mpi, run, start

KINDS = ("mlp", "conv", "transformer")


def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as archive:
        return dict(archive)


@pytest.mark.one_in(3)
@pytest.mark.thorough
@needs_mpi
@pytest.mark.parametrize("ranks", [2, 3, 4])
def test_ranks_make_the_training_of_one(tmp_path: Path, ranks: int) -> None:
    code, _, err = run(ranks, "-m", "tests.distributed.trainings", str(tmp_path))
    assert code == 0, err
    trainings.main(tmp_path)
    for kind in KINDS:
        one, several = (arrays(tmp_path / f"{kind}-{n}.npz") for n in (1, ranks))
        for name in one:
            np.testing.assert_allclose(several[name], one[name], rtol=1e-5, atol=1e-6, err_msg=f"{kind} {name}")
        one, several = (arrays(tmp_path / f"{kind}-reproducible-{n}.npz") for n in (1, ranks))
        for name in one:
            np.testing.assert_array_equal(several[name], one[name], err_msg=f"{kind} {name}")


@needs_mpi
@pytest.mark.thorough
def test_an_example_is_the_same_program_on_two_ranks(tmp_path: Path) -> None:
    options = ("-m", "examples.mnist", "--quick", "--epochs", "1", "--out")
    figures = []
    for ranks in (1, 2):
        folder = tmp_path / str(ranks)
        code, out, err = run(ranks, *options, str(folder))
        assert code == 0, err
        assert out.count("test set: accuracy") == out.count("epoch 1/1") == 1
        assert {path.name for path in folder.iterdir()} == {"model.npz", "metrics.json", "report.html", "graph.svg"}
        figures.append(json.loads((folder / "metrics.json").read_text())["test_loss"])
    assert figures[1] == pytest.approx(figures[0], rel=1e-3)


def wait_for_steps(process: subprocess.Popen[str], folder: Path, rank: int) -> int:
    """Return the process of a rank, once it takes steps."""
    file = folder / f"process-{rank}"
    end = time.monotonic() + 60
    while not (file.exists() and file.read_text()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)
    return int(file.read_text())


@pytest.mark.thorough
@needs_mpi
def test_a_training_whose_ranks_are_killed_goes_on_to_the_bit_on_any_number_of_ranks(tmp_path: Path) -> None:
    """The last interruption but one is Ctrl-C."""
    model, history = trainings.train("transformer", True, epochs=trainings.EPOCHS)
    trainings.save(tmp_path / "whole.npz", model, history)
    chance, kills, longest = random.Random(5), *((20, 0.05) if THOROUGH else (2, 0.15))  # or the training would end
    for kill in range(kills):
        for file in tmp_path.glob("process-*"):
            file.unlink()
        ranks = (2, 2, 1, 3, 4)[kill % 5]
        process = start(ranks, "-m", "tests.distributed.trainings", str(tmp_path), "resume")
        victim = wait_for_steps(process, tmp_path, kill % ranks)
        time.sleep(chance.uniform(0, longest))
        if kill == kills - 1:
            process.send_signal(signal.SIGINT)
        else:
            os.kill(victim, signal.SIGKILL)
        out, err = process.communicate(timeout=5)
        assert "Traceback" not in err, err
        assert (process.returncode == 0) == (kill == kills - 1), (out, err)
        assert not (tmp_path / "resumed.npz").exists()
    trainings.resume(tmp_path)
    whole, resumed = arrays(tmp_path / "whole.npz"), arrays(tmp_path / "resumed.npz")
    for name in whole:
        np.testing.assert_array_equal(resumed[name], whole[name], err_msg=name)


WATCHED = """
import numpy as np, time, nn

class Slow(nn.Linear):
    def forward(self, x):
        time.sleep(0.1)
        return super().forward(x)

model = Slow(3, 1)
data, optimizer = (np.ones((80, 3)), np.ones((80, 1))), nn.optim.SGD(model.parameters())
nn.fit(model, data, nn.MSELoss(), optimizer, epochs=1, batch_size=8)
"""


@pytest.mark.thorough
@needs_mpi
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody knows where the launcher's streams go")
def test_one_progress_bar_where_the_launcher_is_on_a_terminal() -> None:
    import fcntl
    import pty
    import termios

    reads, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, 61, 0, 0))
    process = start(2, "-c", WATCHED, stderr=terminal)
    os.close(terminal)
    shown = b""
    try:
        while part := os.read(reads, 4096):
            shown += part
    except OSError:  # the other end is closed
        pass
    process.communicate(timeout=60)
    assert process.returncode == 0, shown
    bars = [line for line in shown.decode().split("\r") if "batches" in line]
    assert bars, shown
    assert all(line.startswith("epoch 1/1") and len(line) <= 61 for line in bars)
    counts = [line.partition("/10 ")[0].rpartition(" ")[2] for line in bars]
    assert len(counts) == len(set(counts)), counts  # of one rank
