"""Engine check: the `autograd` that Python finds is the engine that `nn` is built on.

HIPS autograd has the same import name. If it comes first on the path, or its files have replaced those of the engine,
imports would fail one by one with misleading messages, so the first import of `nn` explains the cause.
"""

from __future__ import annotations

import os

import autograd

__all__ = ["autograd"]

if not hasattr(autograd, "Tensor") or not hasattr(autograd, "general"):
    _where = getattr(autograd, "__file__", None) or list(autograd.__path__)
    _folders = getattr(autograd, "__path__", ())  # a file has none
    _marked = any(os.path.exists(os.path.join(folder, "inside.py")) for folder in _folders)
    _cause = (
        "HIPS autograd has the same import name, and was installed over plaingrad, in one folder, as pip does for a "
        "package that depends on it. Remove both, pip uninstall -y autograd plaingrad, and "
        "install both plaingrad and packaging/autograd from the clone; see docs/howto/from-hips-autograd.md"
        if _marked
        else "A file of that name hides it: rename it"
        if not _folders
        else "HIPS autograd has the same import name: use an environment without it (pip uninstall autograd, then "
        "pip install --force-reinstall plaingrad), or put the folder that holds plaingrad first on sys.path"
    )
    raise ImportError(
        f"nn needs plaingrad's own package autograd, but 'import autograd' finds another one, "
        f"version {getattr(autograd, '__version__', 'unknown')}, at {_where}. {_cause}"
    )
