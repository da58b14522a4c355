"""Networks without training, those of plug-ins among them."""

from vitcore import plugins
from vitcore.models import build

__all__ = ["build"]

plugins.load()
