"""Requests that are sent many times while processes are killed: each has one effect, and one answer."""
