"""`python -m subalign` is the command `subalign`."""

from subalign.cli import main

if __name__ == "__main__":
    main()
