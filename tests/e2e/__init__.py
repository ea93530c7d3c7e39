"""The product as a user runs it: real processes, real sockets, real servers, and the sandbox for a world."""
