"""Reads and writes of the tables, one module per noun; each works inside a transaction that it is given."""
