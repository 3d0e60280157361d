"""Functions that end with what Python does: the lines run at each call, with the numbers of that call."""

import random
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest

import nn
from autograd import CompileError, compile, grad, no_grad, tensor, value_and_grad
from autograd.transforms.compile.breaks import Text

from .agreement import differs

X = [np.array([0.5, -1.25, 2.0]) * scale for scale in (1.0, -2.0, 0.25, 3.0, -0.5)]
Function = Callable[..., Any]
total = 0.0
seen: list[Any] = []


class Trainer:
    """A training step as users write them, with what they do with its numbers."""

    def __init__(self) -> None:
        nn.manual_seed(0)
        self.net, self.loss = nn.MLP([3, 4, 2]), nn.CrossEntropyLoss()
        self.updates = nn.optim.Adam(self.net.parameters(), lr=0.1)
        self.history: dict[str, list[Any]] = {"loss": [], "right": []}
        self.count, self.sum, self.best = 0, 0.0, float("inf")

    def train(self, x: Any) -> Any:
        self.updates.zero_grad()
        scores = self.net(np.outer(x, x).astype(np.float32))
        loss = self.loss(scores, np.array([0, 1, 0]))
        loss.backward()
        self.updates.step()
        return scores, loss

    def appended(self, x: Any) -> None:
        _, loss = self.train(x)
        self.history["loss"].append(float(loss))

    def taken(self, x: Any) -> Any:
        _, loss = self.train(x)
        self.history["loss"].append(loss.item())
        return loss.item()

    def counted(self, x: Any) -> None:
        scores, loss = self.train(x)
        self.count += 1
        self.sum += loss.item() * len(x)
        self.history["right"].append(int((scores.argmax(1) == np.array([0, 1, 0])).sum()))

    def chosen(self, x: Any) -> Any:
        scores, loss = self.train(x)
        value = loss.item()
        if value < self.best:
            self.best = value
            return "better"
        self.history["loss"] += [value, f"{float(scores.max()):.3f}"]
        return None

    def printed(self, x: Any, step: int, log: list[int]) -> None:
        loss = self.train(x)[1]
        if step % 2:
            print(f"{step}: {loss.item():.4f}", loss.detach())
        log.append(step)

    def raised(self, x: Any) -> Any:
        loss = self.train(x)[1]
        try:
            if float(loss) > 0.7:
                raise ValueError("it grows")  # noqa: TRY301  # as users write it
        except ValueError as error:
            self.history["loss"].append(str(error))
        return loss.detach()


class Stepping(Trainer):
    """Has a method of the name of what it calls, of the optimizer."""

    def step(self, x: Any) -> None:
        _, loss = self.train(x)
        self.history["loss"].append(float(loss))


def global_variable(x: Any) -> Any:
    global total
    y = np.sin(x).sum() + np.cos(x).sum()
    total += float(y)
    return total


def early(x: Any, limit: int | None = None) -> Any:
    if limit is None:
        return x * 2, "early"
    y = np.exp(x) + 1
    for _ in range(limit):
        y = np.tanh(y) * x
    seen.append(float(y.sum()))
    return y


def reassigned(x: Any, *rest: Any, scale: float = 2.0, **named: Any) -> Any:
    x = np.exp(x) * scale
    y = x.sum() + sum(each.sum() for each in rest)
    seen.append((float(y), len(rest), sorted(named)))
    return x, y


def defaults(x: Any, scale: float = 2.0, into: list[Any] = seen, *, also: list[Any] = seen) -> Any:
    y = (np.exp(x) * scale + np.sin(x) * np.cos(x)).sum()
    into.append(float(y))
    also.append(len(into))
    return len(also)


def shared(x: Any) -> Any:
    a = b = np.tanh(x) * 2
    c = a[:2]
    d = np.sin(b) + np.cos(b) - np.tanh(b) + np.exp(b) * np.sinh(b) - np.cosh(b)
    seen.append(float(d.sum()))
    b += 1
    c[0] = 5
    return a, b, c


