"""The pages of the site: their code gives what they say, every public name is on one, and none asks a network."""

import doctest
import re
import sys
import tomllib
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from docs.site import offline, public

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\S*)( [\w.]+)?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# What is to be followed. The pages for reference are tested where they are written; design.md quotes the source.
PAGES = [
    *(DOCS / name for name in ("index.md", "installation.md")),
    *sorted(DOCS.glob("tutorials/*.md")),
    *sorted(DOCS.glob("howto/*.md")),
]


def code(page: Path) -> str:
    """Return the Python of a page, each line in the place that it has there."""
    text = page.read_text(encoding="utf-8")
    lines = [""] * text.count("\n")
    for block in BLOCK.finditer(text):
        if block[1] == "python":
            start = text.count("\n", 0, block.start(3))
            inside = block[3].splitlines()
            lines[start : start + len(inside)] = inside
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("page", [page for page in PAGES if code(page).strip()], ids=lambda page: page.stem)
def test_the_code_of_a_page_gives_what_it_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = code(page)
    if "import torch" in text:
        pytest.importorskip("torch", reason="the page is about PyTorch, which users need not have")
    monkeypatch.chdir(tmp_path)  # which the pages write files to
    test = doctest.DocTestParser().get_doctest(text, {"__name__": "__main__"}, page.name, str(page), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(test)
    assert runner.failures == 0, capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_all_code_of_a_page_is_what_the_test_above_runs(page: Path) -> None:
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        assert block[1] in ("python", "sh", "{toctree}", "{notebooks}"), (
            f"{page.name} has a block of {block[1] or 'nothing'}"
        )
        tested = block[3].startswith(">>> ") or block[0] in README  # which has a test of its own
        assert block[1] != "python" or tested, f"{page.name} has code without a prompt"


WRITTEN = [page for page in sorted(DOCS.rglob("*.md")) if page.name != "changelog.md"]  # which has its own form


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_a_page_begins_with_what_the_reader_gets(page: Path) -> None:
    first = page.read_text(encoding="utf-8").split("\n\n")[1]
    if re.match(r"```{names} [\w.]+\n[a-z_]+\n```$", first):
        return  # what a module says of itself
    words = first.replace("\n", " ")
    assert re.match(r"[\w`*]", words), f"{page.name} begins with {words[:40]!r}"
    assert not words.startswith(("See [", "Written by")), page.name
    assert len(words) > 60, page.name


def test_every_public_name_is_on_one_page() -> None:
    on_pages: list[tuple[str, str]] = []
    for page in sorted(DOCS.glob("api/*.md")):
        for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
            if block[1] == "{names}":
                on_pages += [(block[2].strip(), name) for name in block[3].split()]
    assert len(on_pages) == len(set(on_pages))
    names = set(public.public_names())
    assert not names - set(on_pages), "put it on the page in docs/api that is about its subject"
    modules = {tuple(module.rsplit(".", 1)) for module in public.MODULES if "." in module}
    others = {
        ("autograd", "array_api"),
        ("autograd.testing._gradcheck", "Mismatch"),
        ("autograd.testing._jacobians", "Jacobians"),
    }
    assert not set(on_pages) - names - modules - others, "no such name is public"


def test_the_page_about_silent_failures_names_tests_that_exist() -> None:
    rows = re.findall(
        r"\| ((?:`test_\w+`(?:, )?)+) \|$", (DOCS / "semantics.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert len(rows) > 40
    assert named <= {path.stem for path in (ROOT / "tests").rglob("test_*.py")}


def test_the_optional_dependencies_are_in_the_page_about_installation() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    rows = re.findall(r"^\| `(\w+)` \|", (DOCS / "installation.md").read_text(), re.MULTILINE)
    assert set(rows) == set(extras) - {"torch", "jax", "pyright"}  # which only tests need


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("page.html", '<script src="https://elsewhere/a.js"></script>'),
        ("page.html", '<link rel="stylesheet" href="//elsewhere/a.css">'),
        ("page.html", '<img alt="" src="HTTP://elsewhere/a.png">'),
        ("page.html", '<p style="background: url(https://elsewhere/a.png)">text</p>'),
        ("page.html", "<style>@import 'https://elsewhere/a.css';</style>"),
        ("page.html", '<svg><image xlink:href="https://elsewhere/a.png"/></svg>'),
        ("page.html", '<script>import("https://elsewhere/a.js")</script>'),
        ("a.css", "@font-face { src: url('https://elsewhere/a.woff2') }"),
        ("a.js", 'fetch("https://elsewhere/data")'),
    ],
)
def test_what_a_page_loads_from_elsewhere_is_found(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    (fault,) = offline.faults(tmp_path)
    assert fault.startswith(f"{name} loads ")
    assert "//elsewhere/" in fault


def test_links_and_what_is_beside_a_page_are_no_fault(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        '<a href="https://elsewhere/">a link</a> https://elsewhere/ <img alt="" src="a.png">'
        '<script>// see https://elsewhere/\nconst name = "https://elsewhere/namespace";</script>'
        '<svg xmlns="http://www.w3.org/2000/svg"></svg><img alt="" src="data:image/png;base64,AA==">'
    )
    (tmp_path / "a.css").write_text("/* https://elsewhere/ */ p { background: url(a.png) }")
    assert not list(offline.faults(tmp_path))
