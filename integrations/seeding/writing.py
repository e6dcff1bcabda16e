"""The words of documents: a title and a body for a channel, in the author's language."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from integrations.seeding.texts import english
from integrations.seeding.texts.languages import LANGUAGES

T = TypeVar("T")

_TOPICS = tuple(topic for topic in english.TOPICS for _ in range(topic.weight))
_TAG_OF = {topic.name: topic.tag for topic in english.TOPICS}
_SCORES = (10,) * 9 + (9,) * 9 + (8,) * 7 + (7,) * 5 + (6,) * 3 + (5, 5, 4, 3, 2, 1, 0)
_HTML_SHARE = 0.35


@dataclass(slots=True)
class Writing:
    """`score` is NPS, 0 to 10, of what came through a survey."""

    title: str
    body: str
    tag: str
    topic: str
    html: bool = False
    score: int | None = None


class Slots(dict[str, str]):
    """Picks what stands in a {slot} the moment a template asks for it, the same for the whole document."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.random = random

    def __missing__(self, key: str) -> str:
        chance = self.random.random()
        choices = english.SLOTS.get(key)
        if choices:
            value = choices[int(chance * len(choices))]
        elif key == "n":
            value = str(2 + int(chance * 8))
        elif key == "seats":
            value = str(4 + int(chance * 90))
        elif key == "rows":
            value = f"{int(10 ** (3 + 2.5 * chance)):,}"
        elif key == "invoice":
            value = f"INV-{2200 + int(chance * 7800)}"
        elif key == "reference":
            value = f"#{48000 + int(chance * 40000)}"
        elif key == "clock":
            value = f"{8 + int(chance * 10)}:{int(chance * 1000) % 60:02d}"
        else:
            raise KeyError(key)
        self[key] = value
        return value


class Writer:
    def __init__(self, random: Random) -> None:
        self.random = random

    def write(self, channel: str, language: str, given: str) -> Writing:
        """What somebody called `given` sends through `channel`."""
        slots = Slots(self.random)
        if channel == "survey":
            return self._survey(slots, language)
        if language in LANGUAGES and self.random.random() < 0.6:
            return self._abroad(slots, channel, language, given)
        topic = self._pick(_TOPICS)
        title, problem = self._pick(topic.matters)
        title, problem = title.format_map(slots), problem.format_map(slots)
        problem, title = problem[0].upper() + problem[1:], title[0].upper() + title[1:]
        if channel == "chat":
            return Writing(self._maybe(title, 0.5), self._chat(slots, problem, given), topic.tag, topic.name)
        if channel == "voice":
            slots |= {
                "problem": problem,
                "topic": topic.name.lower(),
                "opening": "Hello, it is " + (given or "me") + ".",
            }
            slots |= {"detail": self._fill(english.DETAILS, slots), "impact": self._fill(english.IMPACTS, slots)}
            return Writing(f"Call about {topic.name.lower()}", self._fill(english.CALLS, slots), topic.tag, topic.name)
        if channel == "social":
            slots |= {
                "problem": problem,
                "praise": self._fill(english.PRAISE, slots),
                "complaint": self._fill(english.COMPLAINTS, slots),
            }
            return Writing("", self._fill(english.POSTS, slots), topic.tag, topic.name)
        parts = [problem]
        if self.random.random() < 0.6:
            parts.append(self._fill(english.DETAILS, slots))
        if self.random.random() < 0.4:
            parts.append(self._fill(english.IMPACTS, slots))
        return self._letter(slots, channel, given, title, parts, topic.name, english.OPENINGS, english.CLOSINGS)

    def _abroad(self, slots: Slots, channel: str, code: str, given: str) -> Writing:
        language = LANGUAGES[code]
        topic, title, problem = self._pick(language.tickets)
        title, problem = title.format_map(slots), problem.format_map(slots)
        if channel == "social":
            return Writing(
                "",
                self._fill(language.praise if self.random.random() < 0.5 else language.complaints, slots),
                _TAG_OF[topic],
                topic,
            )
        parts = [problem] + ([self._fill(language.details, slots)] if self.random.random() < 0.6 else [])
        return self._letter(slots, channel, given, title, parts, topic, language.openings, language.closings)

    def _letter(
        self, slots: Slots, channel: str, given: str, title: str, parts: list[str], topic: str,
        openings: Sequence[str], closings: Sequence[str],
    ) -> Writing:  # fmt: skip
        tag = _TAG_OF[topic]
        if channel != "email":
            return Writing(self._maybe(title, 0.85), "\n\n".join(parts), tag, topic)
        opening, closing = self._fill(openings, slots), self._fill(closings, slots)
        if self.random.random() >= _HTML_SHARE:
            return Writing(title, "\n\n".join([opening, *parts, f"{closing}\n{given}".strip()]), tag, topic)
        return Writing(title, self._page(slots, given, [opening, *parts], closing), tag, topic, html=True)

    def _page(self, slots: Slots, given: str, parts: list[str], closing: str) -> str:
        paragraphs = [f"<p>{html.escape(part, quote=False)}</p>" for part in parts]
        if self.random.random() < 0.3:
            paragraphs.append(
                f"<ul><li>{slots['browser']}</li><li>Workspace <strong>{slots['workspace']}</strong></li>"
                f"<li>{slots['reference']}</li></ul>"
            )
        paragraphs.append(f"<p>{closing}<br>{html.escape(given, quote=False)}</p>")
        if self.random.random() < 0.25:
            paragraphs.append(
                f"<blockquote><p>On {slots['weekday']}, {slots['agent']} wrote:</p>"
                "<p>Could you tell us which steps lead there? "
                f'<a href="https://help.tidepool.example/{slots["n"]}">This page</a> has some hints.</p></blockquote>'
            )
        return "\n".join(paragraphs)

    def _chat(self, slots: Slots, problem: str, given: str) -> str:
        lines = [f"{given or 'Visitor'}: {problem}"]
        for _ in range(1 + int(self.random.random() * 3)):
            lines.append(f"{slots['agent']}: {self._fill(english.CHAT_ANSWERS, slots)}")
            lines.append(f"{given or 'Visitor'}: {self._fill(english.CHAT_REPLIES, slots)}")
        return "\n".join(lines)

    def _survey(self, slots: Slots, code: str) -> Writing:
        score = self._pick(_SCORES)
        language = LANGUAGES.get(code) if self.random.random() < 0.6 else None
        if score >= 9:
            comments, topic = (language.praise if language else english.PRAISE), "Praise"
        elif score >= 7:
            comments, topic = english.NEUTRAL, "Performance"
        else:
            comments, topic = (language.complaints if language else english.COMPLAINTS), "Cancellation"
        comment = self._fill(comments, slots) if self.random.random() < 0.75 else ""
        return Writing("", comment, _TAG_OF[topic], topic, score=score)

    def _fill(self, templates: Sequence[str], slots: Slots) -> str:
        return templates[int(self.random.random() * len(templates))].format_map(slots)

    def _maybe(self, title: str, share: float) -> str:
        return title if self.random.random() < share else ""

    def _pick(self, items: Sequence[T]) -> T:
        return items[int(self.random.random() * len(items))]
