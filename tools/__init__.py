"""What keeps the documents and the code in step; no part of the product."""
