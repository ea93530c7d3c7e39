"""The aiohttp edge; `app.py` is the composition root of the API."""
