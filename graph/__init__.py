"""What clients may ask: the GraphQL schema."""