def twice(x: Any) -> Any:
    y = np.exp(x) + np.sin(x) * np.cos(x) - np.tanh(x)
    z = (y * y).sum()
    seen.append(z.item())
    w = z.item()
    print(w)
    return w


def branches(x: Any, deep: bool) -> Any:
    if deep:
        with no_grad():
            y = tensor(np.exp(x)).sum() * 2
    else:
        y = tensor(x).sum()
    seen.append(float(y))
    return y


def comprehended(x: Any) -> Any:
    parts = tuple([np.tanh(np.exp(np.sin(x * k))).sum() for k in range(4)])
    value = parts[0] + parts[3]
    seen.extend([float(value), *(round(float(each), 3) for each in parts)])
    return [part * 2 for part in parts[:2]]


def deferred(x: Any) -> Any:
    y = np.exp(x).sum() + np.sin(x).sum()
    functions = [lambda: float(y)]
    seen.append(3)
    return functions[0](), y


def nested() -> Function:
    calls = 0

    def inner(x: Any) -> Any:
        nonlocal calls
        y = (np.exp(x) + np.sin(x)).sum()
        calls += 1
        return float(y) / calls, calls

    return inner


def decorated() -> Function:
    def plain(function: Function) -> Function:
        return function

    @plain
    @plain
    def inner(x: Any, scale: float = 3.0) -> Any:
        y = (np.exp(x) * scale).sum()
        seen.append(f"{y:.3f}")
        return float(y), len(seen)

    return inner


def of_method(name: str) -> Callable[[], tuple[Function, Callable[[], Any]]]:
    def make() -> tuple[Function, Callable[[], Any]]:
        trainer = Stepping() if name == "step" else Trainer()
        kept = ("history", "count", "sum", "best")
        return getattr(trainer, name), lambda: (
            {key: vars(trainer)[key] for key in kept},
            [p.numpy() for p in trainer.net.parameters()],
        )

    return make


def of_function(function: Function) -> Callable[[], tuple[Function, Callable[[], Any]]]:
    def make() -> tuple[Function, Callable[[], Any]]:
        global total
        total = 0.0
        seen.clear()
        return function, lambda: (list(seen), total)

    return make


METHODS = ("appended", "step", "taken", "counted", "chosen", "raised")
CASES: dict[str, tuple[Callable[[], tuple[Function, Callable[[], Any]]], Callable[[int, Any], tuple[Any, Any]]]] = {
    **{name: (of_method(name), lambda i, x: ((x,), {})) for name in METHODS},
    "early": (of_function(early), lambda i, x: ((x, None if i % 2 else 2), {})),
    "reassigned": (of_function(reassigned), lambda i, x: ((x, x, x), {"scale": i + 0.5, "other": i})),
    "defaults": (of_function(defaults), lambda i, x: ((x,), {"scale": 0.5} if i % 2 else {})),
    "branches": (of_function(branches), lambda i, x: ((x, i % 2 > 0), {})),
    "nested": (lambda: of_function(nested())(), lambda i, x: ((x,), {})),
    "decorated": (lambda: of_function(decorated())(), lambda i, x: ((x,), {})),
    **{
        function.__name__: (of_function(function), lambda i, x: ((x,), {}))
        for function in (global_variable, shared, twice, comprehended)
    },
}


def run(name: str, compiled: bool, capsys: Any) -> tuple[Any, Any, str, Any]:
    make, given = CASES[name]
    function, state = make()
    called = compile(function) if compiled else function
    results = []
    for i in range(9):
        x = X[i % len(X)]
        args, kwargs = given(i, x.copy())
        results.append(called(*args, **kwargs))
    return results, state(), capsys.readouterr().out, called


@pytest.mark.parametrize("name", CASES)
def test_what_python_does_at_the_end_is_done_at_each_call(name: str, capsys: Any) -> None:
    expected, found = run(name, False, capsys), run(name, True, capsys)
    assert not differs(expected[:2], found[:2])
    assert expected[2] == found[2]
    assert 0 < len(found[3].programs) <= 3
    assert not found[3].fallbacks


