"""Hostile requests over HTTP to a real server, and what became of them: `python -m bench.fuzz_http`."""
