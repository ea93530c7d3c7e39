"""The enumeration of candidate names: a canonical space, its key, and the name at an offset. Pure."""
