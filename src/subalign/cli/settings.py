"""What the user has set once: `subalign.toml` and the variables SUBALIGN_…, as defaults of options.

Later of these win: the file in the user's configuration folder, the one of the project (in the
working folder or the nearest above it), the environment. Options on the command line win over all.
In a file, keys at the top are for every command that has such an option, and `[transcribe]` is for
that command. `[profile.NAME]` is a profile of one's own.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NoReturn

import typer

from subalign.errors import SubalignError, UsageError
from subalign.options import OwnProfile

__all__ = [
    "EXCLUSIVE",
    "Origin",
    "Settings",
    "long_name",
    "own_commands",
    "own_profile_names",
    "read_settings",
]

_FILE_NAME = "subalign.toml"
# Options that cannot stand together: the one that is given nearer takes the others back.
EXCLUSIVE = (
    {"overwrite", "skip_existing"},
    {"compute", "fp16"},
    {"clip", "clip_timestamps"},
    {"verbose", "quiet"},
    {"language", "each_language"},
    {"sequential", "each_language"},
)
_PLAIN = (str, int, float)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was set: in a file under a heading ("" is the top), or in a variable."""

    place: str
    heading: str = ""

    def __str__(self) -> str:
        return f"{self.place} [{self.heading}]" if self.heading else self.place


@dataclass(frozen=True)
class Settings:
    """What files and variables set, by command and parameter, and the profiles of one's own.

    `options` are those that can be set, by command and long name. `files` are those that were
    read, `looked` those that are looked for.
    """

    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    origins: Mapping[tuple[str, str], Origin] = field(default_factory=dict)
    profiles: Mapping[str, OwnProfile] = field(default_factory=dict)
    profile_files: Mapping[str, Path] = field(default_factory=dict)
    looked: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()


def own_commands(root: Any) -> dict[str, Any]:
    """The commands whose options can be set: not those of groups, as `heads`."""
    return {name: found for name, found in root.commands.items() if not hasattr(found, "commands")}


def _settable(command: Any) -> dict[str, Any]:
    """The options of a command by their long names without dashes; only the first if it has two."""
    options = (given for given in command.params if given.param_type_name == "option")
    return {long_name(option): option for option in options if not option.is_eager}


def long_name(option: Any) -> str:
    """Such as max-cps."""
    return next(str(name) for name in option.opts if name.startswith("--"))[2:]


def _variable(option: Any) -> str:
    """The variable of the environment for an option, such as SUBALIGN_MAX_CPS."""
    return f"SUBALIGN_{long_name(option).replace('-', '_').upper()}"


def own_profile_names() -> list[str]:
    """For completion: as much as can be read."""
    try:
        return list(_Reader({}).read(_files(None)).profiles)
    except SubalignError:
        return []


def read_settings(commands: Mapping[str, Any], file: str | None) -> Settings:
    """What is set for the options of these commands; `file` stands for those that are found.

    Raises:
        UsageError: a file cannot be read, a name is not known, a value is none of its option.
    """
    reader = _Reader({name: _settable(command) for name, command in commands.items()})
    reader.read(_files(file))
    reader.read_environment(os.environ)
    return reader.settings()


def _files(file: str | None) -> list[Path]:
    """Where settings may be, the nearest last; `none` is nowhere."""
    if file == "none":
        return []
    if file is not None:
        if not Path(file).is_file():
            raise UsageError(f"--config {file} is no file: name a file such as {_FILE_NAME}.")
        return [Path(file).absolute()]
    here = Path.cwd()
    project = (folder / _FILE_NAME for folder in (here, *here.parents))
    nearest = next((path for path in project if path.is_file()), here / _FILE_NAME)
    return [path for path in dict.fromkeys((_users_file(), nearest)) if path is not None]


def _users_file() -> Path | None:
    from platformdirs import user_config_path

    try:
        return user_config_path("subalign", appauthor=False) / _FILE_NAME
    except RuntimeError:  # the user has no home
        return None


