"""`fit` with loaders: what they give is what is trained with, and a training that was killed goes on to the bit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from datasets import BucketBatchSampler, DataLoader, TensorDataset, WeightedRandomSampler, batches, random_split
from nn.utils import rnn

rng = np.random.default_rng(0)
X = rng.standard_normal((23, 3)).astype(np.float32)
Y = X @ np.array([[1.0], [-2.0], [0.5]], np.float32)
DATA = TensorDataset(X, Y)
LOADERS: dict[str, Any] = {
    "a seed": lambda: DataLoader(DATA, 5, shuffle=True, generator=3),
    "another order each time": lambda: DataLoader(DATA, 5, shuffle=True),
    "threads": lambda: DataLoader(DATA, 5, shuffle=True, generator=3, num_workers=2),
    "batches": lambda: batches(X, Y, batch_size=5),
}


class Killed(Exception):  # noqa: N818 - no error
    pass


class Kill(nn.training.Callback):
    def __init__(self, at: int) -> None:
        self.at = at

    def on_step(self, training: nn.training.Training) -> None:
        if training.step == self.at:
            raise Killed


def train(loader: Any, callbacks: Any) -> tuple[list[float], list[float]]:
    nn.manual_seed(0)
    model = nn.Linear(3, 1)
    optimizer = nn.optim.Adam(model.parameters(), lr=0.05)
    history = nn.fit(model, loader, nn.MSELoss(), optimizer, epochs=4, callbacks=callbacks, verbose=False)
    return model.weight.data.tolist(), history["loss"].tolist()


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", LOADERS)
def test_killed_at_any_step_it_goes_on_to_the_bit(name: str, tmp_path: Path) -> None:
    killed_at = range(1, 21) if name == "a seed" else (4, 5, 11)
    expected = train(LOADERS[name](), []) if name in ("a seed", "threads") else None
    for at in killed_at:
        path = tmp_path / f"{at}.npz"
        loader = LOADERS[name]()
        begin = loader.state_dict()
        with pytest.raises(Killed):
            train(loader, [nn.training.Checkpoint(path, every=1), Kill(at + 1) if at < 20 else Kill(20)])
        resumed = train(LOADERS[name](), [nn.training.Checkpoint(path, resume=True)])
        again = LOADERS[name]()
        again.load_state_dict(begin)
        assert resumed == (expected or train(again, []))


def test_other_data_are_noticed(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        train(LOADERS["a seed"](), [nn.training.Checkpoint(tmp_path / "a.npz", every=1), Kill(3)])
    other = DataLoader(TensorDataset(X + 1, Y), 5, shuffle=True)
    with pytest.raises(ValueError, match="is not the one that it was before the checkpoint"):
        train(other, [nn.training.Checkpoint(tmp_path / "a.npz", resume=True)])


def test_parts_of_a_dataset_train_and_validate() -> None:
    part, rest = random_split(DATA, [0.8, 0.2])
    model = nn.Linear(3, 1)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    history = nn.fit(
        model, DataLoader(part, 5, shuffle=True), nn.MSELoss(), optimizer, epochs=2,
        validation=DataLoader(rest, 3), verbose=False,
    )  # fmt: skip
    expected = nn.evaluate(
        model, tuple(map(np.stack, zip(*(rest[i] for i in range(len(rest))), strict=True))), nn.MSELoss()
    )
    assert history["val_loss"].iloc[-1] == pytest.approx(expected["loss"], rel=1e-5)


class Counter(nn.Module):
    """The sum of what a recurrent layer says last."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.out = nn.GRU(1, 8), nn.Linear(8, 2)

    def forward(self, x: Any) -> Any:
        return self.out(self.layer(x)[1][-1])


def test_sequences_of_different_lengths_are_packed(tmp_path: Path) -> None:
    sequences = [rng.standard_normal((length, 1)).astype(np.float32) for length in rng.integers(1, 9, 60)]
    labels = np.array([int(sequence.sum() > 0) for sequence in sequences])

    def collate(rows: list[Any]) -> Any:
        return rnn.pack_sequence([x for x, _ in rows], enforce_sorted=False), np.array([y for _, y in rows])

    sampler = BucketBatchSampler(list(map(len, sequences)), 10, generator=0)
    rows = list(zip(sequences, labels, strict=True))
    loader = DataLoader(rows, batch_sampler=sampler, collate_fn=collate)
    nn.manual_seed(0)
    model = Counter()
    optimizer = nn.optim.Adam(model.parameters(), lr=0.05)
    history = nn.fit(
        model, loader, nn.CrossEntropyLoss(), optimizer, epochs=12, metrics="accuracy", verbose=False,
        callbacks=[nn.training.Checkpoint(tmp_path / "packed.npz")],
    )  # fmt: skip
    assert history["accuracy"].iloc[-1] > 0.9
    rows[7] = (np.full((3, 1), np.nan, np.float32), 0)
    with pytest.raises(nn.NonFiniteLossError, match="The input of this batch holds what is not finite"):
        nn.fit(model, loader, nn.CrossEntropyLoss(), optimizer, epochs=1, verbose=False)


def test_loaders_that_validate_have_the_order_of_their_epoch_after_a_checkpoint(tmp_path: Path) -> None:
    def run(callbacks: Any) -> Any:
        nn.manual_seed(0)
        model = nn.Linear(3, 1)
        optimizer = nn.optim.Adam(model.parameters(), lr=0.05)
        validation = DataLoader(DATA, 7, sampler=WeightedRandomSampler(np.arange(23), 20, generator=1))
        options: dict[str, Any] = {"epochs": 4, "verbose": False, "callbacks": callbacks, "seed": 0, "batch_size": 5}
        return nn.fit(model, (X, Y), nn.MSELoss(), optimizer, validation=validation, **options)["val_loss"].tolist()

    saving = nn.training.Checkpoint(tmp_path / "a.npz", every=1, resume=True)
    with pytest.raises(Killed):
        run([saving, Kill(13)])
    assert run([saving]) == run([])


def test_a_checkpoint_without_the_state_of_a_loader_is_found_by_going_through_it(tmp_path: Path) -> None:
    loader = LOADERS["a seed"]
    with pytest.raises(Killed):
        train(loader(), [nn.training.Checkpoint(tmp_path / "a.npz", every=1), Kill(8)])
    state = nn.load(tmp_path / "a.npz")
    state["training"]["place"] = state["training"]["place"][:3]  # as earlier versions wrote it
    nn.save(state, tmp_path / "a.npz")
    assert train(loader(), [nn.training.Checkpoint(tmp_path / "a.npz", resume=True)]) == train(loader(), [])
