"""The folder for compiled loops: what is found there is run, so nobody else may write to it."""

import os
import pwd
import stat
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import compile
from autograd.transforms.compile.fused import loops

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def shared(monkeypatch: Any, tmp_path: Path) -> Path:
    """A folder that everybody may write to, as /tmp."""
    loops._warn_once.cache_clear()
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(folder))
    return folder


def refused(match: str) -> None:
    with pytest.warns(RuntimeWarning, match=match):
        assert loops.cache_folder() is None
    assert loops.cache_folder() is None  # which is said once


def test_the_folder_is_the_users_alone(shared: Path) -> None:
    before = os.umask(0)
    try:
        folder = loops.cache_folder()
    finally:
        os.umask(before)
    assert folder is not None
    assert folder.parent.parent == shared
    for each in (folder, folder.parent):
        assert stat.S_IMODE(each.stat().st_mode) == 0o700


def test_a_new_version_removes_old_ones(shared: Path) -> None:
    own = shared / "plaingrad"
    for name, days in {"0123456789abcdef": 100, "fedcba9876543210": 10, "notes": 100}.items():
        (own / name).mkdir(parents=True, mode=0o700)
        (own / name / "loop").touch()
        then = time.time() - days * 86_400
        os.utime(own / name, (then, then))
    own.chmod(0o700)
    folder = loops.cache_folder()
    assert folder is not None
    assert {each.name for each in own.iterdir()} == {"fedcba9876543210", "notes", folder.name}
    os.utime(own / "fedcba9876543210", (0, 0))
    assert loops.cache_folder() == folder
    assert (own / "fedcba9876543210" / "loop").exists()  # a look at each folder is paid for once by a version


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
def test_others_may_write_to_it(shared: Path, mode: int, level: int) -> None:
    folder = loops.cache_folder()
    assert folder is not None
    (folder, folder.parent)[level].chmod(mode)
    refused("others may write to .*chmod 700")


@pytest.mark.parametrize("level", [0, 1])
def test_it_belongs_to_somebody_else(shared: Path, monkeypatch: Any, level: int) -> None:
    folder = loops.cache_folder()
    assert folder is not None
    theirs, lstat = (folder, folder.parent)[level], Path.lstat

    def of_another(path: Path) -> Any:
        found = lstat(path)
        return os.stat_result((*found[:4], os.getuid() + 1, *found[5:10])) if path == theirs else found

    monkeypatch.setattr(Path, "lstat", of_another)
    refused("belongs to another user")


def test_it_is_a_link(shared: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (shared / "plaingrad").symlink_to(tmp_path / "theirs")
    refused("is a link")


def test_everybody_may_exchange_it(shared: Path) -> None:
    shared.chmod(0o777)
    refused("everybody may write to .* exchange plaingrad")


def test_without_a_home_nothing_is_kept(monkeypatch: Any) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)

    def unknown(uid: int) -> Any:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert loops.cache_folder() is None


@pytest.mark.thorough
def test_loops_run_that_are_not_kept(shared: Path) -> None:
    shared.chmod(0o777)
    compiled = compile(lambda x: np.exp(x) * 2.25 + np.tanh(x), backend="numba")
    x = np.linspace(0, 1, 300)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(2):
            np.testing.assert_allclose(compiled(x), np.exp(x) * 2.25 + np.tanh(x))
    assert not [each for each in shared.rglob("*") if each.is_file()]
