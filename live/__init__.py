"""Who is listening: the subscription protocols, their sessions, and one execution for each group."""
