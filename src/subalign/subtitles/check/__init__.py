"""What is wrong with a subtitle file (`check_file`), and what can be put right (`fix_file`)."""

from subalign.subtitles.check.fixes import fix_file
from subalign.subtitles.check.problems import Problem, ProblemKind, check_file

__all__ = ["Problem", "ProblemKind", "check_file", "fix_file"]
