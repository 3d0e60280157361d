"""What a compiled step depends on is changed after it was recorded: the outcome is that of the step itself."""

import copy
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import CompileError, GraphError, compile, no_grad, tensor
from autograd.extend import borrow, done_outside

from .agreement import differs, is_fused
from .training_steps import STEPS, Training, batches, compared, everything, ran, same_training, state, step_of

Array = np.ndarray[Any, Any]


class Parts(Training):
    """A training whose parts have names."""

    net: Any
    updates: Any
    held: list[Any]


def training() -> Training:
    net: Any = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(0.3), nn.ReLU(), nn.Linear(6, 3))
    updates = nn.optim.AdamW(net.parameters(), lr=0.05)
    made = Parts(step_of(net, updates), [net, updates])
    made.net, made.updates, made.held = net, updates, []
    return made


def hold_gradients(t: Any) -> None:
    t.held += [p.grad for p in t.net.parameters()]


def hold_arrays(t: Any) -> None:
    t.held += [borrow(p.grad)[...] for p in t.net.parameters()]


def let_go(t: Any) -> None:
    t.held.clear()


def replace_weight(t: Any) -> None:
    t.net[0].weight = nn.Parameter(np.full((6, 4), 0.1))


def replace_weight_array(t: Any) -> None:
    t.net[0].weight.data = np.full((6, 4), 0.1, np.float32)


def share_weight(t: Any) -> None:
    t.held.append(t.net[0].weight.data)


def freeze(t: Any) -> None:
    t.net[4].weight.requires_grad_(False)


def thaw(t: Any) -> None:
    t.net[4].weight.requires_grad_(True)


def reload(t: Any) -> None:
    t.net.load_state_dict(
        {
            name: value * value.dtype.type(0.5) if value.dtype.kind == "f" else value
            for name, value in t.net.state_dict().items()
        }
    )


def reload_optimizer(t: Any) -> None:
    t.updates.load_state_dict(copy.deepcopy(t.updates.state_dict()))


def slower(t: Any) -> None:
    t.updates.param_groups[0]["lr"] = 0.001


def decay_more(t: Any) -> None:
    t.updates.param_groups[0]["weight_decay"] = 0.5


def another_optimizer(t: Any) -> None:
    """Let another optimizer move the parameters into its own memory; the step goes on with the first."""
    t.held.append(nn.optim.SGD(reversed(list(t.net.parameters())), lr=0.1))


def hook_of_module(t: Any) -> None:
    t.net[0].register_forward_hook(lambda module, inputs, output: output * 2)


def hook_of_tensor(t: Any) -> None:
    t.net[0].weight.register_hook(lambda g: g * 2)


def more_dropout(t: Any) -> None:
    t.net[2].p = 0.6


def evaluate(t: Any) -> None:
    t.net.eval()


def evaluate_a_part(t: Any) -> None:
    t.net[1].eval()


def train(t: Any) -> None:
    t.net.train()


def another_layer(t: Any) -> None:
    t.net[3] = nn.Tanh()


def reset_statistics(t: Any) -> None:
    t.net[1].reset_running_stats()


def replace_statistics(t: Any) -> None:
    t.net[1].running_mean = np.ones(6, np.float32)


def no_momentum(t: Any) -> None:
    t.net[1].momentum = 0.5


def seed(t: Any) -> None:
    nn.manual_seed(7)


def set_gradient(t: Any) -> None:
    t.net[0].weight.grad = np.ones((6, 4), np.float32)


def write_weight(t: Any) -> None:
    t.net[0].weight.data[...] = 0.25


CHANGES = [
    hold_gradients, hold_arrays, let_go, replace_weight, replace_weight_array, share_weight, freeze, thaw, reload,
    reload_optimizer, slower, decay_more, another_optimizer, hook_of_module, hook_of_tensor, more_dropout, evaluate,
    evaluate_a_part, train, another_layer, reset_statistics, replace_statistics, no_momentum, seed, set_gradient,
    write_weight,
]  # fmt: skip


@pytest.mark.one_in(5)
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_between_steps(change: Callable[[Any], None]) -> None:
    """After the first step, which is recorded, and after others, which were replayed."""
    data = batches(8)
    for place in (1, 4):
        calls = [*data[:place], change, *data[place:]]
        compared(training, calls, "eager" if change is hook_of_tensor else "raise")


def test_a_hook_of_a_tensor_is_refused_with_the_line() -> None:
    data = batches(3)
    found, _, made = ran(training, [data[0], hook_of_tensor, data[1]], True)
    assert found[1][0] == "CompileError"
    assert "hooks" in found[1][1]
    assert type(borrow(made.parts[0][0].weight)) is np.ndarray


