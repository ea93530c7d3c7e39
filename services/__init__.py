"""The only place that changes things: one verb, one transaction, its events in it."""
