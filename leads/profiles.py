"""The rules of a scoring profile's configuration (DOMAIN 6.7). What is out of its limits is refused, never bent."""

from collections.abc import Iterator

import msgspec

from core.errors import Violation
from vocabulary.leads import ScoringConfig, Weights

MIN_MATCH, MAX_MATCH = 0.05, 0.95
MAX_GRACE = 0.6
MIN_GRACE_BYTES, MAX_GRACE_BYTES = 256, 2 * 1024 * 1024

_Broken = tuple[tuple[str, ...], str, str | None]


def check_scoring(config: ScoringConfig, path: tuple[str, ...]) -> list[Violation]:
    """Every broken rule of `config`, not-a-numbers too; `path` is where it stands in the input. Never raises.

    The paths end in the names of the configuration's fields, those of weights in `weights` and the name of one.
    """
    broken = [
        *_check_weights(config.weights),
        *_check_number("parked_factor", config.parked_factor, 0.0, 1.0),
        *_check_number("parked_confidence", config.parked_confidence, 0.0, 1.0),
        *_check_number("match_score", config.match_score, MIN_MATCH, MAX_MATCH),
        *_check_number("grace_score", config.grace_score, 0.0, MAX_GRACE),
        *_check_number("grace_min_bytes", config.grace_min_bytes, MIN_GRACE_BYTES, MAX_GRACE_BYTES),
    ]
    if config.grace_score > config.match_score:
        message = "must not be above matchScore, or it would never be asked for"
        broken.append((("grace_score",), message, f"<= {config.match_score:g}"))
    return [Violation((*path, *field), message, limit) for field, message, limit in broken]


def _check_weights(weights: Weights) -> Iterator[_Broken]:
    values: dict[str, float] = msgspec.structs.asdict(weights)
    broken = [one for name, value in values.items() for one in _check_number(name, value, 0.0, 1.0)]
    yield from ((("weights", *field), message, limit) for field, message, limit in broken)
    if not broken and sum(values.values()) == 0:
        yield ("weights",), "must not all be 0, or every score would be", "> 0"


def _check_number(field: str, value: float, low: float, high: float) -> Iterator[_Broken]:
    if not low <= value <= high:
        yield (field,), f"must be from {low:g} to {high:.7g}", f"{low:g}..{high:.7g}"
