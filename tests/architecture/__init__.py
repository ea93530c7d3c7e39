"""The guards: rules about the code as a whole, read from its files."""
