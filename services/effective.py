"""The settings as they are now: those of the process, and over them what admins have changed.

They are read where they are needed, in the transaction that acts by them: no process can work by a value that another
has replaced, and nothing has to be told to anybody. It costs a statement on a table of a few rows per use, and
the uses are per shard and per write, never per domain.
"""

import msgspec

from core.settings import Settings, changed
from db.engine import Session
from db.repositories import setting_overrides


async def effective(session: Session, settings: Settings) -> Settings:
    """`settings` with the changes that are stored."""
    texts = await setting_overrides.texts(session)
    return changed(settings, {name: msgspec.json.decode(text) for name, text in texts.items()})
