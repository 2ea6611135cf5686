"""The steps of a mail's walk, one question a file; their order is ``intake.process.STEPS``."""
