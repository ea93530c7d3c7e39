"""What every room may use and what itself knows nothing: settings, time, ids, errors, tasks, logging."""
