"""What becomes of a thousand connections when their token ends, over two API processes."""
