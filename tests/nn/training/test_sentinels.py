"""Each silent mistake is warned of, by `fit` and by `watch`, once and by name; what is no mistake is not."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import no_grad

rng = np.random.default_rng(0)
X = rng.normal(size=(64, 4)).astype(np.float32)
Y = rng.integers(0, 3, 64)
Z = X[:, :1] * 2

Loop = Callable[..., list[str]]


def network(*last: nn.Module) -> nn.Sequential:
    nn.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3), *last)


def by_fit(model: nn.Module, optimizer: Any, loss: Any, target: Any = Y, epochs: int = 30) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nn.fit(model, [(X, target)], loss, optimizer, epochs=epochs, verbose=False)
    assert all(item.category is nn.TrainingWarning and item.filename == __file__ for item in caught)
    return [str(item.message) for item in caught]


def by_watch(model: nn.Module, optimizer: Any, loss: Any, target: Any = Y, epochs: int = 30) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with nn.watch(model, optimizer, loss):
            for _ in range(epochs):
                optimizer.zero_grad()
                loss(model(X), target).backward()
                optimizer.step()
    assert all(item.category is nn.TrainingWarning and item.filename == __file__ for item in caught)
    return [str(item.message) for item in caught]


both = pytest.mark.parametrize("loop", [by_fit, by_watch])


def adam(model: nn.Module, lr: float = 0.01) -> nn.optim.Adam:
    return nn.optim.Adam(model.parameters(), lr=lr)


@both
@pytest.mark.parametrize("last", [(), (nn.LogSoftmax(1),)])
def test_nothing_is_said_of_a_training_without_mistakes(loop: Loop, last: Any) -> None:
    model = network(*last)
    assert loop(model, adam(model), nn.CrossEntropyLoss(), epochs=200) == []
    frozen = network()
    frozen[0].requires_grad_(False)
    assert loop(frozen, adam(frozen), nn.CrossEntropyLoss()) == []
    zero = network()
    nn.init.zeros_(zero[2].weight)  # the first gradients of what is below are 0
    assert loop(zero, adam(zero), nn.CrossEntropyLoss()) == []


@both
def test_a_parameter_that_the_optimizer_does_not_have(loop: Loop) -> None:
    model = network()
    optimizer = nn.optim.Adam([*model[0].parameters(), model[2].weight], lr=0.01)
    (message,) = loop(model, optimizer, nn.CrossEntropyLoss())
    assert "the optimizer does not have the parameter 2.bias (3,)" in message
    assert "add_param_group" in message


def test_many_parameters_of_one_mistake_are_one_warning() -> None:
    layers = [nn.Linear(4, 4) for _ in range(60)]
    model, other = nn.Sequential(*layers), nn.Sequential(*[nn.Linear(3, 3) for _ in range(60)])
    with pytest.warns(nn.TrainingWarning) as caught:
        nn.watch(model, adam(other)).remove()
    (message,) = [str(item.message) for item in caught]
    assert "does not have the 120 parameters 0.weight (4, 4), 0.bias (4,), 1.weight (4, 4), ..., which" in message


@pytest.mark.parametrize("steps", [3, 12])
def test_a_step_without_backward_has_its_own_warning(steps: int) -> None:
    model = network()
    optimizer = adam(model)
    watch = nn.watch(model, optimizer)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(steps):
            optimizer.step()
        watch.remove()
    (message,) = [str(item.message) for item in caught]
    assert "no parameter of this optimizer has a gradient" in message
    assert "call loss.backward() before it" in message


@both
def test_a_parameter_that_was_replaced(loop: Loop) -> None:
    model = network()
    optimizer = adam(model)
    model[2].weight = nn.Parameter(model[2].weight.data)
    (message,) = loop(model, optimizer, nn.CrossEntropyLoss())
    assert "the optimizer does not have the parameter 2.weight (3, 8), but holds what has the same shape" in message


def test_a_parameter_that_is_replaced_later() -> None:
    model = network()

    class Replace(nn.training.Callback):
        def on_epoch(self, training: Any) -> None:
            if training.epoch == 3:
                model[2].bias = nn.Parameter(model[2].bias.data)

    with pytest.warns(nn.TrainingWarning, match="2.bias .* was replaced, or a parameter of it, after the optimizer"):
        nn.fit(model, [(X, Y)], nn.CrossEntropyLoss(), adam(model), epochs=5, callbacks=[Replace()], verbose=False)


class Partial(nn.Module):
    """A model that does not use all that it has."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.inner, self.unused, self.how = network(), nn.Linear(4, 3), how

    def forward(self, x: Any) -> Any:
        out = self.inner(x)
        if self.how == "detached":
            return out + self.unused(x).detach()
        return out + 0 * self.unused(x) if self.how == "zero" else out


