"""Following a stream of a running server in the terminal."""
