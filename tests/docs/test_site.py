"""The pages of the site: their code gives what they say, every public name is on one, and none asks a network."""

import doctest
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from docs import mistakes
from docs.site import offline, public

from ..lists import assert_listed
from ..player.conftest import browser as browser  # a fixture

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\S*)( [^\n]+)?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
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


@pytest.mark.one_in(6)
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=page.stem, marks=pytest.mark.thorough if "import torch" in code(page) else ())
        for page in PAGES
        if code(page).strip()
    ],
)
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
        assert block[1] in ("python", "sh", "{index}", "{toctree}", "{notebooks}"), (
            f"{page.name} has a block of {block[1] or 'nothing'}"
        )
        tested = block[3].startswith(">>> ") or block[0] in README  # which has a test of its own
        assert block[1] != "python" or tested, f"{page.name} has code without a prompt"


WRITTEN = [page for page in sorted(DOCS.rglob("*.md")) if page.name != "changelog.md"]  # which has its own form


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_a_page_begins_with_what_the_reader_gets(page: Path) -> None:
    first, second = page.read_text(encoding="utf-8").split("\n\n")[1:3]
    if first.startswith("```{index}"):  # what a search finds it by
        first = second
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
                module = block[2].strip()
                on_pages += [(module, name) for name in public.expanded(module, block[3].splitlines())]
    assert len(on_pages) == len(set(on_pages))
    names = set(public.public_names())
    assert_listed(map(".".join, names), {*map(".".join, on_pages)}, "the page in docs/api that is about its subject")
    modules = {tuple(module.rsplit(".", 1)) for module in public.MODULES if "." in module}
    others = {
        ("autograd", "array_api"),
        ("autograd.testing.comparisons.point", "Mismatch"),
        ("autograd.testing.findings.jacobians", "Jacobians"),
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


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some pages, built as all are, which the tests in the browser open as files."""
    for package in ("furo", "myst_nb"):
        pytest.importorskip(package, reason="builds pages: pip install -e '.[docs]'")
    source, site = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    pages = ("performance", "semantics", "howto/draw", "api/value")
    for page in pages:
        (source / page).parent.mkdir(exist_ok=True)
        shutil.copy(DOCS / f"{page}.md", source / f"{page}.md")
    shutil.copytree(DOCS / "images", source / "images")
    table = "<div class='cell_output'><table><tr>" + "<td>a wide cell</td>" * 20 + "</tr></table></div>"
    (source / "printed.md").write_text(
        "\n".join(["# Printed", "", *mistakes.block(mistakes.SAID, "words " * 99), "", table, ""])
    )
    (source / "index.md").write_text("\n".join(["# Pages", "", "```{toctree}", *pages, "printed", "```", ""]))
    command = [sys.executable, "-m", "sphinx", "-Q", "-c", str(DOCS), str(source), str(site)]
    subprocess.run(command, cwd=ROOT, check=True)
    return site


@pytest.mark.thorough
@pytest.mark.parametrize("page", ["performance", "semantics", "howto/draw", "api/value"])
def test_in_a_browser_as_narrow_as_a_telephone_no_page_scrolls_sideways(site: Path, browser: Any, page: str) -> None:
    screen = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get((site / f"{page}.html").as_uri())
    assert browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]") == [390, 390]
    wide = browser.execute_script("""return [...document.querySelectorAll("article table")]
        .map(each => each.parentElement).filter(each => each.scrollWidth > each.clientWidth)
        .map(each => [each.clientWidth <= 390, getComputedStyle(each).overflowX])""")
    assert all(box == [True, "auto"] for box in wide)
    assert wide or page not in ("performance", "semantics")


@pytest.mark.thorough
def test_on_a_telephone_messages_are_wrapped_and_tables_of_notebooks_scroll(site: Path, browser: Any) -> None:
    screen = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get((site / "printed.html").as_uri())
    widths = """const [text, table] = ["pre", ".cell_output table"]
            .map(each => document.querySelector(`article ${each}`));
        return [text.scrollWidth <= text.clientWidth, text.clientHeight > 100, table.clientWidth <= 390,
            table.scrollWidth > 390, getComputedStyle(table).overflowX]"""
    assert browser.execute_script(widths) == [True, True, True, True, "auto"]


@pytest.mark.thorough
def test_in_a_dark_browser_pictures_stand_on_white(site: Path, browser: Any) -> None:
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
    browser.get((site / "howto" / "draw.html").as_uri())
    assert max(colours(browser, "body")[0]) < 60
    pictures = colours(browser, "article img")
    assert len(pictures) == 5
    assert all(colour == (255, 255, 255) for colour in pictures)


@pytest.mark.thorough
def test_in_a_browser_all_results_of_a_search_have_an_excerpt(site: Path, browser: Any) -> None:
    wait = pytest.importorskip("selenium.webdriver.support.wait").WebDriverWait(browser, 20)
    browser.get(f"{(site / 'search.html').as_uri()}?q=value")
    script = """return [[...document.querySelectorAll("#search-results li")]
        .map(each => [each.className, each.querySelector("p.context")?.textContent ?? ""]),
        document.querySelector("#search-results p.search-summary")?.textContent ?? ""]"""

    def all_results(_: Any) -> list[list[str]] | None:
        results, said = browser.execute_script(script)
        number = re.search(r"found (\d+) pages", said)
        return results if number and len(results) == int(number[1]) and all(text for _, text in results) else None

    results = wait.until(all_results)
    assert {kind for kind, _ in results} >= {"kind-object", "kind-text"}
    assert all("value" in text.lower() for kind, text in results if kind != "kind-object")
    assert any(text.startswith("A number with the gradient") or "float" in text for _, text in results)


# What people ask, and pages that answer: one of them is among the first three that a search finds.
QUESTIONS = {
    "mistakes": ["common mistakes", "error messages"],
    "howto/fit": ["save model", "predict probabilities", "early stopping", "custom loss", "accuracy one logit",
        "resume training"],
    "howto/pytorch-weights": ["load weights", "pytorch weights"],
    "adopting": ["GPU", "cite"],
    "howto/data": ["string column", "one hot labels", "batch size", "pandas dataframe", "train test split",
        "standardize", "missing values", "image folder"],
    "tutorials/own-model": ["freeze layer", "initialise weights", "custom layer"],
    "api/lr-scheduler": ["learning rate schedule"],
    "api/normalization": ["dropout"],
    "howto/nan": ["nan loss"],
    "howto/jacobians": ["second derivative", "hessian"],
    "api/plots": ["plot loss", "confusion matrix"],
    "howto/seeds": ["random seed"],
    "howto/threads": ["multi threading"],
    "howto/scikit-learn": ["scikit-learn pipeline"],
    "howto/draw": ["draw graph"],
    "howto/onnx": ["export onnx"],
    "howto/memory": ["out of memory"],
    "howto/compile": ["slow", "jit"],
    "howto/loops": ["ode solver"],
    "api/recurrent": ["LSTM"],
    "howto/writing": ["in-place operation error"],
    "installation": ["windows"],
    "api/optim": ["weight decay"],
    "howto/units": ["units"],
    "howto/many-machines": ["mpi"],
}  # fmt: skip


@pytest.fixture(scope="module")
def whole_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All pages: those in build/site, which `.ci/run` has built, unless a page is newer."""
    pytest.importorskip("furo", reason="builds pages: pip install -e '.[docs]'")
    built = ROOT / "build" / "site"
    index = built / "searchindex.js"
    if not index.exists() or index.stat().st_mtime < max(page.stat().st_mtime for page in DOCS.rglob("*.md")):
        built = tmp_path_factory.mktemp("whole")
        subprocess.run([sys.executable, "-m", "sphinx", "-Q", str(DOCS), str(built)], cwd=ROOT, check=True)
    return built


@pytest.mark.thorough
def test_a_search_finds_the_page_that_answers(whole_site: Path, browser: Any) -> None:
    wait = pytest.importorskip("selenium.webdriver.support.wait").WebDriverWait(browser, 20, 0.05)
    page = (whole_site / "search.html").as_uri()
    script = """return [document.querySelector("#search-results p.search-summary")?.textContent ?? "",
        [...document.querySelectorAll("#search-results li > a")].map(each => each.getAttribute("href"))]"""

    def first(_: Any) -> list[str] | None:
        said, found = browser.execute_script(script)
        number = re.search(r"found (\d+|one) page", said)
        return found[:3] if number and len(found) == (1 if number[1] == "one" else int(number[1])) else None

    missed = {}
    for question, answer in ((question, answer) for answer, asked in QUESTIONS.items() for question in asked):
        browser.get(f"{page}?q={question.replace(' ', '+')}")
        found = wait.until(first)
        if not any(each.startswith(f"{answer}.html") for each in found):
            missed[question] = found
    assert not missed, "an {index} of the page that answers makes a search find it"


def colours(browser: Any, selector: str) -> list[tuple[int, ...]]:
    """Return red, green and blue of what is behind the elements that a selector finds, from 0 to 255."""
    script = (
        """return [...document.querySelectorAll(arguments[0])].map(each => getComputedStyle(each).backgroundColor)"""
    )
    return [tuple(map(int, re.findall(r"\d+", text)[:3])) for text in browser.execute_script(script, selector)]
