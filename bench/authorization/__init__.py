"""Random actors, and a model that knows who may see what."""
