"""SciPy's special functions, loaded when the first distribution needs one."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["special"]


class _Special:
    """The module `scipy.special`, whose ufuncs take tensors; it is imported when a function is asked for."""

    def __getattr__(self, name: str) -> Any:
        try:
            module = importlib.import_module("scipy.special")
        except ImportError as error:
            raise ImportError(f"this distribution needs {name} of SciPy: pip install scipy") from error
        found = getattr(module, name)
        setattr(self, name, found)
        return found


special = _Special()
