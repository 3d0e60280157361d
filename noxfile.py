#!/usr/bin/env -S uv run --script
# /// script
# dependencies = ["nox"]
# ///
"""Sessions for nox: ``nox -s lint``, ``nox -s tests-3.13 -- tests/ops``; without a name, what is quick."""

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "venv"
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


@nox.session
def lint(session: nox.Session) -> None:
    """Look for mistakes and for files that are not formatted."""
    session.install("ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types."""
    session.install("-e", ".[dev]")
    session.run("mypy")


@nox.session(python=PYTHONS, default=False)
def tests(session: nox.Session) -> None:
    """Run the tests, or those that are named."""
    session.install("-e", ".[dev]")
    session.run("pytest", *(session.posargs or ["-n", "auto", "--dist", "worksteal"]))


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """Build the site in build/site."""
    session.install("-e", ".[docs]")
    session.run("python", "-m", "sphinx", "-W", "docs", "build/site")


if __name__ == "__main__":
    nox.main()
