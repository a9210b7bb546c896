"""The form that users see, and what its answers mean for a cluster. Every refusal is one readable line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping as MappingABC
from typing import Any

from dask_gateway_server.options import Integer, Mapping, Options, Select, String

import hub_placement as placement
from hub_settings import IdleTimeout, InstanceType, Preset, Settings

MAX_VARIABLES = 200
MAX_ENVIRONMENT_BYTES = 64 * 1024
_VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_.-]*$")
_IMAGE = re.compile(
    r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
    r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$"
)
# Set by Dask Gateway on every pod; a user's value would cut the cluster off.
RESERVED = re.compile(r"^(DASK_GATEWAY_|DASK_DISTRIBUTED__COMM__TLS__)")


class Choice(Select):  # type: ignore[misc]
    """A select field that says what may be chosen."""

    def validate(self, x: Any) -> Any:
        if isinstance(x, str) and x not in self.options:
            raise ValueError(f"{self.field}: {_shown(x)} is not offered; choose one of: {', '.join(self.options)}")
        if not isinstance(x, str):
            raise TypeError(f"{self.field}: expected text, got {_shown(x)}")
        return x


class Image(String):  # type: ignore[misc]
    """A container image that Kubernetes can pull."""

    def validate(self, x: Any) -> Any:
        if not isinstance(x, str):
            raise TypeError(f"{self.field}: expected the name of an image, got {_shown(x)}")
        if not _IMAGE.match(x) or len(x) > 500:
            raise ValueError(
                f"{self.field}: {_shown(x)} is not an image; write NAME:TAG, like quay.io/pangeo/ml-notebook:2026.07.01"
            )
        return x


class Environment(Mapping):  # type: ignore[misc]
    """Variables of the workers, names that Kubernetes takes to text."""

    def validate(self, x: Any) -> Any:
        if not isinstance(x, MappingABC):
            raise TypeError(f"{self.field}: expected names and values, got {_shown(x)}")
        if len(x) > MAX_VARIABLES:
            raise ValueError(f"{self.field}: {len(x)} variables are too many; at most {MAX_VARIABLES}")
        made = {self._name(name): self._value(name, value) for name, value in x.items()}
        size = sum(len(name.encode()) + len(value.encode("utf-8", "surrogatepass")) for name, value in made.items())
        if size > MAX_ENVIRONMENT_BYTES:
            raise ValueError(f"{self.field}: {size} bytes are too much; at most {MAX_ENVIRONMENT_BYTES}")
        return made

    def _name(self, name: Any) -> str:
        if not isinstance(name, str) or not _VARIABLE.match(name) or len(name) > 200:
            raise ValueError(
                f"{self.field}: {_shown(name)} is no name of a variable; letters, digits and _ only, not a digit first"
            )
        if RESERVED.match(name):
            raise ValueError(f"{self.field}: {name} is set by the gateway itself; remove it")
        return name

    def _value(self, name: Any, value: Any) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, (str, int, float)):
            text = str(value)
            if "\x00" in text:
                raise ValueError(f"{self.field}: the value of {name} has a NUL character; remove it")
            return text
        raise TypeError(f"{self.field}: the value of {name} must be text, got {_shown(value)}")


class Minutes(Integer):  # type: ignore[misc]
    """Whole minutes between bounds; a truth value is no number."""

    def validate(self, x: Any) -> Any:
        if isinstance(x, float) and x.is_integer():
            x = int(x)
        if isinstance(x, bool) or not isinstance(x, int):
            raise TypeError(f"{self.field}: expected a whole number of minutes, got {_shown(x)}")
        if self.min is not None and x < self.min:
            never = "; never is not allowed here" if x == 0 else ""
            raise ValueError(f"{self.field}: {_shown(x)} is below {self.min}{never}")
        if self.max is not None and x > self.max:
            raise ValueError(f"{self.field}: {_shown(x)} is above {self.max}, the most that this hub allows")
        return x


class HubOptions(Options):  # type: ignore[misc]
    """The form; an unknown field is answered with the one that was meant."""

    first_sizes: MappingABC[str, str] = {}

    def parse_options(self, request: Any) -> Any:
        if not isinstance(request, dict):
            raise TypeError(f"expected option names and values, got {_shown(request)}")
        known = [field.field for field in self.fields]
        for name in request:
            if name not in known:
                close = difflib.get_close_matches(str(name), known, n=1)
                hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(known)}"
                raise ValueError(f"there is no option {_shown(name)}; {hint}")
        return super().parse_options(self._with_size(request))

    def _with_size(self, request: dict[str, Any]) -> dict[str, Any]:
        """A request that names machines and no size means their first size; the form's default is that of others."""
        first = self.first_sizes.get(str(request.get("instance_type")))
        return {"worker_resource_allocation": first, **request} if first else request


