"""Where scripts begin to listen: source text, and what is told of each place."""

from __future__ import annotations

import pytest

from portlint.extract import extract
from portlint.knowledge import rule_data
from portlint.knowledge.javascript_binds import Default, default_of
from support.words import listening

EXPRESS = "const express = require('express');\nconst app = express();\n"
FASTIFY = "import Fastify from 'fastify';\nconst app = Fastify({ logger: true });\n"
HTTP = "import http from 'node:http';\nconst server = http.createServer((a, b) => {});\n"


def told(text: str, path: str = "server.js") -> list[str]:
    facts = extract(path, text.encode())
    data = text.encode()
    for bind in facts.binds:
        assert b"\n" not in data[bind.span.start : bind.span.end]
        for each in (bind.port, bind.host):
            for part in each.parts if each is not None else ():
                assert part.start < 0 or data[part.start :].startswith(part.text.encode())
    return [listening(bind) for bind in facts.binds]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (EXPRESS + "app.listen(3000)", "express listen 3000"),
        (EXPRESS + "app.listen('3000', () => {})", "express listen 3000"),
        (EXPRESS + "app.listen(3000, '0.0.0.0')", "express listen 3000 at 0.0.0.0"),
        (EXPRESS + "app.listen(3000, '127.0.0.1', () => {})", "express listen 3000 at 127.0.0.1"),
        (EXPRESS + "app.listen(3_000)", "express listen 3000"),
        (EXPRESS + "app.listen(port)", "express listen ?"),
        (EXPRESS + "app.listen(start())", "express listen ?"),
        (EXPRESS + "app.listen()", "express listen -"),
        (EXPRESS + "const server = app.listen(3000)", "express listen 3000"),
        (EXPRESS + "require('http').createServer(app).listen(3000)", "http listen 3000"),
        ("import express, { Router } from 'express';\nexpress().listen(80)", "express listen 80"),
        ("var express = require('express'), app = express(), port = 80;\napp.listen(port);", "express listen 80"),
        ("import express = require('express');\nconst app: express.Application = express();\napp.listen(80)", "express listen 80"),  # noqa: E501
        ("import { type Express } from 'express';\nfunction f(app: Express) { app.listen(80) }", "express listen 80 in f"),  # noqa: E501
        ("import express from 'express';\nclass A { app = express(); run() { this.app.listen(80) } }", "express listen 80 in run"),  # noqa: E501
        ("import express from 'express';\nclass A { constructor() { this.app = express(); }\nrun() { this.app.listen(80) } }", "express listen 80 in run"),  # noqa: E501
        (HTTP + "server.listen(8080, '::')", "http listen 8080 at ::"),
        (HTTP + "server.listen({ port: 8080, host: 'localhost' })", "http listen 8080 at localhost"),
        (HTTP + "server.listen({ ...base, port: 8080 })", "http listen 8080 at ?"),
        (HTTP + "server.listen({ port: 8080, ...base })", "http listen ? at ?"),
        (HTTP + "const where = { port: 1, host: '::1' };\nserver.listen(where)", "http listen 1 at ::1"),
        (HTTP + "server.listen(options)", "http listen ?"),
        (HTTP + "server.listen(8080, 511)", "http listen 8080"),
        (HTTP + "server.listen(8080, HOST)", "http listen 8080 at ?"),
        (HTTP + "server.listen(8080, done)", "http listen 8080"),
        (HTTP + "const HOST = '0.0.0.0';\nserver.listen(8080, HOST)", "http listen 8080 at 0.0.0.0"),
        (HTTP + "const onListening = () => {};\nserver.listen(8080, onListening)", "http listen 8080"),
        (HTTP + "server.listen(8080, process.env.HOST || '0.0.0.0')", "http listen 8080 at ${HOST:-0.0.0.0}"),
        ("import { createServer } from 'https';\ncreateServer({ key: '' }, app).listen(443)", "http listen 443"),
        ("import net from 'net';\nnet.createServer().listen(25)", "net listen 25"),
        ("const Koa = require('koa');\nconst app = new Koa();\napp.listen(3000)", "koa listen 3000"),
        ("const app = new (require('koa'))();\napp.listen(3000)", "koa listen 3000"),
        ("const app = (await import('express')).default();\napp.listen(3000)", "express listen 3000"),
        (FASTIFY + "await app.listen({ port: 3000 })", "fastify listen 3000"),
        (FASTIFY + "app.listen({ port: 3000, host: '0.0.0.0' }, (err) => {})", "fastify listen 3000 at 0.0.0.0"),
        (FASTIFY + "app.listen(3000, '0.0.0.0')", "fastify listen 3000 at 0.0.0.0"),
        (FASTIFY + "const port = 1, host = '::';\napp.listen({ port, host })", "fastify listen 1 at ::"),
        (FASTIFY + "app.listen({ host: '::' })", "fastify listen - at ::"),
        ("const app = require('fastify')({ logger: true })\napp.listen({ port: 1 })", "fastify listen 1"),
        ("import { NestFactory } from '@nestjs/core';\nasync function bootstrap(): Promise<void> {\n"
         "const app = await NestFactory.create<App>(AppModule, { cors: true });\nawait app.listen(3000, '0.0.0.0');\n}\nbootstrap()",  # noqa: E501
         "nest listen 3000 at 0.0.0.0 in bootstrap"),
        ("import { serve } from '@hono/node-server';\nserve({ fetch: app.fetch, port: 8787 })", "hono serve 8787"),
        ("import { serve } from '@hono/node-server';\nserve(app)", "hono serve -"),
        ("import { serve } from '@hono/node-server';\nserve(options)", "hono serve ?"),
        ("import { serve } from '@hono/node-server';\nserve({ fetch, ...more })", "hono serve ? at ?"),
        ("Bun.serve({ port: 3001, hostname: '::', fetch(r) { return r } })", "Bun.serve 3001 at ::"),
        ("Bun.serve<Data>({ fetch(r) { return r } })", "Bun.serve -"),
        ("Bun.serve({ port: Bun.env.PORT ?? 3000, fetch })", "Bun.serve ${PORT:-3000}"),
        ("export default { port: 3000, fetch: app.fetch }", "Bun default export 3000"),
        ("export default {\n  port: process.env.PORT || 3000,\n  fetch: app.fetch,\n};", "Bun default export ${PORT:-3000}"),  # noqa: E501
        ("import Hapi from '@hapi/hapi';\nconst server = Hapi.server({ port: 3000, host: 'localhost' })", "hapi server 3000 at localhost"),  # noqa: E501
        ("Deno.serve(handler)", "Deno.serve -"),
        ("Deno.serve({ port: 8001 }, handler)", "Deno.serve 8001"),
        ("Deno.serve({ port: Number(Deno.env.get('PORT')) }, handler)", "Deno.serve ${PORT}"),
        ("import { serve } from 'https://deno.land/std@0.1.0/http/server.ts';\nserve(h, { port: 1 })", "deno std serve 1"),  # noqa: E501
        ("import { WebSocketServer } from 'ws';\nnew WebSocketServer({ port: 9 })", "ws WebSocketServer 9"),
        ("const WebSocket = require('ws');\nconst w = new WebSocket.Server({ port: 9 })", "ws WebSocketServer 9"),
        ("import { Server as S, Server } from 'ws';\nnew Server({ host: '::1', port: 9 })", "ws WebSocketServer 9 at ::1"),  # noqa: E501
        ("import { startStandaloneServer } from '@apollo/server/standalone';\nawait startStandaloneServer(s, { listen: { port: 1 } })", "apollo startStandaloneServer 1"),  # noqa: E501
        ("import { startStandaloneServer } from '@apollo/server/standalone';\nstartStandaloneServer(s, { context })", "apollo startStandaloneServer -"),  # noqa: E501
        ("import { Server } from 'socket.io';\nconst io = new Server();\nio.listen(3000)", "socket.io listen 3000"),
        ("import { Server } from 'socket.io';\nnew Server(3000, { cors: {} })", "socket.io Server 3000"),
        ("const app = buildApp();\napp.listen(3000)", "listen 3000"),
        ("import app from './app';\napp.listen(process.env.PORT || 3000)", "listen ${PORT:-3000}"),
        ("export const start = async (app, port) => { app.listen(port) }", "listen ? in start"),
        ("app.listen(config.server.port, '0.0.0.0')", "listen ? at 0.0.0.0"),
        ("app.listen({ port: 3000 })", "listen 3000"),
        ("createApp().listen(3000, function () {})", "listen 3000"),
        ("const a = { start: () => { app.listen(1) } };", "listen 1 in start"),
        ("function a() { const b = function () { if (x) { app.listen(1) } } }", "listen 1 in a.b"),
    ],
)  # fmt: skip
def test_a_call_listens(text, expected):
    assert told(text) == [expected]


