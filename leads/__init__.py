"""Pure functions that make leads of pages: extraction, parking, richness, scores, the gate. No I/O."""
