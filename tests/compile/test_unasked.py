"""`fit` compiles on its own: whatever a model or a loss does besides computing happens as often as without."""

import functools
import logging
import operator
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F  # noqa: N812 - the usual name
from autograd import tensor
from autograd.extend import Rehearsed
from nn.training import _compiled

from .agreement import differs
from .training_steps import state

Array = np.ndarray[Any, Any]
X = np.random.default_rng(0).standard_normal((24, 4)).astype(np.float32)
Y = np.arange(24) % 2
EPOCHS, STEPS = 8, 24
LOG: list[Any] = []
CONFIG = SimpleNamespace(scale=1.0, hits=0)
NUMBERS = np.zeros(3)
logger = logging.getLogger(__name__)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let programs pay at once, and begin without effects of another test."""
    monkeypatch.setattr(_compiled, "pays", lambda batches, seconds: True)
    LOG.clear()
    CONFIG.scale, CONFIG.hits = 1.0, 0
    NUMBERS[:] = 0
    yield
    LOG.clear()


class Net(nn.Module):
    """A layer behind what a test does to its input."""

    def __init__(self, do: Callable[[Any, Any], Any] = lambda net, x: x) -> None:
        super().__init__()
        self.layer, self.do = nn.Linear(4, 2), do
        self.counter, self.kept, self.seen = 0, {"n": 0}, list[Any]()

    def forward(self, x: Any) -> Any:
        return self.layer(self.do(self, x))


def fitted(compile: Any, make: Callable[[], Any], loss: Any = None, data: Any = (X, Y), **options: Any) -> Any:
    """Return what a training leaves, without the seconds that it took; and whether it was compiled."""
    nn.manual_seed(0)
    model = make()
    options = {"epochs": EPOCHS, "batch_size": 8, "seed": 0, "metrics": "accuracy", **options}
    if callable(options.get("callbacks")):
        options["callbacks"] = options["callbacks"]()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        optimizer = nn.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        history = nn.fit(
            model, data, loss or nn.CrossEntropyLoss(), optimizer, compile=compile, verbose=False, **options
        )
    figures = {name: np.array(column) for name, column in history.drop(columns="seconds").items()}
    drawn = repr(nn.random.default_generator().bit_generator.state)
    left = [figures, state(model), state(optimizer), drawn, sorted(str(each.message) for each in caught)]
    return left, history.attrs["compiled"]


# Effects, each of which happens once a step


def _log(net: Any, x: Any) -> Any:
    logger.warning("a step")
    return x


def _write(net: Any, x: Any) -> Any:
    os.write(1, b"")
    LOG.append(1)
    return x


def _count(net: Any, x: Any) -> Any:
    net.counter += 1
    return x


def _see(net: Any, x: Any) -> Any:
    net.seen.append(x.shape)
    return x


def _print(net: Any, x: Any) -> Any:
    print("a step", x.shape)
    return x


def _warn(net: Any, x: Any) -> Any:
    warnings.warn("a step", stacklevel=2)
    return x


def _hit(net: Any, x: Any) -> Any:
    CONFIG.hits += 1
    return x


def _set_by_name(net: Any, x: Any) -> Any:
    setattr(net, "coun" + "ter", net.counter + 1)
    return x


def _set_item(net: Any, x: Any) -> Any:
    operator.setitem(net.kept, "n", net.kept["n"] + 1)
    return x


def _raise_signal(net: Any, x: Any) -> Any:
    signal.raise_signal(signal.SIGTERM)
    return x


def _save(net: Any, x: Any) -> Any:
    nn.save({"n": 1}, Path(os.environ["SAVED"]) / "file.npz")
    return x


def _catch(net: Any, x: Any) -> Any:
    try:
        np.ndarray.sum(x)  # which takes no traced array
    except TypeError:
        LOG.append("an error that there is only while it is recorded")
    return x


def _write_argument(net: Any, x: Any) -> Any:
    x += 1
    return x


def _add_to_array(net: Any, x: Any) -> Any:
    NUMBERS[0] += 1
    return x + NUMBERS[0].astype(np.float32)


def _decay(net: Any, x: Any) -> Any:
    net.layer.weight.data *= np.float32(0.99)
    return x


def _draw(net: Any, x: Any) -> Any:
    return x + np.random.random()


class _Noted:
    """A descriptor that notes what it is set to."""

    def __set__(self, holder: Any, value: Any) -> None:
        LOG.append(value)

    def __get__(self, holder: Any, kind: Any = None) -> Any:
        return None


class _Holder:
    noted = _Noted()


HOLDER = _Holder()


def _describe(net: Any, x: Any) -> Any:
    HOLDER.noted = 1
    return x


EFFECTS = [
    _log, _write, _count, _see, _print, _warn, _hit, _set_by_name, _set_item, _raise_signal, _save, _catch,
    _write_argument, _add_to_array, _decay, _draw, _describe,
]  # fmt: skip


def happened(compile: Any, do: Any, folder: Path, capsys: Any, caplog: Any, monkeypatch: Any) -> Any:
    """Return what a training leaves, and how often its effect happened."""
    before = signal.signal(signal.SIGTERM, lambda number, frame: LOG.append(number))
    monkeypatch.setenv("SAVED", str(folder))
    np.random.seed(0)
    nn.manual_seed(0)
    made = [Net(do)]
    LOG.clear()
    caplog.clear()
    CONFIG.hits, NUMBERS[:] = 0, 0
    try:
        left, said = fitted(compile, lambda: made[0])
    finally:
        signal.signal(signal.SIGTERM, before)
    net, printed = made[0], capsys.readouterr().out.count("a step")
    logged = [record for record in caplog.records if record.name == __name__]  # not what pandas loads says of threads
    count = net.counter, net.kept["n"], len(net.seen), len(LOG), CONFIG.hits, printed, len(logged), NUMBERS[0]
    return (left, count, np.random.random()), said


@pytest.mark.parametrize("do", EFFECTS)
def test_effects(do: Any, tmp_path: Path, capsys: Any, caplog: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = functools.partial(happened, do=do, folder=tmp_path, capsys=capsys, caplog=caplog, monkeypatch=monkeypatch)
    (expected, _), (found, said) = run(False), run("auto")
    assert not differs(list(expected[0]), list(found[0]))
    assert expected[1:] == found[1:]
    assert (said == "yes") == (do is _add_to_array)  # which a program does as the function does


@pytest.mark.parametrize("place", ["forward", "backward", "tensor"])
def test_hooks(place: str) -> None:
    def make() -> Any:
        net = Net()
        if place == "tensor":
            net.layer.weight.register_hook(lambda gradient: LOG.append(1))
        elif place == "forward":
            net.register_forward_hook(lambda *args: LOG.append(1))
        else:
            net.register_full_backward_hook(lambda *args: LOG.append(1))
        return net

    expected, _ = fitted(False, make)
    LOG.clear()
    found, said = fitted("auto", make)
    assert not differs(expected, found)
    assert len(LOG) == STEPS
    assert said != "yes"


# What looks at arrays, which are traced while it is recorded

LOOKS: dict[str, Callable[[Any], Any]] = {
    "type": lambda x: x * (2 if type(x) is np.ndarray else 3),
    "name of the type": lambda x: x * len(type(x).__name__),
    "base": lambda x: x * (2 if x[1:].base is x else 3),
    "memory": lambda x: x * len(memoryview(x)),
    "buffer": lambda x: x * np.frombuffer(x, np.float32)[0],
    "unbound": lambda x: x * np.ndarray.sum(x),
    "interface": lambda x: x * len(x.__array_interface__),
    "item": lambda x: x * x[0, 0].item(),
    "condition": lambda x: x if x.sum() > 0 else -x,
    "mask": lambda x: x * x[x > 0].sum(),
    "isinstance": lambda x: x * (2 if isinstance(x, np.ndarray) else 3),
    "shape": lambda x: x * x.shape[0],
    "dropout": lambda x: F.dropout(tensor(x), 0.5),
}
COMPILED = {"mask", "isinstance", "shape", "dropout"}


@pytest.mark.parametrize("name", LOOKS)
def test_looks(name: str) -> None:
    look = LOOKS[name]

    def make() -> Any:
        return Net(lambda net, x: look(x))

    (expected, _), (found, said) = fitted(False, make), fitted("auto", make)
    assert not differs(expected, found)
    assert (said == "yes") == (name in COMPILED), said


def test_what_is_read_may_change() -> None:
    """For one step, each epoch, or each step: it counts from then on, and nothing is warned of."""

    def scaled(net: Any, x: Any) -> Any:
        return x * CONFIG.scale

    class Change(nn.training.Callback):
        def __init__(self, every: int) -> None:
            self.every = every

        def on_step(self, training: Any) -> None:
            CONFIG.scale = 1.5 if training.step % self.every == 0 else 1.0
            if self.every == 1:
                CONFIG.scale += training.step

    for every in (1, 7, 40):
        left = []
        for compile in (False, "auto"):
            CONFIG.scale = 1.0
            made = lambda: Net(scaled)  # noqa: E731 - the model of this training
            left.append(fitted(compile, made, epochs=40, callbacks=lambda every=every: [Change(every)])[0])
        assert not differs(*left), every


def test_what_changes_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_compiled, "PATIENT", 0)

    class Change(nn.training.Callback):
        def on_start(self, training: Any) -> None:
            CONFIG.scale = 1.0

        def on_step(self, training: Any) -> None:
            CONFIG.scale = 1.0 + training.step // 5

    def make() -> Any:
        return Net(lambda net, x: x * np.float32(1 / CONFIG.scale))

    left = [fitted(compile, make, epochs=60, callbacks=lambda: [Change()]) for compile in (False, "auto")]
    assert not differs(left[0][0], left[1][0])
    assert left[1][1] == "what is read changes too often"


def test_values_that_decide_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_compiled, "PATIENT", 10)

    def make() -> Any:
        return Net(lambda net, x: x * x[x > 0].sum())

    (expected, _), (found, said) = fitted(False, make, epochs=20), fitted("auto", make, epochs=20)
    assert not differs(expected, found)
    assert said == "values that decide what is computed"


def test_warnings_of_numpy_are_given_as_often() -> None:
    def make() -> Any:
        return Net(lambda net, x: x * (np.exp(x * 1000) > 1))

    (expected, _), (found, _) = fitted(False, make), fitted("auto", make)
    assert any("overflow" in text for text in expected[-1])
    assert not differs(expected, found)


def test_batches_of_many_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few of them are recorded."""
    sizes = [3, 5, 8, 8, 8, 7, 6, 4, 2, 1, 8, 8]
    data = [(X[:size], Y[:size]) for size in sizes]
    rehearsed: list[Any] = []
    ordinary = Rehearsed.rehearse

    def noted(self: Any, *args: Any) -> Any:
        rehearsed.append(args[-1].shape)
        return ordinary(self, *args)

    monkeypatch.setattr(Rehearsed, "rehearse", noted)
    left = [fitted(compile, Net, data=data, batch_size=None, seed=None) for compile in (False, "auto")]
    assert not differs(left[0][0], left[1][0])
    assert left[1][1] == "yes"
    assert len(rehearsed) == len(set(rehearsed)) == _compiled.MOST_KINDS


