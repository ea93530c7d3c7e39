"""The rolling restart: processes are replaced under their clients, one after the other, while commits go on."""
