"""The words of the domain: enums, typed configurations and verdicts that several rooms share. Only data."""