def test_lists_and_counters_that_only_the_end_needs_make_no_programs(capsys: Any) -> None:
    logs: tuple[list[int], list[int]] = ([], [])
    trainers = Trainer(), Trainer()
    step = compile(trainers[1].printed)
    for i in range(12):
        trainers[0].printed(X[i % 5], i, log=logs[0])
        step(X[i % 5], i, log=logs[1])
    out = capsys.readouterr().out.splitlines()
    assert sorted(out) == sorted(2 * out[::2])
    assert logs[0] == logs[1] == list(range(12))
    assert len(step.programs) <= 2  # before and after the first gradient


def test_the_source_is_that_of_the_beginning() -> None:
    trainer = Trainer()
    step = compile(trainer.appended)
    for x in [*X, *X]:
        step(x)
    assert step.source().count("def appended(leaves)") == len(step.programs) <= 2


def later(x: Any) -> Any:
    y = np.exp(x)
    if float(y.sum()) > 1:
        y = np.sin(y) * y
    return y


def back_into_arrays(x: Any) -> Any:
    y = np.exp(x)
    return y * float(y[0]) + y


def loop(x: Any) -> Any:
    y = np.exp(x)
    for _ in range(3):
        y = y * 2
        seen.append(float(y[0]))
    return y


def step_after(x: Any) -> Any:
    updates = trainer.updates
    updates.zero_grad()
    loss = trainer.loss(trainer.net(np.outer(x, x).astype(np.float32)), np.array([0, 1, 0]))
    loss.backward()
    seen.append(float(loss))
    updates.step()


def sees_all(x: Any) -> Any:
    y = np.exp(x) + np.sin(x) - np.cos(x)
    return float(y.sum()), sorted(locals())


def sees_late(x: Any) -> Any:
    y = np.exp(x) + np.sin(x) - np.cos(x)
    n = 0.0

    def read() -> float:
        return n

    n = float(y.sum())
    return read(), n


def sees_later(x: Any) -> Any:
    y = np.exp(x) + np.sin(x) - np.cos(x)

    def read() -> float:
        return n

    n = float(y.sum())
    return read(), n


def reads_before(x: Any) -> Any:
    y = np.exp(x) + np.sin(x) - np.cos(x)
    if x.size > 9:
        y = y * n  # type: ignore[has-type, used-before-def]  # noqa: F821  # an error, and no variable of the module
    n = float(y.sum())
    return y, n


def perhaps(x: Any) -> Any:
    y = np.exp(x) + np.sin(x) - np.cos(x)
    for each in (y, y * 2):
        z = each.sum()
    return float(z)


trainer = Trainer()
REFUSED = (later, back_into_arrays, loop, step_after, sees_all, sees_late, sees_later, reads_before, perhaps)


def test_where_functions_can_be_parted() -> None:
    nothing: Function = lambda x: float(x)  # noqa: E731
    for function, line in (
        (sees_all, 2),
        (sees_late, 6),
        (sees_later, 5),
        (reads_before, 4),
        (perhaps, 4),
        (nothing, 0),
    ):
        assert Text(function).parted(function.__code__.co_firstlineno + line, "") is None
    first = later.__code__.co_firstlineno
    assert [Text(later).parted(first + k, "") is None for k in range(4)] == [True, True, False, False]


@pytest.mark.parametrize("function", REFUSED)
def test_a_number_in_the_middle_is_refused_as_before(function: Function) -> None:
    global trainer
    trainer = Trainer()
    with pytest.raises(CompileError, match=r"float\(\) of an array .*test_breaks.py:\d+, cannot be recorded"):
        compile(function)(X[0])
    trainer = Trainer()
    expected = [function(x) for x in X]
    trainer = Trainer()
    warned = compile(function, fallback="warn")
    with pytest.warns(RuntimeWarning, match=r"float\(\) of an array .*test_breaks.py:\d+") as said:
        found = [warned(x) for x in X]
    assert len(said) == 1
    assert not differs(expected, found)


def asks(x: Any) -> Any:
    return np.sum(x) if np.sum(x) > 0 else np.sum(x * x)


