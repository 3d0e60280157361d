"""Averages of a model over its training."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import nn
from autograd import ShapeError
from nn.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, get_swa_multi_avg_fn, update_bn

Array = np.ndarray[Any, Any]


def make_model() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1, dtype=np.float64))


def shake(model: nn.Module, draw: np.random.Generator) -> Array:
    """Change all parameters and buffers; return the first weight."""
    for parameter in model.parameters():
        parameter.data[...] = draw.standard_normal(parameter.shape)
    model(draw.standard_normal((5, 3)).astype(np.float32))
    weight: Array = model[0].weight.data.astype(float)  # type: ignore[index]
    return weight


def moving(average: Array, value: Array, count: int) -> Array:
    return 0.75 * average + 0.25 * value


@pytest.mark.parametrize(
    ("options", "weights"),
    [
        ({}, [0.25, 0.25, 0.25, 0.25]),
        ({"multi_avg_fn": get_swa_multi_avg_fn()}, [0.25, 0.25, 0.25, 0.25]),
        ({"multi_avg_fn": get_ema_multi_avg_fn(0.75)}, [0.75**3, 0.75**2 / 4, 0.75 / 4, 0.25]),
        ({"multi_avg_fn": get_ema_multi_avg_fn(0.25)}, [0.25**3, 0.25**2 * 0.75, 0.25 * 0.75, 0.75]),
        ({"multi_avg_fn": get_ema_multi_avg_fn(0.0)}, [0, 0, 0, 1.0]),
        ({"multi_avg_fn": get_ema_multi_avg_fn(1.0)}, [1.0, 0, 0, 0]),
        ({"avg_fn": moving}, [0.75**3, 0.75**2 / 4, 0.75 / 4, 0.25]),
    ],
)
@pytest.mark.parametrize("use_buffers", [False, True])
def test_averages(options: dict[str, Any], weights: list[float], use_buffers: bool) -> None:
    draw = np.random.default_rng(0)
    model = make_model()
    averaged = AveragedModel(model, use_buffers=use_buffers, **options)
    values, means = [], []
    for _ in weights:
        values.append(shake(model, draw))
        means.append(model[1].running_mean.copy())
        averaged.update_parameters(model)
    expected = sum(weight * value for weight, value in zip(weights, values, strict=True))
    np.testing.assert_allclose(averaged.module[0].weight.data, expected, 1e-5, 1e-6)
    of_mean = sum(weight * mean for weight, mean in zip(weights, means, strict=True)) if use_buffers else means[-1]
    np.testing.assert_allclose(averaged.module[1].running_mean, of_mean, 1e-5, 1e-6)
    assert averaged.module[1].num_batches_tracked == 4
    assert averaged.module[1].num_batches_tracked is not model[1].num_batches_tracked
    assert averaged.n_averaged == 4
    for one, two in zip(averaged.parameters(), model.parameters(), strict=True):
        assert one.dtype == two.dtype
        assert not np.shares_memory(one.data, two.data)


def test_an_average_computes_like_its_model_and_is_saved() -> None:
    draw = np.random.default_rng(0)
    model = make_model()
    averaged = AveragedModel(model)
    for _ in range(3):
        shake(model, draw)
        averaged.update_parameters(model)
    x = draw.standard_normal((5, 3)).astype(np.float32)
    averaged.eval()
    np.testing.assert_array_equal(averaged(x).data, averaged.module(x).data)
    state = averaged.state_dict()
    assert list(state)[:3] == ["n_averaged", "module.0.weight", "module.0.bias"]
    assert state["n_averaged"] == 3
    fresh = AveragedModel(make_model())
    fresh.load_state_dict(state)
    for other in (fresh, copy.deepcopy(averaged), pickle.loads(pickle.dumps(averaged))):
        np.testing.assert_array_equal(other.eval()(x).data, averaged(x).data)
    shake(model, draw)
    fresh.update_parameters(model)
    averaged.update_parameters(model)
    np.testing.assert_array_equal(fresh.module[0].weight.data, averaged.module[0].weight.data)


def test_a_model_in_training_is_averaged_where_an_optimizer_keeps_it() -> None:
    w = nn.Linear(1, 1, bias=False)
    optimizer = nn.optim.SGD(w.parameters(), lr=1.0)
    averaged = AveragedModel(w)
    values = []
    for _ in range(3):
        optimizer.zero_grad()
        w(np.ones((1, 1), np.float32)).sum().backward()
        optimizer.step()
        averaged.update_parameters(w)
        values.append(w.weight.item())
    np.testing.assert_allclose(averaged.module.weight.item(), np.mean(values), rtol=1e-6)


def test_statistics_are_measured_anew() -> None:
    draw = np.random.default_rng(0)
    model = make_model()
    shake(model, draw)
    model[0].eval()
    batches = [draw.standard_normal((5, 3)).astype(np.float32) for _ in range(4)]
    update_bn([batches[0], (batches[1], 0), [batches[2], 1], batches[3]], model)
    inner = [model[0](batch).data for batch in batches]
    np.testing.assert_allclose(model[1].running_mean, np.mean([x.mean(0) for x in inner], 0), 1e-5, 1e-6)
    np.testing.assert_allclose(model[1].running_var, np.mean([x.var(0, ddof=1) for x in inner], 0), 1e-5, 1e-6)
    assert model[1].momentum == 0.1
    assert [layer.training for layer in model] == [False, True, True, True]
    model[1].eval()
    with pytest.raises(ShapeError):
        update_bn([np.ones((2, 2), np.float32)], model)
    assert (float(model[1].momentum), model[1].training) == (0.1, False)
    plain = nn.Linear(3, 1)
    update_bn(iter([None]), plain)  # without such layers no batch is looked at


def test_refusals() -> None:
    model = nn.Linear(2, 1)
    with pytest.raises(ValueError, match="either avg_fn or multi_avg_fn, not both"):
        AveragedModel(model, moving, get_swa_multi_avg_fn())
    for decay in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match=f"decay should be from 0 to 1, not {decay}"):
            get_ema_multi_avg_fn(decay)
    for other in (nn.Linear(3, 1), nn.Linear(2, 1, bias=False)):
        with pytest.raises(ValueError, match=r"the model has parameters of shapes .*, the one that was copied has"):
            AveragedModel(model).update_parameters(other)


@pytest.mark.parametrize("use_buffers", [False, True])
def test_averages_stay_where_they_are(use_buffers: bool) -> None:
    draw = np.random.default_rng(0)
    model = make_model()
    averaged = AveragedModel(model, use_buffers=use_buffers)
    held: list[Any] = [p.data for p in averaged.parameters()] + [*averaged.buffers()]
    for _ in range(3):
        shake(model, draw)
        averaged.update_parameters(model)
    now: list[Any] = [p.data for p in averaged.parameters()] + [*averaged.buffers()]
    assert all(one is two for one, two in zip(held, now, strict=True))
    assert averaged.n_averaged == 3
    if not use_buffers:
        np.testing.assert_array_equal(averaged.module[1].running_mean, model[1].running_mean)
