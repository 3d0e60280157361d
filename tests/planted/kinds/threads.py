"""Errors that show only where threads compute."""

import threading
import time
from typing import Any

from ..planting import At, Right
from .kind import kind


@kind(probe="threads")
def in_other_threads(right: Right, at: At) -> Any:
    """Wrong in all threads but the main one."""
    return right() if threading.current_thread() is threading.main_thread() else right() * 2.0


@kind(probe="threads")
def error_in_other_threads(right: Right, at: At) -> Any:
    """The rule needs something that only the thread has that planted it."""
    if threading.current_thread() is not threading.main_thread():
        raise AttributeError("'_thread._local' object has no attribute 'buffer'")
    return right()


@kind(probe="threads")
def race(right: Right, at: At) -> Any:
    """The cotangent waits in a variable that threads share."""
    if threading.current_thread() is threading.main_thread():
        return right()
    at.state["g"] = at.g
    for _ in range(50):
        if at.state["g"] is not at.g:
            break
        time.sleep(2e-4)  # others compute
    g = at.state["g"]
    return right(g=g) if g.shape == at.g.shape and type(g) is type(at.g) else right()
