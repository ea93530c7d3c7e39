"""The subscriptions of the schema."""
