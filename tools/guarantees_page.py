"""The sections of docs/guarantees.md: what is promised, and what the benches have found, from bench/results/."""

from pathlib import Path

from bench.report import FOLDER
from tools.benchmarks_page import BENCHMARKS
from tools.results import Promise, belongs, results, section, told

PROMISES = (
    Promise(
        "Faults",
        "Whatever dies, hangs or is cut, every subscriber has each event once and in order.",
        "faults",
        (("faults", "--stack postgres --seeds 10"), ("faults", "--stack sqlite --seeds 10")),
    ),
    Promise(
        "Histories",
        "Whatever the order of commits, prunes, restores, rings and slow readers: no false resume, no partial recovery "
        "and no duplicate.",
        "histories",
    ),
    Promise(
        "Interleavings",
        "Whenever somebody subscribes, the snapshot and what follows it are what the database holds.",
        "interleavings",
    ),
    Promise(
        "A frozen client",
        "A client that stops reading costs no memory and delays nobody, and has everything after it wakes.",
        "frozen",
        (("frozen", ""), ("frozen", "--patient"), ("frozen-peer", "")),
    ),
    Promise(
        "Outages",
        "While the broker or the database is gone nobody is disconnected, and afterwards everything arrives by itself.",
        "outages",
    ),
    Promise(
        "A rolling restart",
        "Processes are replaced under their clients, who lose nothing, and the database is spared the storm.",
        "rolling",
    ),
    Promise(
        "Leaks",
        "Events and connections that are over leave nothing behind.",
        "leaks",
    ),
    Promise(
        "Nobody's but one's own",
        "Whoever asks or follows what, and whatever becomes of roles and tokens meanwhile: no event and no answer "
        "tells of things that are not theirs to see.",
        "authorization",
        (("authorization", "--seconds 600"),),
    ),
    Promise(
        "A token that ends",
        "Whoever is connected with a token that is revoked, expires or belongs to nobody any more is told nothing a "
        "second later, over any process; one that is renewed costs nobody an event.",
        "revocation",
    ),
    Promise(
        "Requests that are sent again",
        "However often a mutation is sent with its `idempotencyKey`, and whoever dies meanwhile, it has one effect and "
        "one answer.",
        "retries",
        (("retries", "--stack postgres"), ("retries", "--stack sqlite")),
    ),
    Promise(
        "Changes by version",
        "A change that was accepted at the version that its client saw is lost to nobody else's.",
        "lost-updates",
        (("lost-updates", "--stack postgres"), ("lost-updates", "--stack sqlite")),
    ),
    Promise(
        "Large documents",
        "However large or laborious a document is that somebody sends, nobody else waits for it.",
        "big-document",
    ),
    Promise(
        "Hostile requests",
        "Whatever a client sends over HTTP is answered or refused: no answer is a failure of ours, none shows anything "
        "of it, and a client beside it misses no event.",
        "fuzz-http",
        (("fuzz-http", "--seconds 3600"),),
    ),
    Promise(
        "Hostile frames",
        "Whatever bytes a client sends on a socket: it is refused and leaves nothing behind, and a client beside it "
        "misses no event.",
        "fuzz-socket",
        (("fuzz-socket", "--seconds 3600"),),
    ),
)
ALSO = (Promise("Pruning", "What it costs those who write that old events are deleted.", "retention"),)
OTHERS = "## What else was measured"


def promises(folder: Path = FOLDER) -> str:
    """A section for each promise, with the results of its bench, then what else was measured."""
    found = results(folder)
    sections = [section(f"## {number}. {each.title}", each, found) for number, each in enumerate(PROMISES, 1)]
    also = [section(f"### {each.title}", each, found) for each in ALSO]
    known = (*PROMISES, *ALSO, *BENCHMARKS)
    others = [each for each in found if not any(belongs(each, promise) for promise in known)]
    return "\n\n".join([*sections, OTHERS, *also, *(told(each, headed=True) for each in others)])