@pytest.mark.parametrize("function", [grad(asks), value_and_grad(asks), lambda x: value_and_grad(asks)(x)])
def test_functions_of_the_engine_are_not_parted(function: Function) -> None:
    with pytest.raises(CompileError, match=r"^compile: bool\(\) of an array .*test_breaks.py:\d+, cannot be recorded"):
        compile(function)(X[0])


def test_what_has_no_text_is_refused(tmp_path: Any) -> None:
    space: dict[str, Any] = {"np": np, "seen": []}
    text = "def f(x):\n    y = np.exp(x).sum()\n    seen.append(float(y))\n"
    exec(text, space)
    with pytest.raises(CompileError, match=r"float\(\)"):
        compile(space["f"])(X[0])
    file = tmp_path / "changing.py"
    file.write_text(text)
    exec(builtins_compile(text, str(file), "exec"), space)
    file.write_text(text.replace("exp", "sin"))  # not what the function was made from
    with pytest.raises(CompileError, match=r"float\(\)"):
        compile(space["f"])(X[0])


builtins_compile = __builtins__["compile"] if isinstance(__builtins__, dict) else __builtins__.compile


class Held:
    """Holds what a function must not change a copy of."""

    history: ClassVar[list[float]] = []


def alias(x: Any) -> Any:
    history = Held.history
    y = (np.exp(x) + np.sin(x)).sum()
    history.append(float(y))


def gradient_alias(x: Any) -> Any:
    trainer.updates.zero_grad()
    loss = trainer.net(np.outer(x, x).astype(np.float32)).sum()
    loss.backward()
    gradient = next(iter(trainer.net.parameters())).grad.data
    seen.append(float(loss))
    gradient[...] = 0
    for parameter in trainer.net.parameters():
        parameter.grad = None


@pytest.mark.parametrize(
    ("function", "what"),
    [(alias, "history, a list that"), (deferred, "functions, a list that"), (gradient_alias, "gradient")],
)
def test_what_the_end_could_change_a_copy_of_is_refused(function: Function, what: str) -> None:
    global trainer
    trainer = Trainer()
    step = compile(function)
    step(X[0])
    with pytest.raises(CompileError, match=what):
        [step(x) for x in X]


def test_another_code_or_default_is_seen() -> None:
    def scaled(x: Any, scale: float = 2.0) -> Any:
        y = (np.exp(x) * scale).sum()
        return float(y)

    function = compile(scaled)
    for x in X:
        assert function(x) == scaled(x)
    scaled.__defaults__ = (3.0,)
    assert function(X[0]) == scaled(X[0])
    scaled.__code__ = (lambda x, scale: scale).__code__
    assert function(X[0]) == 3.0


def test_errors_at_the_end_have_their_lines() -> None:
    def fails(x: Any) -> Any:
        y = (np.exp(x) + np.sin(x)).sum()
        raise ValueError(f"{float(y)}")

    def after(x: Any) -> Any:
        y = (np.exp(x) + np.sin(x)).sum()
        if float(y) > 10:
            raise ValueError("large")

    with pytest.raises(ValueError, match=r"\d"):
        compile(fails)(X[0])
    function = compile(after)
    function(X[0] * 0), function(X[0] * 0)
    with pytest.raises(ValueError, match="large") as caught:
        function(X[0] * 3)
    assert caught.traceback[-1].lineno == after.__code__.co_firstlineno + 2


def test_a_change_of_an_argument_reaches_the_caller() -> None:
    for fallback in ("raise", "eager"):
        log: list[Any] = [1.0]
        table: dict[str, Any] = {"a": np.ones(3), "b": [2]}

        def noted(x: Any, log: list[Any], table: dict[str, Any]) -> Any:
            y = (np.exp(x) + np.sin(x) * np.cos(x)).sum()
            log.append(y.item())
            table["b"].append(float(y))
            table["c"] = len(log)
            return y

        step, expected, other = compile(noted, fallback=fallback), [1.0], {"a": table["a"], "b": [2]}
        for x in X:
            step(x, log, table)
            noted(x, expected, other)
            assert log == expected
            assert {type(each) for each in log} == {float}
            assert not differs(table, other)
        assert table["a"] is other["a"]


