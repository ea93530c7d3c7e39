"""Subscriptions that begin among running writes, and the database's own word on what they must come to."""
