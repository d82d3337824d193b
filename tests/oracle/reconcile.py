"""The declared score against the computed one: whether they agree, and what may explain it when they don't."""
from fractions import Fraction

import cells
from rules import cents


def explanations(declared, weight, points, percent):
    """All that fit a declared score of a line that one number decided.

    points: the score before rounding; percent: the actual value of a line in percent; None where there is none.
    """
    if declared == weight:
        return []
    declared *= 100
    fits = []
    for name, value in (((), points), (("ACTUAL_X_WEIGHT",), percent and percent * weight / 100)):
        if value is None:
            continue
        if name and cents(value) == declared:
            fits.append(name)
        for how, unit, half in (("TRUNC1", 10, 0), ("TRUNC0", 100, 0), ("ROUND1", 10, 1), ("ROUND0", 100, 1)):
            if (value * 100 / unit + Fraction(half, 2)).__floor__() * unit == declared:
                fits.append((*name, how))
    return fits


def reconcile(declared, text, computed, weight, points, percent):
    """(SCORE_… or None, why), all in points.

    Left open: which explanation is told when several fit; the core tells the first.
    """
    if declared is None or computed is None:
        return None, ()
    apart = abs(declared - computed)
    if apart <= Fraction(1, 100):
        return None, ()
    unit = Fraction(1, 10 ** len(cells.figures(str(text)).partition(".")[2]))
    if apart <= Fraction(5, 100) and unit > Fraction(1, 100) and declared == (computed / unit + Fraction(1, 2)).__floor__() * unit:
        return "SCORE_ROUNDED", ()
    why = explanations(declared, weight, points, percent)
    return "SCORE_TOO_HIGH" if declared > computed else "SCORE_TOO_LOW", why[0] if why else ()