@pytest.mark.parametrize(
    ("expression", "before", "expected"),
    [
        ("process.env.PORT", "", "${PORT}"),
        ("process.env['PORT'] ?? 3000", "", "${PORT:-3000}"),
        ("+process.env.PORT || 3000", "", "${PORT:-3000}"),
        ("Number(process.env.PORT) || 3000", "", "${PORT:-3000}"),
        ("parseInt(process.env.PORT || '3000', 10)", "", "${PORT:-3000}"),
        ("parseInt(process.env.PORT || '3000', 16)", "", "?"),
        ("Number.parseInt(process.env.PORT ?? '3000')", "", "${PORT:-3000}"),
        ("(process.env.PORT as string) || 3000", "", "${PORT:-3000}"),
        ("process.env.PORT! as any", "", "${PORT}"),
        ("process.env.A || process.env.B || 1", "", "${A:-${B:-1}}"),
        ("process.env.PORT ? Number(process.env.PORT) : 3000", "", "${PORT:-3000}"),
        ("isTest ? 0 : 3000", "", "?"),
        ("process.env.PORT || config.port", "", "${PORT:-?}"),
        ("config.port || 3000", "", "?"),
        ("config.port || process.env.PORT", "const config = { port: 3000 };", "3000"),
        ("config.port", "const config = { port: process.env.PORT || 3000 };", "${PORT:-3000}"),
        ("config.port", "const config = { port: 3000 };\nconfig.port = 4;", "?"),
        ("config.http.port", "const config = { http: { port: 3000 } };", "3000"),
        ("config.port", "const config = { port: 3000, ...more };", "?"),
        ("import.meta.env.PORT || 3000", "", "${PORT:-3000}"),
        ("PORT", "const PORT = process.env.PORT || 3000;", "${PORT:-3000}"),
        ("PORT", "export const PORT: number = 3000\n", "3000"),
        ("PORT", "const PORT = 3000, HOST = 'x'\n", "3000"),
        ("PORT", "const { PORT = 3000, HOST } = process.env;", "${PORT:-3000}"),
        ("port", "const { PORT: port } = process.env;", "${PORT}"),
        ("port", "const { port } = config;", "?"),
        ("port", "const { env } = process;\nconst port = env.PORT || 3000;", "${PORT:-3000}"),
        ("port", "import { env } from 'node:process';\nconst port = env.PORT;", "${PORT}"),
        ("port", "let port = 3000;\nif (a) port = 4000;", "?"),
        ("port", "let port = 3000;\nif (a) { port = 4000; }", "?"),
        ("port", "const port = 3000;\nfunction g(port) { return port }", "3000"),
        ("port", "const port = 3000;\nfunction g() { const port = 4; }", "3000"),
        ("port", "const port = 3000;\nconst port = 4;", "?"),
        ("port", "import { port } from './config';\nfunction g() { const port = 4; }", "?"),
        ("port); }; const g = (", "const port = 3000;\nfunction g(a, { port }) {", "?"),
        ("port); }; const g = (", "const port = 3000;\nfunction g(port = 4): Promise<void> {", "?"),
        ("port); }; const g = (", "const port = 3000;\nfunction g(a) {\nconst port = 4;", "4"),
        ("port", "const port = 3000;\nconst g = port =>", "?"),
        ("port", "const port = 3000;\ng(port);\nif (port) { g({ port }) }", "3000"),
        ("port", "for (const port of ports) { g(port) }", "?"),
        ("process.argv[2]", "", "$(1)"),
        ("process.argv[2] || process.env.PORT || 3000", "", "$(1:-${PORT:-3000})"),
        ("process.argv[n]", "", "?"),
        ("port + 1", "const port = 3000;", "?"),
        ("`${port}`", "const port = 3000;", "?"),
        ("`3000`", "", "3000"),
        ("app.get('port')", "app.set('port', process.env.PORT || 3000);", "${PORT:-3000}"),
        ("app.get('port')", "other.set('port', 3000);", "?"),
        ("normalizePort(process.env.PORT || '3000')", "function normalizePort(val) { return val }", "${PORT:-3000}"),
    ],
)
def test_a_port(expression, before, expected):
    (found,) = told(f"{EXPRESS}{before}\napp.listen({expression});")
    assert found.removesuffix(" in g") == f"express listen {expected}"


