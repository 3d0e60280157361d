"""`fit`, `evaluate` and `predict`: the same as a loop by hand, over every kind of data, and what they refuse."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import nn
from autograd import ShapeError, Tensor
from datasets import DataLoader, TensorDataset, batches

rng = np.random.default_rng(0)
X = rng.normal(size=(50, 3)).astype(np.float32)
Y = X @ np.array([[1.0], [-2.0], [0.5]], np.float32)
LABELS = (Y[:, 0] > 0).astype(np.int64)


def linear(seed: int = 0, outputs: int = 1, **options: Any) -> nn.Linear:
    nn.manual_seed(seed)
    return nn.Linear(3, outputs, **options)


def fit(model: nn.Module, data: Any, loss: Any = None, lr: float = 0.1, **options: Any) -> Any:
    options = {"epochs": 2, "verbose": False, **options}
    optimizer = options.pop("optimizer", None) or nn.optim.SGD(model.parameters(), lr=lr)
    return nn.fit(model, data, loss or nn.MSELoss(), optimizer, **options)


def test_it_takes_the_steps_of_a_plain_loop() -> None:
    model, plain = linear(), linear()
    optimizer = nn.optim.Adam(plain.parameters(), lr=0.1)
    losses, rows = [], []
    for _ in range(3):
        for x, y in batches(X, Y, batch_size=8, shuffle=False):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(plain(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            rows.append(len(x))
    data = batches(X, Y, batch_size=8, shuffle=False)
    history = fit(model, data, optimizer=nn.optim.Adam(model.parameters(), lr=0.1), epochs=3)
    assert np.array_equal(model.weight.data, plain.weight.data)
    expected = [np.average(losses[i : i + 7], weights=rows[i : i + 7]) for i in (0, 7, 14)]
    assert history["loss"].tolist() == pytest.approx(expected, rel=1e-12)
    assert history["steps"].tolist() == [7, 14, 21]
    assert history.index.tolist() == [1, 2, 3]
    assert history["lr"].tolist() == [0.1] * 3
    assert all(parameter.grad is None for parameter in model.parameters())
    assert history.attrs["stopped"] is None


def test_every_epoch_has_all_rows_in_an_order_of_its_own_that_the_seed_decides() -> None:
    def orders(**options: Any) -> list[list[float]]:
        seen: list[list[float]] = []

        class Note(nn.training.Callback):
            def on_epoch_start(self, training: nn.training.Training) -> None:
                seen.append([])

        def loss(output: Any, target: Any) -> Any:
            seen[-1] += target[:, 0].tolist()
            return nn.functional.mse_loss(output, target)

        fit(linear(), (X, Y), loss, callbacks=[Note()], batch_size=8, **options)
        return seen

    first, second = orders(seed=3)
    assert sorted(first) == sorted(second) == sorted(Y[:, 0].tolist())
    assert first != second
    assert orders(seed=3) == [first, second] != orders(seed=4)
    assert orders() == orders()  # the generator of nn, which linear() starts, decides
    assert orders()[0] != first


@pytest.mark.parametrize("rows", [7, 8, 1])
def test_accumulated_batches_make_the_step_of_a_large_one(rows: int) -> None:
    x, y = X[:rows].astype(float), Y[:rows].astype(float)
    for loss in (nn.MSELoss(), nn.MSELoss(reduction="sum")):
        large, small = linear(dtype=float), linear(dtype=float)
        fit(large, [(x, y)], loss, lr=0.01)
        parts = [(x[i : i + 3], y[i : i + 3]) for i in range(0, rows, 3)]  # the last is smaller
        history = fit(small, parts, loss, lr=0.01, accumulate=10)
        assert small.weight.data == pytest.approx(large.weight.data, rel=1e-12)
        assert history["steps"].tolist() == [1, 2]


def test_a_group_that_is_not_full_still_takes_a_step() -> None:
    history = fit(linear(), (X, Y), batch_size=8, accumulate=3)
    assert history["steps"].tolist() == [3, 6]  # 7 batches


def test_a_summed_loss_is_reported_by_row() -> None:
    data = batches(X, Y, batch_size=8, shuffle=False)
    model, other = linear(), linear()
    summed = fit(model, data, nn.MSELoss(reduction="sum"), lr=1e-9, epochs=1)
    mean = fit(other, data, lr=1e-9, epochs=1)
    assert summed["loss"][1] == pytest.approx(mean["loss"][1], rel=1e-5)


def test_figures_of_gradients_and_updates() -> None:
    model = linear(dtype=float)
    before = model.weight.data.copy(), model.state_dict()["bias"].copy()
    history = fit(model, [(X, Y)], lr=0.01, epochs=1)
    steps = [a - b for a, b in zip((model.weight.data, model.state_dict()["bias"]), before, strict=True)]
    update = np.sqrt(sum((step**2).sum() for step in steps))
    assert history["gradient_norm"][1] == pytest.approx(update / 0.01)
    assert history["update_ratio"][1] == pytest.approx(update / np.sqrt(sum((b**2).sum() for b in before)))


def test_gradients_are_clipped_together() -> None:
    model = linear(dtype=float)
    before = np.concatenate([model.weight.data.ravel(), model.state_dict()["bias"]])
    history = fit(model, [(100 * X, Y)], lr=1.0, epochs=1, clip_norm=0.5)
    after = np.concatenate([model.weight.data.ravel(), model.state_dict()["bias"]])
    assert np.linalg.norm(after - before) == pytest.approx(0.5, rel=1e-4)
    assert history["gradient_norm"][1] > 100  # what it was before


def test_rng_stands_for_a_seed() -> None:
    def order(**options: Any) -> list[float]:
        seen: list[float] = []

        def loss(output: Any, target: Any) -> Any:
            seen.extend(target.tolist())
            return (output**2).mean()

        fit(linear(), (X, np.arange(len(X)) * 1.0), loss, epochs=2, compile=False, **options)
        return seen

    assert order(rng=3) == order(rng=3) == order(rng=np.random.default_rng(3)) != order(rng=4)
    generator = np.random.default_rng(3)
    assert order(rng=generator) != order(rng=generator)
    with pytest.raises(ValueError, match="both seed=1 and rng=2 are given"):
        order(seed=1, rng=2)


def test_metrics_by_name_function_and_dict() -> None:
    def certain(output: Any, target: Any) -> Any:
        assert isinstance(output, np.ndarray)
        return (np.abs(output) > 0.5).mean()

    model = linear(outputs=2)
    validation = (X[:20], LABELS[:20])
    options: dict[str, Any] = {"validation": validation, "epochs": 1}
    history = fit(model, (X, LABELS), nn.CrossEntropyLoss(), metrics=["accuracy", certain], **options)
    assert list(history)[:6] == ["loss", "accuracy", "certain", "val_loss", "val_accuracy", "val_certain"]
    evaluated = nn.evaluate(model, validation, nn.CrossEntropyLoss(), {"accuracy": nn.training.accuracy}, batch_size=7)
    assert evaluated["accuracy"] == history["val_accuracy"][1] == pytest.approx(_accuracy(model, *validation))
    assert evaluated["loss"] == pytest.approx(history["val_loss"][1])
    history = fit(linear(), (X, Y), metrics=("mae", "mse"))
    assert history["mse"].tolist() == pytest.approx(history["loss"].tolist(), rel=1e-5)
    assert ((history["mae"] ** 2) <= history["mse"]).all()


def _accuracy(model: nn.Module, x: Any, labels: Any) -> float:
    return float((nn.predict(model, x).argmax(axis=1) == labels).mean())


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ("acuracy", "unknown metrics"),
        (lambda output, target: 0, "a lambda has no name"),
        ({"val_x": nn.training.mae}, "cannot be named"),
        ({"lr": nn.training.mae}, "cannot be named"),
        (["mae", nn.training.mae], "give a dict"),
    ],
)
def test_metrics_that_cannot_be(metrics: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(linear(), (X, Y), metrics=metrics)


def test_accuracies() -> None:
    scores = np.array([[1.0, 2.0], [3.0, 1.0], [0.0, 1.0]])
    assert nn.training.accuracy(scores, np.array([1, 1, 1])) == 2 / 3
    assert nn.training.accuracy(scores, np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])) == 2 / 3
    assert nn.training.accuracy(scores.T[None], np.zeros((1, 3), int)) == pytest.approx(1 / 3)
    with pytest.raises(ShapeError, match="one logit a row"):
        nn.training.accuracy(np.zeros((3, 1)), np.zeros((3, 1)))
    with pytest.raises(ShapeError, match="labels of shape"):
        nn.training.accuracy(scores, np.zeros((3, 1), int))
    for metric in (nn.training.mae, nn.training.mse):
        with pytest.raises(ShapeError, match="broadcast"):
            metric(np.zeros((3, 1)), np.zeros(3))


def test_schedulers_step_by_epoch_by_step_or_by_a_figure() -> None:
    class Schedule:
        def __init__(self, optimizer: Any) -> None:
            self.optimizer, self.values = optimizer, list[Any]()

        def step(self, metrics: Any = None) -> None:
            self.values.append(metrics)
            self.optimizer.param_groups[0]["lr"] /= 2

    class Plateau(Schedule):
        def step(self, metrics: Any) -> None:  # type: ignore[override]  # as ReduceLROnPlateau has it
            super().step(metrics)

    def run(kind: type[Schedule], **options: Any) -> tuple[Schedule, Any]:
        model = linear()
        optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
        schedule = kind(optimizer)
        return schedule, fit(model, (X, Y), optimizer=optimizer, scheduler=schedule, batch_size=25, **options)

    schedule, history = run(Schedule)
    assert schedule.values == [None, None]
    assert history["lr"].tolist() == [0.1, 0.05]
    schedule, history = run(Schedule, scheduler_every="step")
    assert len(schedule.values) == 4
    schedule, history = run(Plateau)
    assert schedule.values == history["loss"].tolist()
    schedule, history = run(Plateau, validation=(X, Y))
    assert schedule.values == history["val_loss"].tolist()
    other = nn.optim.SGD(linear().parameters())
    with pytest.raises(ValueError, match="another optimizer"):
        fit(linear(), (X, Y), scheduler=Schedule(other))
    with pytest.raises(ValueError, match='"epoch" or "step"'):
        fit(linear(), (X, Y), scheduler_every="batch")
    model = linear()
    optimizer = nn.optim.SGD(model.parameters())
    with pytest.raises(ValueError, match="one after an epoch"):
        fit(model, (X, Y), optimizer=optimizer, scheduler=Plateau(optimizer), scheduler_every="step")


def test_models_of_several_inputs_and_outputs() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(3, 1)

        def forward(self, a: Any, b: Any) -> Any:
            return self.inner(a), self.inner(b)

    def loss(output: tuple[Tensor, Tensor], target: Any) -> Any:
        return nn.functional.mse_loss(output[0], target) + nn.functional.mse_loss(output[1], target)

    model = Two()
    spread = {"spread": lambda output, target: np.abs(output[0] - output[1]).mean()}
    history = fit(model, (X, -X, Y), loss, metrics=spread)
    assert np.isfinite(history["spread"]).all()
    first, second = nn.predict(model, (X, -X), batch_size=7)
    assert first.shape == second.shape == (50, 1)
    assert first == pytest.approx(model(X, -X)[0].data, rel=1e-5)


def test_the_dtype_of_the_model_is_that_of_the_data() -> None:
    seen = set()

    def loss(output: Any, target: Any) -> Any:
        seen.add((output.dtype, target.dtype))
        return nn.functional.mse_loss(output, target)

    wide = (X.astype(float), Y.astype(float))
    fit(linear(), wide, loss)
    fit(linear(), [wide], loss)
    assert seen == {(np.dtype("f4"), np.dtype("f4"))}
    assert nn.predict(linear(), X.astype(float)).dtype == np.float32
    seen.clear()
    fit(linear(dtype=float), (X, Y), loss)
    assert seen == {(np.dtype("f8"), np.dtype("f8"))}


def test_evaluation_restores_the_mode_of_each_module() -> None:
    modes = []

    class Note(nn.Module):
        def forward(self, x: Any) -> Any:
            modes.append(self.training)
            return x

    model = nn.Sequential(linear(), Note(), nn.Dropout(0.5))
    model[2].eval()
    nn.predict(model, X)
    nn.evaluate(model, (X, Y), nn.MSELoss())
    assert modes == [False, False]
    assert [module.training for module in model] == [True, True, False]
    modes.clear()
    fit(model, [(X, Y)], epochs=1, validation=(X, Y))
    assert modes == [True, False]
    assert [module.training for module in model] == [True, True, False]
    with pytest.raises(ShapeError):
        nn.predict(model, X[:, :2])
    assert [module.training for module in model] == [True, True, False]


def test_predictions_are_plain_arrays_in_portions() -> None:
    model = linear(outputs=4)
    whole = model(X).data
    for size in (1, 7, 50, 1000):
        got = nn.predict(model, X, batch_size=size)
        assert type(got) is np.ndarray
        # a product of other rows rounds differently, by the size of what it adds up and not of the sum
        assert got == pytest.approx(whole, rel=1e-5, abs=1e-6)
    assert nn.predict(model, X[:0]).shape == (0, 4)
    assert nn.predict(model, X[::2]).shape == (25, 4)
    with pytest.raises(ValueError, match="batch_size=0"):
        nn.predict(model, X, batch_size=0)


@pytest.mark.parametrize("rows", [3, 5, 6])
@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_predictions_have_the_rows_first(kind: Any, rows: int) -> None:
    X = np.ones((rows, 4, 3), np.float32)
    with pytest.raises(ShapeError, match=r"for 3 rows the model returned shape \(1, 4, 2\).*batch_first=True"):
        nn.predict(kind(3, 2), X, batch_size=3)
    with pytest.raises(ShapeError, match=r"for 3 rows the model returned shape \(1, 3, 2\)"):
        nn.predict(kind(3, 2, batch_first=True), X, batch_size=3)
    with pytest.raises(ShapeError, match=r"for 6 rows the model returned shape \(\)"):
        nn.predict(Total(), X.repeat(2, 0)[:6])


class Total(nn.Module):
    def forward(self, x: Any) -> Any:
        return x.sum()


def one_shot() -> Iterator[Any]:
    yield X, Y


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (X, TypeError, "tuple of arrays"),
        ([X, Y], TypeError, "a batch is a ndarray"),
        ([(X,)], TypeError, "tuple of 1"),
        ((X,), TypeError, "target last"),
        ((X, ["a"]), TypeError, "ndarray, list"),
        ((X, Y[:9]), ValueError, "number of rows"),
        ((X, np.float32(1)), ValueError, "number of rows"),
        ((X[:0], Y[:0]), ValueError, "no rows"),
        ((X, np.array(["a"] * 50)), TypeError, "numbers them"),
        ([], ValueError, "not one batch"),
        (one_shot(), TypeError, "once"),
        ("data", TypeError, "not a str"),
    ],
)
def test_data_that_cannot_be(data: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        fit(linear(), data)


def test_an_iterator_serves_one_epoch() -> None:
    assert len(fit(linear(), one_shot(), epochs=1)) == 1
    with pytest.raises(ValueError, match="used up"):
        nn.evaluate(linear(), iter([]), nn.MSELoss())


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"epochs": 0}, ValueError, "epochs"),
        ({"epochs": 1.5}, ValueError, "epochs"),
        ({"accumulate": 0}, ValueError, "accumulate"),
        ({"batch_size": 0}, ValueError, "batch_size should be a whole number of at least 1, not 0"),
        ({"clip_norm": 0.0}, ValueError, "clip_norm"),
        ({"loss": nn.MSELoss}, TypeError, r"MSELoss\(\)"),
        ({"loss": nn.MSELoss(reduction="none")}, ValueError, "reduction='mean'"),
        ({"loss": "mse"}, TypeError, "a function"),
        ({"loss": lambda output, target: output}, TypeError, "one number"),
        ({"loss": lambda output, target: 1.0}, TypeError, "one element"),
        ({"optimizer": nn.optim.SGD}, TypeError, "optimizer should be"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        fit(linear(), (X, Y), **options)


def test_options_of_arrays_are_refused_for_batches() -> None:
    for options in ({"batch_size": 8}, {"seed": 0}):
        with pytest.raises(ValueError, match=r"is for arrays, .*: pass .* to what makes them"):
            fit(linear(), [(X, Y)], **options)


def test_lines_are_printed_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    fit(linear(), (X, Y), verbose=True, metrics="mae")
    out, err = capsys.readouterr()
    assert out.startswith("epoch 1/2: loss ")
    assert "mae" in out
    assert len(out.splitlines()) == 2
    assert err == ""
    fit(linear(), (X, Y), verbose=False)
    assert capsys.readouterr() == ("", "")


def test_a_bar_is_shown_on_terminals(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(type(sys.stderr), "isatty", lambda self: True, raising=False)

    class Slow(nn.training.Callback):
        def on_step(self, training: nn.training.Training) -> None:
            threading.Event().wait(0.25)

    fit(linear(), [(X, Y)] * 3, verbose=True, epochs=1, callbacks=[Slow()])
    out, err = capsys.readouterr()
    assert "epoch 1/1" in err
    assert "loss=" in err or "loss " in err
    assert out.startswith("epoch 1/1: loss ")


class Press(nn.training.Callback):
    """Press Ctrl-C in a step."""

    def __init__(self, step: int, times: int = 1) -> None:
        self.step, self.times = step, times

    def on_step(self, training: nn.training.Training) -> None:
        for _ in range(self.times if training.step == self.step else 0):
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_ends_the_training_after_the_step(capfd: pytest.CaptureFixture[str]) -> None:
    ended = []

    class End(nn.training.Callback):
        def on_end(self, training: nn.training.Training) -> None:
            ended.append((training.step, training.epoch, training.interrupted))

    model = linear()
    history = fit(model, (X, Y), batch_size=10, epochs=9, callbacks=[Press(7), End()], validation=(X, Y))
    assert history["steps"].tolist() == [5, 8]  # it was noticed in step 8
    assert ended == [(8, 1, True)]
    assert history.attrs["stopped"] == "Ctrl-C"
    assert history.notna().all(axis=None)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert "Ctrl-C" in capfd.readouterr().err
    assert len(fit(model, (X, Y))) == 2  # and again
    with pytest.raises(KeyboardInterrupt):
        fit(model, (X, Y), callbacks=[Press(1, times=2)])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_program_is_called_and_the_training_ends_too(capfd: pytest.CaptureFixture[str]) -> None:
    noted: list[int] = []

    def note(number: int, frame: object) -> None:
        noted.append(number)

    previous = signal.signal(signal.SIGINT, note)
    try:
        history = fit(linear(), (X, Y), batch_size=10, epochs=9, callbacks=[Press(7, times=2)])
        assert signal.getsignal(signal.SIGINT) is note
    finally:
        signal.signal(signal.SIGINT, previous)
    assert history["steps"].tolist() == [5, 8]
    assert history.attrs["stopped"] == "Ctrl-C"
    assert noted == [signal.SIGINT] * 2
    assert "Ctrl-C" not in capfd.readouterr().err  # what is said is the handler's affair


def test_an_outer_interruption_ends_each_training_within(capfd: pytest.CaptureFixture[str]) -> None:
    with nn.training.Interruption(message="saving") as interruption:
        history = fit(linear(), (X, Y), batch_size=10, epochs=9, callbacks=[Press(2)])
        assert interruption.requested
        another = fit(linear(), (X, Y), batch_size=10, epochs=9)
    assert history["steps"].tolist() == [3]
    assert another["steps"].tolist() == [1]
    assert another.attrs["stopped"] == "Ctrl-C"
    assert capfd.readouterr().err.count("saving") == 1


def test_ctrl_c_that_is_ignored_stays_ignored() -> None:
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert len(fit(linear(), (X, Y), callbacks=[Press(1)])) == 2
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, previous)


def test_other_threads_change_no_handler() -> None:
    lengths: list[int] = []
    thread = threading.Thread(target=lambda: lengths.append(len(fit(linear(), (X, Y)))))
    thread.start()
    thread.join()
    assert lengths == [2]


def diverging(where: str) -> tuple[nn.Sequential, Any]:
    model, y = nn.Sequential(linear(outputs=2), nn.Linear(2, 1)), Y.copy()
    if where == "input":
        return model, [(X, Y), (np.where(np.arange(50)[:, None] == 7, np.nan, X), Y)]
    if where == "target":
        y[3] = np.inf
        return model, [(X, Y), (X, y)]
    return model, [(X, Y)] * 3


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("input", r"epoch 1, batch 2 \(step 2\).*The input of this batch .* in row 7 \(1 rows of 50\)"),
        ("target", r"The target of this batch .* in row 3"),
        ("weight", r"The parameter 1.weight is not finite"),
        ("gradient", r"The first parameter whose gradient is not finite is 0.weight.*detect_anomaly"),
    ],
)
def test_a_loss_that_is_no_number_is_an_error_that_says_where(where: str, message: str) -> None:
    model, data = diverging(where)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.0)
    weights = model.state_dict()

    def loss(output: Any, target: Any) -> Any:
        return nn.functional.mse_loss(output, target) * (np.inf if where == "gradient" else 1.0)

    class Spoil(nn.training.Callback):
        def on_step(self, training: nn.training.Training) -> None:
            if where == "weight":
                model[1].weight.data[0, 1] = np.nan

    with pytest.raises(nn.NonFiniteLossError, match=message):
        fit(model, data, loss, optimizer=optimizer, callbacks=[Spoil()])
    assert where == "weight" or all(np.array_equal(weights[key], value) for key, value in model.state_dict().items())


def test_callbacks_are_called_in_order_and_told_of_errors() -> None:
    calls: list[str] = []

    class Note(nn.training.Callback):
        def __getattribute__(self, name: str) -> Any:
            if name.startswith("on_"):
                calls.append(name)
            return super().__getattribute__(name)

        def on_end(self, training: nn.training.Training) -> None:
            calls.append(repr(training.error))

    fit(linear(), (X, Y), batch_size=25, callbacks=[Note()])
    epoch = ["on_epoch_start", "on_step", "on_step", "on_epoch"]
    assert calls == ["on_start", *epoch, *epoch, "on_end", "None"]
    calls.clear()

    def fail(output: Any, target: Any) -> Any:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        fit(linear(), (X, Y), fail, callbacks=[Note()])
    assert calls[-1] == "RuntimeError('no')"


def test_early_stopping_waits_and_restores() -> None:
    losses: Callable[[], float] = iter([5.0, 4.0, 4.5, 3.95, 3.99, 1.0]).__next__
    model = linear()
    kept: list[Any] = []

    class Figures(nn.training.Callback):
        def on_epoch(self, training: nn.training.Training) -> None:
            training.history[-1]["val_loss"] = losses()
            kept.append(model.weight.data.copy())

    stopping = nn.training.EarlyStopping(patience=2, min_delta=0.1)
    history = fit(model, (X, Y), epochs=10, callbacks=[Figures(), stopping])
    assert history["val_loss"].tolist() == [5.0, 4.0, 4.5, 3.95]
    assert stopping.best_epoch == 2
    assert np.array_equal(model.weight.data, kept[1])
    assert not np.array_equal(model.weight.data, kept[-1])
    assert history.attrs["stopped"] == "'val_loss' is no better than in epoch 2"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"monitor": "f2"}, "smaller, or larger"),
        ({"patience": 0}, "patience"),
        ({"min_delta": -1.0}, "min_delta"),
        ({"mode": "least"}, "mode should be"),
    ],
)
def test_early_stopping_refuses(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nn.training.EarlyStopping(**options)


def test_a_figure_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"no 'val_loss' to monitor .* pass validation="):
        fit(linear(), (X, Y), callbacks=[nn.training.EarlyStopping()])


def test_early_stopping_takes_larger_as_better_and_nan_as_worse() -> None:
    from nn.training._callbacks import Best

    best = Best("val_accuracy", None)
    assert [best.improved({"val_accuracy": v}) for v in (np.nan, 0.5, 0.4, 0.6, np.nan)] == [
        False,
        True,
        False,
        True,
        False,
    ]
    assert not Best("x", "max", 0.1).improved({"x": np.nan})


def test_a_frozen_model_is_refused() -> None:
    with pytest.raises(TypeError, match="no parameter of the model requires"):
        fit(linear().requires_grad_(False), (X, Y))


@pytest.mark.parametrize("name", ["on_batch", "on_batch_begin", "on_train_batch_begin", "on_validation_end", "on_test"])
def test_methods_of_callbacks_that_fit_does_not_call(name: str) -> None:
    with pytest.raises(TypeError, match=rf"fit does not call {name}\(\) of a callback: here it is .*on_step"):
        type("Mine", (nn.training.Callback,), {name: lambda self, training: None})


def test_callbacks_may_have_methods_of_their_own() -> None:
    class Better(nn.training.Callback):
        def on_epoch(self, training: Any) -> None:
            self.on_better(training)

        def on_better(self, training: Any) -> None:
            raise NotImplementedError

    class Prints(Better):
        def on_better(self, training: Any) -> None:
            print(training.epoch)

    assert callable(Prints().on_better)


def test_rows_by_number_go_through_a_loader() -> None:
    rows = TensorDataset(np.ones((8, 3), np.float32), np.zeros(8, int))
    model = nn.Linear(3, 2)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(TypeError, match=r"a TensorDataset gives rows by their number: pass datasets.DataLoader\(data"):
        nn.fit(model, rows, nn.CrossEntropyLoss(), optimizer, epochs=1)  # type: ignore[arg-type]
    loader = DataLoader(rows, batch_size=32, shuffle=True)
    assert len(nn.fit(model, loader, nn.CrossEntropyLoss(), optimizer, epochs=1, verbose=False)) == 1
