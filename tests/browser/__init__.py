"""A real Chromium for tests: the system's, else the one inside an npm package."""
