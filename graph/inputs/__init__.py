"""What clients send to change something: one module per noun, each input turned into the draft or patch of a verb."""
