"""Machine code of loops, by numba or by LLVM alone, which is kept on disk for the next process.

numba is imported here alone, and only by who asks for it: a program that does not need it neither waits for it nor has
to install it.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import marshal
import os
import stat
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, cast

from autograd.inside import warn

F = TypeVar("F", bound=Callable[..., Any])

_deciding = threading.Lock()
_LOOPS: dict[str, Callable[..., Any]] = {}  # by name: equal loops are one


def load_numba(what: str) -> ModuleType:
    """Return numba, or raise an error that says that `what` needs it.

    Raises
    ------
    ImportError
        If numba is not installed, or does not run with this NumPy or Python.
    """
    try:
        import numba
    except ModuleNotFoundError as error:
        raise ImportError(f"{what} needs numba: pip install numba") from error
    except ImportError as error:
        remedy = "pip install --upgrade numba"
        raise ImportError(f"{what} needs numba, which cannot be loaded here ({error}): {remedy}") from error
    module: ModuleType = numba
    return module


def compiled_loop(function: F) -> F:
    """Make numba compile a function of arrays and numbers when it is first called.

    Division by zero gives inf or nan, as in NumPy. Multiplications and additions are rounded one by one: the loop
    computes the same bits as the NumPy calls that it stands for. The machine code is kept in `cache_folder`, if that
    can be written to, for each processor and each version of the function's file; not that of a closure, such as one
    of several functions that a function makes.

    Raises
    ------
    ImportError
        At the first call, if numba is not installed.
    """

    @functools.cache
    def compiled() -> Any:
        numba, folder = load_numba(f"the loop {function.__name__}"), cache_folder()
        jit = functools.partial(numba.njit, error_model="numpy", no_cfunc_wrapper=True)
        if folder is None or function.__closure__:  # closures have one name: numba may link one process's to another's
            return jit(function)
        config = numba.core.config
        with _deciding:  # numba asks for the folder now, and would otherwise write beside the source
            before, config.CACHE_DIR = config.CACHE_DIR, str(folder)
            try:
                return jit(function, cache=True)
            finally:
                config.CACHE_DIR = before

    @functools.wraps(function)
    def loop(*args: Any) -> Any:
        return compiled()(*args)

    return cast(F, loop)


def machine_function(what: str, count: int, write: Callable[[Any, Any], Any]) -> Callable[..., bool]:
    """Return a function of so many integers, whose machine code is kept on disk for the next process.

    `write` is given LLVM's builder and the arguments, and returns what the function does. That LLVM alone compiles it
    saves what numba loads to compile functions of Python, which takes longer than most of these do.

    Parameters
    ----------
    what
        All that the machine code depends on.
    """
    name = f"plaingrad_{hashlib.sha256(f'{count} {what}'.encode()).hexdigest()[:24]}"
    numba = load_numba("a fused loop")
    with numba.core.compiler_lock.global_compiler_lock:
        if name in _LOOPS:
            return _LOOPS[name]
        codegen, folder = _codegen(), cache_folder()
        path = folder and folder / f"{name}.{_digest(repr((numba.__version__, codegen.magic_tuple())).encode())}"
        kept = path and _kept(path)
        library = codegen.unserialize_library(kept) if kept else _compiled_library(codegen, name, count, write)
        if path and not kept:
            handle, part = tempfile.mkstemp(dir=folder, suffix=".part")
            code = marshal.dumps(library.serialize_using_object_code())
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(code).digest() + code)
            Path(part).replace(path)
        # not CFUNCTYPE, which would let other threads run: they could write to the arrays
        kind = ctypes.PYFUNCTYPE(ctypes.c_bool, *[ctypes.c_int64] * count)
        made: Callable[..., bool] = kind(library.get_pointer_to_function(name))
        _LOOPS[name] = made
        return made


def _kept(path: Path) -> Any:
    """Return what a file of machine code holds; None if there is none, or it is damaged and could crash."""
    with suppress(OSError):
        kept = path.read_bytes()
        if hashlib.sha256(kept[32:]).digest() == kept[:32]:
            return marshal.loads(kept[32:])
    return None


@functools.cache
def _codegen() -> Any:
    """Return numba's way to LLVM, without what it knows of Python."""
    from numba.core import codegen  # which it has loaded

    made: Any = codegen.JITCPUCodegen
    return made("plaingrad")


def _compiled_library(codegen: Any, name: str, count: int, write: Callable[[Any, Any], Any]) -> Any:
    from llvmlite import ir

    library, number, truth = codegen.create_library(name), ir.IntType(64), ir.IntType(8)
    library.enable_object_caching()
    module = library.create_ir_module(name)
    function = ir.Function(module, ir.FunctionType(truth, [number] * count), name)
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    builder.ret(builder.zext(write(builder, function.args), truth))
    library.add_ir_module(module)
    library.finalize()
    return library


def cache_folder() -> Path | None:
    """Return the folder for compiled loops, or None if none can be made.

    It is within ``NUMBA_CACHE_DIR`` if that is set, else in the user's folder for caches; never the folder of the
    source, which may be read-only, or somebody's working tree. numba notices if the file of a loop has changed, but
    not the files of what it calls: each version of those has a folder of its own. numba runs what it finds there, so
    the folder has to be the user's, and closed to others for writing; if it is not, a warning says so once.
    """
    given = os.environ.get("NUMBA_CACHE_DIR")
    try:
        own = (Path(given) if given else _user_caches()) / "plaingrad"
        folder = own / _version()
        own.parent.mkdir(parents=True, exist_ok=True)
        for each in (own, folder):
            each.mkdir(mode=0o700, exist_ok=True)
        reason = _open_to_others(own) or _open_to_others(folder)
    except (OSError, RuntimeError):  # a read-only system, or a user without a home
        return None
    if reason:
        _warn_once(reason)
        return None
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


def _open_to_others(folder: Path) -> str:
    """Return why others may write to a folder, or exchange it; nothing if they may not."""
    if sys.platform == "win32":  # which has no such modes; the user's folders are the user's
        return ""
    found, above = folder.lstat(), folder.parent.stat()
    if not stat.S_ISDIR(found.st_mode):
        return f"{folder} is a link"
    if found.st_uid != os.getuid():
        return f"{folder} belongs to another user"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others may write to {folder}: chmod 700 {folder}"
    if above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX:
        return f"everybody may write to {folder.parent} and exchange {folder.name}: chmod +t {folder.parent}"
    return ""


@functools.cache
def _warn_once(reason: str) -> None:
    warn(f"compiled loops are not kept on disk for the next process, which would run them: {reason}", RuntimeWarning)


@functools.cache
def _version() -> str:
    """Return a digest of the files of this package."""
    return _digest(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))))


def _digest(what: bytes) -> str:
    return hashlib.sha256(what).hexdigest()[:16]


def _user_caches() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or "~/AppData/Local").expanduser()
    if sys.platform == "darwin":
        return Path("~/Library/Caches").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
