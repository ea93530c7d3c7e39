"""What it costs a server to tell many subscribers of the same event, beside other servers."""
