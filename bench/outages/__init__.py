"""Broker and database go away under load, and come back or do not: who notices, who is cut off, and how late all is."""
