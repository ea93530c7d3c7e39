"""How many files a process may have open: a connection is one."""

import resource


def as_many_as_may_be() -> int:
    """Raise the limit of this process, and of those that it starts, as far as it may be; gives how far that is."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most