def test_two_changes_one_after_the_other() -> None:
    data = iter(batches(3 * len(CHANGES)))
    calls: list[Any] = [next(data)]
    for change in CHANGES[:13]:  # hooks and later ones are for good
        calls += [change, next(data), next(data)]
    compared(training, calls, "eager")


def test_held_gradients_do_not_change() -> None:
    nn.manual_seed(0)
    made: Any = training()
    step = compile(made.step)
    held: list[tuple[Any, Array]] = []
    for batch in batches(6):
        step(*batch)
        held += [(p.grad, np.array(p.grad.data)) for p in made.net.parameters()]
    for gradient, then in held:
        assert gradient.data.tobytes() == then.tobytes()
    assert sum(program.diverged for program in step.programs) >= 1


RESULTS: dict[str, Callable[[Any], Any]] = {
    "gradients": lambda net: [p.grad for p in net.parameters()],
    "their arrays": lambda net: [p.grad.data for p in net.parameters()],
    "a view": lambda net: net.weight.grad[0],
    "a view of an array": lambda net: net.weight.grad.data[0],
    "a parameter": lambda net: net.weight,
    "its array": lambda net: net.weight.data,
    "a copy": lambda net: net.weight.data.copy(),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_do_not_change_in_later_steps_unless_those_of_the_step_itself_do(name: str) -> None:
    def run(compiled: bool) -> Any:
        nn.manual_seed(0)
        net, loss_of = nn.Linear(4, 3), nn.CrossEntropyLoss()
        updates = nn.optim.SGD(net.parameters(), lr=0.1)

        def step(x: Array, y: Array) -> Any:
            updates.zero_grad()
            loss_of(net(x), y).backward()
            found = RESULTS[name](net)
            updates.step()
            return found

        take = compile(step) if compiled else step
        kept = [take(*batch) for batch in batches(6)]
        return [[np.array(borrow(x)) for x in (each if isinstance(each, list) else [each])] for each in kept]

    assert not differs(run(False), run(True))


# What the values of a batch can do


def with_values(i: int, change: Callable[[Array, Array], Any]) -> list[Any]:
    data = batches(8)
    x, y = map(np.array, data[i])
    data[i] = change(x, y) or (x, y)
    return data


def nan_in(x: Array, y: Array) -> None:
    x[2, 1] = np.nan


def infinite(x: Array, y: Array) -> None:
    x[0, 0] = np.inf


def overflowing(x: Array, y: Array) -> None:
    x *= 1e30


def label_too_large(x: Array, y: Array) -> None:
    y[3] = 3


def negative_label(x: Array, y: Array) -> None:
    y[0] = -1


def in_double(x: Array, y: Array) -> Any:
    return x.astype(np.float64), y


def transposed(x: Array, y: Array) -> Any:
    return np.asfortranarray(x), y


def as_list(x: Array, y: Array) -> Any:
    return x, y.astype(np.int32)


VALUES = [
    nan_in, infinite, overflowing, label_too_large, negative_label, in_double, transposed, as_list,
]  # fmt: skip


@pytest.mark.one_in(3)
@pytest.mark.parametrize("change", VALUES)
@pytest.mark.filterwarnings("ignore:.*(nan|inf).*:RuntimeWarning", "ignore:.*encountered in.*:RuntimeWarning")
def test_a_batch_of_other_values(change: Callable[[Array, Array], Any]) -> None:
    """Parameters, moments, running statistics and the random generator are then as the step itself leaves them."""
    for last in (4, 8):  # it is the last one, and steps follow
        same_training(training, with_values(3, change)[:last], programs=None, diverged=None)


def test_a_label_that_is_wrong_is_the_error_of_the_step_itself() -> None:
    found, _, _ = ran(training, with_values(3, label_too_large), True)
    assert found[3][0] == "IndexError"


def test_labels_are_checked_before_gradients_are_cleared() -> None:
    def make() -> Training:
        net = nn.Linear(4, 3)
        updates, loss_of = nn.optim.SGD(net.parameters(), lr=0.1), nn.CrossEntropyLoss()

        def step(x: Array, y: Array) -> Any:
            loss = loss_of(net(x), y)
            updates.zero_grad()
            loss.backward()
            updates.step()
            return loss.detach()

        return Training(step, [net, updates])

    same_training(make, with_values(3, negative_label)[:4], diverged=1)


def test_gradients_stay_until_the_program_fits() -> None:
    """Of a step that clears them for some batches: where it turns out to be another one, it adds to them."""

    def make() -> Training:
        net = nn.Linear(4, 3)
        updates, loss_of = nn.optim.SGD(net.parameters(), lr=0.1), nn.CrossEntropyLoss()

        def step(x: Array, y: Array) -> Any:
            chosen = x[x[:, 0] > 0]
            if len(chosen) > 3:
                updates.zero_grad()
            loss = loss_of(net(chosen), y[: len(chosen)])
            loss.backward()
            updates.step()
            return loss.detach()

        return Training(step, [net, updates])

    data = batches(4)
    for i, (x, _) in enumerate(data):
        x[:, 0] = np.where(np.arange(len(x)) < (3 if i == 2 else 5), 1, -1)
    same_training(make, data, programs=2, diverged=0)  # the third step, which adds to gradients, is recorded anew


def test_gradients_that_are_not_finite_leave_all_to_the_step_itself() -> None:
    """With NumPy's own warnings as they are, and the gradient's one."""
    data = with_values(5, nan_in)
    with pytest.warns(RuntimeWarning):
        expected, left, _ = ran(training, data, False)
    with pytest.warns(RuntimeWarning):
        found, left_compiled, made = ran(training, data, True)
    assert not differs(expected, found)
    assert not differs(left, left_compiled)
    assert sum(program.diverged for program in made.compiled.programs) >= 1


@pytest.mark.parametrize("way", ["numpy", "warnings"])
def test_an_error_of_arithmetic_is_that_of_the_step_itself(way: str) -> None:
    """What the step had changed before, such as statistics and the random generator, is as it leaves it."""

    def make() -> Training:
        net: Any = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(0.3), nn.Linear(6, 3))
        updates = nn.optim.SGD(net.parameters(), lr=0.05)

        def step(x: Array, y: Array) -> Any:
            updates.zero_grad()
            loss = np.exp(net(x) * y[0]).mean()
            loss.backward()
            updates.step()
            return loss.detach()

        return Training(step, [net, updates])

    data = batches(6)
    data[3][1][0] = 10**6
    with np.errstate(over="raise" if way == "numpy" else "warn"), warnings.catch_warnings():
        warnings.simplefilter("error")
        # machine code gives no warnings: a gradient is not finite then
        same_training(make, data, diverged=int(is_fused() and way == "warnings"))


