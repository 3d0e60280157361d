"""While one thread records a function, all others find the tensors and arrays that it uses as they are."""

import asyncio
import copy
import io
import pickle
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread, get_ident
from typing import Any, ClassVar

import numpy as np
import pytest
import scipy.sparse

import autograd
import nn
from autograd import Tensor, compile, grad, gradients, no_grad, tensor, vmap
from autograd.tensors.tensor import accumulation
from autograd.transforms.compile import creation
from autograd.transforms.compile.recorder import ProgramRecorder
from nn import functional

rng = np.random.default_rng(0)
X, LABELS = rng.normal(size=(5, 4)).astype(np.float32), np.arange(5) % 3
scale, table = np.linspace(1.0, 2.0, 4), rng.normal(size=(3, 4))
several: Any = {"shift": rng.normal(size=4), "list": [rng.normal(size=4)]}
pair = (rng.normal(size=4),)
shared: Any = tensor(np.zeros(4), requires_grad=True)


class Holder:
    def __init__(self) -> None:
        self.weights = rng.normal(size=4)


holder = Holder()


def built() -> Any:
    nn.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 3)).eval()
    optimizer = nn.optim.Adam(model.parameters())  # which has set memory aside for gradients
    functional.cross_entropy(model(X), LABELS).backward()
    optimizer.step()
    return model


model = built()


def uses_all(x: Any) -> Any:
    """A loss of the model, the variables and the shared tensor."""
    factors = scale + table[1] + several["shift"] + several["list"][0] + pair[0] + holder.weights
    return functional.cross_entropy(model(x * factors.astype(np.float32)), LABELS) + np.sum(shared * scale) * 0


def walks_back(x: Any) -> Any:
    """The gradients of that, in the model's parameters."""
    loss = uses_all(x)
    loss.backward()
    return loss.detach()


def state() -> Any:
    return [*model.state_dict().values(), *(p.grad.data for p in model.parameters())]


def saved() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        nn.save(model, f"{folder}/model.npz")
        return list(nn.load(f"{folder}/model.npz").values())


def attributes() -> Any:
    """Each property of a tensor, with its type."""
    found: list[Any] = []
    for x in (model[0].weight, shared):
        for name in dir(Tensor):
            if isinstance(getattr(Tensor, name, None), property) and name not in ("grad", "grad_fn", "mT"):
                value = getattr(x, name)
                found.append((name, type(value), np.array(value) if isinstance(value, np.ndarray) else str(value)))
        found += [(type(array), array.copy()) for array in (x.numpy(), x.detach().data, np.asarray(x.detach()))]
        found += [repr(x), x.tolist(), len(x), x.shape]
    return found


def of_variables() -> Any:
    """What a program does with arrays, by functions, operators, methods, and those of C."""
    live = tensor(scale, requires_grad=True)
    (live * scale * holder.weights).sum().backward()
    return [
        live.grad.data, scale * 2, 2 * scale, scale @ scale, np.dot(np.ones(4), scale), np.ones(4).dot(scale), table.T,
        table[1:, ::2], table[scale > 1.5] if table.shape[0] == 4 else table[[0, 2]], table.sum(0), float(scale[0]),
        table.mean(axis=1, keepdims=True), np.linalg.norm(scale), np.stack([scale, pair[0]]), list(several["list"][0]),
        holder.weights.tolist(), holder.weights.tobytes(), np.asarray(scale) + 1, np.linalg.inv(table @ table.T),
        pickle.loads(pickle.dumps((scale, holder)))[0], copy.deepcopy(several)["shift"], str(table),
        scale.copy().dtype, vmap(lambda x: np.sum(x * scale))(table), scale.astype(np.float32).nbytes,
    ]  # fmt: skip


def compiled_too() -> Any:
    again = compile(lambda x: model(x) * 2.0, fallback="raise")
    return [again(X).data, again(X).data]


def in_tasks() -> Any:
    async def forward() -> Any:
        await asyncio.sleep(0)
        return model(X).data

    async def together() -> Any:
        return await asyncio.gather(*[forward() for _ in range(3)])

    return asyncio.run(together())


