"""Trainings to draw: a history that was made up, and a real one."""

from typing import Any

import numpy as np
import pandas as pd

import nn


def make_history(epochs: int = 4, **columns: Any) -> pd.DataFrame:
    number = np.arange(1, epochs + 1)
    rows = {
        "loss": 1.0 / number,
        "accuracy": 1 - 0.3 / number,
        "mae": 2.0 / number,
        "val_loss": 1.1 / number,
        "val_accuracy": 1 - 0.4 / number,
        "lr": 0.1**number,
        "gradient_norm": number * 1.5,
        "update_ratio": 0.01 / number,
        "steps": 10 * number,
        "seconds": np.full(epochs, 0.5),
        **columns,
    }
    return pd.DataFrame(rows, index=pd.Index(number, name="epoch"))


def trained(recorder: Any = None, epochs: int = 3, **options: Any) -> tuple[Any, pd.DataFrame]:
    nn.manual_seed(0)
    generator = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Dropout(0.1), nn.Linear(5, 2))
    data = generator.normal(size=(32, 3)), generator.integers(0, 2, 32)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    callbacks = [recorder] if recorder is not None else []
    history = nn.fit(
        model, data, nn.CrossEntropyLoss(), optimizer, epochs=epochs, batch_size=8, validation=data,
        metrics="accuracy", callbacks=callbacks, verbose=False, **options,
    )  # fmt: skip
    return model, history
