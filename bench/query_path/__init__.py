"""The query path of ours and of other servers."""
