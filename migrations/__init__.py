"""Alembic migrations; `db/migrating.py` runs them."""
