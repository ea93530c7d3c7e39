"""What the subscriptions follow: one module per stream."""
