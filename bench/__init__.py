"""Measurements: each file is a command that prints its figures, and none is a test with a time in it."""
