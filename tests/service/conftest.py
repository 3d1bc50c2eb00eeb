"""A store on disk, built once; each test that writes has its own copy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.service import http_store
from tests.service.http_store import open_client


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that no test writes to."""
    folder = tmp_path_factory.mktemp("store")
    http_store.build(folder)
    return folder


@pytest.fixture(scope="session")
def client(built: Path) -> Iterator[TestClient]:
    """A client of the service on the store that no test writes to."""
    with open_client(built) as client:
        yield client


@pytest.fixture
def store(built: Path, tmp_path: Path) -> Path:
    """A data folder of the test's own."""
    return Path(shutil.copytree(built, tmp_path / "store"))


@pytest.fixture
def own(store: Path) -> Iterator[TestClient]:
    """A client of the service on the test's own store."""
    with open_client(store) as client:
        yield client
