"""Selections as plain functions from an object to what is told of it, made once and called for each event or row."""
