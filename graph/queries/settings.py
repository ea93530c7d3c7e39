"""The query for settings."""

import strawberry

from graph.context import Info
from graph.errors import only_for
from graph.fields import resolved
from graph.types.setting import Setting
from vocabulary.access import Role


@strawberry.type
class SettingQueries:
    """The query for settings."""

    @resolved("Every setting of the installation, without secrets. For admins.")
    async def settings(self, info: Info) -> list[Setting]:
        """Every setting."""
        context = info.context
        only_for(context.caller, Role.ADMIN)
        views = await context.reading.run(context.services.settings.view)
        return [Setting.from_view(view) for view in views]
