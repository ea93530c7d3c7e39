"""The proof: every claim of the product is a test here."""
