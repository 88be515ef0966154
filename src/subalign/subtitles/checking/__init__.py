"""What is wrong with a subtitle file, and what of it can be mended without asking anybody.

`problems` names what can be wrong, `check` finds it, `tags` tells which tags are left open, `lanes`
which cues share a place on the screen, and `mend` puts right what is mechanical.
"""

from subalign.subtitles.checking.check import check_file
from subalign.subtitles.checking.mend import mend_file
from subalign.subtitles.checking.problems import Problem, ProblemKind

__all__ = ["Problem", "ProblemKind", "check_file", "mend_file"]
