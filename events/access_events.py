"""What happens to principals, their tokens and the settings: for admins alone, the audit trail of access."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from events.event import EntityType, EventType
from vocabulary.access import Role

SETTINGS_ID = UUID(int=1)
"""There is one set of settings, so it has one id."""


class PrincipalEventType(EventType, frozen=True, kw_only=True):
    """An event of one principal."""

    ENTITY: ClassVar[EntityType] = EntityType.PRINCIPAL

    principal_id: UUID
    name: str
    role: Role

    @property
    def entity_id(self) -> UUID:
        """The principal."""
        return self.principal_id


class PrincipalCreated(PrincipalEventType, frozen=True, kw_only=True, tag=True):
    """Somebody new may ask."""

    def summary(self) -> str:
        """One sentence."""
        return f"Principal “{self.name}” was created as {self.role.lower()}"


class PrincipalRoleChanged(PrincipalEventType, frozen=True, kw_only=True, tag=True):
    """Somebody may do more than before, or less; `role` is the new one."""

    previous: Role

    def summary(self) -> str:
        """One sentence."""
        return f"Principal “{self.name}” is {self.role.lower()} now and was {self.previous.lower()}"


class PrincipalDeactivated(PrincipalEventType, frozen=True, kw_only=True, tag=True):
    """Somebody may not ask any more: none of their tokens opens anything."""

    def summary(self) -> str:
        """One sentence."""
        return f"Principal “{self.name}” was deactivated"


class PrincipalReactivated(PrincipalEventType, frozen=True, kw_only=True, tag=True):
    """Somebody may ask again, with those of their tokens that were neither revoked nor are over."""

    def summary(self) -> str:
        """One sentence."""
        return f"Principal “{self.name}” was reactivated"


class TokenEventType(EventType, frozen=True, kw_only=True):
    """An event of one token; never the token itself."""

    ENTITY: ClassVar[EntityType] = EntityType.TOKEN

    token_id: UUID
    principal_name: str
    name: str

    @property
    def entity_id(self) -> UUID:
        """The token."""
        return self.token_id


class TokenCreated(TokenEventType, frozen=True, kw_only=True, tag=True):
    """A token was made."""

    role: Role

    def summary(self) -> str:
        """One sentence."""
        return f"Token “{self.name}” of “{self.principal_name}” was created as {self.role.lower()}"


class TokenRevoked(TokenEventType, frozen=True, kw_only=True, tag=True):
    """A token opens nothing any more."""

    def summary(self) -> str:
        """One sentence."""
        return f"Token “{self.name}” of “{self.principal_name}” was revoked"


class TokenRenewed(TokenEventType, frozen=True, kw_only=True, tag=True):
    """A token ends at another moment than before; whoever is connected with it stays so until then."""

    expires_at: datetime

    def summary(self) -> str:
        """One sentence."""
        until = self.expires_at.isoformat(sep=" ", timespec="seconds")
        return f"Token “{self.name}” of “{self.principal_name}” was renewed until {until}"


class SettingChange(msgspec.Struct, frozen=True):
    """One setting before and after; the values are text, as an operator writes them."""

    name: str
    before: str
    after: str


class SettingsChanged(EventType, frozen=True, kw_only=True, tag=True):
    """An administrator changed settings while the system ran, or set them back; `changes` has old and new."""

    ENTITY: ClassVar[EntityType] = EntityType.SETTINGS

    changes: tuple[SettingChange, ...]

    @property
    def entity_id(self) -> UUID:
        """The settings."""
        return SETTINGS_ID

    def summary(self) -> str:
        """One sentence."""
        told = ", ".join(f"{one.name} from {one.before} to {one.after}" for one in self.changes)
        return f"Settings were changed: {told}"