def with_warnings() -> Any:
    """Print and warn, which only the recorded function must not."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        warnings.warn("of another thread", UserWarning, stacklevel=1)
        print(np.zeros(2), np.array([1.0]), file=io.StringIO())
    return [str(each.message) for each in found]


BAND = scipy.sparse.diags_array([1.0, 2.0], offsets=[0, 1], shape=(len(scale), len(scale)))
ACTIVITIES: dict[str, Callable[[], Any]] = {
    "inference": no_grad()(lambda: model(X).data),
    "gradients": lambda: [g.data for g in gradients(functional.cross_entropy(model(X), LABELS), [*model.parameters()])],
    "evaluation": lambda: nn.evaluate(model, (X, LABELS), nn.CrossEntropyLoss()),
    "state": state,
    "saving": saved,
    "attributes": attributes,
    "variables": of_variables,
    "pickle": lambda: [p.data for p in pickle.loads(pickle.dumps(model)).parameters()],
    "deepcopy": lambda: [(type(p), p.data) for p in copy.deepcopy(model).parameters()],
    "compile": compiled_too,
    "tasks": in_tasks,
    "warnings": with_warnings,
    "sparse": lambda: [(BAND @ tensor(scale)).data, (tensor(scale, requires_grad=True) @ BAND).data],
    "transforms": lambda: autograd.hessian(lambda w: np.sum((w * scale) ** 2))(scale * 1.0),
}  # fmt: skip


def same(x: Any, y: Any) -> bool:
    if isinstance(x, list | tuple):
        return type(x) is type(y) and len(x) == len(y) and all(map(same, x, y))
    return type(x) is type(y) and (np.array_equal(x, y) if isinstance(x, np.ndarray) else x == y)


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that has another run in another thread at each call that a recorder notes; `found` collects."""
    found: list[Any] = []
    noted = ProgramRecorder.call
    with ThreadPoolExecutor(1) as pool:

        def beside(activity: Callable[[], Any]) -> list[Any]:
            def call(self: Any, *args: Any) -> Any:
                if self.thread == get_ident() and not accumulation._is_owned():  # type: ignore[attr-defined]
                    found.append(pool.submit(activity).result())
                return noted(self, *args)

            monkeypatch.setattr(ProgramRecorder, "call", call)
            return found

        yield beside


@pytest.mark.one_in(6)
@pytest.mark.parametrize("recorded", [uses_all, walks_back])
@pytest.mark.parametrize("name", ACTIVITIES)
def test_other_threads_find_what_there_is(beside: Any, recorded: Any, name: str) -> None:
    activity = ACTIVITIES[name]
    model.zero_grad()
    functional.cross_entropy(model(X), LABELS).backward()
    expected = activity()
    found = beside(activity)
    compiled = compile(recorded)
    compiled(X)
    assert len(compiled.programs) == 1
    assert len(found) > 20
    assert all(same(each, expected) for each in found)
    assert same([type(x) for x in (scale, several["shift"], pair[0], holder.weights)], [np.ndarray] * 4)
    assert {type(p) for p in model.parameters()} == {nn.Parameter}
    assert same(activity(), expected) or recorded is walks_back  # which has added to gradients