@both
@pytest.mark.parametrize("epochs", [3, 30])
def test_parameters_without_a_gradient(loop: Loop, epochs: int) -> None:
    for how in ("unused", "detached"):
        model = Partial(how)
        messages = loop(model, adam(model), nn.CrossEntropyLoss(), epochs=epochs)
        assert [message.partition(" had no gradient")[0] for message in messages] == [
            "the 2 parameters unused.weight (3, 4), unused.bias (3,)"
        ]


@both
def test_gradients_that_are_always_zero(loop: Loop) -> None:
    model = Partial("zero")
    messages = loop(model, adam(model), nn.CrossEntropyLoss())
    (message,) = messages
    assert "unused.bias" in message
    assert "was 0 in every element in the 10 steps" in message


@both
def test_probabilities_before_a_cross_entropy(loop: Loop) -> None:
    model = network(nn.Softmax(1))
    (message,) = loop(model, adam(model), nn.CrossEntropyLoss())
    assert "Remove the softmax" in message


def test_probabilities_before_a_cross_entropy_that_is_a_function() -> None:
    model = network(nn.Softmax(1))
    (message,) = by_fit(model, adam(model), nn.functional.cross_entropy)
    assert "Remove the softmax" in message


@both
def test_what_is_no_log_probability_before_nll(loop: Loop) -> None:
    for last in ((), (nn.Softmax(1),)):
        model = network(*last)
        (message,) = loop(model, adam(model), nn.NLLLoss())
        assert "End it with LogSoftmax" in message
    model = network(nn.LogSoftmax(1))
    assert loop(model, adam(model), nn.NLLLoss()) == []


class Logistic(nn.Module):
    """A sigmoid of one's own, which only its values give away."""

    def forward(self, x: Any) -> Any:
        return 1 / (1 + np.exp(-x))


@both
def test_a_sigmoid_before_a_loss_with_one(loop: Loop) -> None:
    target = (X[:, :3] > 0).astype(np.float32)
    model = network(nn.Sigmoid())
    (message,) = loop(model, adam(model), nn.BCEWithLogitsLoss(), target)
    assert "Remove the sigmoid" in message
    model = network(Logistic())
    (message,) = loop(model, adam(model), nn.BCEWithLogitsLoss(), target)
    assert "all outputs of the model are between 0 and 1" in message
    model = network()
    assert loop(model, adam(model), nn.BCEWithLogitsLoss(), target) == []


@both
def test_a_linear_layer_may_give_numbers_between_0_and_1(loop: Loop) -> None:
    model = nn.Sequential(nn.Linear(4, 3))
    model[0].weight.data[:], model[0].bias.data[:] = 0.01 * np.eye(3, 4), 0.5
    target = (X[:, :3] > 0).astype(np.float32)
    assert loop(model, nn.optim.SGD(model.parameters(), lr=1e-4), nn.BCEWithLogitsLoss(), target) == []


@both
def test_outputs_that_are_the_same_for_all_rows(loop: Loop) -> None:
    nn.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    model[0].bias.data[...] = -100
    messages = loop(model, adam(model), nn.MSELoss(), Z)
    assert "same output for all rows" in messages[0]
    assert [message.partition(" was 0 in")[0] for message in messages[1:]] == [
        "the gradient of the 3 parameters 0.weight (8, 4), 0.bias (8,), 2.weight (1, 8)"
    ]
    constant = network()
    assert loop(constant, adam(constant), nn.CrossEntropyLoss(), np.zeros(64, int), 12) == []


