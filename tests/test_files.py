"""Files that are written whole or not at all."""

import errno
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import nn
from autograd.extend import replacing

ROOT = Path(nn.__file__).parent.parent


def write(path: Path, text: str = "after") -> None:
    with replacing(path) as partial:
        partial.write_text(text)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_engine_and_the_layers_have_the_same() -> None:
    assert nn.utils.replacing is replacing


def test_a_file_stays_as_it_was_if_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "kept.txt"
    path.write_text("before")

    def fail() -> None:
        with replacing(path) as partial:
            partial.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_changes_at_the_end_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("before")
    with replacing(str(path)) as partial:
        partial.write_text("after")
        assert path.read_text() == "before"
        assert partial.parent == tmp_path
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(FileNotFoundError, match=r"there is no folder .*none: make it first"),
        replacing(tmp_path / "none" / "notes.txt"),
    ):
        raise AssertionError


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "kept.txt"
    path.write_text("before")
    with pytest.raises(FileNotFoundError), replacing(path):
        pass
    assert path.read_text() == "before"


def test_a_block_that_writes_an_empty_file_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "kept.txt"
    path.write_text("before")
    write(path, "")
    assert path.read_text() == ""


@pytest.mark.parametrize("present", [True, False])
def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path, present: bool) -> None:
    target, link = tmp_path / "folder" / "file.txt", tmp_path / "link.txt"
    target.parent.mkdir()
    if present:
        target.write_text("before")
    link.symlink_to(Path("folder", "file.txt"))
    write(link)
    assert link.is_symlink()
    assert target.read_text() == link.read_text() == "after"
    assert os.listdir(target.parent) == ["file.txt"]


def test_a_link_that_leads_round_in_circles_is_named(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(link)
    with pytest.raises(OSError, match=r"Too many levels.*link"):
        write(link)


@pytest.mark.parametrize("kept", [0o600, 0o640, 0o664, 0o755])
def test_a_file_keeps_its_mode(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "file.txt"
    path.write_text("before")
    path.chmod(kept)
    with replacing(path) as partial:
        partial.write_text("after")
        assert mode(partial) == 0o600  # until then nobody else reads it
    assert (mode(path), path.read_text()) == (kept, "after")


@pytest.mark.parametrize(("mask", "expected"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_mode_of_new_files(tmp_path: Path, mask: int, expected: int) -> None:
    before = os.umask(mask)
    try:
        write(tmp_path / "file.txt")
    finally:
        os.umask(before)
    assert mode(tmp_path / "file.txt") == expected


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_a_file_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("before")
    os.chown(path, 1234, 4321)
    write(path)
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 4321)


def test_who_may_not_give_a_file_away_writes_it_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    path = tmp_path / "file.txt"
    path.write_text("before")
    monkeypatch.setattr(os, "chown", refuse)
    write(path)
    assert path.read_text() == "after"


KILLED = """
import os, signal, sys
from autograd.extend import replacing
with replacing(sys.argv[1]) as partial:
    partial.write_bytes(b"x" * 1000)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="without flock nobody knows who was killed")
def test_what_a_killed_program_left_is_removed_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("before")
    for _ in range(2):
        run = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, check=False)
        assert run.returncode == -signal.SIGKILL
        assert path.read_text() == "before"
        assert len(os.listdir(tmp_path)) == 2  # the second removed what the first had left
    others = [".file.txt.part", ".file.txt.notes.part", ".other.txt.0123abcd.part"]  # which are not of this file
    for name in others:
        (tmp_path / name).write_text("kept")
    write(path)
    assert sorted(os.listdir(tmp_path)) == sorted(["file.txt", *others])
    assert path.read_text() == "after"


def test_writers_at_the_same_time_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    errors: list[OSError] = []

    def run(letter: str) -> None:
        try:
            for _ in range(30):
                write(path, letter * 1000)
        except OSError as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert path.read_text() in [letter * 1000 for letter in "abcd"]
    assert os.listdir(tmp_path) == ["file.txt"]


def test_a_block_within_a_block_for_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    with replacing(path) as outer:
        outer.write_text("outer")
        write(path, "inner")
        assert path.read_text() == "inner"
    assert path.read_text() == "outer"


def test_a_block_may_move_a_file_to_its_place(tmp_path: Path) -> None:
    path, made = tmp_path / "file.txt", tmp_path / "made.txt"
    made.write_text("moved")
    with replacing(path) as partial:
        made.replace(partial)
    assert path.read_text() == "moved"
    assert os.listdir(tmp_path) == ["file.txt"]


def test_what_cannot_be_replaced_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(IsADirectoryError, match="is a folder: give the name of a file in it"):
        write(tmp_path)
    with pytest.raises(OSError, match="is a device or a pipe"):
        write(Path(os.devnull))
    path = tmp_path / "file.txt"
    path.write_text("before")
    monkeypatch.setattr(os, "access", lambda *args: False)
    with pytest.raises(PermissionError, match=r"file.txt is read-only: allow writing to it"):
        write(path)
    assert path.read_text() == "before"


def test_a_folder_that_may_not_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *args: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", os.fspath(path))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PermissionError) as caught:
        write(tmp_path / "file.txt")
    assert caught.value.filename == str(tmp_path / "file.txt")