# Memory that others hold


def test_a_graph_that_kept_what_a_step_writes_raises() -> None:
    """As it does without `compile`: its derivative would be computed from other values than it was recorded with."""
    x = np.random.default_rng(0).standard_normal((5, 4))
    for compiled in (False, True):
        w = tensor(np.ones(4), requires_grad=True)

        def step(x: Array, w: Any = w) -> Any:
            w.grad = None
            loss = ((x @ w) ** 2).sum()
            loss.backward()
            with no_grad():
                w -= 0.1 * w.grad
            return loss.detach()

        take = compile(step) if compiled else step
        take(x)
        take(x)
        kept = (w * w * w).sum()
        take(x)
        with pytest.raises(GraphError, match="written to"):
            kept.backward()


def test_parameters_as_arguments_have_gradients_of_their_own() -> None:
    x, _ = batches(1)[0]

    def run(compiled: bool) -> Any:
        parameters = [nn.Parameter(np.full(4, i + 1.0)) for i in range(3)]
        updates = nn.optim.SGD(parameters, lr=0.01)

        def step(w: Any) -> Any:
            w.grad = None
            loss = ((x @ w) ** 2).mean()
            loss.backward()
            return loss

        take, found = compile(step) if compiled else step, []
        for i in range(12):
            found.append(take(parameters[i % 3]).item())
            if i % 3 == 2:
                updates.step()
        return found, [state(p) for p in parameters]

    assert not differs(run(False), run(True))


# Threads


