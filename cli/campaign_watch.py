"""`heliograph campaign watch`: follows one campaign to its end, whatever happens to the server meanwhile."""

from collections.abc import Callable
from contextlib import aclosing

from rich.console import Console

from cli.campaign_board import Board
from cli.campaign_screen import Screen
from cli.remote import documents
from cli.remote.failures import DONE, REFUSED
from cli.remote.output import line
from cli.remote.server import Json, Server, nothing


async def watch(server: Server, campaign_id: str, *, as_json: bool) -> int:
    """Follow it until it ends; gives 0 if it was completed and 1 if it was not.

    Raises:
        HeliographError: it cannot be followed (any more).
    """
    board = Board()
    if as_json:
        await _follow(server, campaign_id, board, _print)
    else:
        with Screen(Console()) as screen:
            await _follow(
                server,
                campaign_id,
                board,
                lambda _: screen.draw(board),
                lambda: screen.draw(board, is_away=True),
            )
    return DONE if board.status == "COMPLETED" and not board.is_deleted else REFUSED


async def _follow(
    server: Server,
    campaign_id: str,
    board: Board,
    show: Callable[[Json], None],
    on_loss: Callable[[], None] = nothing,
) -> None:
    async with aclosing(server.follow(documents.CAMPAIGN_EVENTS, on_loss, id=campaign_id)) as frames:
        async for frame in frames:
            board.apply(frame)
            show(frame)
            if board.has_ended:
                return


def _print(frame: Json) -> None:
    # Whoever reads a pipe wants each frame when it comes.
    print(line(frame), flush=True)
