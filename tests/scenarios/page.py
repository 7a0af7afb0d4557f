"""A page of docs/uses/, whose commands the tests run as they stand there."""
import os
import re

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "uses")


class Page:
    def __init__(self, name):
        self.name = name
        with open(os.path.join(FOLDER, name + ".md")) as file:
            parts = re.split(r"^## (.*)\n", file.read(), flags=re.MULTILINE)
        self._sections = dict(zip(parts[1::2], parts[2::2]))

    def block(self, heading, instead=None, number=0):
        """The number-th block of code under a heading. `instead` has what holds in a test ({"4096": port}) in place of
        what the page says; it has to say it."""
        text = self._blocks(heading)[number]
        for said in instead or {}:
            assert said in text, f"docs/uses/{self.name}.md, {heading}: no {said} in\n{text}"
        if not instead:
            return text
        # At one go: what was put in may hold what another one stands for.
        said = "|".join(re.escape(each) for each in sorted(instead, key=len, reverse=True))
        return re.sub(said, lambda found: str(instead[found[0]]), text)

    def blocks(self, heading):
        """All of them, as they stand there."""
        return self._blocks(heading)

    def all_blocks(self):
        return [block for heading in self._sections for block in self._blocks(heading)]

    def _blocks(self, heading):
        found = re.findall(r"(?:^    .*\n(?:[ ]*\n(?=    ))*)+", self._sections[heading], flags=re.MULTILINE)
        return [re.sub(r"^    ", "", block, flags=re.MULTILINE) for block in found]
