"""One certificate authority for all tests of the room."""

from pathlib import Path

import pytest

from tests.unit.probes.loopback import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(Path(tmp_path_factory.mktemp("ca")))