class Flip(nn.optim.SGD):
    """An optimizer that goes much too far."""

    def step(self, closure: Any = None) -> None:
        for parameter in self.param_groups[0]["params"]:
            parameter.data[...] *= -1


@both
def test_steps_that_are_too_large_or_too_small(loop: Loop) -> None:
    kinds: list[tuple[type[nn.optim.SGD], float, str]] = [
        (Flip, 0.1, "by more than a tenth of its norm"),
        (nn.optim.SGD, 1e-12, "by less than 1e-7 of its norm"),
    ]
    for kind, lr, word in kinds:
        model = network()
        messages = loop(
            model, kind(model.parameters(), lr=lr), nn.CrossEntropyLoss(), epochs=20 if loop is by_fit else 600
        )
        assert len(messages) == 1
        assert all(word in message for message in messages)
        assert any("parameters 0.weight (8, 4), 0.bias (8,), 2.weight" in message for message in messages)
    model = network()
    assert loop(model, nn.optim.SGD(model.parameters(), lr=0.0), nn.CrossEntropyLoss()) == []


def test_a_forgotten_zero_grad() -> None:
    def run(zero: Callable[[Any, nn.Module], object], every: int = 1) -> list[str]:
        model = network()
        optimizer, loss = adam(model), nn.CrossEntropyLoss()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with nn.watch(model, optimizer, loss):
                for step in range(8):
                    if step % every == 0:
                        zero(optimizer, model)
                    loss(model(X), Y).backward()
                    if step % every == every - 1:
                        optimizer.step()
        return [str(item.message) for item in caught]

    (message,) = run(lambda optimizer, model: None)
    assert "call optimizer.zero_grad() in each step" in message
    assert run(lambda optimizer, model: optimizer.zero_grad()) == []
    assert run(lambda optimizer, model: model.zero_grad(set_to_none=False)) == []
    assert run(lambda optimizer, model: optimizer.zero_grad(), every=4) == []  # accumulated on purpose
    (message,) = run(lambda optimizer, model: None, every=4)
    assert "zero_grad" in message


def test_zeroing_between_the_forward_and_the_backward_pass_is_fine() -> None:
    model = network()
    optimizer, loss = adam(model), nn.CrossEntropyLoss()
    with nn.watch(model, optimizer, loss):
        for _ in range(5):
            value = loss(model(X), Y)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()


def modal() -> nn.Sequential:
    return network(nn.Dropout(0.2))


def test_training_in_evaluation_mode() -> None:
    for model in (modal(), network(nn.BatchNorm1d(3))):
        model.eval()
        (message,) = by_fit(model, adam(model), nn.CrossEntropyLoss())
        assert "was in evaluation mode, in which 3 is not" in message
        assert not model.training
        (message,) = by_watch(model, adam(model), nn.CrossEntropyLoss())
        assert "is trained in evaluation mode, in which 3 is not" in message
        assert "model.train()" in message
    plain = network(nn.Dropout(0.0)).eval()
    assert by_fit(plain, adam(plain), nn.CrossEntropyLoss()) == []
    assert by_watch(plain, adam(plain), nn.CrossEntropyLoss()) == []


def test_a_callback_that_forgets_the_mode() -> None:
    class Forget(nn.training.Callback):
        def on_epoch(self, training: Any) -> None:
            training.model.eval()

    model = modal()
    with pytest.warns(nn.TrainingWarning, match="was in evaluation mode"):
        nn.fit(model, [(X, Y)], nn.CrossEntropyLoss(), adam(model), epochs=3, callbacks=[Forget()], verbose=False)
    assert model.training