def make_options(settings: Settings) -> HubOptions:
    """The five fields that notebooks already use, and their meaning."""
    first = settings.instance_types[0]
    labels = list(dict.fromkeys(preset.label for choice in settings.instance_types for preset in choice.presets))
    form = HubOptions(
        Choice("instance_type", options=[choice.name for choice in settings.instance_types], label="Machine type"),
        Choice(
            "worker_resource_allocation",
            options=labels,
            default=first.presets[0].label,
            label="Worker size",
        ),
        Image("image", default=settings.image, label="Image"),
        Environment("environment", default=dict(settings.environment), label="Environment variables (YAML)"),
        _idle_field(settings.idle_timeout),
        handler=lambda options, user: overrides(settings, options, user),
    )
    form.first_sizes = {choice.name: choice.presets[0].label for choice in settings.instance_types}
    return form


def _idle_field(idle: IdleTimeout) -> Minutes:
    never = ", 0 = never" if idle.allow_never else ""
    return Minutes(
        "idle_timeout_minutes",
        default=idle.default,
        min=0 if idle.allow_never else 1,
        max=idle.maximum,
        label=f"Close after minutes without work (at most {idle.maximum}{never})",
    )


def overrides(settings: Settings, options: Any, user: Any) -> dict[str, Any]:
    """Configuration of one cluster from the answers of `user`."""
    choice = next(one for one in settings.instance_types if one.name == options.instance_type)
    preset = _preset(choice, options.worker_resource_allocation)
    return {
        **_worker(settings, choice, preset, user.name),
        **_scheduler(settings, user.name),
        **_limits(settings),
        "namespace": settings.namespace,
        "image": options.image,
        "image_pull_policy": settings.image_pull_policy or None,
        "image_pull_secrets": [{"name": name} for name in settings.image_pull_secrets],
        "environment": dict(options.environment),
        "idle_timeout": options.idle_timeout_minutes * 60,
    }


def _preset(choice: InstanceType, label: str) -> Preset:
    for preset in choice.presets:
        if preset.label == label:
            return preset
    offered = ", ".join(preset.label for preset in choice.presets)
    raise ValueError(f"worker_resource_allocation: {label} is not offered on {choice.name}; choose one of: {offered}")


def _worker(settings: Settings, choice: InstanceType, preset: Preset, username: str) -> dict[str, Any]:
    return {
        "worker_cores": preset.cpu_request / 1000,
        "worker_cores_limit": preset.cpu_limit / 1000,
        "worker_memory": preset.memory,
        "worker_memory_limit": preset.memory,
        "worker_threads": preset.threads,
        "worker_extra_pod_config": placement.worker_pod(settings, choice),
        "worker_extra_container_config": placement.container(),
        "worker_extra_pod_labels": placement.labels(settings, settings.workers, username, "worker"),
        "worker_extra_pod_annotations": placement.worker_annotations(settings, username),
    }


def _scheduler(settings: Settings, username: str) -> dict[str, Any]:
    scheduler = settings.scheduler
    return {
        "scheduler_cores": scheduler.cpu_request / 1000,
        "scheduler_cores_limit": scheduler.cpu_limit / 1000,
        "scheduler_memory": scheduler.memory_request,
        "scheduler_memory_limit": scheduler.memory_limit,
        "scheduler_extra_pod_config": placement.scheduler_pod(settings),
        "scheduler_extra_container_config": placement.container(),
        "scheduler_extra_pod_labels": placement.labels(settings, scheduler.pod, username, "scheduler"),
        "scheduler_extra_pod_annotations": placement.scheduler_annotations(settings, username),
    }


def _limits(settings: Settings) -> dict[str, Any]:
    limits = settings.limits
    return {
        "cluster_max_workers": limits.workers_per_cluster,
        "cluster_max_cores": limits.cores_per_cluster,
        "cluster_max_memory": limits.memory_per_cluster,
    }


def _shown(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else text[:77] + "..."
