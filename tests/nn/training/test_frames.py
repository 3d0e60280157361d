"""Tables of pandas: columns by name, rows that belong together, and errors that name both."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nn

rng = np.random.default_rng(0)
FRAME = pd.DataFrame(rng.normal(size=(40, 2)), columns=["width", "height"]).assign(rooms=np.arange(40) % 5)
PRICE = pd.DataFrame({"price": FRAME["width"] * 2 - FRAME["rooms"]})
KIND = pd.Series(np.arange(40) % 3, name="kind")


def fit(model: nn.Module, data: Any, loss: Any = None, **options: Any) -> Any:
    optimizer = nn.optim.Adam(model.parameters(), lr=0.1)
    return nn.fit(model, data, loss or nn.MSELoss(), optimizer, epochs=2, seed=0, verbose=False, **options)


def linear(outputs: int = 1) -> nn.Linear:
    nn.manual_seed(0)
    return nn.Linear(3, outputs)


def test_a_table_trains_as_its_values_do() -> None:
    model, plain = linear(), linear()
    history = fit(model, (FRAME, PRICE))
    same = fit(plain, (FRAME.to_numpy(np.float32), PRICE.to_numpy(np.float32)))
    assert np.array_equal(model.weight.data, plain.weight.data)
    assert history["loss"].tolist() == same["loss"].tolist()
    assert model.feature_names_in_ == ["width", "height", "rooms"]
    assert not hasattr(plain, "feature_names_in_") or plain.__dict__.get("feature_names_in_") is None


def test_columns_are_taken_by_name() -> None:
    model = linear()
    mixed = FRAME[["rooms", "width", "height"]].assign(note="text")
    fit(model, (FRAME, PRICE), validation=(mixed, PRICE))
    assert np.array_equal(nn.predict(model, mixed), nn.predict(model, FRAME))
    assert nn.evaluate(model, (mixed, PRICE), nn.MSELoss()) == nn.evaluate(model, (FRAME, PRICE), nn.MSELoss())
    assert np.array_equal(nn.predict(model, FRAME.to_numpy()), nn.predict(model, FRAME))
    with pytest.raises(ValueError, match=r"columns \['height'\] are missing.*\['width', 'height', 'rooms'\]"):
        nn.predict(model, FRAME[["width", "rooms"]])


def test_labels_stay_integers_and_features_do_not() -> None:
    seen: list[Any] = []

    def loss(output: Any, target: Any) -> Any:
        seen.append((output.dtype, target.dtype, target.shape))
        return nn.functional.cross_entropy(output, target)

    counts = pd.DataFrame(np.arange(120).reshape(40, 3) % 7, columns=list("abc"))
    fit(linear(3), (counts, KIND), loss, batch_size=40)
    fit(linear(3), (counts.astype("Int32"), KIND.astype("Int64")), loss, batch_size=40)
    assert set(seen) == {(np.dtype("f4"), np.dtype("i8"), (40,))}


def test_columns_that_are_no_numbers_are_named() -> None:
    odd = FRAME.assign(city="x", day=pd.Timestamp("2020-01-01"))
    with pytest.raises(TypeError, match=r"columns 'city' \(.*\), 'day' \(datetime64.*\) are not numbers"):
        fit(linear(), (odd, PRICE))
    with pytest.raises(TypeError, match=r"'kind'.*factorize"):
        fit(linear(3), (FRAME, KIND.map({0: "a", 1: "b", 2: "c"})), nn.CrossEntropyLoss())
    with pytest.raises(TypeError, match="'kind'"):
        fit(linear(3), (FRAME, KIND.astype("category")), nn.CrossEntropyLoss())


def test_missing_values_are_named_by_column_and_row() -> None:
    holes = FRAME.copy()
    holes.loc[[3, 7], "height"] = np.nan
    with pytest.raises(ValueError, match=r"\{'height': 2\}; the first in row 3"):
        fit(linear(), (holes, PRICE))
    kinds = KIND.astype("Int64").where(KIND.index != 5)
    with pytest.raises(ValueError, match=r"\{'kind': 1\}; the first in row 5"):
        fit(linear(3), (FRAME, kinds), nn.CrossEntropyLoss())


def test_rows_in_another_order_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"row 0 is 0 in the first and 39 in another. Use y.loc\[X.index\]"):
        fit(linear(), (FRAME, PRICE[::-1]))
    fit(linear(), (FRAME[::-1], PRICE[::-1]))
    with pytest.raises(ValueError, match="number of rows"):
        fit(linear(), (FRAME, PRICE[:9]))


def test_columns_of_one_name_are_an_error() -> None:
    twice = pd.concat([FRAME, FRAME[["rooms"]]], axis=1)
    with pytest.raises(ValueError, match=r"several columns of the same name, \['rooms'\]"):
        fit(linear(), (twice, PRICE))


def test_a_table_alone_is_no_data() -> None:
    with pytest.raises(TypeError, match=r"\(X, y\).*not a DataFrame"):
        fit(linear(), FRAME)


def test_pandas_is_not_loaded_before_it_is_needed() -> None:
    program = (
        "import sys, numpy as np, nn; nn.predict(nn.Linear(2, 1), np.ones((3, 2)));"
        "print({'pandas', 'tqdm', 'tensorboard'} & set(sys.modules))"
    )
    root = Path(nn.__file__).parent.parent
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=root, check=True)
    assert result.stdout.strip() == "set()"
