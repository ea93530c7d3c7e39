"""An offline world to discover: a DNS zone, web hosts and proxies, all on loopback."""
