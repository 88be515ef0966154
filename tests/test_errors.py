"""What holds for every error."""

from subalign.errors import CheckpointError


def test_a_message_is_one_line_whatever_a_damaged_file_says():
    error = CheckpointError("a.json names \x1b[2Jx\ny: fetch it again.")
    assert str(error) == "a.json names ?[2Jx y: fetch it again."
