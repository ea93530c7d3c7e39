"""Flags for settings: each is made from the setting's own row in `core/settings.py`, so the two cannot differ."""

import argparse
from collections.abc import Iterable
from typing import Any

from core.limit_settings import LimitSettings
from core.settings import Settings

# A flag can be read by every user of the machine in the list of processes.
SECRET = frozenset({"bootstrap_token"})
API_ONLY = frozenset(
    {"host", "port", "workers", "window_events", "allowed_origins", *LimitSettings.model_fields}
)

ALL = tuple(name for name in Settings.model_fields if name not in SECRET)
WORKER = tuple(name for name in ALL if name not in API_ONLY)
DATABASE = ("database_url", "channel_url")


def add(parser: argparse.ArgumentParser, names: Iterable[str]) -> None:
    """Give a parser a flag for each of these settings."""
    text = "A flag goes before the environment variable of the same meaning, HELIOGRAPH_ and the name."
    group = parser.add_argument_group("settings", text)
    for name in names:
        group.add_argument(
            "--" + name.replace("_", "-"), metavar=name.rpartition("_")[2].upper(), help=_help(name)
        )


def given(args: argparse.Namespace) -> dict[str, Any]:
    """The settings among the arguments, None where the flag was not used."""
    return {name: value for name, value in vars(args).items() if name in Settings.model_fields}


def _help(name: str) -> str:
    field = Settings.model_fields[name]
    default = field.get_default(call_default_factory=True)
    told = "" if default in (None, []) else f" Default: {default}."
    return f"{field.description}{told}".replace("%", "%%")
