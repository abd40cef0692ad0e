"""One picture of a day, a week or a year, as a colleague would draw it: PNG, or one self-contained HTML file."""

from dashboards.picture.draw import draw, draw_day, draw_week, draw_year
from dashboards.picture.model import DayModel, Facts, LocalTime, day_model

__all__ = ["DayModel", "Facts", "LocalTime", "day_model", "draw", "draw_day", "draw_week", "draw_year"]