class _Reader:
    """Collects settings, the nearest last. `options` are those of each command by long name."""

    def __init__(self, options: Mapping[str, Mapping[str, Any]]) -> None:
        self._options = options
        self._values: dict[str, dict[str, Any]] = {name: {} for name in options}
        self._origins: dict[tuple[str, str], Origin] = {}
        self._levels: dict[tuple[str, str], int] = {}  # the nearer, the higher
        self._level = 0
        self._looked: list[Path] = []
        self._files: list[Path] = []
        self._bodies: dict[str, tuple[Path, dict[str, Any]]] = {}
        self.profiles: dict[str, OwnProfile] = {}

    def settings(self) -> Settings:
        return Settings(
            self._options,
            self._values,
            self._origins,
            self.profiles,
            {name: path for name, (path, _) in self._bodies.items()},
            tuple(self._looked),
            tuple(self._files),
        )

    def read(self, paths: Sequence[Path]) -> "_Reader":
        self._looked += paths
        for path in paths:
            self._level += 1
            if path.is_file():
                self._files.append(path)
                self._read_file(path)
        for name in self._bodies:
            self.profiles[name] = self._profile(name)
        return self

    def read_environment(self, environment: Mapping[str, str]) -> None:
        """Values of variables; an empty one is none."""
        self._level += 1
        for command, options in self._options.items():
            for option in options.values():
                name = _variable(option)
                if environment.get(name) and _is_shared(option):
                    self._set(command, option, environment[name], Origin(name), name, None)

    def _read_file(self, path: Path) -> None:
        content = _parsed(path)
        own = content.get("profile")
        if isinstance(own, dict):
            del content["profile"]
            self._take_profiles(own, path)
        if not self._options:
            return
        shared = {key: value for key, value in content.items() if not isinstance(value, dict)}
        for key, value in shared.items():
            self._set_shared(key, value, path)
        for heading, section in content.items():
            if not isinstance(section, dict):
                continue
            if heading not in self._options:
                nearest = _nearest(heading, [*self._options, "profile.NAME"])
                raise UsageError(f"{path}: [{heading}] is no command of subalign{nearest}.")
            for key, value in section.items():
                self._set_own(heading, key, value, path)

    def _take_profiles(self, bodies: Mapping[str, Any], path: Path) -> None:
        default = None
        for name, body in bodies.items():
            if not isinstance(body, dict):
                raise UsageError(
                    f"{path}: profile.{name} is no profile: write [profile.{name}], and below it "
                    "its limits."
                )
            if body.pop("default", False) is True:
                if default is not None:
                    raise UsageError(
                        f"{path}: the profiles {default} and {name} are both the default: choose "
                        "one."
                    )
                default = name
            self._bodies[name] = (path, body)
        if default is not None:
            for command, options in self._options.items():
                if (option := options.get("profile")) is not None:
                    origin = Origin(str(path), f"profile.{default}")
                    self._set(command, option, default, origin, "profile", None)

    def _profile(self, name: str, seen: tuple[str, ...] = ()) -> OwnProfile:
        path, body = self._bodies[name]
        where = f"{path}: [profile.{name}]"
        if name in seen:
            raise UsageError(f"{where} is its own base: name another profile.")
        known = [field.name for field in fields(OwnProfile) if field.name != "name"]
        limits: dict[str, Any] = {}
        for key, value in body.items():
            limit = key.replace("-", "_")
            if limit not in known:
                names = [name.replace("_", "-") for name in (*known, "default")]
                raise UsageError(f"{where} does not know {key}{_nearest(key, names)}.")
            whole = limit in ("max_line_count", "gap_frames")
            number = isinstance(value, int if whole else (int, float))
            if limit != "base" and (isinstance(value, bool) or not number):
                kind = "a whole number" if whole else "a number"
                raise UsageError(f"{where} {key} takes {kind}, not {value!r}.")
            limits[limit] = value
        base = limits.get("base")
        if isinstance(base, str) and base in self._bodies:
            own = vars(self._profile(base, (*seen, name)))
            limits = own | limits | {"base": own["base"]}
        try:
            return OwnProfile(**limits | {"name": name})
        except UsageError as error:
            raise UsageError(f"{where} {str(error).replace('`', '').replace('_', '-')}") from None

    def _set_shared(self, key: str, value: Any, path: Path) -> None:
        name = key.replace("_", "-")
        found = {
            command: options[name]
            for command, options in self._options.items()
            if name in options and _is_shared(options[name])
        }
        if not found:
            self._refuse(key, path, None)
        for command, option in found.items():
            self._set(command, option, value, Origin(str(path)), f"{path}: {key}", path.parent)

    def _set_own(self, command: str, key: str, value: Any, path: Path) -> None:
        option = self._options[command].get(key.replace("_", "-"))
        if option is None:
            self._refuse(key, path, command)
        origin = Origin(str(path), command)
        self._set(command, option, value, origin, f"{path}: [{command}] {key}", path.parent)

    def _refuse(self, key: str, path: Path, command: str | None) -> NoReturn:
        others = self._options.values() if command is None else [self._options[command]]
        names = sorted({name for options in others for name in options})
        name = key.replace("_", "-")
        having = [command for command, options in self._options.items() if name in options]
        if having:
            fault = f"is an option of {', '.join(having)}: write it below [{'] or ['.join(having)}]"
        else:
            fault = f"is no option{_nearest(name, names)}"
        raise UsageError(f"{path}: {'' if command is None else f'[{command}] '}{key} {fault}.")

    def _set(
        self,
        command: str,
        option: Any,
        value: Any,
        origin: Origin,
        where: str,
        folder: Path | None,
    ) -> None:
        name = option.name
        self._values[command][name] = _converted(option, value, where, folder)
        self._origins[command, name] = origin
        self._levels[command, name] = self._level
        for group in EXCLUSIVE:
            if name not in group or self._values[command][name] is False:
                continue
            for other in group - {name}:
                if self._levels.get((command, other), self._level) < self._level:
                    self._values[command].pop(other, None)


