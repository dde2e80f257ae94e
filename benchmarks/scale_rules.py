"""How long the rules take on a large repository: 2,000 services, 100,000 port literals.

The facts are made up here, so that nothing is measured but the resolve and the check stage, in seconds of one core.
Run it as `python benchmarks/scale_rules.py [SERVICES] [LITERALS]`; it prints the time of each rule. With twice the
numbers no rule should take much more than twice the time.
"""

from __future__ import annotations

import gc
import sys
import time

from portlint.check import RULES, check
from portlint.check.context import Context
from portlint.model import Facts, Mapping, PortLiteral, PortReference, Role, Service, Settings, Span, Variable
from portlint.registry import load_registry
from portlint.resolve import resolve
from portlint.topology import topology_of

_FILES_OF_SERVICES = 20
_LITERALS_OF_A_FILE = 100


class Repository:
    """A repository of that size: compose files, env files, Dockerfiles, proxies, programs and tables."""

    def __init__(self, services: int, literals: int) -> None:
        self.facts: list[Facts] = []
        self.count = 0
        self._parts: dict[str, dict[str, list[object]]] = {}
        self._lines: dict[str, int] = {}
        per_file = max(services // _FILES_OF_SERVICES, 1)
        for number in range(services):
            self._service(number, f"stack{number // per_file}/compose.yaml")
        number = 0
        while self.count < literals:
            self._user(number, services)
            number += 1
        formats = {"yaml": "compose", "conf": "nginx", "py": "python", "md": "markdown", "toml": "toml"}
        for path, parts in self._parts.items():
            name = path.rpartition("/")[2]
            kind = "dotenv" if name.startswith(".env") else "dockerfile" if name == "Dockerfile" else ""
            self.facts.append(Facts(path=path, format=kind or formats[name.rpartition(".")[2]], **parts))  # type: ignore[arg-type]

    def registry(self, services: int) -> bytes:
        rows = (
            f"  svc{n}: {{default: {_port(n)}, env_var: SVC{n}_PORT, container_port: 8000, "
            f"environments: {{production: {_port(n + services)}}}}}"
            for n in range(min(services, 20_000))
        )
        return ("ports:\n" + "\n".join(rows) + "\n").encode()

    def _literal(self, path: str, port: int, **more: object) -> PortLiteral:
        line = self._lines[path] = self._lines.get(path, 0) + 1
        span = Span(line * 100, line * 100 + 4, line, 1)
        kind = {"role": Role.SETTING, "format": "python"} | more
        made = PortLiteral(path=path, span=span, port=port, text=str(port), **kind)  # type: ignore[arg-type]
        self._put(path, "literals", made)
        self.count += 1
        return made

    def _put(self, path: str, kind: str, item: object) -> None:
        self._parts.setdefault(path, {}).setdefault(kind, []).append(item)

    def _service(self, n: int, path: str) -> None:
        name, folder = f"svc{n}", path.rpartition("/")[0]
        here = {"format": "compose", "service": name, "name": name}
        published = self._literal(
            path, _port(n), role=Role.FALLBACK, form="fallback", variable=f"SVC{n}_PORT",
            subject=f"services.{name}.ports[0]", **here,
        )  # fmt: skip
        inner = self._literal(
            path, 8000, role=Role.CONTAINER, form="mapping", subject=f"services.{name}.ports[0]", **here
        )
        mapping = Mapping(
            span=published.span, published=published, published_variable=f"SVC{n}_PORT", container=inner,
            address="127.0.0.1" if n % 2 else None,
        )  # fmt: skip
        self._literal(
            path, 8000, role=Role.CONTAINER, form="value",
            subject=f"services.{name}.labels.traefik.http.services.{name}.loadbalancer.server.port", **here,
        )  # fmt: skip
        self._literal(
            path, 8000 if n % 97 else 8001, role=Role.CONNECT, form="url", host=f"svc{n - 1}",
            subject=f"services.{name}.environment.NEXT_URL", variable="NEXT_URL", **here,
        )  # fmt: skip
        self._put(
            path, "services",
            Service(
                path=path, name=name, span=published.span, build=f"{folder}/{name}/Dockerfile", built=True,
                mappings=(mapping,), hosts=(f"{name}.internal",),
                image="postgres:16" if n % 10 == 0 else None,
            ),
        )  # fmt: skip
        reference = PortReference(
            path=path, span=published.span, variable=f"SVC{n}_PORT", role=Role.PUBLISH, service=name
        )
        self._put(path, "references", reference)
        dockerfile = f"{folder}/{name}/Dockerfile"
        self._literal(dockerfile, 8000, role=Role.CONTAINER, format="dockerfile", subject="EXPOSE", form="directive")
        env = f"{folder}/.env"
        found = self._literal(
            env, _port(n), format="dotenv", variable=f"SVC{n}_PORT", name=f"SVC{n}_PORT", subject=f"SVC{n}_PORT"
        )
        self._put(env, "variables", Variable(f"SVC{n}_PORT", found.span))

    def _user(self, number: int, services: int) -> None:
        n, file = number % services, number // _LITERALS_OF_A_FILE
        port = _port(n) if number % 97 else _port(n + 1)
        if number % 5 == 0:
            self._literal(
                f"proxy/site{file}.conf", 8000 if number % 97 else 8001, role=Role.CONNECT, format="nginx",
                host=f"svc{n}", form="address", subject=f"server[{number}].proxy_pass[0]", referable=False,
            )  # fmt: skip
        elif number % 5 == 1:
            self._literal(
                f"src/mod{file}.py", port, role=Role.FALLBACK, form="fallback", variable=f"SVC{n}_PORT",
                subject=f"mod{file}:port{number}",
            )  # fmt: skip
        elif number % 5 == 2:
            self._literal(
                f"docs/page{file}.md", port, format="markdown", prose=True, name=f"svc{n}",
                subject=f"table[0].svc{n}.Port",
            )  # fmt: skip
        elif number % 5 == 3:
            self._literal(
                f"config/part{file}.toml", port, name="port", format="toml", subject=f"svc{n}.port{number}",
                referable=False,
            )  # fmt: skip
        else:
            self._literal(
                f"src/mod{file}.py", port, name=f"svc{n}_port", form="keyword", subject=f"mod{file}:x{number}"
            )


def _port(n: int) -> int:
    return 1024 + n % 60_000


def main() -> None:
    services, literals = (int(text) for text in (*sys.argv[1:3], *("2000", "100000")[len(sys.argv) - 1 :]))
    repository = Repository(services, literals)
    registry, errors = load_registry("ports.yaml", repository.registry(services))
    assert not errors, errors[:1]
    settings = Settings()
    # As in a run: the results hold no cycles.
    gc.disable()
    for chosen in (registry, None):
        started = time.process_time()
        topology = topology_of(repository.facts)
        resolution = resolve(repository.facts, chosen, settings, topology=topology)
        resolved = time.process_time()
        result = check(repository.facts, resolution, chosen, settings, topology=topology)
        ended = time.process_time()
        print(
            f"{services} services, {repository.count} literals, {'a' if chosen else 'no'} registry: "
            f"resolve {resolved - started:.2f} s, check {ended - resolved:.2f} s, {len(result.findings)} findings"
        )
        context = Context(repository.facts, resolution, chosen, settings, topology=topology)
        for code, rule in RULES.items():
            begun = time.process_time()
            count = sum(1 for _ in rule(context))
            print(f"  {code} {time.process_time() - begun:6.3f} s {count:6} findings")


if __name__ == "__main__":
    main()
