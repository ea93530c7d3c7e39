"""The root of the workers: `build_runner` wires one for a process, embedded in the API or on its own."""

from auth.sealing import Sealer
from core.port_list import PortList
from core.settings import Settings
from db.unit_of_work import Database
from probes.addresses import AddressPolicy, Way
from services.bulk_running import BulkRunning
from services.bulk_verbs import BulkVerbs
from services.generating import Generating
from services.jobs import Jobs
from services.page_jobs import PageJobs
from services.probing import Probing
from services.results import Results
from services.retention import Retention
from services.work import Work
from vocabulary.work import ShardKind
from workers.analysis import Analysis
from workers.bulk import BulkWork
from workers.dns_validation import DnsValidation
from workers.domain_generation import DomainGeneration
from workers.enrichment import Enrichment
from workers.extraction import Extraction
from workers.held import Handler
from workers.keyword_validation import KeywordValidation
from workers.personas import PersonaClients
from workers.proxy_probe import ProxyProbe
from workers.pruning import Pruning
from workers.runner import Runner


def policy_of(settings: Settings) -> AddressPolicy:
    """Where workers, and who tries something for an operator, may connect to."""
    ports = {
        Way.WEB: PortList(settings.allowed_ports),
        Way.RESOLVER: PortList(settings.allowed_resolver_ports),
        Way.PROXY: PortList(settings.allowed_proxy_ports),
    }
    return AddressPolicy(settings.allowed_networks, ports)


def build_runner(
    database: Database,
    settings: Settings,
    sealer: Sealer,
    holder: str | None = None,
    policy: AddressPolicy | None = None,
) -> Runner:
    """A runner for every kind of work; call it inside the event loop that it will run in.

    `await runner.start()` begins, `doorbell.listen(runner.hear)` wakes it, `await runner.close()` gives its shards
    back (ring the bell's last message after that: the doorbell is closed later).

    Args:
        database: where the work is.
        settings: how much and how fast.
        sealer: opens the passwords of proxies.
        holder: the name under which it holds leases; no other process may have it.
        policy: where it may connect to, if that is not only for the settings to say.
    """
    policy = policy or policy_of(settings)
    clients = PersonaClients(policy, settings.ca_file)
    jobs, results = Jobs(database, sealer), Results(database, settings)
    page_jobs = PageJobs(database)
    handlers: dict[ShardKind, Handler] = {
        ShardKind.DOMAIN_GENERATION: DomainGeneration(Generating(database, settings)),
        ShardKind.DNS_VALIDATION: DnsValidation(jobs, results, clients, settings),
        ShardKind.HTTP_KEYWORD_VALIDATION: KeywordValidation(jobs, results, clients, settings),
        ShardKind.EXTRACTION: Extraction(page_jobs, results, settings),
        ShardKind.ANALYSIS: Analysis(page_jobs, results, settings),
        ShardKind.ENRICHMENT: Enrichment(page_jobs, results, settings),
        ShardKind.PROXY_PROBE: ProxyProbe(Probing(database, sealer, settings), policy, settings),
        ShardKind.BULK: BulkWork(BulkRunning(database), BulkVerbs(database, sealer)),
    }
    runner = Runner(Work(database, settings), handlers, settings, database.clock, holder)
    runner.beside(Pruning(Retention(database, settings)))
    runner.on_close(clients.close)
    return runner
