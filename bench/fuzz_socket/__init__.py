"""Hostile clients of WebSockets at a real server, and what became of them: `python -m bench.fuzz_socket`."""
