"""The protocols on the wire, clause by clause."""
