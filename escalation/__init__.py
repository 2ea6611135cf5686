"""The ladder that is climbed until somebody has taken the ticket."""
