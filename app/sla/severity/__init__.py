"""How bad is it? Judged by effect, not by words; pure, and never raises."""

from app.sla.severity.judgement import Judgement, Report
from app.sla.severity.rules import judge

__all__ = ["Judgement", "Report", "judge"]
