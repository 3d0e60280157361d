"""Module frames: the nested module calls that nodes were recorded in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from autograd import Value
from autograd.inside import Node, Output, operation_of

from .given_numbers import GivenNumbers
from .picture import Edge, Frame, Picture, innermost_common
from .watching import Call, note_of


class Framing:
    """The frames of nodes, each created for the first node in it.

    Modules have the names in `modules`; others have their names within the outermost module called. With `functions`,
    the outermost call of a function within the innermost module has a frame too. Frames have the marks of `numbers`.

    Attributes
    ----------
    frames
        The frames made so far, each after the one around it.
    """

    def __init__(
        self, modules: Mapping[str, Any], functions: bool = False, numbers: GivenNumbers | None = None
    ) -> None:
        self.functions, self._numbers = functions, numbers
        self.frames: list[Frame] = []
        self._paths = {id(module): path for path, module in modules.items()}
        self._places: dict[Call, int] = {}

    def frame_of(self, node: Node) -> int | None:
        """Return the index of the innermost frame of a node; None outside all frames."""
        op = operation_of(node)
        note = note_of(node.x if isinstance(op, Output) else node)
        return self.frame_of_calls(note.calls if note is not None else ())

    def frame_of_calls(self, calls: Iterable[Call]) -> int | None:
        """Return the index of the frame of the innermost of `calls`; None if there are none."""
        index = None
        for call in calls:
            if call.function and not self.functions:
                break
            if call not in self._places:
                self._places[call] = len(self.frames)
                self.frames.append(self._named(call, index))
            index = self._places[call]
            if call.function:
                break
        return index

    def _named(self, call: Call, parent: int | None) -> Frame:
        if call.function:
            return Frame("", call.words, parent, function=True)
        item = call.called()
        if parent is None and id(item) not in self._paths and hasattr(item, "named_modules"):
            for path, module in item.named_modules():
                self._paths.setdefault(id(module), path)
        mark = None if self._numbers is None else self._numbers.of(id(item))
        if id(item) not in self._paths:
            return Frame("", call.words, parent, mark=mark)
        return Frame(self._paths[id(item)], type(item).__name__, parent, mark=mark)


def modules_called(nodes: Iterable[Node | Value]) -> list[Any]:
    """Return the outermost modules whose calls recorded the nodes."""
    notes = (note for node in nodes if (note := note_of(node)) is not None)
    return [call.called() for call in dict.fromkeys(note.calls[0] for note in notes if note.calls)]


def settled(
    leaves: Sequence[int], edges: Sequence[Edge], within: Sequence[int | None], frames: list[Frame]
) -> dict[int, int | None]:
    """Return for each used leaf the innermost frame that contains all of its users."""
    users: dict[int, list[int | None]] = {leaf: [] for leaf in leaves}
    for source, target in edges:
        if source in users:
            users[source].append(within[target])
    return {leaf: innermost_common(indices, frames) for leaf, indices in users.items() if indices}


def settle(picture: Picture) -> None:
    """Put parameters, constants and leaves without a name into the innermost frame that contains all of their users.

    Parameters are named relative to the module of that frame.
    """
    movable = [index for index, box in enumerate(picture.boxes) if box.placed]
    within = [box.frame for box in picture.boxes]
    for index, frame in settled(movable, picture.edges, within, picture.frames).items():
        box = picture.boxes[index]
        if box.kind == "parameter" and picture.frames:
            name = box.where or box.title
            box = replace(box, title=name_within(name, frame, picture.frames), where=name)
        picture.boxes[index] = replace(box, frame=frame)


def name_within(name: str, frame: int | None, frames: list[Frame]) -> str:
    """Return a name relative to the module of a frame, without that module's path."""
    path = "" if frame is None else frames[frame].path
    return name.removeprefix(f"{path}.") if path else name
