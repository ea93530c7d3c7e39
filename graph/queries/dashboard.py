"""The query for the first screen."""

import strawberry

from graph.fields import resolved
from graph.types.dashboard import Dashboard


@strawberry.type
class DashboardQueries:
    """The query for the first screen."""

    @resolved("Your things at a glance, or those of all if you are an admin.")
    def dashboard(self) -> Dashboard:
        """Things at a glance."""
        return Dashboard()
