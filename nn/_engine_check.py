"""Engine check: the `autograd` that Python finds is the engine that `nn` is built on.

HIPS autograd has the same import name. If it comes first on the path, imports would fail one by one with misleading
messages, so the first import of `nn` explains the cause.
"""

from __future__ import annotations

import autograd

__all__ = ["autograd"]

if not hasattr(autograd, "Tensor") or not hasattr(autograd, "general"):
    _where = getattr(autograd, "__file__", None) or list(autograd.__path__)
    raise ImportError(
        f"nn needs plaingrad's own package autograd, but 'import autograd' finds another one, "
        f"version {getattr(autograd, '__version__', 'unknown')}, at {_where}. "
        f"HIPS autograd has the same import name: use an environment without it (pip uninstall autograd, then "
        f"pip install --force-reinstall plaingrad), or put the folder that holds plaingrad first on sys.path"
    )
