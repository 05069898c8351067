"""The manifests for Kubernetes, against its published schemas, each other and the product."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import yaml
from real import ROOT

import riskspace
from riskspace import settings

Manifest = dict[str, Any]

FOLDER = ROOT / "deploy/kubernetes"
OLDEST = "1.30"  # the first where preStop has `sleep`
KUSTOMIZATION: Manifest = yaml.safe_load((FOLDER / "kustomization.yaml").read_text("utf-8"))
FILES = sorted(path for path in FOLDER.iterdir() if path.name != "kustomization.yaml")
MANIFESTS: list[Manifest] = [
    manifest for path in FILES for manifest in yaml.safe_load_all(path.read_text("utf-8"))
]


def named(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def of_kind(kind: str) -> dict[str, Manifest]:
    return {one["metadata"]["name"]: one["spec"] for one in MANIFESTS if one["kind"] == kind}


DEPLOYMENTS = of_kind("Deployment")
PODS: dict[str, Manifest] = {name: spec["template"] for name, spec in DEPLOYMENTS.items()}
SERVICES = of_kind("Service")
POLICIES = of_kind("NetworkPolicy")
OURS = {"api": 8000, "ui": 7860}

every_pod = pytest.mark.parametrize("name", sorted(PODS))
each_of_ours = pytest.mark.parametrize("name", sorted(OURS))


def container_of(name: str) -> Manifest:
    (container,) = PODS[name]["spec"]["containers"]
    return container  # type: ignore[no-any-return]


def port_of(name: str) -> int:
    (port,) = container_of(name)["ports"]
    return int(port["containerPort"])


def selected(selector: Manifest) -> set[str]:
    """The pods that a selector finds; it has nothing but labels to match."""
    assert set(selector) <= {"matchLabels"}
    wanted = selector.get("matchLabels", {}).items()
    return {name for name, pod in PODS.items() if wanted <= pod["metadata"]["labels"].items()}


def environment(name: str) -> dict[str, str]:
    """What the generated ConfigMap of a container gives it."""
    generated = {one["name"]: one["literals"] for one in KUSTOMIZATION["configMapGenerator"]}
    return dict(
        literal.split("=", 1)
        for source in container_of(name).get("envFrom", ())
        for literal in generated[source["configMapRef"]["name"]]
    )


@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()])
@pytest.mark.parametrize("manifest", MANIFESTS, ids=named)
def test_a_manifest_is_what_the_published_schema_says(manifest: Manifest, version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


def test_the_kustomization_lists_every_file_and_no_other() -> None:
    assert sorted(KUSTOMIZATION["resources"]) == [path.name for path in FILES]
    names = [named(manifest) for manifest in MANIFESTS]
    assert len(names) == len(set(names)), "a manifest is there twice"
    (namespace,) = (one for one in MANIFESTS if one["kind"] == "Namespace")
    assert KUSTOMIZATION["namespace"] == namespace["metadata"]["name"]


def test_our_images_are_this_version_and_can_be_replaced() -> None:
    tags = {image["name"]: image["newTag"] for image in KUSTOMIZATION["images"]}
    assert tags == {container_of(name)["image"]: riskspace.__version__ for name in OURS}
    assert ":" in container_of("redis")["image"]


@every_pod
def test_a_deployment_and_its_service_find_their_pod_and_no_other(name: str) -> None:
    assert selected(DEPLOYMENTS[name]["selector"]) == {name}
    assert selected({"matchLabels": SERVICES[name]["selector"]}) == {name}
    for constraint in PODS[name]["spec"].get("topologySpreadConstraints", ()):
        assert selected(constraint["labelSelector"]) == {name}


@every_pod
def test_a_service_leads_to_the_port_that_the_container_opens(name: str) -> None:
    (service,) = SERVICES[name]["ports"]
    (container,) = container_of(name)["ports"]
    assert service["targetPort"] == container["name"]
    assert service["port"] == container["containerPort"]


@each_of_ours
def test_a_container_opens_the_port_that_the_program_takes(name: str) -> None:
    chosen = settings.load(environment(name))
    assert port_of(name) == OURS[name]
    assert {"api": chosen.api_port, "ui": chosen.gradio_server_port}[name] == OURS[name]


def test_the_autoscaler_has_a_deployment_whose_replicas_it_alone_decides() -> None:
    for scaler in of_kind("HorizontalPodAutoscaler").values():
        target = scaler["scaleTargetRef"]
        assert (target["apiVersion"], target["kind"]) == ("apps/v1", "Deployment")
        assert "replicas" not in DEPLOYMENTS[target["name"]]
        assert 1 < scaler["minReplicas"] < scaler["maxReplicas"]
        for metric in scaler["metrics"]:  # a share of what is requested
            requests = container_of(target["name"])["resources"]["requests"]
            assert metric["resource"]["name"] in requests


def test_a_disruption_budget_leaves_a_pod_and_never_blocks_a_drain() -> None:
    scaled = {
        scaler["scaleTargetRef"]["name"]: scaler["minReplicas"]
        for scaler in of_kind("HorizontalPodAutoscaler").values()
    }
    for budget in of_kind("PodDisruptionBudget").values():
        (name,) = selected(budget["selector"])
        replicas = scaled.get(name) or DEPLOYMENTS[name]["replicas"]
        assert 0 < budget["maxUnavailable"] < replicas


@every_pod
def test_an_update_never_takes_a_pod_away_before_another_is_ready(name: str) -> None:
    strategy = DEPLOYMENTS[name]["strategy"]
    if name in OURS:
        assert strategy["rollingUpdate"]["maxUnavailable"] == 0
        sleep = container_of(name)["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert sleep + 10 <= PODS[name]["spec"]["terminationGracePeriodSeconds"]
    else:
        assert strategy["type"] == "Recreate", "two would write one file"


def test_nothing_is_let_through_but_what_is_named() -> None:
    denied = POLICIES["default-deny"]
    assert denied == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert callers("redis") == {"api"}
    assert callers("api") == {"ui", "ingress-nginx"}
    assert callers("ui") == {"anyone"}
    assert called("redis") == set()
    assert called("api") == {"redis"}
    assert called("ui") == {"api"}
    assert POLICIES["dns"]["podSelector"] == {}
    (lookup,) = POLICIES["dns"]["egress"]
    assert {(port["protocol"], port["port"]) for port in lookup["ports"]} == {
        ("UDP", 53),
        ("TCP", 53),
    }


@every_pod
def test_a_policy_opens_the_port_of_the_pod_that_it_is_about(name: str) -> None:
    assert selected(POLICIES[name]["podSelector"]) == {name}
    assert {"Ingress"} <= set(POLICIES[name]["policyTypes"])
    for rule in POLICIES[name]["ingress"]:
        assert rule["ports"] == [{"protocol": "TCP", "port": port_of(name)}]
    for rule in POLICIES[name].get("egress", ()):
        ((other,),) = (selected(peer["podSelector"]) for peer in rule["to"])
        assert rule["ports"] == [{"protocol": "TCP", "port": port_of(other)}]


def callers(name: str) -> set[str]:
    return _peers(POLICIES[name]["ingress"], "from")


def called(name: str) -> set[str]:
    return _peers(POLICIES[name].get("egress", ()), "to")


def _peers(rules: list[Manifest], direction: str) -> set[str]:
    found: set[str] = set()
    for rule in rules:
        for peer in rule.get(direction, [{}]):
            if "podSelector" in peer:
                assert set(peer) == {"podSelector"}
                assert selected(peer["podSelector"]), "a policy for a pod that isn't there"
                found |= selected(peer["podSelector"])
            elif "namespaceSelector" in peer:
                found |= set(peer["namespaceSelector"]["matchLabels"].values())
            else:
                found.add("anyone")
    return found


@every_pod
def test_a_pod_meets_the_restricted_profile_and_more(name: str) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/"""
    spec = PODS[name]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False, "API_PORT=tcp://... is no port"
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == (1000 if name in OURS else 999)
    assert spec["securityContext"]["runAsGroup"] == spec["securityContext"]["fsGroup"] == 1000
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container_of(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    (namespace,) = (one for one in MANIFESTS if one["kind"] == "Namespace")
    labels = namespace["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@every_pod
def test_a_container_says_what_it_needs_and_what_it_may_take(name: str) -> None:
    resources = container_of(name)["resources"]
    assert set(resources["requests"]) == set(resources["limits"]) == {"cpu", "memory"}
    assert mebibytes(resources["requests"]["memory"]) <= mebibytes(resources["limits"]["memory"])


@pytest.mark.parametrize(
    ("name", "ready", "alive"), [("api", "/readyz", "/livez"), ("ui", "/", "/")]
)
def test_the_probes_of_ours_ask_what_the_program_answers(name: str, ready: str, alive: str) -> None:
    container = container_of(name)
    (port,) = container["ports"]
    for probe, path in (("startup", ready), ("readiness", ready), ("liveness", alive)):
        assert container[f"{probe}Probe"]["httpGet"] == {"path": path, "port": port["name"]}


@every_pod
def test_a_pod_has_a_minute_to_start_before_it_is_given_up(name: str) -> None:
    startup = container_of(name)["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 60


def test_redis_is_probed_by_what_it_says() -> None:
    """`redis-cli ping` ends with 0 while Redis is still loading."""
    for probe in ("startup", "readiness", "liveness"):
        shell, option, script = container_of("redis")[f"{probe}Probe"]["exec"]["command"]
        assert (shell, option, script) == ("sh", "-c", '[ "$(redis-cli ping)" = PONG ]')


def test_redis_is_the_one_of_the_compose_file() -> None:
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]["redis"]
    container = container_of("redis")
    assert (container["image"], container["args"]) == (composed["image"], composed["command"])


def test_redis_keeps_its_file_and_has_room_to_rewrite_it() -> None:
    words = container_of("redis")["args"]
    options = dict(zip(words[1::2], words[2::2], strict=True))
    assert options["--maxmemory"] == "256mb"
    assert options["--maxmemory-policy"] == "allkeys-lru"
    assert (options["--appendonly"], options["--save"]) == ("yes", "")
    assert mebibytes(container_of("redis")["resources"]["limits"]["memory"]) >= 2 * 256
    mounted = {mount["mountPath"]: mount["name"] for mount in container_of("redis")["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in PODS["redis"]["spec"]["volumes"]}
    kept = volumes[mounted[options["--dir"]]]
    assert kept["persistentVolumeClaim"]["claimName"] in of_kind("PersistentVolumeClaim")


@each_of_ours
def test_a_program_may_write_where_it_must_and_only_so_much(name: str) -> None:
    mounts = {mount["mountPath"]: mount["name"] for mount in container_of(name)["volumeMounts"]}
    assert set(mounts) == {"/run/riskspace", "/tmp"}
    volumes = {volume["name"]: volume for volume in PODS[name]["spec"]["volumes"]}
    assert set(volumes) == set(mounts.values())
    assert all(volume["emptyDir"]["sizeLimit"] for volume in volumes.values())


@each_of_ours
def test_the_settings_of_a_program_are_known_and_accepted(name: str) -> None:
    given = environment(name)
    secrets = container_of(name)["env"]
    assert {*given, *(one["name"] for one in secrets)} <= set(settings.variables())
    chosen = settings.load(given)
    assert chosen.production
    assert all(one["valueFrom"]["secretKeyRef"]["optional"] is True for one in secrets)


def test_every_generated_setting_is_used() -> None:
    generated = {one["name"] for one in KUSTOMIZATION["configMapGenerator"]}
    assert generated == {
        source["configMapRef"]["name"] for name in OURS for source in container_of(name)["envFrom"]
    }


def test_the_programs_find_each_other() -> None:
    api, ui = settings.load(environment("api")), settings.load(environment("ui"))
    assert api.api_host == "0.0.0.0"
    assert api.uses_redis
    assert (api.redis_host, api.redis_port) == ("redis", port_of("redis"))
    address = urlsplit(ui.api_url)
    assert (address.hostname, address.port) == ("api", port_of("api"))
    assert {"redis", "api"} <= set(SERVICES)


def mebibytes(quantity: str) -> int:
    found = re.fullmatch(r"(\d+)Mi", quantity)
    assert found, f"{quantity}: not in Mi"
    return int(found[1])