def test_results_of_the_beginning_that_need_gradients() -> None:
    weight = tensor(X[0], requires_grad=True)
    log = []

    def scores(x: Any) -> Any:
        y = (np.sin(weight) * x + np.exp(weight * 0.1)).sum()
        log.append(y.item())
        return y

    step = compile(scores)
    for x in X:
        weight.grad = None
        step(x).backward()
        found = weight.grad
        weight.grad = None
        scores(x).backward()
        assert not differs(found, weight.grad)
    assert log[::2] == log[1::2]


# Random functions: lines of arrays, and then lines of Python and arrays

ARRAYS = (
    "{0} = np.tanh({1}) * {2}", "{0} = {1} + {2} - np.sin({1})", "{0} = np.exp(-np.abs({1}))[::-1]", "{0} = {1}",
    "{0} = {1} * rate", "{0}, {3} = {1} * 2, {2}", "if flag: {0} = {1} - 1", "for k in range(2): {0} = {1} * 0.5",
    "with no_grad(): {0} = np.cos({1})", "parts = ({1}, {2})", "{0} = {0}.copy(); {0} += {1}",
    "if x.size == 99: return {1}, 'early'", "count = count + 1", "rate *= 0.5",
    "{0} = sum([each * k for k, each in enumerate(({1}, {2}))])",
)  # fmt: skip
LINES = (
    "log.append(float({1}.sum()))", "log.append({1}.sum().item())", "print(f'{{count}} {{{1}.mean():.3f}}')",
    "if float({1}[0]) > 0: log.append('above')", "{0}[0] = float({1}[1])", "log.append((count, rate, flag))",
    "state['last'] = {1}.max().item()", "state['n'] = state.get('n', 0) + 1", "del {3}; {3} = x * 1",
    "for each in {1}[:2]: log.append(float(each))", "total += float({1}.max())", "parts = int({1}.size), parts",
    "log.append(each := float({2}.min()))", "{0} = {1} * 2",
    "try:\n        log.append(1 / int({1}.sum()))\n    except ZeroDivisionError:\n        log.append('zero')",
)  # fmt: skip


def random_text(number: int) -> str:
    draw = random.Random(number)
    names = ["a", "b", "c", "d"]

    def line(of: Any) -> str:
        text = draw.choice(of).format(*[draw.choice(names) for _ in range(4)])
        return f"    {text}\n"

    arrays = "".join(line(ARRAYS) for _ in range(draw.randint(6, 14)))
    rest = "".join(line(draw.choices((LINES, ARRAYS), (4, 1))[0]) for _ in range(draw.randint(1, 5)))
    start = "    global total\n    a, b, c, d, parts = np.sin(x), np.cos(x), x * 0.5, np.tanh(x - 1), ()\n"
    end = draw.choice(("return a, b.copy(), parts", "return", "return float(c.sum()), log[-1:], d"))
    head = "def f(x, flag, rate, log, state, count=3):\n"
    return f"import numpy as np\nfrom autograd import no_grad\ntotal = 0.0\n{head}{start}{arrays}{rest}    {end}\n"


def outcome(function: Function, space: dict[str, Any], compiled: bool, capsys: Any) -> Any:
    space["total"], log, state = 0.0, [], {}  # type: ignore[var-annotated]
    called = compile(function) if compiled else function
    found = []
    for i, x in enumerate([*X, *X[:3]]):
        found.append(called(x.copy(), i % 3 == 0, 0.25 * i, log, state, i))
        found.append((list(log), dict(state), space["total"]))
    return found, capsys.readouterr().out


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_random_functions(first: int, tmp_path: Any, capsys: Any) -> None:
    parted = 0
    for number in range(first, first + 20):
        file, text = tmp_path / f"program{number}.py", random_text(number)
        file.write_text(text)
        space: dict[str, Any] = {"__name__": f"program{number}", "__file__": str(file)}
        exec(builtins_compile(text, str(file), "exec"), space)
        expected = outcome(space["f"], space, False, capsys)
        try:
            found = outcome(space["f"], space, True, capsys)
        except CompileError:
            capsys.readouterr()
            continue
        parted += 1
        assert not differs(expected, found), text
    assert parted >= 8
