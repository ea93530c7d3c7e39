"""What clients list and look up: filters, keyset pages, and loads of many at once; each reads one snapshot."""
