"""The change of settings."""

from typing import Annotated

import strawberry

from graph.context import Info
from graph.errors import ConflictError, ForbiddenError, UnavailableError, ValidationError
from graph.fields import verb
from graph.inputs.settings import UpdateSettingsInput
from graph.mutations.arguments import TAKEN
from graph.scalars import Cursor
from graph.types.setting import Setting


@strawberry.type(description="The settings after the change.")
class UpdateSettingsPayload:
    """The settings after the change."""

    settings: list[Setting] = strawberry.field(description="All of them.")
    cursor: Cursor = strawberry.field(
        description="The place of the change in the event log, by which you recognise its echo in a subscription."
    )


UpdateSettingsResult = Annotated[
    UpdateSettingsPayload | ValidationError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union("UpdateSettingsResult", description="The settings after the change, or why not."),
]


@strawberry.type
class SettingMutations:
    """The change of settings."""

    @verb("Change settings for all processes at once, without a restart. For admins.")
    async def update_settings(
        self, info: Info, what: Annotated[UpdateSettingsInput, TAKEN]
    ) -> UpdateSettingsResult:
        """Change settings."""
        context = info.context
        settings = context.services.settings
        written = await settings.update(context.caller, what.values(), what.idempotency_key)
        await context.renew()
        views = await context.reading.run(settings.view)
        return UpdateSettingsPayload(
            settings=[Setting.from_view(view) for view in views],
            cursor=await context.cursor_at(written.position),
        )