def test_a_metric_may_keep_outputs() -> None:
    kept: list[Any] = []

    def keeping(output: Any, target: Any) -> float:
        kept.append((output, output.copy()))
        return 0.0

    assert fitted("auto", Net, metrics={"keeping": keeping})[1] == "yes"
    assert len(kept) == STEPS
    assert all((now == then).all() for now, then in kept)


def test_a_debugger_sees_each_line() -> None:
    before = sys.gettrace()
    sys.settrace(lambda frame, event, argument: None)
    try:
        said = fitted("auto", Net)[1]
    finally:
        sys.settrace(before)
    assert "debugger" in said


def test_whether_it_is_asked_for() -> None:
    assert fitted(False, Net)[1] == "off"
    assert fitted("auto", Net)[1] == fitted(True, Net)[1] == "yes"
    assert fitted("auto", Net, reproducible=True)[1] == "several ranks"
    with pytest.raises(ValueError, match=r'compile should be "auto", True, "numba" or False, not 1\.5'):
        fitted(1.5, Net)


def test_when_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert fitted("auto", Net)[1] == "few steps"
    for seconds in (1e-5, 1e-3, 1e-1, 10.0):
        assert not _compiled.pays(40, seconds)
        assert _compiled.pays(2000, seconds)


# A rehearsal itself


