"""Testing a proxy: one real fetch through it, whose result sets its health."""

from auth.sealing import SealBroken
from core.settings import Settings
from db.repositories.shards import Claim
from probes.addresses import AddressPolicy
from probes.proxy_test import test_proxy
from services.probing import Probing
from services.turns import Standing
from vocabulary.proxies import ProxyTestResult
from workers.held import Held


class ProxyProbe:
    """Handles the shards that probe proxies."""

    def __init__(self, probing: Probing, policy: AddressPolicy, settings: Settings) -> None:
        self._probing = probing
        self._policy = policy
        self._settings = settings

    async def handle(self, held: Held) -> Standing:
        """Test a proxy and write what came of it. See `Handler.handle`."""
        result = await self._test(held.claim)
        if result is None:
            return Standing.LOST
        written = await self._probing.finish(held.claim, result)
        return Standing.DONE if written else Standing.LOST

    async def _test(self, claim: Claim) -> ProxyTestResult | None:
        try:
            endpoint = await self._probing.endpoint(claim)
        except SealBroken as error:
            return ProxyTestResult(success=False, duration_ms=0, error=str(error))
        if endpoint is None:
            return None
        settings = await self._probing.settings()
        return await test_proxy(
            endpoint, settings.probe_url, settings.probe_timeout_seconds, self._policy, settings.ca_file
        )
