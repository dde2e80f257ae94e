"""What the workloads of small projects listen on, each followed from its command to the file that says it."""

from __future__ import annotations

from random import Random

import pytest

from portlint.model import Listeners
from portlint.pipeline.extraction import facts_of
from portlint.topology import topology_of

PYTHON = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\n"
NODE = "FROM node:22\nWORKDIR /app\nCOPY . .\n"
SERVE = "import uvicorn\n\nuvicorn.run('shop:app', host='0.0.0.0', port=8100)\n"
APP = "services:\n  app:\n    build: .\n"


def shown(listeners: Listeners) -> str:
    """`0.0.0.0:8000` for each listener, then `?` and why there may be more."""
    words = [f"{each.address or 'unknown'}:{each.port}" for each in listeners.known]
    return " ".join(words if listeners.complete else [*words, f"? {listeners.why_not}"])


def listens(files: dict[str, str]) -> dict[str, str]:
    """Each compose service, and each Dockerfile by itself, with what it listens on."""
    facts = [facts_of(path, text.encode(), ()) for path, text in files.items()]
    topology = topology_of(facts)
    out = {
        service.name: shown(topology.service((service,), ()))
        for each in sorted(facts, key=lambda each: each.path)
        for service in each.services
    }
    return out | {each.path: shown(topology.image(each.path, None)) for each in facts if each.stages}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # servers and their defaults
        ({"Dockerfile": PYTHON + 'CMD ["uvicorn", "shop:app"]\n'}, "localhost:8000"),
        ({"Dockerfile": PYTHON + "CMD uvicorn shop:app --host 0.0.0.0 --port 81\n"}, "0.0.0.0:81"),
        ({"Dockerfile": PYTHON + "ENV PORT=9000\nCMD gunicorn shop.wsgi\n"}, "0.0.0.0:9000"),
        ({"Dockerfile": PYTHON + "ENV PORT=9000\nCMD uvicorn shop:app\n"}, "localhost:8000"),
        ({"Dockerfile": PYTHON + "ARG PORT=9000\nCMD gunicorn shop.wsgi\n"}, "localhost:8000"),
        ({"Dockerfile": PYTHON + "CMD gunicorn -b :80 shop.wsgi\n"}, "*:80"),
        ({"Dockerfile": PYTHON + "CMD celery -A shop worker\n"}, ""),
        ({"Dockerfile": PYTHON + "CMD celery -A shop flower\n"}, "*:5555"),
        # an image that may set variables of its own
        ({"Dockerfile": "FROM acme/base\nCMD gunicorn shop.wsgi\n"}, "? what gunicorn is told is not known"),
        # the code of a program
        ({"Dockerfile": PYTHON + 'CMD ["python", "main.py"]\n', "main.py": SERVE}, "0.0.0.0:8100"),
        ({"Dockerfile": PYTHON + "CMD python -m shop\n", "shop/__main__.py": SERVE}, "0.0.0.0:8100"),
        ({"Dockerfile": PYTHON + "CMD python /app/a/main.py\n", "a/main.py": SERVE}, "0.0.0.0:8100"),
        ({"a/Dockerfile": PYTHON + "CMD python main.py\n", "a/main.py": SERVE}, "0.0.0.0:8100"),
        (
            {"Dockerfile": PYTHON + "CMD python other.py\n", "main.py": SERVE},
            "? other.py is no program that is known",
        ),
        (
            {
                "Dockerfile": PYTHON + "CMD python main.py --port 8200\n",
                "main.py": (
                    "import argparse\n\nimport uvicorn\n\nparser = argparse.ArgumentParser()\n"
                    "parser.add_argument('--port', type=int, default=8100)\nargs = parser.parse_args()\n"
                    "uvicorn.run('shop:app', host='0.0.0.0', port=args.port)\n"
                ),
            },
            "0.0.0.0:8200",
        ),
        (
            {
                "Dockerfile": PYTHON + "ENV API_PORT=8300\nCMD python main.py\n",
                "main.py": (
                    "import os\n\nimport uvicorn\n\nuvicorn.run('a:b', port=int(os.getenv('API_PORT', '8100')))\n"
                ),
            },
            "localhost:8300",
        ),
        (
            {
                "Dockerfile": PYTHON + "CMD python main.py\n",
                "main.py": "from shop.web import serve\n\nserve()\n",
                "shop/web.py": "import uvicorn\n\n\ndef serve():\n    uvicorn.run('a:b', port=8400)\n",
            },
            "localhost:8400",
        ),
        ({"Dockerfile": NODE + "CMD node server.js\n", "server.js": "require('express')().listen(3100)\n"}, "*:3100"),
        # scripts
        (
            {"Dockerfile": PYTHON + 'CMD ["./start.sh"]\n', "start.sh": "#!/bin/sh\nmkdir x\nexec flask run -p 81\n"},
            "localhost:81",
        ),
        (
            {
                "Dockerfile": PYTHON + 'ENTRYPOINT ["/app/entry.sh"]\nCMD ["flask", "run", "-h", "0.0.0.0"]\n',
                "entry.sh": '#!/bin/sh\nflask db upgrade\nexec "$@"\n',
            },
            "0.0.0.0:5000",
        ),
        (
            {"Dockerfile": PYTHON + "CMD ./start.sh\n", "start.sh": "#!/bin/sh\n./start.sh\n"},
            "? ./start.sh is no program that is known",
        ),
        (
            {
                "Dockerfile": PYTHON + "CMD ./start.sh\n",
                "start.sh": '#!/bin/sh\nif [ "$DEBUG" ]; then\n  flask run\nelse\n  gunicorn -b :80 a:b\nfi\n',
            },
            "*:80 localhost:5000 ? which of its commands run is not known",
        ),
        ({"Dockerfile": PYTHON + "CMD ./proxy & flask run\n"}, "localhost:5000 ? ./proxy is no program that is known"),
        # package.json
        (
            {"Dockerfile": NODE + 'CMD ["npm", "run", "dev"]\n', "package.json": '{"scripts": {"dev": "vite"}}'},
            "localhost:5173",
        ),
        (
            {
                "Dockerfile": NODE + "CMD npm run dev -- --host 0.0.0.0 --port 81\n",
                "package.json": '{"scripts": {"dev": "vite --port 80"}}',
            },
            "0.0.0.0:81",
        ),
        (
            {
                "Dockerfile": NODE + "CMD npm run dev\n",
                "package.json": '{"scripts": {"dev": "vite"}}',
                "vite.config.js": "export default { server: { port: 3200, host: '0.0.0.0' } }\n",
            },
            "0.0.0.0:3200",
        ),
        (
            {
                "Dockerfile": NODE + "CMD npm run dev\n",
                "package.json": '{"scripts": {"dev": "vite"}}',
                "vite.config.js": "export default { server: { host: '0.0.0.0' } }\n",
            },
            "0.0.0.0:5173",
        ),
        (
            {
                "Dockerfile": NODE + "CMD npm run dev\n",
                "package.json": '{"scripts": {"dev": "vite"}}',
                "vite.config.js": "export default { server: { host: true } }\n",
            },
            "true:5173",
        ),
        ({"Dockerfile": NODE + "CMD npm run dev\n"}, "? dev is no program that is known"),
        # configuration files
        (
            {"Dockerfile": PYTHON + "CMD gunicorn -c conf.py a:b\n", "conf.py": "bind = '0.0.0.0:8500'\nworkers = 2\n"},
            "0.0.0.0:8500",
        ),
        (
            {"Dockerfile": PYTHON + "CMD gunicorn -c /etc/g.py a:b\n"},
            "? the configuration of gunicorn is not read",
        ),
        (
            {"Dockerfile": PYTHON + "CMD gunicorn a:b\n", "gunicorn.conf.py": "bind = '0.0.0.0:8500'\n"},
            "0.0.0.0:8500",
        ),
        # nginx: what it reads lies at the usual places of its image
        ({"Dockerfile": "FROM nginx\nCOPY site.conf /etc/nginx/conf.d/\n", "site.conf": "server { listen 81; }\n"},
         "*:81 *:80"),
        (
            {
                "Dockerfile": "FROM nginx\nCOPY a.conf /etc/nginx/conf.d/default.conf\n",
                "a.conf": "server { listen 81; }\n",
            },
            "*:81",
        ),
        (
            {"Dockerfile": "FROM nginx\nCOPY a.conf /etc/nginx/nginx.conf\n", "a.conf": "http { include x/*; }\n"},
            "? what nginx is told is not known",
        ),
        ({"Dockerfile": "FROM nginx\nCOPY html /usr/share/nginx/html\n", "html/index.html": ""}, "*:80"),
        ({"Dockerfile": "FROM nginx\nCOPY --from=acme/conf / /etc/nginx/conf.d/\n"},
         "? the configuration of nginx is not read"),
        ({"Dockerfile": "FROM acme/nginx\nCOPY html /usr/share/nginx/html\n"}, "? nothing says what it starts"),
        ({"Dockerfile": "FROM nginx\nCMD envsubst < /t > /etc/nginx/conf.d/default.conf && nginx -g 'daemon off;'\n"},
         "? the configuration of nginx is not read"),
        # stages
        (
            {
                "Dockerfile": (
                    "FROM node:22 AS build\nWORKDIR /src\nCOPY web .\n\n"
                    "FROM node:22\nWORKDIR /srv\nCOPY --from=build /src/dist/ ./dist/\nCMD node dist/server.js\n"
                ),
                "web/dist/server.js": "require('http').createServer().listen(3300)\n",
            },
            "*:3300",
        ),
    ],
)  # fmt: skip
def test_what_an_image_listens_on(files: dict[str, str], expected: str) -> None:
    (dockerfile,) = (path for path in files if path.endswith("Dockerfile"))
    assert listens(files)[dockerfile] == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"compose.yaml": APP, "Dockerfile": PYTHON + "CMD flask run\n"}, "localhost:5000"),
        ({"compose.yaml": APP + "    command: flask run -p 81\n", "Dockerfile": PYTHON + "CMD x\n"}, "localhost:81"),
        (
            {"compose.yaml": APP + "    entrypoint: flask run\n", "Dockerfile": PYTHON + "CMD ['x']\n"},
            "localhost:5000",
        ),
        (
            {"compose.yaml": APP + "    environment: {PORT: 9000}\n", "Dockerfile": PYTHON + "CMD gunicorn a:b\n"},
            "0.0.0.0:9000",
        ),
        (
            {
                "compose.yaml": APP + "    env_file: web.env\n",
                "web.env": "PORT=9100\n",
                "Dockerfile": PYTHON + "CMD gunicorn a:b\n",
            },
            "0.0.0.0:9100",
        ),
        (
            {"compose.yaml": APP + "    env_file: gone.env\n", "Dockerfile": PYTHON + "CMD gunicorn a:b\n"},
            "? what gunicorn is told is not known",
        ),
        (
            {"compose.yaml": APP + "    command: flask run -p ${WEB:-81}\n", "Dockerfile": PYTHON},
            "localhost:81",
        ),
        (
            {"compose.yaml": APP + "    command: flask run -p ${WEB:-81}\n", ".env": "WEB=82\n", "Dockerfile": PYTHON},
            "localhost:82",
        ),
        (
            {
                "compose.yaml": APP + "    command: flask run -p ${WEB:-81}\n",
                ".env.example": "WEB=82\n",
                "Dockerfile": PYTHON,
            },
            "localhost:82 localhost:81 ? a template of an env file says another port",
        ),
        (
            {
                "compose.yaml": (
                    "services:\n  app:\n    image: node:22\n    working_dir: /srv\n    volumes: ['./web:/srv']\n"
                    "    command: node server.js\n"
                ),
                "web/server.js": "require('express')().listen(3100)\n",
            },
            "*:3100",
        ),
    ],
)  # fmt: skip
def test_what_a_service_listens_on(files: dict[str, str], expected: str) -> None:
    assert listens(files)["app"] == expected


PROJECT = {
    "compose.yaml": (
        "services:\n  app:\n    build: .\n  jobs:\n    build: .\n    command: celery -A shop worker\n"
        "  web:\n    build: web\n    environment: {PORT: 3400}\n"
    ),
    "Dockerfile": PYTHON + "CMD python main.py\n",
    "main.py": SERVE,
    "web/Dockerfile": NODE + "CMD npm start\n",
    "web/package.json": '{"scripts": {"start": "next start"}}',
}


def test_the_order_of_files_does_not_matter() -> None:
    expected = listens(PROJECT)
    for seed in range(5):
        names = list(PROJECT)
        Random(seed).shuffle(names)
        assert listens({name: PROJECT[name] for name in names}) == expected


def test_a_service_that_has_nothing_to_do_with_the_others_changes_none() -> None:
    more = {**PROJECT, "other/compose.yaml": APP.replace("app", "more"), "other/Dockerfile": PYTHON + "CMD flask run\n"}
    found = listens(more)
    assert {name: found[name] for name in listens(PROJECT)} == listens(PROJECT)
