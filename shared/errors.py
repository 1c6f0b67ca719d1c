"""What can go wrong, each as one clear sentence for the person who can mend it."""


class PpaError(Exception):
    """A refusal with one sentence for the person who asked; `exit_code` is the command's."""

    exit_code = 1


class Refused(PpaError):
    """What was asked is understood and not done (exit 1).

    `kind` is the name under which the pages know the sentence in the reader's language.
    """

    def __init__(self, sentence: str = "", kind: str = "") -> None:
        """Keep the sentence for the command line, and its name for the pages."""
        super().__init__(sentence)
        self.kind = kind


class InputRefused(PpaError):
    """Wrong usage, settings or input; the sentence names the file, row, column or variable."""

    exit_code = 2


class ValueRefused(InputRefused):
    """One value is not of its kind; callers add where it stood."""


class NotFound(InputRefused):
    """There is no such thing as was named."""


class SettingsInvalid(InputRefused):
    """One or more settings cannot be used; `problems` holds a sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        """Keep the sentences, and be printed as all of them."""
        super().__init__("\n".join(problems))
        self.problems = problems
