"""The fault run: official clients follow real processes while faults happen to all of them, and a judge looks on."""
