"""The tariff: what a stay costs, and the bill."""