def _is_shared(option: Any) -> bool:
    """Whether keys at the top and variables reach an option, not its command's heading alone."""
    return bool(option.allow_from_autoenv)


def _parsed(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        text = path.read_text("utf-8-sig")
        return tomllib.loads(text)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"{path} cannot be read ({reason}).") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8: save it as UTF-8.") from error
    except RecursionError as error:
        raise UsageError(f"{path} is no TOML that can be read: it nests too deep.") from error
    except tomllib.TOMLDecodeError as error:
        lines = [line.strip() for line in text.splitlines()]
        if any(line.startswith("[profile.") for line in lines) and any(
            line.partition("=")[0].strip() == "profile" for line in lines
        ):
            raise UsageError(
                f"{path}: profile = … and [profile.NAME] exclude each other at the top of one "
                "file: write default = true in the profile."
            ) from error
        raise UsageError(f"{path} is no TOML: {error}.") from error


def _converted(option: Any, value: Any, where: str, folder: Path | None) -> Any:
    """A value as Click takes it from a default, checked; paths of a file start at its folder."""
    values = value if isinstance(value, list) else [value]
    if len(values) != 1 and not option.multiple:
        raise UsageError(f"{where} takes one value, not {len(values)}.")
    converted = [_one(option, single, where, folder) for single in values]
    return converted if option.multiple else converted[0]


def _one(option: Any, value: Any, where: str, folder: Path | None) -> Any:
    is_flag = option.type.name == "boolean"
    if not isinstance(value, _PLAIN) or (isinstance(value, bool) and not is_flag):
        raise UsageError(f"{where} takes {_kind(option)}, not {_written(value)}.")
    if is_flag and folder is not None and not isinstance(value, bool):
        raise UsageError(f"{where} takes true or false, not {_written(value)}.")
    given = value if isinstance(value, bool) else str(value)
    if folder is not None and _is_path(option, str(given)):
        given = str(folder / Path(str(given)).expanduser())
    try:
        option.type.convert(given, option, None)
    except typer.BadParameter:
        raise UsageError(f"{where} takes {_kind(option)}, not {_written(value)}.") from None
    return given


def _is_path(option: Any, value: str) -> bool:
    if option.name == "model":
        return value.startswith(("./", "../", "~"))
    if option.name == "speakers":
        return value.lower().endswith(".rttm")
    return option.metavar in ("FILE", "FOLDER") and value != "-"


def _kind(option: Any) -> str:
    choices = getattr(option.type, "choices", None)
    if choices:
        return f"{', '.join(choices[:-1])} or {choices[-1]}"
    least = getattr(option.type, "min", None)
    if least is not None:
        return f"a whole number from {least} up"
    kinds = {"boolean": "true or false", "int": "a whole number", "float": "a number"}
    return next((kind for name, kind in kinds.items() if option.type.name.startswith(name)), "text")


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "a table" if isinstance(value, dict) else repr(value)


def _nearest(name: str, names: Sequence[str]) -> str:
    from difflib import get_close_matches

    found = get_close_matches(name, names, n=1)
    return f": perhaps {found[0]} is meant" if found else ""
