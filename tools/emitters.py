"""Which function of services/ emits which type of event, read from the code.

Events come into being by `record(unit, event, …)` and in no other way (`events/outbox.py`), directly or through a
method `record(event)` of what keeps a transaction (`services/course.py`). What is handed to it is one of: a type's
constructor; a name that was given one in the same function; a parameter that is a type, named by the callers; or
a function whose return annotation is a type. Anything else is an error here, so that no emitter hides from the table.
"""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from events.catalog import EVENT_TYPES

ROOT = Path(__file__).parents[1]
NAMES = frozenset(kind.__name__ for kind in EVENT_TYPES)

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Untraceable(Exception):
    """What a call of `record` is given cannot be followed to a type."""


def emitters() -> Mapping[str, tuple[str, ...]]:
    """The emitters of each type that has any, each as `services/FILE.py: FUNCTION`.

    Raises:
        Untraceable: the code calls `record` in a way that this does not understand.
    """
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "services").glob("*.py")):
        for name, function, place in _emitted(path):
            found.setdefault(name, set()).add(f"services/{place.name}: {function}")
    return {name: tuple(sorted(places)) for name, places in found.items()}


def _emitted(path: Path) -> Iterator[tuple[str, str, Path]]:
    """The types that a file emits, with the functions that do and their files."""
    for function in _functions(path).values():
        for event in _recorded(function):
            yield from _traced(event, function, path)


def _recorded(function: Function) -> Iterator[ast.expr]:
    """What a function hands to `record`, or to the method of that name of something that keeps the transaction.

    That method hands on what it is given, and is no emitter itself.
    """
    if function.name != "record":
        yield from (call.args[1] for call in _calls(function, "record"))
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "record"
            ):
                yield node.args[0]


def _traced(event: ast.expr, function: Function, path: Path) -> Iterator[tuple[str, str, Path]]:
    if isinstance(event, ast.Name):
        event = _assigned(event.id, function)
    if not isinstance(event, ast.Call) or not isinstance(event.func, ast.Name):
        raise Untraceable(f"{path.name}: {function.name} records {ast.unparse(event)}")
    made = event.func.id
    if made in NAMES:
        yield made, function.name, path
    elif made in _parameters(function):
        yield from _named_by_callers(function)
    else:
        yield _returned(made), function.name, path


def _assigned(name: str, function: Function) -> ast.expr:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and any(ast.unparse(one) == name for one in node.targets):
            return node.value
    raise Untraceable(f"{function.name} does not say what {name} is")


def _named_by_callers(function: Function) -> Iterator[tuple[str, str, Path]]:
    """The types that callers of a function or method of services/ name, with the caller and its file."""
    for path in sorted((ROOT / "services").glob("*.py")):
        for caller in _functions(path).values():
            for call in (*_calls(caller, function.name), *_method_calls(caller, function.name)):
                for argument in call.args:
                    if isinstance(argument, ast.Name) and argument.id in NAMES:
                        yield argument.id, caller.name, path


def _returned(name: str) -> str:
    for path in (ROOT / "services").glob("*.py"):
        function = _functions(path).get(name)
        if function is not None and function.returns is not None and ast.unparse(function.returns) in NAMES:
            return ast.unparse(function.returns)
    raise Untraceable(f"{name} is no function of services/ that returns an event")


@cache
def _functions(path: Path) -> Mapping[str, Function]:
    nodes = ast.walk(ast.parse(path.read_text()))
    return {node.name: node for node in nodes if isinstance(node, Function)}


def _calls(function: Function, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def _method_calls(function: Function, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
            yield node


def _parameters(function: Function) -> set[str]:
    return {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
