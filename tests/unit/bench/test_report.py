"""What a bench says of its own run."""

import sys

import pytest

from bench import report


def test_a_command_names_no_place_of_a_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    given = ["bench", "--stack", "postgres", "--folder", "somewhere/else", "--nginx", "some/sbin/nginx"]
    monkeypatch.setattr(sys, "argv", given)
    assert report.command().endswith('ARGS="--stack postgres --nginx nginx"')
