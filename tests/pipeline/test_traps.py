"""Forms that break port checkers, collected from real tools: what is found in each, and what is not."""

from __future__ import annotations

import pytest

from portlint.extract import extract

SERVICE = "services:\n  web:\n    "
TRAPS: list[tuple[str, str, list[int]]] = [
    # YAML's numbers
    ("a.yml", "port: 8_080\nport: 0o21\nport: 0x50\n", []),
    ("app.yaml.j2", "port: {{ port }}\nother_port: 8000\n", [8000]),
    # compose
    ("compose.yml", f"{SERVICE}ports: ['${{P:?err}}:80']\n", [80]),
    ("compose.yml", f"{SERVICE}ports: ['${{P:-8093}}:${{P:-8094}}']\n", [8093, 8094]),
    ("compose.yml", f"{SERVICE}ports: ['$BIND:80']\n", [80]),
    ("compose.yml", f"{SERVICE}ports: ['${{IP:-127.0.0.1}}:5678:5679']\n", [5678, 5679]),
    ("compose.yml", f"{SERVICE}user: 1000:1000\n", []),
    ("compose.yml", f"{SERVICE}image: localhost:5000/app:8080\n", [5000]),
    ("compose.yml", f"{SERVICE}ulimits: {{nofile: 65535}}\n    mem_limit: 8000\n    cpus: '0.5'\n", []),
    ("compose.yml", f"{SERVICE}extra_hosts: ['h:10.0.0.1']\n    stop_grace_period: 1m30s\n", []),
    ("compose.yml", f"{SERVICE}command: --port 8000\n", [8000]),
    ("compose.yml", f"{SERVICE}command: echo $${{ADMIN_PORT:-8093}}\n", [8093]),
    ("compose.yml", f"{SERVICE}environment:\n      WEB_PORTS: '8080 9000'\n", [8080, 9000]),
    # numbers and text
    ("a.py", "note = 'see file.py:8080, 16:9, 1.2.3:8080, v8080, RTX 4080 and 1080p'\n", []),
    # Python
    ("a.py", "from flask import Flask\napp = Flask('a')\napp.run('0.0.0.0', 5000)\n", [5000]),
    ("a.py", "import socket\ns = socket.socket()\ns.bind((h, 9000))\n", [9000]),
    ("a.py", "from http.server import HTTPServer\nHTTPServer(('', 8000), H)\n", [8000]),
    ("a.py", "d['port'] = 8000\nport = int('8001')\nport = str(8002)\n", [8000, 8001, 8002]),
    ("a.py", "url = 'http://' + host + ':8080/internal'\n", [8080]),
    ("a.py", "url = f\"{'[::]' if v6 else '0.0.0.0'}:8080\"\n", [8080]),
    ("a.py", "import os\nport = os.getenv('P', 8000)\nport = os.getenv('P') or 8001\n", [8000, 8001]),
    ("a.py", "port = config('P', default=8000, cast=int)\n", [8000]),
    ("a.py", "args = ['--http-01-port', '8008']\n", [8008]),
    ("a.py", "import sys\nsys.exit(25)\nsys.exit(143)\n", []),
    ("a.py", "headers = {'host': 'localhost:8000'}\n", [8000]),
    ("a.py", "name = f'_25._tcp.{domain}'\n", [25]),
    ("a.py", "client.run(image, ports={'81/tcp': None})\n", [81]),
    ("a.py", "line = 'PROXY TCP4 1.2.3.4 4.3.2.1 8080 9090\\r\\n'\n", [8080, 9090]),
    # URLs
    ("a.py", "url = 'https://x/y'\n", []),
    ("a.py", "url = 'postgres://u:5432@db/x'\n", []),
    ("a.py", "url = 'redis://:pw@h:6379/0'\n", [6379]),
    ("a.py", "url = 'jdbc:postgresql://h:5432/x'\n", [5432]),
    ("a.py", "url = 'mongodb://a:27017,b:27018/x'\n", [27017, 27018]),
    ("a.py", "url = 'http://[::1]:8000/x:8081/'\n", [8000]),
    # env files
    (".env", "export P_PORT='5432' # c\n", [5432]),
    (".env", 'A_PORT="8000"\n', [8000]),
    (".env", "A_PORT=${OTHER:-8000}\n", [8000]),
    (".env", "REDIS_PORT=tcp://10.0.0.1:6379\n", [6379]),
    (".env", "API_PORTS=8000,8001\n", [8000, 8001]),
    (".env", "ALLOWED_ORIGINS=http://localhost:3000,http://localhost:3001\n", [3000, 3001]),
    (".env", "WORKERS=8000\nSUPPORT_EMAIL=a@b\nEMPTY_PORT=\n", []),
    # nginx
    ("nginx.conf", "upstream a { server [::1]:9000 weight=8080; server unix:/x; }\n", [9000]),
    ("nginx.conf", "server { listen 127.0.0.1:8080; resolver 127.0.0.1:5353; return 301 https://$host:8443; }\n",
     [8080, 5353, 8443]),
    ("nginx.conf", "server { listen 80; set $server \"a-server:8080\"; }\n", [80, 8080]),
    ("nginx.conf", "server { listen 80{% if PROXY_80 %} proxy_protocol{% endif %}; }\n", [80]),
    # Traefik
    ("compose.yml", f"{SERVICE}labels: ['traefik.http.services.a.loadbalancer.server.port=8080']\n", [8080]),
    ("compose.yml", f"{SERVICE}labels: ['traefik.http.routers.a.priority=8080']\n", []),
    ("compose.yml", f"{SERVICE}labels: ['traefik.http.routers.a.rule=PathPrefix(`/8080`)']\n", []),
    ("traefik.toml", "[entryPoints.web]\naddress = ':80'\n", [80]),
    # Dockerfiles, devcontainers, supervisord
    ("Dockerfile", "FROM a\nEXPOSE 80/tcp 81 9000-9010/udp ${P}\n", [80, 81, 9000]),
    ("Dockerfile", "FROM a\nEXPOSE 8080, 8443\n", [8080, 8443]),
    (".devcontainer/devcontainer.json", '{"forwardPorts": [3000, "db:5432"]}\n', [3000, 5432]),
    ("supervisord.conf", "[inet_http_server]\nport=*:9001 ; (ip_address:port specifier)\n", [9001]),
    # shell, workflows
    ("a.sh", "docker run -p 8000:8001 a\nserve --port=8002\nnc -z h 5432\nlsof -i :8003\n",
     [8000, 8001, 8002, 5432, 8003]),
    ("a.sh", "ssh -L 8080:h:80 a\n", [8080, 80]),
    ("a.sh", 'local ports=("5432:PostgreSQL" "6380:Redis")\n', [5432, 6380]),
    ("a.sh", "for port in 5173 5174; do kill $port; done\n", [5173, 5174]),
    (".github/workflows/a.yml", "jobs:\n  a:\n    services:\n      db:\n        ports: ['5432/tcp', '5433:5434']\n",
     [5432, 5433, 5434]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "ports"), TRAPS)
def test_trap(path, text, ports):
    assert [found.port for found in extract(path, text.encode()).literals if not found.prose] == ports
