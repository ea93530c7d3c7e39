"""What is stored, and the only SQL."""
