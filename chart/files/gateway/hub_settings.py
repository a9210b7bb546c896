"""Reads hub.json, which the chart renders from its values, into frozen data; a wrong key is one clear line."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

SETTINGS_FILE = Path(__file__).with_name("hub.json")
_FACTORS = {
    "": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
}  # fmt: skip
_QUANTITY = re.compile(r"^([0-9]+(?:\.[0-9]+)?)([A-Za-z]*)$")


class SettingsError(Exception):
    """hub.json is not what the modules were written for."""


def millicores(text: str | int | float) -> int:
    """A CPU quantity in millicores."""
    number, suffix = _split(text)
    if suffix not in ("", "m"):
        raise SettingsError(f"{text} is not an amount of CPU")
    return int(number if suffix == "m" else number * 1000)


def memory_bytes(text: str | int) -> int:
    """A memory quantity in bytes."""
    number, suffix = _split(text)
    if suffix not in _FACTORS:
        raise SettingsError(f"{text} is not an amount of memory")
    return int(number * _FACTORS[suffix])


def _split(text: str | int | float) -> tuple[Decimal, str]:
    match = _QUANTITY.match(str(text))
    if match is None:
        raise SettingsError(f"{text} is not a quantity")
    return Decimal(match[1]), match[2]


@dataclass(frozen=True, kw_only=True)
class NodePool:
    """Nodes that workers may run on."""

    name: str
    capacity: str
    node_selector: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """One worker size; CPU in millicores, memory in bytes."""

    label: str
    cpus: int
    cpu_request: int
    cpu_limit: int
    memory: int
    threads: int


@dataclass(frozen=True, kw_only=True)
class InstanceType:
    """One choice of the form with its pools and sizes."""

    name: str
    node_pools: tuple[NodePool, ...]
    presets: tuple[Preset, ...]
    tolerations: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True)
class PodSettings:
    """What schedulers and workers have in common."""

    service_account_name: str
    pod_labels: Mapping[str, str]
    pod_annotations: Mapping[str, str]
    priority_class_name: str
    tolerations: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class SchedulerSettings:
    """Size and place of schedulers; CPU in millicores, memory in bytes."""

    cpu_request: int
    cpu_limit: int
    memory_request: int
    memory_limit: int
    node_selector: Mapping[str, str]
    pod: PodSettings


@dataclass(frozen=True, kw_only=True)
class IdleTimeout:
    """Minutes without work."""

    default: int
    maximum: int
    allow_never: bool


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The most that a cluster and a user may have; None is no limit. Cores in CPUs, memory in bytes."""

    workers_per_cluster: int | None = None
    cores_per_cluster: float | None = None
    memory_per_cluster: int | None = None
    clusters_per_user: int | None = None
    workers_per_user: int | None = None
    cores_per_user: float | None = None
    memory_per_user: int | None = None


@dataclass(frozen=True, kw_only=True)
class SecurityContext:
    """User and groups of scheduler and worker pods."""

    run_as_user: int
    run_as_group: int
    fs_group: int


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """Pace of the controller."""

    completed_cluster_max_age: float
    completed_cluster_cleanup_period: float
    rate_limit: int
    rate_limit_burst: int
    backoff_base_delay: float
    backoff_max_delay: float


