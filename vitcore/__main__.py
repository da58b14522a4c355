"""`python -m vitcore`: the command line."""

from vitcore.cli import main

if __name__ == "__main__":
    main()
