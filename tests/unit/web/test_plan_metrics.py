from graph.core_execution import CORE_SCHEMA
from graph.plans import Plans
from vocabulary.operations import Request
from web.plan_metrics import PlanUse


def test_what_is_found_again_is_counted_apart_from_what_is_made() -> None:
    plans = Plans(CORE_SCHEMA)
    for query in ("{ cursor }", "{ me { role } }", "{ cursor }", "{ cursor }"):
        plans.of(Request(query))
    samples = {each.name: each.value for family in PlanUse(plans).collect() for each in family.samples}
    assert samples == {
        "heliograph_plans_made_total": 2,
        "heliograph_plans_found_total": 2,
        "heliograph_plans_kept_characters": len("{ cursor }") + len("{ me { role } }"),
    }
