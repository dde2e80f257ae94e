"""Command forms: what they start, what they are told to listen on, and what they read."""

from __future__ import annotations

import pytest

from portlint.topology.programs import endpoint, started
from support.words import Variables, commands


def shown(text: str, variables: dict[str, str | None] | None = None) -> list[str]:
    """What each command of a text starts, in a line each."""
    out = []
    for each in started(commands(text), Variables(variables)):
        name = each.server.name if each.server is not None else each.named
        told = [f"port={w.known}" for w in each.ports] + [f"address={w.known}" for w in each.addresses]
        told += [f"bind={w.known}" for w in each.binds]
        if each.server is not None and each.named is not None:
            told.append(f"named={each.named}")
        told += [f"config={each.config}"] if each.config else []
        told += [f"in={each.folder}"] if each.folder else []
        out.append(" ".join([each.kind, str(name), *told]))
    return out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("uvicorn app.main:app", "server uvicorn named=app.main:app"),
        ("uvicorn app.main:app --host 0.0.0.0 --port 8001", "server uvicorn port=8001 address=0.0.0.0 named=app.main:app"),  # noqa: E501
        ("uvicorn --workers 4 --port=8001 a:b", "server uvicorn port=8001 named=a:b"),
        ("/venv/bin/uvicorn a:b", "server uvicorn named=a:b"),
        ("python -m uvicorn a:b --port 9", "server uvicorn port=9 named=a:b"),
        ("python3.12 -u -m uvicorn a:b", "server uvicorn named=a:b"),
        ("python -X dev -W error -m http.server 8080 --bind 0.0.0.0", "server http.server port=8080 address=0.0.0.0"),
        ("python -m http.server -d public", "server http.server"),
        ("gunicorn -b 0.0.0.0:9000 -w 4 shop.wsgi", "server gunicorn bind=0.0.0.0:9000 named=shop.wsgi"),
        ("gunicorn -b :1 --bind=:2 a:b", "server gunicorn bind=:1 bind=:2 named=a:b"),
        ("gunicorn -c conf/g.py a:b", "server gunicorn named=a:b config=conf/g.py"),
        ("flask --app shop run -p 5001 -h 0.0.0.0", "server flask run port=5001 address=0.0.0.0"),
        ("flask run", "server flask run"),
        ("python -m flask run --port 5001", "server flask run port=5001"),
        ("python manage.py runserver 0.0.0.0:8000", "server Django's runserver bind=0.0.0.0:8000"),
        ("./manage.py runserver 8001", "server Django's runserver bind=8001"),
        ("python manage.py migrate", "ends None"),
        ("celery -A shop worker -l info", "worker None"),
        ("celery -A shop flower --port=5556", "server celery flower port=5556"),
        ("streamlit run app.py --server.port 8502", "server streamlit port=8502 named=app.py"),
        ("vite --host", "server vite address=None"),
        ("vite preview --port 4174", "server vite preview port=4174"),
        ("next dev -p 3001", "server next dev port=3001"),
        ("next build", "ends None"),
        ("npm run dev", "run dev"),
        ("npm run dev -- --port 3001", "run dev"),
        ("npm start", "run start"),
        ("npm --prefix web run dev", "run dev in=web"),
        ("yarn dev", "run dev"),
        ("pnpm -C web dev", "run dev in=web"),
        ("npm ci", "ends None"),
        ("node server.js", "file server.js"),
        ("node --inspect dist/main.js", "file dist/main.js"),
        ("node -e 1", "unknown node"),
        ("python src/main.py --port 8000", "file src/main.py"),
        ("python -m shop.api", "module shop.api"),
        ("python -c 1", "unknown python"),
        ("exec python server.py", "file server.py"),
        ("env A=1 B=2 uvicorn a:b", "server uvicorn named=a:b"),
        ("tini -s -- gunicorn a:b", "server gunicorn named=a:b"),
        ("gosu app uvicorn a:b", "server uvicorn named=a:b"),
        ("timeout -k 5 30 uvicorn a:b", "server uvicorn named=a:b"),
        ("poetry run uvicorn a:b", "server uvicorn named=a:b"),
        ("uv run --extra web uvicorn a:b", "server uvicorn named=a:b"),
        ("conda run -n shop uvicorn a:b", "server uvicorn named=a:b"),
        ("npx vite", "server vite"),
        ("cross-env NODE_ENV=production next start", "server next start"),
        ("./wait-for-it.sh db:5432 -t 30 -- uvicorn a:b", "server uvicorn named=a:b"),
        ("./wait-for-it.sh db:5432", "ends None"),
        ("python -m debugpy --listen 0.0.0.0:5678 -m uvicorn a:b", "server uvicorn named=a:b"),
        ("php artisan serve --port=8001", "server php artisan serve port=8001"),
        ("redis-server --port 6380", "server redis-server port=6380"),
        ("/app/server --port 8080", "unknown /app/server"),
        ("PORT=1 uvicorn a:b", "server uvicorn named=a:b"),
        ('exec "$@"', "arguments None"),
    ],
)  # fmt: skip
def test_a_command_starts(text, expected):
    assert shown(text) == [expected]


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("uvicorn a:b --port $PORT", {"PORT": "9000"}, "server uvicorn port=9000 named=a:b"),
        ("uvicorn a:b --port ${PORT:-8000}", {}, "server uvicorn port=8000 named=a:b"),
        ("uvicorn a:b --port ${PORT:-8000}", {"PORT": None}, "server uvicorn port=None named=a:b"),
        ("uvicorn a:b --port ${A:-${B:-1}}", {"B": "2"}, "server uvicorn port=2 named=a:b"),
        ('gunicorn --bind "0.0.0.0:${PORT}" a:b', {"PORT": "9000"}, "server gunicorn bind=0.0.0.0:9000 named=a:b"),
        ("PORT=7 uvicorn a:b --port $PORT", {"PORT": "9"}, "server uvicorn port=9 named=a:b"),
        ("export PORT=7; uvicorn a:b --port $PORT", {"PORT": "9"}, "server uvicorn port=7 named=a:b"),
        ("uvicorn a:b --port '$PORT'", {"PORT": "9"}, "server uvicorn port=$PORT named=a:b"),
        ("uvicorn a:b --port $(cat port)", {}, "server uvicorn port=None named=a:b"),
        ("$SERVER --port 1", {"SERVER": "uvicorn"}, "server uvicorn port=1"),
    ],
)
def test_variables_are_put_in(text, variables, expected):
    assert shown(text, variables) == [expected]


