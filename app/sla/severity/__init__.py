"""How bad is it? Judged by effect, not by words; pure, and never raises."""

from app.sla.severity.embedding import embed, require_vectors
from app.sla.severity.judgement import Judgement, Report
from app.sla.severity.model import Example, Model, kept, read_examples
from app.sla.severity.own import Own, own_of, read_own
from app.sla.severity.rules import judge
from app.sla.severity.training import train
from app.sla.severity.vector_training import train_vectors

__all__ = [
    "Example",
    "Judgement",
    "Model",
    "Own",
    "Report",
    "embed",
    "judge",
    "kept",
    "own_of",
    "read_examples",
    "read_own",
    "require_vectors",
    "train",
    "train_vectors",
]
