"""Command lines: which option or argument of which command is a port.

Each case: the line, then its ports in order, `port[-end] role form`, with `@host`, `$variable` and `/protocol` where
they say something. A line without ports is a near-miss.
"""

from __future__ import annotations

import pytest

from portlint.extract.commands import Word, find_in_text, find_in_words
from portlint.extract.scan.text import Hit
from support.steps import MOST_GROWTH, growth

CASES: tuple[tuple[str, str], ...] = (
    # containers
    ("docker run -p 8080:80 app", "8080 publish mapping, 80 container mapping"),
    ("docker run -p 127.0.0.1:8000:80/udp app", "8000 publish mapping @127.0.0.1 /udp, 80 container mapping /udp"),
    ("podman run --rm -dp8000:8001 app", "8000 publish mapping, 8001 container mapping"),
    ("docker run -p 8000-8010:9000-9010 app", "8000-8010 publish mapping, 9000-9010 container mapping"),
    ("docker run -p [::1]:6001:6001 app", "6001 publish mapping @::1, 6001 container mapping"),
    ("docker run --publish=${PORT:-8000}:80 app", "8000 publish fallback $PORT, 80 container mapping"),
    ("docker run -p 80 app", "80 container mapping"),
    ("docker run -p $PORT:80 --name web app serve -l 3000", "80 container mapping, 3000 bind option"),
    ("docker run --expose 81/tcp -e PORT=3000 app", "81 container option, 3000 setting option"),
    ("docker run localhost:5000/shop/app:8080 --memory 8000", "5000 connect address @localhost"),
    ("docker build -t shop/app:2024 --build-arg PORT=8000 .", "8000 setting option"),
    ("docker ps --filter publish=8000", "8000 publish option"),
    ("docker exec -it web curl localhost:8000", "8000 connect address @localhost"),
    ("docker compose -f x.yml run -p 9323:9324 web", "9323 publish mapping, 9324 container mapping"),
    ('"${docker}" run -p 8000:80 app', "8000 publish mapping, 80 container mapping"),
    ("docker run --memory 8000 --cpus 2048 app", ""),
    ("docker run -u 1000:1000 app", ""),
    ("kubectl port-forward svc/api 8080:80 -n shop", "8080 bind mapping, 80 connect mapping"),
    ("kubectl exec pod -- curl localhost:9999", "9999 connect address @localhost"),
    ("kubectl scale deploy/api --replicas=8000", ""),
    # clients
    ("curl -sf -o /dev/null http://localhost:8000/health || exit 1", "8000 connect url @localhost"),
    ("curl -m 8000 -H 'X-Forwarded-Port: 443' api:80/x", "443 setting word, 80 connect address @api"),
    ("curl --max-time 8000 https://example.com", ""),
    ("wget -qO- --tries=8000 http://web:3000", "3000 connect url @web"),
    ("nc -zv -w 3000 db 5432", "5432 connect argument"),
    ("nc -l -p 8000", "8000 bind option"),
    ("nc -lk 8001", "8001 bind argument"),
    ("telnet mail 25", "25 connect argument"),
    ("ssh -p 2222 me@host 'curl http://a:9000'", "2222 connect option, 9000 connect url @a"),
    ("ssh -N -L 8080:db:5432 host", "8080 bind mapping, 5432 connect mapping @db"),
    ("ssh -D 1080 -R 9000:localhost:3000 host",
     "1080 bind mapping, 9000 bind mapping, 3000 connect mapping @localhost"),
    ("ssh -o ConnectTimeout=3000 host", ""),
    ("scp -P 2222 a host:b", "2222 connect option"),
    ("psql -h db -p 5433 -c 'select 8000'", "5433 connect option"),
    ("pg_isready -p${DB_PORT:-5432}", "5432 fallback fallback $DB_PORT"),
    ("mysql -h db -P 3307 -p8000", "3307 connect option"),
    ("redis-cli -p 6380 -n 8000 ping", "6380 connect option"),
    ("mongosh --host db --port 27018", "27018 connect option"),
    ("socat TCP-LISTEN:80,fork TCP:web:8080", "80 bind argument, 8080 connect argument"),
    ("nmap -p 22,80,8000-8010 host", "22 connect option, 80 connect option, 8000-8010 connect option"),
    ("ab -n 1000 -c 100 http://localhost:8000/", "8000 connect url @localhost"),
    ("openssl s_client -connect mail:993", "993 connect address @mail"),
    ("locust -P 8090 -u 1000 -H http://web:8000", "8090 setting option, 8000 connect url @web"),
    ("wait-for-it.sh db:5432 -t 60 -- uvicorn app:app --port 8000", "5432 connect address @db, 8000 bind option"),
    ("dockerize -wait tcp://db:5432 -timeout 3000s run", "5432 connect url @db"),
    ("Test-NetConnection -ComputerName host -Port 8000", "8000 connect option"),
    # servers
    ("uvicorn app:app --host 0.0.0.0 --port 8000 --workers 4096", "8000 bind option"),
    ("gunicorn -b 0.0.0.0:8000 -w 4 --timeout 3000 app:app", "8000 bind address @0.0.0.0"),
    ("exec su-exec web gunicorn --bind=:${PORT:-9000} app:app", "9000 fallback fallback $PORT"),
    ("hypercorn --bind [::]:8000 app:app", "8000 bind address @::"),
    ("flask --app shop run -p 5000", "5000 bind option"),
    ("python -m http.server 80 -d docs", "80 bind argument"),
    ("python3.11 -m http.server 8080", "8080 bind argument"),
    ("python manage.py runserver 0.0.0.0:8000", "8000 bind address @0.0.0.0"),
    ("python manage.py migrate 8000", ""),
    ("python app.py -p 8000 8001", ""),
    ("serve -s build -l 3000", "3000 bind option"),
    ("npx http-server -p 8081 -c 3600", "8081 bind option"),
    ("yarn next dev -p 3001", "3001 bind option"),
    ("npm run dev -- --port 3000", "3000 setting option"),
    ("php -S localhost:8000 -t public", "8000 bind address @localhost"),
    ("nohup mkdocs serve -a 127.0.0.1:8001 > x.log 2>&1 &", "8001 bind address @127.0.0.1"),
    ("streamlit run app.py --server.port 8501", "8501 bind option"),
    ("redis-server --port 6379 --maxclients 8000", "6379 bind option"),
    ("prometheus --web.listen-address=:9090", "9090 bind address"),
    ("server /data --console-address ':9001'", "9001 bind address"),
    ("ngrok http 8000", "8000 connect argument"),
    ("certbot certonly --http-01-port 8008", "8008 bind option"),
    ("java -Xmx8000m -jar app.jar --server.port=8080", "8080 setting option"),
    # who holds a port, and firewalls
    ("lsof -ti:8000 | xargs kill -9", "8000 setting option"),
    ('lsof -ti -a -p "$pid" -i :5173-5179', "5173-5179 setting option"),
    ("lsof -nP -iTCP:8000 -sTCP:LISTEN", "8000 setting option"),
    ("lsof -p 8000", ""),
    ("fuser -k 8000/tcp", "8000 setting argument"),
    ("ss -tlnp | grep ':22 '", "22 bind address"),
    ("netstat -an | grep 8080", "8080 setting argument"),
    ("cat log | grep 8080", ""),
    ("ufw allow 6000:6007/udp", "6000-6007 bind argument /udp"),
    ("iptables -A INPUT -p tcp --dport 80 -m limit --limit 8000 -j ACCEPT", "80 setting option"),
    ("firewall-cmd --permanent --add-port=8080/tcp", "8080 bind option"),
    ("New-NetFirewallRule -LocalPort 8080 -Protocol TCP", "8080 bind option"),
    ("netsh advfirewall firewall add rule localport=8080", "8080 setting value"),
    ("kill-port 3000 3001", "3000 setting argument, 3001 setting argument"),
    # around commands
    ("PORT=8000 WORKERS=8001 npm start", "8000 setting value $PORT"),
    ("cross-env PORT=3000 node index.js", "3000 setting value $PORT"),
    ("sudo -u web timeout 8000 sh -c 'nc -z db 5432 && sleep 8001'", "5432 connect argument"),
    ('timeout 5 bash -c "</dev/tcp/localhost/9000"', "9000 connect address @localhost"),
    ("if [ \"$PORT\" -eq 8000 ]; then :; fi", "8000 setting comparison"),
    ("if [ \"$COUNT\" -eq 8000 ]; then :; fi", ""),
    ('echo "http://localhost:8000" "on port 9000"', "8000 connect url @localhost"),
    ("concurrently \"next dev -p 3000\" \"node --inspect=9229 x\"", "3000 bind option, 9229 setting option"),
    ("until nc -z db 5432; do sleep 1000; done", "5432 connect argument"),
    # a command that nobody knows: the names of its long options alone
    ("tool --http-port 8080 --bind 0.0.0.0:80 --listen 8081",
     "8080 setting option, 80 bind address @0.0.0.0, 8081 setting option"),
    ("tool -p 8000 --support 8001 --port-count 8002 --export=8003", ""),
    ("tool --port 0 --ports many", ""),
    ("chmod 0644 8000", ""),
    ("head -n 8000 file", ""),
    ("git commit -m 'port the 8000 tests'", ""),
    ("", ""),
)  # fmt: skip