@pytest.mark.thorough
def test_another_process_gets_the_model(beside: Any) -> None:
    expected = model(X).data
    found = beside(lambda: pickle.dumps((model, X)))
    compile(uses_all)(X)
    code = "import pickle, sys; m, x = pickle.load(sys.stdin.buffer); pickle.dump(m(x).data, sys.stdout.buffer)"
    output = subprocess.run([sys.executable, "-c", code], input=found[len(found) // 2], capture_output=True, check=True)
    assert same(pickle.loads(output.stdout), expected)


def test_no_gradient_of_another_thread_is_lost(beside: Any) -> None:
    shared.grad = None
    added = 0

    def add() -> None:
        nonlocal added
        (shared * np.ones(4)).sum().backward()
        added += 1

    def adds(x: Any) -> None:
        (shared * x).sum().backward()

    compiled = compile(adds)
    for _ in range(3):
        beside(add)
        compiled(np.full(4, 2.0))
    assert added > 3
    assert np.array_equal(shared.grad.data, np.full(4, 3 * 2.0 + added))


def test_an_array_taken_while_another_thread_records_stays_what_it_is(beside: Any) -> None:
    found = beside(lambda: (scale, holder.weights))
    compile(uses_all)(X)
    assert all(same([np.asarray(x), np.asarray(y)], [scale, holder.weights]) for x, y in found)
    assert all(np.array_equal(x * 2, scale * 2) for x, _ in found)
    scale[0] += 1.0
    assert all(x[0] == scale[0] for x, _ in found)
    scale[0] -= 1.0


def test_the_type_of_a_tensor_is_not_compared_while_it_is_recorded() -> None:
    x: Any = tensor(np.ones(2))
    for compares in (lambda: x * (2 if type(x) is Tensor else 3), lambda: x * (2 if type(x) in (Tensor, int) else 3)):
        with pytest.raises(autograd.CompileError, match=r"test_threads.py:\d+, cannot be recorded: use isinstance"):
            compile(compares)()
        assert compile(compares, fallback="eager")().tolist() == [2.0, 2.0]
    for asks in (lambda: x * (2 if type(x) is float else 3), lambda: x * (3 if x.__class__ is Tensor else 2)):
        assert compile(asks)().tolist() == [3.0, 3.0]


def test_subclasses_of_tensors_are_themselves_afterwards() -> None:
    class Named(Tensor):
        known: ClassVar[list[str]] = []

        def __init__(self, data: Any, name: str) -> None:
            super().__init__(data, requires_grad=True)
            self.name = name

        def __init_subclass__(cls, key: str) -> None:
            cls.known.append(key)

    class Keyed(Named, key="a"):
        __slots__ = ("tag",)
        tag: int

    w, v = Named(np.ones(3), "w"), Keyed(np.full(3, 2.0), "v")
    v.tag = 5
    for wrap in (compile, no_grad()):  # which the function sees as they are, too
        result = wrap(lambda x: np.sum(x * w * v) * len(w.name) * v.tag * isinstance(v, Keyed))(np.ones(3))
        assert result.item() == 30.0
    assert (type(w), type(v), Named.known, Tensor in type(v).__mro__) == (Named, Keyed, ["a"], True)


def test_a_derivative_in_one_thread_lets_programs_run_in_another() -> None:
    square = compile(lambda x: x * x)
    square(np.ones(3))
    begun, done = Event(), Event()

    def slow(x: Any) -> Any:
        begun.set()
        assert done.wait(30)
        return np.sum(x * x)

    thread = Thread(target=grad(slow), args=(np.ones(3),))
    thread.start()
    assert begun.wait(30)
    square(np.ones(3))
    done.set()
    thread.join()
    assert not square.fallbacks


@pytest.mark.parametrize("calls", [1, 2])
@pytest.mark.parametrize("kind", ["fused", "loop", "derivative"])
def test_what_is_printed_beside_a_recording_changes_nothing_of_it(kind: str, calls: int) -> None:
    """NumPy's functions stay those that note what the other thread makes; the function itself runs, or its loop."""

    def elsewhere() -> Any:
        found = called(compiled)
        with creation.original_creation() as alone:
            return found, alone, np.empty

    pytest.importorskip("llvmlite")

    def looped(x: Any) -> Any:
        for _ in range(200):
            x = np.tanh(x) + 0.1 * x
        return np.sum(x)

    def row(x: Any) -> Any:
        return np.sum(np.exp(-x * x) * x + x)

    function = looped if kind == "loop" else row
    compiled = compile(function, backend="numba")
    x = np.linspace(0.1, 0.9, 9) if kind == "loop" else np.linspace(-1, 1, 2000)

    def called(f: Any) -> Any:
        if kind != "derivative":
            return f(x)
        leaf = Tensor(x, requires_grad=True)
        f(leaf).backward()
        return leaf.grad

    expected = called(function)
    for _ in range(calls):
        called(compiled)
    with creation.RECORDING, creation.noted_creation():
        noted = np.empty
        with ThreadPoolExecutor(1) as pool:
            found, alone, seen = pool.submit(elsewhere).result()
        assert (alone, seen) == (False, noted)
    for each in (found, called(compiled), called(compiled)):
        np.testing.assert_allclose(each, expected, rtol=1e-13)
    assert {fallback.reason for fallback in compiled.fallbacks} <= {"another thread records"}
