"""A client of the public GraphQL API, as the commands use it."""