@pytest.mark.parametrize(
    "text",
    [
        "history.listen((location) => {})",
        "history.listen(listener)",
        "emitter.listen('event', 8000)",
        "import { setupServer } from 'msw/node';\nconst server = setupServer();\nserver.listen()",
        "server.listen({ onUnhandledRequest: 'error' })",
        HTTP + "server.listen('/run/app.sock')",
        "server.listen(process.env.SOCKET, done)",
        "class A { listen(port = 3000) { return port } }",
        "function listen(port) { return port }",
        "listen(3000)",
        "serve({ port: 3000 })",
        "import { serve } from './serve';\nserve({ port: 3000 })",
        "import { Server } from 'socket.io';\nconst io = new Server(httpServer);",
        "import { WebSocketServer } from 'ws';\nnew WebSocketServer({ noServer: true })",
        "import { WebSocketServer } from 'ws';\nnew WebSocketServer({ server })",
        "import { WebSocketServer } from './ws';\nnew WebSocketServer({ port: 1 })",
        "// app.listen(3000)\n",
        "const text = 'app.listen(3000)';",
        "app.listeners(3000); app.unlisten(3000); app.listening = (3000)",
        "new Server({ port: 3000 })",
        "export default { fetch(request) { return app.fetch(request) } }",
        "export default { port: 3000, host: 'db' }",
        "const shape = z.object({}).default({ port: 3000, fetch: 1 }); // listen()",
        "const server = factory.server({ port: 3000 })",
    ],
)
def test_nothing_listens(text):
    assert told(text) == []


