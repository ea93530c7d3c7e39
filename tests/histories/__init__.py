"""Histories of one log and its subscribers, and a model that says what each of them must have received."""
