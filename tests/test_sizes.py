"""The rooms of the source stay below their ceilings."""

from pathlib import Path

import pytest

from . import sizes

ROOMS = sizes.rooms(sizes.DESIGN.read_text(encoding="utf-8"))


@pytest.mark.parametrize("room", ROOMS, ids=[room.name for room in ROOMS])
def test_a_room_stays_below_its_ceiling(room: sizes.Room) -> None:
    lines = sizes.counted(ROOMS)[room.name]
    assert lines <= room.ceiling, (
        f"{room.name} has {lines:,} lines, and docs/design.md allows {room.ceiling:,}: make room there "
        f"(`python -m tests.sizes`), or raise the ceiling, with a line that says why"
    )


def test_each_file_is_in_one_room_and_each_path_of_a_room_exists() -> None:
    homeless = [path for path in sizes.files() if sizes.room_of(path.relative_to(sizes.ROOT), ROOMS) is None]
    assert not homeless, "say in docs/design.md, below Sizes, in which room these are"
    assert all((sizes.ROOT / path).exists() for room in ROOMS for path in room.paths)
    assert sizes.room_of(Path("nn/onnx/_export.py"), ROOMS) != sizes.room_of(Path("nn/module.py"), ROOMS)


def test_a_row_above_its_ceiling_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ["## Sizes", "| room | where | lines at most |", "|---|---|---|", "| all | `autograd/`, `nn/` | 1,000 |"]
    (room,) = sizes.rooms("\n".join(["# A page", *rows, "## More", "| another | `table` | 3 |"]))
    assert room == sizes.Room("all", ("autograd/", "nn/"), 1000)
    assert sizes.counted([room])["all"] > room.ceiling
    assert "of   1,000  -" in sizes.report([room])
