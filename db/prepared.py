"""Statements that are made once and sent as they are, past all of SQLAlchemy that is needed to make them.

To put a statement together, to find it in a cache and to bind its values costs SQLAlchemy several times what the
database needs for a page of a list. So its text, the order of its parameters and what makes a driver's value of each
are asked of SQLAlchemy once, and all values that the statement was made with are bound then.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from db.folded import Folded, folded

Bind = Callable[[Any], Any]


class _Slot(NamedTuple):
    """A parameter that each execution brings: where it stands, and what makes a driver's value of it."""

    place: int
    name: str
    bind: Bind | None


class Sent(NamedTuple):
    """What goes to a driver that takes its parameters by position; `folded` is what gives all columns as one row."""

    text: str
    values: Sequence[Any]
    folded: Folded | None


class Prepared:
    """A statement and the names of the parameters that each execution brings; all others have their values already.

    With `types`, which are those of its columns by their names, it is asked for its columns (`db/folded.py`).
    """

    def __init__(
        self, statement: Select[Any], *names: str, types: Mapping[str, TypeEngine[Any]] | None = None
    ) -> None:
        self.statement = statement
        self._names = names
        self.types = types or {}
        self._text: str | None = None
        self._folded: Folded | None = None
        self._values: list[Any] = []
        self._slots: list[_Slot] = []

    def __repr__(self) -> str:
        return f"<Prepared by {', '.join(self._names) or 'nothing'}>"

    def sent(self, dialect: Dialect, given: Mapping[str, Any]) -> Sent:
        """The statement and its values for the driver of a dialect, which is the same one each time."""
        if self._text is None:
            self._text = self._make(dialect)
        values = self._values.copy()
        for place, name, bind in self._slots:
            values[place] = given[name] if bind is None else bind(given[name])
        return Sent(self._text, values, self._folded)

    def _make(self, dialect: Dialect) -> str:
        compiled: Any = self.statement.compile(dialect=dialect)
        # What is brought later is there as nothing now: only the values of lists change the text.
        state = compiled.construct_expanded_state(dict.fromkeys(self._names))
        binds = {name: _bind(each.type, dialect) for each, name in compiled.bind_names.items()}
        binds.update(state.processors)
        for place, name in enumerate(state.positiontup):
            bind = binds.get(name)
            if name in self._names:
                self._slots.append(_Slot(place, name, bind))
                self._values.append(None)
            else:
                value = state.parameters[name]
                self._values.append(value if bind is None else bind(value))
        text: str = state.statement
        if self.types and dialect.name == "sqlite":
            self._folded = folded(text, self.types, dialect)
        return text


def _bind(kind: TypeEngine[Any], dialect: Dialect) -> Bind | None:
    bind: Bind | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return bind
