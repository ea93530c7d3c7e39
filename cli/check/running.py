"""Runs checks one after the other, and says of each what became of it."""

import asyncio
from collections.abc import Callable, Collection, Sequence

from cli.check import functional, load, resume
from cli.check.check import Check, Failed, Family, Outcome, Result
from cli.check.site import Refused, Site, thing_of_ours
from cli.remote.wire import Closed, Gone

CHECKS: Sequence[Check] = (*functional.CHECKS, *resume.CHECKS, *load.CHECKS)
OURS = "a keyword set of ours is made and removed"
LONGEST_SECONDS = 120.0


def chosen(families: Collection[str]) -> list[Check]:
    """The checks of some families, in their order."""
    return [check for check in CHECKS if check.family in families]


async def run_all(
    site: Site, checks: Sequence[Check], tell: Callable[[Result], None], *, may_change: bool
) -> None:
    """Tell what becomes of each check, as soon as it is known. Those that change something are left out if need be."""
    left, without = list(checks), "it changes something, and a viewer may not"
    if may_change and any(check.changes for check in checks):
        begun = asyncio.get_running_loop().time()
        try:
            async with thing_of_ours(site.wire) as site.thing:
                await _each(site, left, tell, without)
        except (Refused, Gone) as error:
            seconds = asyncio.get_running_loop().time() - begun
            tell(Result(OURS, Family.FUNCTIONAL, Outcome.FAILED, str(error), round(seconds, 3)))
            without = "it changes something, and nothing of ours could be made"
        site.thing = None
    await _each(site, left, tell, without)


async def _each(site: Site, left: list[Check], tell: Callable[[Result], None], without: str) -> None:
    clock = asyncio.get_running_loop()
    while left:
        check, begun = left.pop(0), clock.time()
        if check.changes and site.thing is None:
            outcome, detail = Outcome.LEFT_OUT, without
        else:
            outcome, detail = await _done(check, site)
        tell(Result(check.name, check.family, outcome, detail, round(clock.time() - begun, 3)))


async def _done(check: Check, site: Site) -> tuple[Outcome, str]:
    longest = LONGEST_SECONDS + site.sizes.mutations / site.sizes.rate
    try:
        async with asyncio.timeout(longest):
            return Outcome.PASSED, await check.run(site)
    except TimeoutError:
        return Outcome.FAILED, f"it took more than {longest:.0f} s"
    except (Failed, Refused, Gone, Closed) as error:
        return Outcome.FAILED, str(error)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        # A server that is not right may answer anything, and so with other shapes than are read here.
        return Outcome.FAILED, f"an answer is not of the shape that it should have ({error!r})"
