"""What happened, and telling everyone: the log, the doorbell and the hub."""
