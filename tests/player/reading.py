"""What tests of the player have in common: its recordings and its data, read again."""

import json
import re
from pathlib import Path
from typing import Any

from autograd.visualize.player.record import Recording, Run, record


def data_of(page: str | Path) -> Any:
    text = page if isinstance(page, str) else page.read_text("utf-8")
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.S)
    assert found is not None
    return json.loads(found[1])


def played(result: Any, names: dict[str, Any] | None = None) -> Recording:
    return record(Run(result, {}), names or {})


def gradient_of(recording: Recording, node: Any) -> Any:
    (step,) = [step for step in recording.steps if step.node is node]
    return step.gradient
