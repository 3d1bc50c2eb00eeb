"""What the house promises about itself: directions of imports, light starts, small rooms."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("service", "nlp", "indexes", "jobs")
HEAVY = ("torch", "transformers", "bertopic", "sentence_transformers", "sklearn", "faiss")
LONGEST = {"tests": 500}
FILE_LINES = 400
FUNCTION_LINES = 60


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found.add(str(node.module))
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return {name for name in found if name.split(".")[0] in FLOORS}


def may_not(path: Path) -> tuple[str, ...]:
    """Return what a module may not import, by where it lies."""
    place = path.relative_to(ROOT).as_posix()
    rules = {
        "nlp/": ("service", "jobs", "indexes"),
        "indexes/": ("service", "jobs", "nlp"),
        "service/settings.py": ("service.db", "service.api", "service.insights", "jobs", "nlp"),
        "service/errors.py": FLOORS,
        "service/insights/": ("service.db", "service.api", "service.web", "jobs", "nlp", "indexes"),
        "service/ingest/": ("service.api", "service.web", "service.app", "jobs", "indexes"),
        "service/db/": ("service.api", "service.web", "service.app", "jobs", "nlp", "indexes"),
        "service/": ("jobs",),
        "jobs/": ("service.api", "service.web", "service.app"),
    }
    return next((banned for start, banned in rules.items() if place.startswith(start)), ())


def test_imports_go_down_only() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(*FLOORS)
        for name in sorted(imports(path))
        if any(name == banned or name.startswith(f"{banned}.") for banned in may_not(path))
    ]
    assert wrong == []


@pytest.mark.parametrize("start", ["service.app", "jobs.cli"])
def test_starting_loads_no_model_library(start: str) -> None:
    code = f"import sys, {start}; print(*sorted(set(sys.modules) & set({HEAVY!r})))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_every_select_lives_in_queries() -> None:
    allowed = "service/db/queries/"
    wrong = [
        path.relative_to(ROOT).as_posix()
        for path in modules(*FLOORS)
        if not path.relative_to(ROOT).as_posix().startswith(allowed)
        and "from sqlalchemy import" in (text := path.read_text(encoding="utf-8"))
        and any(word in text for word in ("select(", "insert(", "delete("))
    ]
    assert wrong == []


def test_only_the_database_commits() -> None:
    wrong = [
        path.relative_to(ROOT).as_posix()
        for path in modules(*FLOORS)
        if ".commit()" in path.read_text(encoding="utf-8")
    ]
    assert wrong == []


def test_rooms_are_small() -> None:
    wrong = []
    for path in modules(*FLOORS, "tests"):
        if "versions" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        longest = LONGEST.get(path.relative_to(ROOT).parts[0], FILE_LINES)
        if text.count("\n") > longest:
            wrong.append(f"{path.relative_to(ROOT)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = int(node.end_lineno or 0) - node.lineno + 1
                if size > FUNCTION_LINES:
                    wrong.append(f"{path.relative_to(ROOT)}: {node.name} has {size} lines")
    assert wrong == []


def test_every_package_is_listed_and_nothing_else() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = set(config["tool"]["setuptools"]["packages"])
    there = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in modules(*FLOORS)
        if path.name == "__init__.py"
    }
    assert listed == there


def test_every_direct_dependency_is_pinned() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*config["dependencies"], *config["optional-dependencies"]["dev"]]
    pinned = {line.split("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines()}
    names = {item.split(">=")[0].split("[")[0].split("==")[0].strip() for item in wanted}
    assert names - pinned == set()


def test_our_packages_are_the_ones_in_this_folder() -> None:
    for name in FLOORS:
        assert Path(__import__(name).__file__ or "").is_relative_to(ROOT)


def test_no_pickle() -> None:
    for path in modules(*FLOORS):
        text = path.read_text(encoding="utf-8")
        assert "import pickle" not in text
        assert "allow_pickle=True" not in text
