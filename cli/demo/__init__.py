"""The demo: an offline world in the same process, and something going on in it."""
