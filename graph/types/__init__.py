"""What clients are given: one module per noun, each object made from a row or a state."""
