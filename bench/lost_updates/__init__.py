"""Many clients change the same things by version, and no change is lost."""