def test_frozen_parts_in_evaluation_mode_are_no_mistake() -> None:
    model = network(nn.BatchNorm1d(3))
    model[3].eval()
    mean = model[3].running_mean.copy()
    assert by_fit(model, adam(model), nn.CrossEntropyLoss()) == []
    assert np.array_equal(model[3].running_mean, mean)
    assert by_watch(model, adam(model), nn.CrossEntropyLoss()) == []


def test_evaluation_in_training_mode() -> None:
    model = modal()
    with nn.watch(model, adam(model)):
        with (
            pytest.warns(nn.TrainingWarning, match=r"evaluated, within no_grad, in training mode, in which 3 "),
            no_grad(),
        ):
            model(X)
        nn.predict(model, X)
        model.eval()
        with no_grad():
            model(X)


def test_watching_ends_and_leaves_nothing() -> None:
    model = network(nn.Softmax(1))
    optimizer, loss = adam(model), nn.CrossEntropyLoss()
    watching = nn.watch(model, optimizer, loss)
    assert "step" in vars(optimizer)
    watching.remove()
    assert "step" not in vars(optimizer)
    loss(model(X), Y).backward()
    optimizer.step()
    watching.remove()


def test_watching_changes_no_figure() -> None:
    results = []
    for watched in (False, True):
        model = network()
        optimizer = adam(model)
        if watched:
            by_watch(model, optimizer, nn.CrossEntropyLoss())
        else:
            for _ in range(30):
                optimizer.zero_grad()
                nn.CrossEntropyLoss()(model(X), Y).backward()
                optimizer.step()
        results.append(model[0].weight.data.copy())
    assert np.array_equal(results[0], results[1])


def test_sentinels_can_be_left_out() -> None:
    model = network(nn.Softmax(1))
    nn.fit(model, [(X, Y)], nn.CrossEntropyLoss(), adam(model), epochs=20, sentinels=False, verbose=False)
    assert issubclass(nn.TrainingWarning, UserWarning)


def test_parameters_of_the_loss_count() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter([1.0])

        def forward(self, output: Any, target: Any) -> Any:
            return nn.functional.cross_entropy(output * self.scale, target)

    model, loss = network(), Scaled()
    (message,) = by_fit(model, adam(model), loss)
    assert "the optimizer does not have the parameter loss.scale (1,)" in message
    assert by_fit(model, nn.optim.Adam([*model.parameters(), *loss.parameters()]), loss) == []


@pytest.mark.parametrize("data", [X.astype(np.float64), np.rint(X).astype(np.int64), X.astype(np.float64).tolist()])
def test_data_in_which_all_is_computed_in_double_precision(data: Any) -> None:
    def train(model: nn.Module) -> list[str]:
        optimizer, loss = adam(model), nn.CrossEntropyLoss()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with nn.watch(model, optimizer, loss):
                for _ in range(20):
                    optimizer.zero_grad()
                    loss(model(data), Y).backward()
                    optimizer.step()
        return [str(item.message) for item in caught]

    (message,) = train(network())
    assert "parameters of the model are float32, but its input is" in message
    assert "np.asarray(X, np.float32)" in message
    assert "model.double()" in message
    assert train(network().double()) == []


def test_fit_casts_what_is_floating_and_says_what_integers_cost() -> None:
    for data, count in ((X.astype(np.float64), 0), (np.rint(X).astype(np.int64), 1), (np.rint(X).astype(np.int8), 0)):
        model = network()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            nn.fit(model, (data, Y), nn.CrossEntropyLoss(), adam(model), epochs=2, verbose=False)
        assert sum("its input is int64" in str(item.message) for item in caught) == len(caught) == count
    words = nn.Sequential(nn.Embedding(5, 4), nn.Flatten(), nn.Linear(8, 3))  # integers that are no numbers
    assert by_fit_of(words, rng.integers(0, 5, (64, 2))) == []


def by_fit_of(model: nn.Module, data: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nn.fit(model, (data, Y), nn.CrossEntropyLoss(), adam(model), epochs=3, verbose=False)
    return [str(item.message) for item in caught]
