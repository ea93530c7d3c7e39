"""What a process does once it stands."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from cli.process import YOUNG_OBJECTS, settle


@pytest.fixture
def collector() -> Iterator[None]:
    """The collector, put back as it was."""
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


class Ring:
    """Something that only the collector can free."""

    def __init__(self) -> None:
        self.itself = self


@pytest.mark.usefixtures("collector")
def test_what_is_there_is_looked_through_no_more_and_what_comes_is() -> None:
    old = Ring()
    settle()
    assert gc.get_freeze_count() > 0
    assert not any(each is old for each in gc.get_objects())
    assert gc.get_threshold()[0] == YOUNG_OBJECTS
    young = weakref.ref(Ring())
    gc.collect()
    assert young() is None
