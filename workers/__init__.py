"""What runs on its own: claimed shards of work, each kind in a file."""
