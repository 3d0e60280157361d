"""What tests of the player have in common: its recordings and its data, read again."""

import json
import re
from pathlib import Path
from typing import Any

from autograd.visualize.player.playback import Playback, playback
from autograd.visualize.steps import Run


def data_of(page: str | Path) -> Any:
    text = page if isinstance(page, str) else page.read_text("utf-8")
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.S)
    assert found is not None
    return json.loads(found[1])


def played(result: Any, names: dict[str, Any] | None = None) -> Playback:
    return playback(Run(result), names or {})


def gradient_of(recorded: Playback, node: Any) -> Any:
    (step,) = [step for step in recorded.steps if step.node is node]
    return step.gradient
