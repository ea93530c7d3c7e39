"""What the database says that it will do for a statement, and whether that is a walk over a whole table."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, event

from db.engine import Session

PREFIXES = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN (FORMAT JSON) "}


@dataclass(frozen=True)
class Plan:
    """The tables that are walked from end to end without an index, the indexes used, and whether rows are sorted."""

    walked: tuple[str, ...]
    indexes: tuple[str, ...]
    sorts: bool


async def explain(session: Session, statement: Select[Any]) -> Plan:
    """The plan of a statement."""
    connection = await session.connection()
    rows = await connection.run_sync(_explained, statement)
    if connection.dialect.name == "sqlite":
        return _read_sqlite([str(row[3]) for row in rows])
    found = rows[0][0]
    tree = json.loads(found) if isinstance(found, str) else found
    return _read_postgres(list(_nodes(tree[0]["Plan"])))


def _explained(connection: Connection, statement: Select[Any]) -> Sequence[Any]:
    """The raw rows of EXPLAIN; the statement goes the way it always goes, so that its values are bound as ever."""

    def prefixed(_c: object, _cursor: object, sql: str, values: object, *_rest: object) -> tuple[str, object]:
        return PREFIXES[connection.dialect.name] + sql, values

    event.listen(connection, "before_cursor_execute", prefixed, retval=True)
    try:
        cursor: Any = connection.execute(statement).cursor
        rows: Sequence[Any] = cursor.fetchall()
        return rows
    finally:
        event.remove(connection, "before_cursor_execute", prefixed)


def _read_sqlite(details: list[str]) -> Plan:
    # A step reads such as "SEARCH domains USING INDEX ix", or "SCAN domains" if it walks all of it.
    steps = [detail.split() for detail in details if detail.startswith(("SCAN", "SEARCH"))]
    walked = tuple(step[1] for step in steps if "USING" not in step and step[1] != "CONSTANT")
    indexes = tuple(step[step.index("INDEX") + 1] for step in steps if "INDEX" in step)
    return Plan(walked, indexes, any("TEMP B-TREE" in detail for detail in details))


def _read_postgres(nodes: list[dict[str, Any]]) -> Plan:
    walked = tuple(node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan")
    indexes = tuple(node["Index Name"] for node in nodes if "Index Name" in node)
    return Plan(walked, indexes, any("Sort" in node["Node Type"] for node in nodes))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)