WORDS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("nc", "-l", "8000"), "8000 bind argument"),
    (("--port", "8000", "--size", "8001"), "8000 setting option"),
    (("sh", "-c", "exec uvicorn app:app --port ${PORT:-8000}"), "8000 fallback fallback $PORT"),
    (("-p", "8000"), ""),
    ((), ""),
)


def shown(hits: list[Hit]) -> str:
    out = []
    for hit in hits:
        port = str(hit.port) if hit.end_port is None else f"{hit.port}-{hit.end_port}"
        row = [port, hit.role, hit.form]
        row += [f"@{hit.host}"] * bool(hit.host) + [f"${hit.variable}"] * bool(hit.variable)
        row += [f"/{hit.protocol}"] * (hit.protocol != "tcp")
        out.append(" ".join(row))
    return ", ".join(out)


@pytest.mark.parametrize(("line", "expected"), CASES, ids=[line[:40] for line, _ in CASES])
def test_find_in_text(line: str, expected: str) -> None:
    hits = find_in_text(line)
    assert shown(hits) == expected
    for hit in hits:
        assert line[hit.start : hit.end].startswith(str(hit.port))


@pytest.mark.parametrize(("words", "expected"), WORDS)
def test_find_in_words(words: tuple[str, ...], expected: str) -> None:
    given, position = [], 10
    for text in words:
        given.append(Word(position, position + len(text), text))
        position += len(text) + 3
    assert shown(find_in_words(given)) == expected


@pytest.mark.parametrize(
    "piece", ['"', "'", "`", "$(", "${a:-", "((", "a=( ", "cat <<E\n", "bash -c '", "sudo ", "-p 80 "]
)
def test_hostile_text_is_work_in_proportion(piece: str) -> None:
    find_in_text(piece * 20_000)
    assert growth(find_in_text, piece * 500) < MOST_GROWTH
