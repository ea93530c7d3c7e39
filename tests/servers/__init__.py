"""Real servers for tests: started by the session that asks for one, on loopback, and gone with it."""
