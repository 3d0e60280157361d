"""Lists that are kept by hand: what is said when a name is missing in one, and what needs none."""

from collections.abc import Collection, Iterable

from nn import functional

from .good_calls import required


def assert_listed(names: Iterable[str], listed: Collection[str], where: str) -> None:
    """Fail for names that are not in a list, with the place to write them."""
    missing = sorted({*names} - {*listed})
    assert not missing, f"write into {where}: {', '.join(missing)}"


def assert_complete(names: Collection[str], listed: Collection[str], where: str) -> None:
    """Fail for names that are not in a list, and for those in it that are no names any more."""
    assert_listed(names, listed, where)
    stale = sorted({*listed} - {*names})
    assert not stale, f"take out of {where}, for they are no names: {', '.join(stale)}"


def plain_losses(known: Collection[str]) -> list[str]:
    """Return the losses that a list of cases need not name: they compare any numbers with others of the same shape."""
    losses = {name: getattr(functional, name) for name in functional.__all__ if name.endswith("_loss")}
    return [name for name in losses if name not in known and required(losses[name]) == ["input", "target"]]
