"""Ports as an operator writes them."""

import pytest

from core.port_list import PortList


def test_ports_and_ranges_stand_between_commas() -> None:
    ports = PortList("80, 8000-8002,65535")
    assert [port for port in range(70_000) if port in ports] == [80, 8000, 8001, 8002, 65535]
    assert str(ports) == "80, 8000-8002,65535"


@pytest.mark.parametrize(
    "text", ["", ",", "80,", "0", "65536", "90-80", "80-", "-80", "http", "80;443", "８０", "1-99999"]
)
def test_what_is_no_port_is_refused_and_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no port in 1\.\.65535"):
        PortList(text)