VITE = "import { defineConfig, loadEnv, mergeConfig } from 'vite'\n"


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("vite.config.ts", VITE + "export default defineConfig({ server: { port: 3000 } })", ["vite server 3000"]),
        ("web/vite.config.js", "export default { server: { host: true, port: 1, strictPort: true } }", ["vite server 1 at true"]),  # noqa: E501
        ("vite.config.mts", "export default { server: { host: '0.0.0.0' } }", ["vite server - at 0.0.0.0"]),
        ("vite.config.ts", "export default { server: { port: 1 }, preview: { port: 2, host: '::' } }", ["vite server 1", "vite preview 2 at ::"]),  # noqa: E501
        ("vite.config.ts", "export default { plugins: [...a], server: { proxy: { '/api': { port: 1 } } } }", []),
        ("vite.config.ts", "export default { server: { hmr: { port: 1 } } }", []),
        ("vite.config.ts", VITE + "export default defineConfig(({ mode }) => {\n  const env = loadEnv(mode, process.cwd(), '')\n"  # noqa: E501
         "  return { server: { port: Number(env.VITE_PORT) || 3000 } }\n})", ["vite server ${VITE_PORT:-3000}"]),
        ("vite.config.ts", VITE + "export default defineConfig(({ mode }) => {\n  const env = { ...process.env, ...loadEnv(mode, '.') };\n"  # noqa: E501
         "  const port = parseInt(env.PORT || '1');\n  return { server: { port } }\n})", ["vite server ${PORT:-1}"]),
        ("vite.config.ts", "export default defineConfig(async () => ({ server: { port: 1 } }))", ["vite server 1"]),
        ("vite.config.ts", "const config = { server: { port: 1 } }\nexport default config", ["vite server 1"]),
        ("vite.config.ts", "const config: UserConfig = defineConfig({ server: { port: 1 } })\nexport default config", ["vite server 1"]),  # noqa: E501
        ("vite.config.ts", "export default { server: { port: 1 } } satisfies UserConfig", ["vite server 1"]),
        ("vite.config.ts", "export default defineConfig({ ...base, server: { port: 1 } })", ["vite server 1", "vite preview ? at ?"]),  # noqa: E501
        ("vite.config.ts", "export default defineConfig({ server: { ...base.server, port: 1 } })", ["vite server 1 at ?"]),  # noqa: E501
        ("vite.config.ts", "export default defineConfig({ server: serverOptions })", ["vite server ? at ?"]),
        ("vite.config.ts", "const server = { port: 1 }\nexport default defineConfig({ server })", ["vite server 1"]),
        ("vite.config.ts", VITE + "export default mergeConfig(base, { server: { port: 1 } })", ["vite server 1", "vite preview ? at ?"]),  # noqa: E501
        ("vite.config.ts", "import config from './base'\nexport default config", ["vite server ? at ?", "vite preview ? at ?"]),  # noqa: E501
        ("vite.config.ts", "export default createConfig({ port: 1 })", ["vite server ? at ?", "vite preview ? at ?"]),
        ("vite.config.ts", "export default defineConfig(({ command }) => {\n  if (command === 'serve') {\n    return { server: { port: 1 } }\n  }\n"  # noqa: E501
         "  return { plugins: [a(() => { return 1 })] }\n})", ["vite server 1"]),
        ("webpack.config.js", "module.exports = { devServer: { port: 9000, host: '0.0.0.0' } };", ["webpack devServer 9000 at 0.0.0.0"]),  # noqa: E501
        ("config/webpack.dev.js", "const { merge } = require('webpack-merge');\nmodule.exports = merge(common, { devServer: { port: 1 } });", ["webpack devServer 1"]),  # noqa: E501
        ("webpack.config.js", "module.exports = (env, argv) => ({ devServer: { port: process.env.PORT || 1 } });", ["webpack devServer ${PORT:-1}"]),  # noqa: E501
        ("webpack.config.js", "module.exports = [{ entry: 'a' }, { devServer: { port: 1 } },];", ["webpack devServer 1"]),  # noqa: E501
        ("webpack.config.js", "module.exports = { entry: 'a' };", []),
        ("webpack.config.js", "module.exports = require('./base');", ["webpack devServer ? at ?"]),
        ("vue.config.js", "const { defineConfig } = require('@vue/cli-service')\nmodule.exports = defineConfig({ devServer: { port: 1 } })", ["vue devServer 1"]),  # noqa: E501
        ("nuxt.config.ts", "export default defineNuxtConfig({ devServer: { port: 1, host: '::' } })", ["nuxt devServer 1 at ::"]),  # noqa: E501
        ("astro.config.mjs", "export default defineConfig({ server: { port: 1, host: true } })", ["astro server 1 at true"]),  # noqa: E501
        ("my-vite.config.ts", "export default { server: { port: 1 } }", []),
        ("vite.config.ts.md", "export default { server: { port: 1 } }", []),
    ],
)  # fmt: skip
def test_a_configuration(path, text, expected):
    assert told(text, path) == expected


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("src/index.ts", "import './env'\nimport { a,\n  b } from \"../config\"\nimport x from 'express'", ("./env", "../config")),  # noqa: E501
        ("src/server.js", "const a = require('./app'), b = require('fs')\nawait import('./late.js')", ("./app", "./late.js")),  # noqa: E501
        ("src/index.ts", "export * from './a'\nexport { b } from './b'", ()),
        ("src/button.ts", "import a from './a'", ()),
        ("src/index.tsx", "import a from './a'", ()),
        ("src/button.ts", "import a from './a'\na.listen(3000)", ("./a",)),
        ("bin/tool.mjs", "#!/usr/bin/env node\nimport '../lib/tool.mjs'", ("../lib/tool.mjs",)),
    ],
)  # fmt: skip
def test_imports(path, text, expected):
    assert extract(path, text.encode()).imports == expected


