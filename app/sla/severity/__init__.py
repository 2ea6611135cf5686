"""How bad is it? Judged by effect, not by words; pure, and never raises."""

from app.sla.severity.encoder import encode
from app.sla.severity.judgement import Judgement, Report
from app.sla.severity.model import Example, Model, kept, read_examples
from app.sla.severity.own import Own, own_of, read_own
from app.sla.severity.rules import judge
from app.sla.severity.training import train

__all__ = [
    "Example",
    "Judgement",
    "Model",
    "Own",
    "Report",
    "encode",
    "judge",
    "kept",
    "own_of",
    "read_examples",
    "read_own",
    "train",
]
