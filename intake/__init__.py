"""Mail and calls on their way in."""
