"""The fields of the root `Mutation`, one module per noun: each is one verb of `services/`."""
