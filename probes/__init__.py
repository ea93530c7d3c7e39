"""Network client code that knows nothing of storage: one probe of DNS or HTTP, and its typed verdict."""