def test_two_threads_take_steps_of_one_program() -> None:
    """Each with a model of its own is right; the memory for results is used by one at a time."""
    net = nn.Linear(4, 3)
    loss_of = nn.CrossEntropyLoss()

    def gradient(x: Array, y: Array) -> Any:
        return loss_of(net(x), y).detach()

    step, data = compile(gradient), batches(STEPS)
    expected = [gradient(*batch).item() for batch in data]
    step(*data[0])
    found: list[list[float]] = [[], []]

    def run(i: int) -> None:
        for _ in range(20):
            found[i] += [step(*batch).item() for batch in data]

    threads = [threading.Thread(target=run, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected * 20] * 2


def test_a_step_in_another_thread_is_that_of_this_one() -> None:
    data = batches(6)

    def in_thread(made: Any) -> None:
        thread = threading.Thread(target=made.step, args=data[0])
        thread.start()
        thread.join()

    same_training(training, [data[0], in_thread, data[1], in_thread, *data[2:]])


# What cannot be recorded


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda loss, net, updates: print(float(loss), end=""), "float"),
        (lambda loss, net, updates: loss.item() + 1, "item"),
        (lambda loss, net, updates: net.weight.requires_grad_(False), "requires_grad"),
        (lambda loss, net, updates: updates.step(lambda: loss), "a function as .*compile the inner"),
        (
            lambda loss, net, updates: nn.optim.lr_scheduler.ReduceLROnPlateau(updates).step(loss.detach()),
            "a tensor as .*give it the array",
        ),
        (lambda loss, net, updates: np.random.rand(), "random"),
    ],
)
def test_what_is_refused_names_the_line_and_leaves_the_tensors_whole(change: Any, said: str) -> None:
    net = nn.Linear(4, 3)
    updates, loss_of = nn.optim.SGD(net.parameters(), lr=0.1), nn.CrossEntropyLoss()

    def step(x: Array, y: Array) -> Any:
        updates.zero_grad()
        loss = loss_of(net(x), y)
        loss.backward()
        change(loss, net, updates)
        updates.step()
        return loss.detach()

    with pytest.raises(CompileError, match=said) as caught:
        compile(step)(*batches(1)[0])
    assert "test_training_guards.py:" in str(caught.value)
    held = [x for p in net.parameters() for x in (p, p.grad) if x is not None]
    assert all(type(x.data) is np.ndarray for x in held)
    assert everything(Training(step, [net, updates]))


def test_a_step_that_cannot_be_recorded_runs_as_it_is() -> None:
    """With the fallbacks "warn" and "eager", from its first call on, which is cut short nowhere."""

    def make() -> Training:
        net = nn.Linear(4, 3)
        updates, loss_of, losses = nn.optim.Adam(net.parameters(), lr=0.1), nn.CrossEntropyLoss(), list[float]()

        def step(x: Array, y: Array) -> Any:
            updates.zero_grad()
            loss = loss_of(net(x), y)
            losses.append(loss.item())
            loss.backward()
            updates.step()
            return losses[-1]

        return Training(step, [net, updates])

    expected, left, _ = ran(make, batches(), False)
    with pytest.warns(RuntimeWarning, match="a change of losses"):
        found, left_compiled, _ = ran(make, batches(), True, "warn")
    assert not differs(expected, found)
    assert not differs(left, left_compiled)


def test_a_step_whose_error_the_function_catches() -> None:
    """It would never be taken again."""
    broken = [True]

    class Own(nn.optim.SGD):
        def update(self, group: Any, flat: Any, run: Any) -> None:
            if broken[0]:
                raise ValueError("broken")
            super().update(group, flat, run)

    def make() -> Training:
        broken[0] = True
        net = nn.Linear(4, 3)
        updates, loss_of = Own(net.parameters(), lr=0.1), nn.CrossEntropyLoss()

        def step(x: Array, y: Array) -> Any:
            updates.zero_grad()
            loss = loss_of(net(x), y)
            loss.backward()
            try:
                updates.step()
            except ValueError:
                return None
            return loss.detach()

        return Training(step, [net, updates])

    def mend(t: Any) -> None:
        broken[0] = False

    calls = [*batches(2), mend, *batches(3)]
    assert not differs(ran(make, calls, False)[:2], ran(make, calls, True, "eager")[:2])
    assert "an operation that fails" in ran(make, calls, True)[0][0][1]


@pytest.mark.parametrize("result", [3, 0.5, (1, 2), "text", tensor(1.0)])
def test_what_runs_outside_returns_an_array_or_nothing(result: Any) -> None:
    """Anything else would be that of the first call."""

    class Own:
        @done_outside
        def advance(self) -> Any:
            return result

    own = Own()

    def function(x: Array) -> Any:
        own.advance()
        return x * 2

    with pytest.raises(CompileError, match=f"the result of advance, {type(result).__name__}"):
        compile(function)(np.ones(2))


def test_a_write_to_an_array_that_is_not_seen_names_it() -> None:
    table = np.empty(1, object)
    table[0] = np.zeros(3)

    def function(x: Array) -> Any:
        table[0][...] += x
        return x * 2

    with pytest.raises(CompileError, match=r"a write to table.flat\[0\], an array \(shape \(3,\), dtype float64\)"):
        compile(function)(np.ones(3))
