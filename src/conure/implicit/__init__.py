"""The implicit door: scripts run unchanged, with their loops compiled."""