@dataclass(frozen=True, kw_only=True)
class Auth:
    """How users are known."""

    type: str
    service_name: str
    api_url: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything in hub.json."""

    hub_name: str
    cluster_name: str
    instance: str
    namespace: str
    api_url: str
    prefix: str
    auth: Auth
    tuning: Tuning
    middlewares: tuple[Mapping[str, str], ...]
    scheduler: SchedulerSettings
    workers: PodSettings
    instance_types: tuple[InstanceType, ...]
    image: str
    environment: Mapping[str, str]
    idle_timeout: IdleTimeout
    common_labels: Mapping[str, str] = field(default_factory=dict)
    image_pull_secrets: tuple[str, ...] = ()
    image_pull_policy: str = ""
    limits: Limits = field(default_factory=Limits)
    security: SecurityContext


class _Part:
    """One mapping of hub.json; every key must be taken, and none may be missing."""

    def __init__(self, data: Any, where: str) -> None:
        if not isinstance(data, dict):
            raise SettingsError(f"hub.json: {where} must hold keys and values")
        self.left = dict(data)
        self.where = where

    def take(self, key: str) -> Any:
        if key not in self.left:
            raise SettingsError(
                f"hub.json: {self._path(key)} is missing; the chart and its Python are of different versions"
            )
        return self.left.pop(key)

    def part(self, key: str) -> _Part:
        return _Part(self.take(key), self._path(key))

    def optional(self, key: str, otherwise: Any) -> Any:
        return self.left.pop(key, otherwise)

    def done(self) -> None:
        if self.left:
            raise SettingsError(f"hub.json: {self._path(next(iter(self.left)))} is not a key that this version knows")

    def _path(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key


def load(path: Path | None = None) -> Settings:
    """The settings of this gateway, from the file named by HUBWRIGHT_SETTINGS or beside this module."""
    path = path or Path(os.environ.get("HUBWRIGHT_SETTINGS", SETTINGS_FILE))
    return parse(json.loads(path.read_text(encoding="utf-8")))


def parse(data: Any) -> Settings:
    """Settings from the parsed JSON. SettingsError names the key that is wrong."""
    root = _Part(data, "")
    hub = root.part("hub")
    options = root.part("options")
    idle = options.part("idleTimeoutMinutes")
    workers = root.part("workers")
    settings = Settings(
        hub_name=hub.take("name"),
        cluster_name=hub.take("cluster"),
        instance=root.take("instance"),
        namespace=root.take("namespace"),
        api_url=root.take("apiUrl"),
        prefix=root.take("prefix"),
        auth=_auth(root.part("auth")),
        tuning=_tuning(root.part("controller")),
        middlewares=tuple(root.take("middlewares")),
        scheduler=_scheduler(root.part("scheduler")),
        instance_types=tuple(
            _instance_type(_Part(one, f"workers.instanceTypes[{index}]"))
            for index, one in enumerate(workers.take("instanceTypes"))
        ),
        workers=_pod(workers),
        image=options.take("image"),
        environment=options.take("environment"),
        idle_timeout=IdleTimeout(
            default=idle.take("default"), maximum=idle.take("max"), allow_never=idle.take("allowNever")
        ),
        common_labels=root.take("commonLabels"),
        image_pull_secrets=tuple(root.take("imagePullSecrets")),
        image_pull_policy=root.take("imagePullPolicy"),
        limits=_limits(root.part("limits")),
        security=_security(root.part("securityContext")),
    )
    for part in (hub, idle, options, workers, root):
        part.done()
    return settings


def _auth(part: _Part) -> Auth:
    jupyterhub = part.part("jupyterhub")
    auth = Auth(type=part.take("type"), service_name=jupyterhub.take("serviceName"), api_url=jupyterhub.take("apiUrl"))
    jupyterhub.done()
    part.done()
    return auth


def _tuning(part: _Part) -> Tuning:
    rate, backoff = part.part("apiRateLimit"), part.part("backoff")
    tuning = Tuning(
        completed_cluster_max_age=part.take("completedClusterMaxAgeSeconds"),
        completed_cluster_cleanup_period=part.take("completedClusterCleanupPeriodSeconds"),
        rate_limit=rate.take("perSecond"),
        rate_limit_burst=rate.take("burst"),
        backoff_base_delay=backoff.take("baseDelaySeconds"),
        backoff_max_delay=backoff.take("maxDelaySeconds"),
    )
    for one in (rate, backoff, part):
        one.done()
    return tuning


def _scheduler(part: _Part) -> SchedulerSettings:
    cpu, memory = part.part("cpu"), part.part("memory")
    settings = SchedulerSettings(
        cpu_request=millicores(cpu.take("request")),
        cpu_limit=millicores(cpu.take("limit")),
        memory_request=memory_bytes(memory.take("request")),
        memory_limit=memory_bytes(memory.take("limit")),
        node_selector=part.take("nodeSelector"),
        pod=_pod(part),
    )
    for one in (cpu, memory, part):
        one.done()
    return settings


def _pod(part: _Part) -> PodSettings:
    return PodSettings(
        service_account_name=part.take("serviceAccountName"),
        pod_labels=part.take("podLabels"),
        pod_annotations=part.take("podAnnotations"),
        priority_class_name=part.take("priorityClassName"),
        tolerations=tuple(part.take("tolerations")),
    )


def _instance_type(part: _Part) -> InstanceType:
    made = InstanceType(
        name=part.take("name"),
        node_pools=tuple(
            _node_pool(_Part(one, f"{part.where}.nodePools[{index}]"))
            for index, one in enumerate(part.take("nodePools"))
        ),
        presets=tuple(
            _preset(_Part(one, f"{part.where}.presets[{index}]")) for index, one in enumerate(part.take("presets"))
        ),
        tolerations=tuple(part.optional("tolerations", ())),
    )
    part.done()
    return made


def _node_pool(part: _Part) -> NodePool:
    pool = NodePool(name=part.take("name"), capacity=part.take("capacity"), node_selector=part.take("nodeSelector"))
    part.done()
    return pool


def _preset(part: _Part) -> Preset:
    preset = Preset(
        label=part.take("label"),
        cpus=part.take("cpus"),
        cpu_request=millicores(part.take("cpuRequest")),
        cpu_limit=millicores(part.take("cpuLimit")),
        memory=memory_bytes(part.take("memory")),
        threads=part.take("threads"),
    )
    part.done()
    return preset


def _limits(part: _Part) -> Limits:
    """Helm drops values that are null, so a limit that is missing is no limit."""
    made: dict[str, Any] = {}
    for one in dataclasses.fields(Limits):
        first, *rest = one.name.split("_")
        value = part.optional(first + "".join(word.capitalize() for word in rest), None)
        made[one.name] = memory_bytes(value) if value is not None and first == "memory" else value
    part.done()
    return Limits(**made)


def _security(part: _Part) -> SecurityContext:
    security = SecurityContext(
        run_as_user=part.take("runAsUser"), run_as_group=part.take("runAsGroup"), fs_group=part.take("fsGroup")
    )
    part.done()
    return security
