"""Settings of the installation."""

from datetime import datetime
from typing import Self

import strawberry

from services.running_settings import SettingView, camel


@strawberry.type(
    description="One setting of the installation. Values are text, as an operator writes them, without secrets."
)
class Setting:
    """One setting of the installation."""

    name: str = strawberry.field(description="As in `updateSettings`.")
    variable: str = strawberry.field(description="The environment variable that sets it at the start.")
    value: str | None = strawberry.field(
        description="What holds now; *** for a secret. Null if there is nothing."
    )
    configured: str | None = strawberry.field(
        description="What the answering process was started with, which a change stands above."
    )
    default: str | None = strawberry.field(description="What it is where nobody says.")
    description: str = strawberry.field(description="What it does.")
    is_changeable: bool = strawberry.field(
        description="Whether `updateSettings` can change it; the others need a restart."
    )
    is_changed: bool = strawberry.field(description="Whether an admin has changed it by `updateSettings`.")
    changed_at: datetime | None = strawberry.field(
        description="When that was; null if it was not, or was set back."
    )

    @classmethod
    def from_view(cls, view: SettingView) -> Self:
        """The setting that the service shows."""
        return cls(
            name=camel(view.name),
            variable=f"HELIOGRAPH_{view.name.upper()}",
            value=view.value,
            configured=view.configured,
            default=view.default,
            description=view.description,
            is_changeable=view.is_changeable,
            is_changed=view.changed_at is not None,
            changed_at=view.changed_at,
        )
