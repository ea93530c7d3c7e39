"""What the documents show and say, held against the real product."""
