"""Machine code of loops, by LLVM, which is kept on disk for the next process.

LLVM comes with llvmlite, which is installed with numba, too. It is loaded when machine code is first made: a program
that does not need it neither waits for it nor has to install it.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import shutil
import stat
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from autograd.inside import warn

Held = np.ndarray[Any, Any] | np.dtype[Any] | type | Callable[..., bool]

FIRST_FIELD = object.__basicsize__  # of an array: where its elements are, as extensions know that are made for NumPy
TYPE, DTYPE, FLAGS = FIRST_FIELD - 8, FIRST_FIELD + 40, FIRST_FIELD + 48  # of an array, as there
ITEMS = FIRST_FIELD + 8  # of a list: where the addresses of its items are


def _at(address: int) -> int:
    return ctypes.c_int64.from_address(address).value


_x = np.ndarray((1,))  # no `np.empty`, which notes arrays if this is loaded while a program is recorded
_list = [_x]
if (_at(id(_x) + FIRST_FIELD), _at(id(_x) + TYPE), _at(id(_x) + DTYPE), _at(_at(id(_list) + ITEMS))) != (
    _x.ctypes.data, id(np.ndarray), id(_x.dtype), id(_x)
):  # fmt: skip
    raise ImportError("arrays of this NumPy, or lists of this Python, do not lie in memory as machine code knows them")


class Method(ctypes.Structure):
    """What Python knows of a builtin function: PyMethodDef, of which documentation is left out."""

    _fields_ = [
        ("name", ctypes.c_char_p), ("address", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_void_p),
    ]  # fmt: skip


OLDEST = (20,)  # LLVM: pointers have no types
# for which processor, if not for this one: as numba is told
PROCESSOR, FEATURES = os.environ.get("NUMBA_CPU_NAME"), os.environ.get("NUMBA_CPU_FEATURES")
_compiling = threading.RLock()
_ADDRESSES: dict[str, int] = {}  # of machine code, by name: equal loops are one
_METHODS: dict[tuple[str, int], Method] = {}  # which Python reads as long as a builtin lives: these live for ever


def load_llvm(what: str) -> Any:
    """Return llvmlite, which makes machine code; or raise an error that says that `what` needs it.

    Raises
    ------
    ImportError
        If llvmlite is not installed, cannot be loaded, or is too old.
    """
    if find_spec("llvmlite") is None:
        raise ImportError(f"{what} needs LLVM: pip install llvmlite")
    try:
        import llvmlite.binding
    except (ImportError, OSError) as error:
        reason = f"cannot be loaded here ({error})"
        raise ImportError(f"{what} needs llvmlite, which {reason}: pip install --upgrade llvmlite") from error
    if llvmlite.binding.llvm_version_info < OLDEST:
        reason = f"is {llvmlite.__version__} here, with an LLVM older than {OLDEST[0]}"
        raise ImportError(f"{what} needs llvmlite, which {reason}: pip install --upgrade llvmlite numba")
    return llvmlite


def machine_function(
    what: str, arrays: int, integers: int, write: Callable[[Any, Any], Any], *, releases: bool = False
) -> Callable[..., bool]:
    """Return a function of the ids of so many arrays and of so many integers, whose machine code is kept on disk.

    `write` is given LLVM's builder, the addresses of the elements of the arrays, and the integers, and returns what the
    function does.

    Parameters
    ----------
    what
        All that the machine code depends on, besides the text of the module in which `write` is.
    releases
        Whether other threads may run meanwhile, as with NumPy's products, and write to arrays that they share.
    """

    def written(builder: Any, given: Any) -> Any:
        return write(builder, [*elements_of(builder, given[:arrays]), *given[arrays:]])

    what = f"{_text_of(write.__module__)} {what}"
    return _function_at(_address(what, arrays + integers, written, 8), arrays + integers, releases)


@contextmanager
def machine_loop(builder: Any, stop: Any, start: Any = 0, step: int = 1) -> Iterator[Any]:
    """Write a loop, which LLVM leaves as it is: it would take long to unroll what is written in vectors already."""
    from llvmlite import ir

    number = ir.IntType(64)
    first, end = (x if isinstance(x, ir.Value) else number(x) for x in (start, stop))
    module, before = builder.module, builder.basic_block
    loop, after = builder.append_basic_block("loop"), builder.append_basic_block("after")
    builder.cbranch(builder.icmp_signed("<", first, end), loop, after)
    builder.position_at_end(loop)
    index = builder.phi(number)
    index.add_incoming(first, before)
    yield index
    following = builder.add(index, number(step))
    index.add_incoming(following, builder.basic_block)
    branch = builder.cbranch(builder.icmp_signed("<", following, end), loop, after)
    mark = module.add_metadata([module.add_metadata(["llvm.loop.unroll.disable"]), f"{len(module.metadata)}"])
    mark.operands = (mark, mark.operands[0])  # as LLVM wants it: the first is the loop itself
    branch.set_metadata("llvm.loop", mark)
    builder.position_at_end(after)


def elements_of(builder: Any, objects: Iterable[Any]) -> list[Any]:
    """Return the addresses of the elements of arrays, from those of the arrays: their ids."""
    from llvmlite import ir

    number = ir.IntType(64)
    fields = (builder.inttoptr(builder.add(x, number(FIRST_FIELD)), number.as_pointer()) for x in objects)
    return [builder.load(field) for field in fields]


@functools.cache
def _text_of(module: str) -> str:
    """Return a digest of the file of a module, if it has one."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return _digest(Path(file).read_bytes()) if file else ""