def test_no_more_than_64_imports_and_binds_are_kept():
    text = "".join(f"import a{n} from './a{n}'\na{n}.listen(3000)\n" for n in range(99))
    facts = extract("a.js", text.encode())
    assert (len(facts.binds), len(facts.imports)) == (64, 64)


@pytest.mark.parametrize("path", ["app.min.js", "a.bundle.js", "api.gen.ts", "app.vue"])
def test_what_a_program_wrote_is_not_read(path):
    assert told("app.listen(3000)", path) == []


def test_a_minified_file_is_not_read():
    assert told("app.listen(3000);" * 1000) == []


@pytest.mark.parametrize(
    "sign", ["(", "listen(", "a.listen(", "const a = ", "{", "=> {", "a = ", "a.", "(port,", "?", "||"]
)
def test_deep_and_broken_text_does_no_harm(sign):
    told("app.listen(" + sign * 20_000)
    told("app.listen(" + f"{sign}\n" * 20_000)


def test_every_row_has_a_default():
    data = rule_data.load("formats/javascript-binds.yaml")
    assert all(default_of(row["by"]) is not None for row in (*data["calls"], *data["configurations"]))
    assert default_of("fastify listen") == Default(None, "localhost")
    assert default_of("Bun.serve") == Default(3000, "0.0.0.0", ("BUN_PORT", "PORT", "NODE_PORT"))
    assert default_of("uvicorn.run") is None
