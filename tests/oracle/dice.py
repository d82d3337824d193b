"""Choices that Hypothesis makes, so that a form that fails shrinks to the smallest that still does.

Wherever there is a choice, the first possibility is the plainest: that is where shrinking ends.
"""
import functools

from hypothesis import strategies as st

from forms import Filler
from judge import judge
from meanings import make


between = functools.lru_cache(maxsize=None)(st.integers)  # a form draws hundreds of times


class Dice:
    def __init__(self, draw):
        self.draw = draw

    def randrange(self, first, end=None):
        low, high = (0, first) if end is None else (first, end)
        return low if high - low == 1 else self.draw(between(low, high - 1))

    def choice(self, options):
        return options[self.randrange(len(options))]

    def sample(self, options, count):
        left = list(options)
        return [left.pop(self.randrange(len(left))) for _ in range(count)]

    def chance(self, share):
        return self.randrange(1024) >= 1024 - round(1024 * share)


@st.composite
def filled_forms(draw, profile):
    """A form as units fill it in; often with scores that are close to what the rules give."""
    dice = Dice(draw)
    filler = Filler(dice)
    form = filler.form(int(profile.weight))
    if dice.chance(0.7):
        document = judge(form, profile)
        filler.rewrite(form, [line["computed"] for line in [document["execution"], *document["indicators"]]])
    return form


@st.composite
def meant_forms(draw, profile):
    """(what a form means, the form as it may be written)"""
    return make(Dice(draw), profile)
