from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """Something to write about; `weight` says how often, `tag` what staff would call it."""

    name: str
    tag: str
    weight: int
    matters: tuple[tuple[str, str], ...]  # what somebody says about it, as (title, problem)


@dataclass(frozen=True, slots=True)
class Language:
    """Feedback in another language than English: as (title, body) pairs, greetings and short comments."""

    code: str
    openings: tuple[str, ...]
    closings: tuple[str, ...]
    tickets: tuple[tuple[str, str, str], ...]  # topic, title, body
    details: tuple[str, ...]
    praise: tuple[str, ...]
    complaints: tuple[str, ...]
