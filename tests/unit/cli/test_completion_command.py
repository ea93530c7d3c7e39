"""The completion scripts know every command, verb and flag; bash really runs its one."""

import subprocess
from pathlib import Path

import pytest

from cli.completion_command import places
from cli.main import COMMANDS, whole_parser
from tests.unit.cli.conftest import Heliograph

VERBS = [
    "list",
    "show",
    "create",
    "start",
    "pause",
    "resume",
    "cancel",
    "archive",
    "retry",
    "rerun",
    "skip",
    "mode",
]
VERBS += ["rescore", "watch"]
TRY = """
source {script}
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_heliograph
echo "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("heliograph ''", ["--help", *COMMANDS]),
        ("heliograph ca", ["campaign"]),
        ("heliograph campaign ''", ["--help", *VERBS]),
        ("heliograph campaign watch --", ["--help", "--json", "--url", "--token"]),
        ("heliograph campaign --json list --u", ["--url"]),
        ("heliograph export Solar --format ''", ["csv", "ndjson"]),
        ("heliograph token create --role a", ["admin"]),
        ("heliograph token list --j", ["--json"]),
        ("heliograph migrate --j", ["--json"]),
        ("heliograph schema --", ["--help", "--check", "--json"]),
        ("heliograph completion ''", ["--help", "bash", "zsh", "fish"]),
        ("heliograph campaign show solar", []),
        ("heliograph keywords test --f", ["--file"]),
        ("heliograph tail ca", ["campaign", "campaigns"]),
        ("heliograph tail campaigns --m", ["--max-rate"]),
        ("heliograph check --only ''", ["functional", "resume", "load"]),
    ],
)
def test_bash_offers(heliograph: Heliograph, place: Path, typed: str, offered: list[str]) -> None:
    script = place / "completion.bash"
    script.write_text(heliograph("completion", "bash").out)
    done = subprocess.run(
        ["bash", "-c", TRY.format(script=script, words=typed)], capture_output=True, text=True, check=True
    )
    assert (done.stdout.split(), done.stderr) == (offered, "")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_others_have_every_word_with_its_place(heliograph: Heliograph, shell: str) -> None:
    script = heliograph("completion", shell).out.splitlines()
    for place in places(whole_parser()):
        lines = [line for line in script if f'"{place.path}"' in line]
        for word in place.words:
            # fish knows a flag without its dashes.
            shown = f"-l {word.text[2:]} " if shell == "fish" and word.text.startswith("--") else word.text
            assert any(shown in line for line in lines), (place.path, word)


def test_an_apostrophe_in_a_help_text_ends_no_word(heliograph: Heliograph) -> None:
    for shell in ("zsh", "fish"):
        for line in heliograph("completion", shell).out.splitlines():
            assert line.startswith("#") or line.count("'") % 2 == 0, line


def test_a_shell_that_is_not_known_is_one_line(heliograph: Heliograph) -> None:
    ended = heliograph("completion", "tcsh")
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
