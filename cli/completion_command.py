"""`heliograph completion`: a completion script, made from the parsers, so that it knows just what there is.

The script holds a table of the words that may follow each command and sub-command, and of the values of flags that
have few; it never starts the program. What comes after anything else is a file.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from cli.main import whole_parser


class Word(NamedTuple):
    """Something to type, and one line on it."""

    text: str
    help: str


class Place(NamedTuple):
    """A command or sub-command: its path such as `/campaign/list`, what follows it, and the values of its flags."""

    path: str
    below: tuple[str, ...]
    words: tuple[Word, ...]
    values: Mapping[str, tuple[str, ...]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The shell."""
    parser.add_argument(
        "shell",
        choices=list(SCRIPTS),
        metavar="SHELL",
        help=f"{', '.join(SCRIPTS)}; evaluate what is printed",
    )


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    print("\n".join(SCRIPTS[args.shell](list(places(whole_parser())))))
    return 0


def places(parser: argparse.ArgumentParser, path: str = "") -> Iterator[Place]:
    """A parser and all below it."""
    # argparse has no public way to ask a parser what it takes.
    actions = parser._actions  # noqa: SLF001
    words: list[Word] = []
    values: dict[str, tuple[str, ...]] = {}
    below: dict[str, argparse.ArgumentParser] = {}
    for action in actions:
        words += [Word(flag, action.help or "") for flag in action.option_strings if flag.startswith("--")]
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            below = dict(action.choices)
            words += [Word(each.dest, each.help or "") for each in action._choices_actions]  # noqa: SLF001
        elif action.choices is not None:
            chosen = tuple(str(choice) for choice in action.choices)
            words += [] if action.option_strings else [Word(each, "") for each in chosen]
            values |= dict.fromkeys(action.option_strings, chosen)
    yield Place(path, tuple(below), tuple(words), values)
    for name, each in below.items():
        yield from places(each, f"{path}/{name}")


def _walk(found: list[Place]) -> Iterator[str]:
    """The lines, the same in bash and zsh, that find the path of what was typed."""
    paths = "|".join(f"{place.path}/{name}" for place in found for name in place.below)
    yield '        case "$place/$word" in'
    yield f'            {paths}) place="$place/$word" ;;'
    yield "        esac"


def _bash(found: list[Place]) -> Iterator[str]:
    yield "# bash completion for heliograph: source <(heliograph completion bash)"
    yield "_heliograph() {"
    yield '    local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" place="" words="" word'
    yield '    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do'
    yield from _walk(found)
    yield "    done"
    yield '    case "$place" in'
    for place in found:
        yield f'        "{place.path}") words="{" ".join(word.text for word in place.words)}" ;;'
    yield "    esac"
    yield '    case "$place $previous" in'
    for place in found:
        for flag, values in place.values.items():
            yield f'        "{place.path} {flag}") words="{" ".join(values)}" ;;'
    yield "    esac"
    yield '    COMPREPLY=($(compgen -W "$words" -- "$current"))'
    yield "}"
    yield "complete -o default -F _heliograph heliograph"


def _zsh(found: list[Place]) -> Iterator[str]:
    yield "#compdef heliograph"
    yield "# zsh completion for heliograph: source <(heliograph completion zsh)"
    yield "_heliograph() {"
    yield '    local place="" word previous="${words[CURRENT-1]}"'
    yield "    local -a known"
    yield '    for word in "${(@)words[2,CURRENT-1]}"; do'
    yield from _walk(found)
    yield "    done"
    yield '    case "$place $previous" in'
    for place in found:
        for flag, values in place.values.items():
            yield f'        "{place.path} {flag}") compadd -- {" ".join(values)}; return ;;'
    yield "    esac"
    yield '    case "$place" in'
    for place in found:
        words = " ".join(_quoted(f"{word.text}:{_brief(word)}") for word in place.words)
        yield f'        "{place.path}") known=({words}) ;;'
    yield "    esac"
    yield "    _describe -t words word known"
    yield "    _files"
    yield "}"
    yield "compdef _heliograph heliograph"


def _fish(found: list[Place]) -> Iterator[str]:
    paths = " ".join(f"{place.path}/{name}" for place in found for name in place.below)
    yield "# fish completion for heliograph: heliograph completion fish | source"
    yield "function __heliograph_at"
    yield "    set -l place ''"
    yield "    for word in (commandline -opc)[2..-1]"
    yield f"        contains -- $place/$word {paths}; and set place $place/$word"
    yield "    end"
    yield '    test "$place" = "$argv[1]"'
    yield "end"
    for place in found:
        at = f"complete -c heliograph -n '__heliograph_at \"{place.path}\"'"
        for word in place.words:
            what = f"-l {word.text[2:]}" if word.text.startswith("--") else f"-f -a {word.text}"
            values = place.values.get(word.text, ())
            given = f" -x -a {_quoted(' '.join(values))}" if values else ""
            yield f"{at} {what}{given} -d {_quoted(_brief(word))}"


def _brief(word: Word) -> str:
    """The first sentence of its help, without what a shell would read as a field of its own."""
    return (
        " ".join(word.help.replace("%%", "%").replace(":", " ").split()).partition(". ")[0].removesuffix(".")
    )


def _quoted(text: str) -> str:
    """One word for any of the shells, none of which knows an escape inside single quotes that the others know."""
    return "'" + text.replace("'", "’").replace("\\", "/") + "'"


SCRIPTS: Mapping[str, Callable[[list[Place]], Iterator[str]]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
