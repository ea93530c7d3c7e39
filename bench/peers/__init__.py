"""Servers in the place of ours, for comparison: each does the same for its clients, and is as small as it can be."""
