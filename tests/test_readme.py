"""What the README shows and promises."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_code_shown_runs_and_gives_what_it_says() -> None:
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code is not None
    names: dict[str, object] = {}
    exec(compile(code[1], "README.md", "exec"), names)  # where a warning would be an error
    assert repr(names["x"].grad) == "Tensor([0.  , 0.  , 0.25])"  # type: ignore[attr-defined]  # a tensor
    for line in code[1].splitlines():
        expression, _, comment = line.partition("#")
        said = re.match(r" ([\d.]+):", comment)
        if said:
            assert eval(expression, names) == float(said[1])


def test_links_and_pictures_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_the_modules_named_exist() -> None:
    for name in re.findall(r"python -m (examples\.[a-z_]+)", README):
        assert (ROOT / (name.replace(".", "/") + ".py")).exists(), name
