"""README: the code that it shows runs, and what it links to and names exists."""

import contextlib
import io
import itertools
import re
import tomllib
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it has no annotations

import datasets
import nn
from tests.sizes import DESIGN, counted, rooms

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FIRST, LOOP, FIT, TENSORS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def run(code: str, names: dict[str, object]) -> str:
    """Execute code on one thread, in which a warning is an error, and return what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), threadpool_limits(1):
        exec(compile(code, "README.md", "exec"), names)
    return printed.getvalue()


@pytest.mark.thorough
def test_the_first_screen_trains_a_network_that_reads_as_many_digits_as_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = re.search(r"Both reach (\d+) %", README)
    assert said
    orders, batches = itertools.count(), datasets.batches  # which are others each time unless there is a seed
    monkeypatch.setattr(datasets, "batches", lambda *arrays, **kw: batches(*arrays, **kw, seed=next(orders)))
    nn.manual_seed(0)
    names: dict[str, object] = {}
    accuracies = [float(share) for share in re.findall(r"([\d.]+)% of the test digits", run(LOOP, names))]
    assert len(accuracies) == 3
    assert accuracies[-1] > int(said[1]) - 0.2  # other machines round in other places
    (images, labels), (test_images, test_labels) = datasets.load_mnist()  # a part is enough for the same once more
    some = (images[:6000], labels[:6000]), (test_images[:1000], test_labels[:1000])
    monkeypatch.setattr(datasets, "load_mnist", lambda: some)
    result = re.search(r"'accuracy': ([\d.]+)\}$", run(FIT, {}).strip())
    assert result
    assert float(result[1]) > 0.85


def test_the_first_screen_is_short_and_shows_code_before_it_explains() -> None:
    opening = README[: README.index(FIRST)]
    assert len(re.sub(r"<img [^>]+>", "", opening)) < 300
    assert opening.count("<img") == 1
    lines = [[line for line in code.splitlines() if line] for code in (FIRST, LOOP, FIT)]
    assert [len(code) for code in lines] == [5, 14, 7]
    assert max(map(len, (FIRST + LOOP + FIT).splitlines())) <= 100, "a longer line is cut off on a page"


def test_the_first_derivative_is_what_it_says() -> None:
    definition, _, shown = FIRST.rstrip().rpartition("\n")
    names: dict[str, object] = {}
    run(definition, names)
    expression, _, said = shown.partition("  # ")
    assert repr(eval(expression, names)) == said


def test_the_code_about_tensors_gives_what_it_says() -> None:
    names: dict[str, object] = {}
    run(TENSORS, names)
    assert repr(names["x"].grad) == "Tensor([0.  , 0.  , 0.25])"  # type: ignore[attr-defined]  # a tensor
    for line in TENSORS.splitlines():
        expression, _, comment = line.partition("#")
        said = re.match(r" ([\d.]+):", comment)
        if said:
            assert eval(expression, names) == float(said[1])


def test_the_first_page_of_the_site_shows_the_same_programs_and_picture() -> None:
    page = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    for code in (FIRST, LOOP, FIT):
        assert code in page
    assert "(images/player.gif)" in page[: page.index(FIRST)]


def test_the_sizes_are_what_it_says() -> None:
    said = re.search(r"The engine has ([\d,]+) lines, the layers as many, .* ([\d,]+) more", README, re.DOTALL)
    assert said
    engine, further = (int(number.replace(",", "")) for number in said.groups())
    found = counted(rooms(DESIGN.read_text(encoding="utf-8")))
    assert found["engine"] == pytest.approx(engine, rel=0.05)
    assert found["nn"] == pytest.approx(engine, rel=0.05)
    annexes = ("compile", "sparse derivatives", "testing", "visualize", "scipy and distributions", "other annexes")
    assert sum(found[room] for room in annexes) == pytest.approx(further, rel=0.1)


def test_what_is_installed_is_what_the_project_depends_on() -> None:
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    page = (ROOT / "docs" / "installation.md").read_text(encoding="utf-8")
    for name in (re.split(r"\W", dependency)[0] for dependency in dependencies):
        assert name in README.partition("What is installed with it")[2].partition("\n\n")[0].lower()
        assert name in page.partition("## What is installed")[2].partition("\n\n## ")[0].lower()


def test_links_and_pictures_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", README):
        assert "".join(target).startswith("https://") or (ROOT / "".join(target)).exists(), target


def test_the_modules_named_exist() -> None:
    for name in re.findall(r"python -m ((?:examples|benchmarks)\.[a-z_]+)", README):
        path = ROOT / name.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), name