def test_a_rehearsal_leaves_what_one_call_leaves() -> None:
    weight, count = tensor(np.ones(3), requires_grad=True), np.zeros(2)

    def step(x: Array) -> Any:
        count[0] += 1
        loss = (F.dropout(tensor(x), 0.5) * weight).sum()
        loss.backward()
        return loss.detach()

    left = []
    for call in (step, Rehearsed(step, nn.random.redrawing).rehearse):
        nn.manual_seed(0)
        weight.grad, count[:] = np.ones(3), 0
        left.append([call(np.ones(3)).data, weight.grad.data, np.array(count), nn.random.default_generator().random()])
    assert not differs(*left)


@pytest.mark.parametrize("where", ["recorded", "replayed"])
def test_a_wrong_program_is_found(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the recorder may do wrong, the numbers are those of the function."""
    rehearsed, calls = Rehearsed(lambda x: x * 2, lambda: nullcontext), list[int]()
    wrong = {"recorded": 0, "replayed": 2}[where]
    ask = type(rehearsed).__mro__[1].__call__

    def changed(self: Any, *args: Any) -> Any:
        calls.append(1)
        return ask(self, *args) + (len(calls) == wrong + 1)

    monkeypatch.setattr(Rehearsed, "__call__", changed)
    assert (rehearsed.rehearse(np.ones(2)) == 2).all()
    assert rehearsed.refused == "other bits in what was recorded"


def test_an_error_is_the_functions_own() -> None:
    rehearsed = Rehearsed(lambda x: x @ x, lambda: nullcontext)
    with pytest.raises(ValueError, match="matmul"):
        rehearsed.rehearse(np.ones((2, 3)))
    assert (rehearsed.rehearse(np.eye(2)) == np.eye(2)).all()
    assert not rehearsed.refused
    with pytest.raises(ValueError, match="matmul"):
        rehearsed(np.ones((2, 3)))
    assert rehearsed.unfit == 1


def test_what_is_not_recorded_is_not_said_to_be() -> None:
    class Odd(np.ndarray[Any, Any]):
        pass

    rehearsed = Rehearsed(lambda x: x * 2, lambda: nullcontext)
    assert (rehearsed.rehearse(np.ones(2).view(Odd)) == 2).all()
    assert rehearsed.refused == "an argument of type Odd"


def test_rehearsals_in_several_threads_leave_the_filters_of_warnings() -> None:
    before = list(warnings.filters)
    rehearsals = [Rehearsed(lambda x: np.tanh(x) @ x, lambda: nullcontext) for _ in range(8)]
    threads = [threading.Thread(target=each.rehearse, args=(np.ones((40, 40)),)) for each in rehearsals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before
    assert not any(each.refused for each in rehearsals)