def test_commands_behind_one_another():
    text = (
        "set -e\npython manage.py migrate && cd web && (npm run build)\n"
        'if [ -n "$DEV" ]; then vite; fi\nexec gunicorn a:b &\n'
    )
    each = list(started(commands(text), Variables()))
    assert [(e.kind, e.folder, e.command.joined, e.command.branch, e.command.background) for e in each] == [
        ("ends", "", "", 0, False),
        ("ends", "", "\n", 0, False),
        ("run", "web", "&&", 0, False),
        ("ends", "web", ")", 1, False),
        ("server", "web", ";", 1, False),
        ("server", "web", "\n", 0, True),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("redis-server --requirepass hunter2 --port 6380", ["redis-server", "--requirepass", None, "--port", "6380"]),
        ("mysql -p hunter2", ["mysql", "-p", None]),
        ("htpasswd alice hunter2", ["htpasswd", None, None]),
        ("app --db postgres://u:p@db:5432/x", ["app", "--db", None]),
        ("app http://db:5432/", ["app", None]),
        ("app --api-key=abc --port=1", ["app", None, "--port=1"]),
    ],
)
def test_what_may_be_a_secret_is_not_kept(text, expected):
    (command,) = commands(text)
    assert [word.literal for word in command.words] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.0.0.0:8000", ("0.0.0.0", 8000)),
        (":8000", ("*", 8000)),
        ("8000", (None, 8000)),
        ("[::]:8000", ("::", 8000)),
        ("localhost", ("localhost", None)),
        ("tcp://0.0.0.0:80", ("0.0.0.0", 80)),
        ("unix:/run/app.sock", None),
        ("fd://3", None),
    ],
)
def test_endpoints(text, expected):
    (each,) = started(commands(f"gunicorn -b {text} a:b"), Variables())
    assert endpoint(each.binds[0]) == expected
