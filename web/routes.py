"""The one URL of the schema, whatever speaks to it, and the end of all streams when the process stops."""

from aiohttp import web

from live.groups import Groups
from web.answer_headers import keep_nowhere
from web.http import GraphQLEndpoint
from web.peers import Peers
from web.socket import Sockets, is_handshake

GRAPHQL_PATH = "/graphql"


def add_graphql(
    app: web.Application, endpoint: GraphQLEndpoint, sockets: Sockets, groups: Groups, peers: Peers
) -> None:
    """Serve `/graphql`; at shutdown close sockets with 1012 and end event streams so that clients resume."""

    async def graphql(request: web.Request) -> web.StreamResponse:
        if is_handshake(request):
            return await sockets.handle(request)
        response = await endpoint.handle(request)
        if not response.prepared:
            keep_nowhere(response)
        if peers.draining:
            # A connection that is kept would keep its client here, through a balancer of connections too.
            response.force_close()
        return response

    async def stop(_app: web.Application) -> None:
        await peers.close()
        endpoint.close()
        await groups.close()

    app.router.add_route("*", GRAPHQL_PATH, graphql)
    app.on_shutdown.append(stop)
