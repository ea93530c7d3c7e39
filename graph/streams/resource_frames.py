"""From an event of the catalog to the frame of `resourceEvents` that tells of it."""

from typing import Any

from events import access_events, pool_events, resource_events, scoring_events
from events.envelope import Envelope
from graph import node_ids
from graph.scalars import Cursor
from graph.types import resource_event as frames
from services.running_settings import camel


def from_envelope(envelope: Envelope, cursor: Cursor) -> object:
    """The frame of an event.

    Raises:
        TypeError: it is no event of a resource; `tests/architecture/test_emitters.py` compares the two.
    """
    event = envelope.event
    common: dict[str, Any] = {"cursor": cursor, "at": envelope.occurred_at}
    match event:
        case resource_events.PersonaEventType():
            return _persona(event, common)
        case resource_events.KeywordSetEventType():
            return _keyword_set(event, common)
        case pool_events.ProxyPoolEventType():
            return _pool(event, common)
        case scoring_events.ScoringProfileEventType():
            return _profile(event, common)
        case access_events.SettingsChanged():
            changes = [
                frames.SettingChange(name=camel(one.name), before=one.before, after=one.after)
                for one in event.changes
            ]
            return frames.SettingsChanged(**common, changes=changes)
        case _:
            raise TypeError(f"The schema does not know {type(event).__name__}.")


def _persona(event: resource_events.PersonaEventType, common: dict[str, Any]) -> object:
    given = common | {
        "key": event.persona_id,
        "persona_id": node_ids.encode("Persona", event.persona_id),
        "name": event.name,
        "type": event.persona_type,
    }
    match event:
        case resource_events.PersonaCreated():
            return frames.PersonaCreated(**given)
        case resource_events.PersonaUpdated():
            return frames.PersonaUpdated(**given, changed=list(event.changed))
        case resource_events.PersonaTested():
            return frames.PersonaTested(
                **given,
                target=event.target,
                succeeded=event.succeeded,
                failure=event.reason,
                duration_ms=event.millis,
            )
        case resource_events.PersonaDeleted():
            return frames.PersonaDeleted(**given)
        case _:
            raise TypeError(f"The schema does not know {type(event).__name__}.")


def _keyword_set(event: resource_events.KeywordSetEventType, common: dict[str, Any]) -> object:
    given = common | {
        "key": event.keyword_set_id,
        "keyword_set_id": node_ids.encode("KeywordSet", event.keyword_set_id),
        "name": event.name,
        "rule_count": event.rule_count,
    }
    match event:
        case resource_events.KeywordSetCreated():
            return frames.KeywordSetCreated(**given)
        case resource_events.KeywordSetUpdated():
            return frames.KeywordSetUpdated(**given, changed=list(event.changed))
        case resource_events.KeywordSetDeleted():
            return frames.KeywordSetDeleted(**given)
        case _:
            raise TypeError(f"The schema does not know {type(event).__name__}.")


def _pool(event: pool_events.ProxyPoolEventType, common: dict[str, Any]) -> object:
    given = common | {
        "key": event.pool_id,
        "pool_id": node_ids.encode("ProxyPool", event.pool_id),
        "name": event.name,
        "member_count": event.member_count,
        "version": event.version,
    }
    match event:
        case pool_events.ProxyPoolCreated():
            return frames.ProxyPoolCreated(**given)
        case pool_events.ProxyPoolUpdated():
            return frames.ProxyPoolUpdated(**given, changed=list(event.changed))
        case pool_events.ProxyPoolDeleted():
            return frames.ProxyPoolDeleted(**given)
        case _:
            raise TypeError(f"The schema does not know {type(event).__name__}.")


def _profile(event: scoring_events.ScoringProfileEventType, common: dict[str, Any]) -> object:
    given = common | {
        "key": event.profile_id,
        "profile_id": node_ids.encode("ScoringProfile", event.profile_id),
        "name": event.name,
    }
    match event:
        case scoring_events.ScoringProfileCreated():
            return frames.ScoringProfileCreated(**given)
        case scoring_events.ScoringProfileUpdated():
            return frames.ScoringProfileUpdated(**given, version=event.version, changed=list(event.changed))
        case scoring_events.ScoringProfileDeleted():
            return frames.ScoringProfileDeleted(**given)
        case _:
            raise TypeError(f"The schema does not know {type(event).__name__}.")
