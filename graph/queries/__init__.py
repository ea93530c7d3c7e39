"""The fields of the root `Query`, one module per noun."""
