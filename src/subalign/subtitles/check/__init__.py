"""What is wrong with a subtitle file, and what of it can be mended without asking anybody.

`problems` names what can be wrong, `check` finds it, `tags` tells which tags are left open, `lanes`
which cues share a place on the screen, and `mend` puts right what is mechanical.
"""

from subalign.subtitles.check.fixes import fix_file
from subalign.subtitles.check.problems import Problem, ProblemKind, check_file

__all__ = ["Problem", "ProblemKind", "check_file", "fix_file"]