@functools.cache
def _function_at(address: int, count: int, releases: bool) -> Callable[..., bool]:
    kind = ctypes.CFUNCTYPE if releases else ctypes.PYFUNCTYPE
    made: Callable[..., bool] = kind(ctypes.c_bool, *[ctypes.c_int64] * count)(address)
    return made


def machine_builtin(name: str, what: str, write: Callable[[Any, Any], Any], holder: list[Held]) -> Callable[..., Any]:
    """Return a builtin function of Python objects, which takes a tenth of the time of a call through ctypes.

    `write` is given three integers: the addresses of `holder` and of those of the objects, and how many they are. It
    returns the address of the result, which counts one reference more. `holder` lives as long as the function.
    """
    address = _address(what, 3, write, 64)
    method = _METHODS.get((name, address))
    if method is None:
        _METHODS[name, address] = method = Method(name.encode(), address, 0x80, None)  # METH_FASTCALL
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(method))  # at exit, modules end before some builtins
    kind = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
    made: Callable[..., Any] = kind(("PyCFunction_NewEx", ctypes.pythonapi))(ctypes.addressof(method), holder, None)
    return made


def _address(what: str, count: int, write: Callable[[Any, Any], Any], bits: int) -> int:
    """Return where the machine code of a function is, of so many integers and with a result of so many bits."""
    name = f"plaingrad_{hashlib.sha256(f'{count} {what}'.encode()).hexdigest()[:24]}"
    with _compiling:
        if name in _ADDRESSES:
            return _ADDRESSES[name]
        llvm, machine, engine, processor = _llvm()
        folder = cache_folder()
        path = folder and folder / f"{name}.{_digest(processor.encode())}"
        code = path and _kept(path)
        if not code:
            code = _compiled(llvm, machine, name, count, write, bits)
            if path:
                handle, part = tempfile.mkstemp(dir=folder, suffix=".part")
                with os.fdopen(handle, "wb") as file:
                    file.write(hashlib.sha256(code).digest() + code)
                Path(part).replace(path)
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        engine.finalize_object()
        _ADDRESSES[name] = engine.get_function_address(name)
        return _ADDRESSES[name]


def _kept(path: Path) -> bytes | None:
    """Return what a file of machine code holds; None if there is none, or it is damaged and could crash."""
    with suppress(OSError):
        kept = path.read_bytes()
        if hashlib.sha256(kept[32:]).digest() == kept[:32]:
            return kept[32:]
    return None


@functools.cache
def _llvm() -> tuple[Any, Any, Any, str]:
    """Return LLVM, what it compiles for, what holds its machine code, and a text that tells these from others."""
    llvm = load_llvm("a fused loop").binding
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = PROCESSOR or llvm.get_host_cpu_name(), FEATURES or llvm.get_host_cpu_features().flatten()
    triple = llvm.get_process_triple()
    machine = llvm.Target.from_triple(triple).create_target_machine(
        cpu, features, 3, "static" if triple.startswith("x86") else "default", "jitdefault", jit=True
    )
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(f'target triple = "{triple}"'), machine)
    return llvm, machine, engine, f"{llvm.llvm_version_info} {triple} {cpu} {features}"


def registers() -> tuple[int, bool]:
    """Return the bytes of a vector register of the processor, and whether it has 32 of them, not 16."""
    features = _llvm()[3]
    wide = "+avx512f" in features
    return 64 if wide else 32 if "+avx2" in features else 16, wide or "+neon" in features


def _compiled(llvm: Any, machine: Any, name: str, count: int, write: Callable[[Any, Any], Any], bits: int) -> bytes:
    """Return the object file of a function."""
    from llvmlite import ir

    module, number, result = ir.Module(name), ir.IntType(64), ir.IntType(bits)
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    function = ir.Function(module, ir.FunctionType(result, [number] * count), name)
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    builder.ret(builder.zext(write(builder, function.args), result))
    parsed, options = llvm.parse_assembly(str(module)), llvm.create_pipeline_tuning_options(3)
    passes = llvm.create_pass_builder(machine, options)
    passes.getModulePassManager().run(parsed, passes)
    code: bytes = machine.emit_object(parsed)
    return code


def cache_folder() -> Path | None:
    """Return the folder for compiled loops, or None if none can be made.

    It is within ``NUMBA_CACHE_DIR`` if that is set, else in the user's folder for caches; never the folder of the
    source, which may be read-only. Each version of what writes the loops has a folder of its own, and a new one removes
    folders to which nothing was added for 90 days. What is found is run, so the folder has to be the user's, closed to
    others for writing, or a warning says so.
    """
    given = os.environ.get("NUMBA_CACHE_DIR")
    try:
        own = (Path(given) if given else _user_caches()) / "plaingrad"
        folder = own / _version()
        begun = folder.is_dir()
        own.parent.mkdir(parents=True, exist_ok=True)
        for each in (own, folder):
            each.mkdir(mode=0o700, exist_ok=True)
        reason = _open_to_others(own) or _open_to_others(folder)
    except (OSError, RuntimeError):  # a read-only system, or a user without a home
        return None
    if reason:
        _warn_once(reason)
        return None
    for old in () if begun else own.glob("[0-9a-f]" * 16):
        with suppress(OSError):  # another process may remove it
            if old.stat().st_mtime < folder.stat().st_mtime - 90 * 86_400:
                shutil.rmtree(old)
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
