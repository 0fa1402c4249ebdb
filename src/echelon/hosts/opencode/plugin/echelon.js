// Echelon's bridge: carries OpenCode's hooks, tools and events to the brain (`echelon serve`) and the brain's requests
// back. It decides nothing. Newline-delimited JSON, ids on both sides; see docs/BRIDGE.md.
import { spawn } from "node:child_process"
import { existsSync, readFileSync, statSync } from "node:fs"
import net from "node:net"
import os from "node:os"
import path from "node:path"
import { fileURLToPath } from "node:url"

const PROTOCOL = 1
const START_MS = 3000 // how long a brain is looked for that does not live, and how long one that listens may take to answer
const LATE_MS = 10000 // … and one that was started and lives: a busy machine starts it late
const HEADLESS_MS = 25000 // both, in a server that Echelon started: nobody waits to type, and nothing goes without it
const BIRTH_MS = 1000 // a brain that died and does not listen by then is started again
const RETRY_MS = 5000 // how long a link that failed is left alone
const AGAIN_MS = 300 // between a brain's death and the next one
const LINE_MAX = 16 * 1024 * 1024
const SESSIONS_MAX = 10000
const ASKS_MAX = 3 // permissions that one tool call may need
const WATCH_MS = 200 // what a message grows by in that time is told at once
const WATCH_MAX = 64 * 1024 // characters of text that wait to be told
const WATCHED_MAX = 512 * 1024 // characters of one event; a longer one is told without its content
const BEHIND_MAX = 1024 * 1024 // bytes that the brain has not read: until then nothing more is told to a console
const GONE = "[BRAIN_GONE] Echelon's own process is unavailable. What it had begun is safe; ask again, or go on without it. echelon doctor says why."
const HERE = fileURLToPath(import.meta.url)
const RECORD = path.join(path.dirname(HERE), "..", "echelon.json")
const pause = (ms) => new Promise((done) => setTimeout(done, ms))

/** Where the brain listens: the user's runtime directory, nobody else's (docs/BRIDGE.md, "Where they meet"). */
function meeting() {
  const user = os.userInfo()
  const base = process.env.XDG_RUNTIME_DIR || os.tmpdir()
  const folder = process.env.ECHELON_RUNTIME || path.join(base, `echelon-${process.platform === "win32" ? user.username : user.uid}`)
  if (process.platform === "win32" || process.env.ECHELON_TRANSPORT === "port")
    return { ...JSON.parse(readFileSync(path.join(folder, `brain-${PROTOCOL}.json`), "utf8")), host: "127.0.0.1" }
  const found = statSync(folder)
  if (found.uid !== user.uid || found.mode & 0o077) throw new Error(`${folder} is open to others`)
  return { path: path.join(folder, `brain-${PROTOCOL}.sock`) }
}

/** Start a brain; the answer says whether it lives. One that cannot is absent: uninstalled, or a Python that went away. */
function startBrain() {
  if (!existsSync(RECORD)) return () => false
  const { command } = JSON.parse(readFileSync(RECORD, "utf8"))
  const child = spawn(command[0], command.slice(1), { detached: true, stdio: "ignore" })
  let lives = true
  for (const end of ["error", "exit"]) child.on(end, () => (lives = false))
  child.unref()
  return () => lives
}

/** One connection to the brain, opened again when it is needed and gone. */
class Link {
  constructor(input) {
    this.input = input
    this.waiting = new Map()
    this.number = 0
    this.fired = new Set()
  }

  /** The manifest, or null: the brain is absent and could not be started. */
  async open() {
    if (this.socket) return this.manifest
    if (Date.now() - (this.failed ?? 0) < RETRY_MS) return null
    this.opening ??= this.connect().finally(() => (this.opening = undefined))
    return this.opening
  }

  async connect() {
    let started = 0
    let lives = () => false
    const begin = Date.now()
    const headless = process.env.ECHELON_SERVER ? HEADLESS_MS : 0
    for (; Date.now() < begin + (headless || (lives() ? LATE_MS : START_MS)); await pause(20)) {
      const socket = await this.dial().catch(() => null)
      if (!socket) {
        if (lives() || Date.now() - started < BIRTH_MS) continue
        started = Date.now()
        lives = startBrain() // again when nothing came of it: it may have met a predecessor that was just dying
        continue
      }
      this.listen(socket)
      const hello = { protocol: PROTOCOL, pid: process.pid, directory: this.input.directory, secret: this.secret, rules: this.rules, guard: process.env.ORCHESTRATOR_STEERING_GUARD, console: consoleOf(process.env) }
      try {
        const manifest = await this.send("hello", hello, headless || START_MS)
        this.manifest ??= manifest // what was registered stays what it is until OpenCode reads it anew
        for (const hook of this.fired) this.tell("fired", { hook })
        return this.manifest
      } catch {
        socket.destroy() // it died before it answered
      }
    }
    this.failed = Date.now()
    this.again(RETRY_MS + AGAIN_MS)
    return null
  }

  dial() {
    return new Promise((done, fail) => {
      const where = meeting()
      this.secret = where.secret
      const socket = net.connect(where)
      socket.once("connect", () => done(socket))
      socket.once("error", fail)
      socket.once("close", fail)
      setTimeout(() => (fail(new Error("no connection")), socket.connecting && socket.destroy()), BIRTH_MS).unref()
    })
  }

  listen(socket) {
    this.socket = socket
    let rest = ""
    socket.setEncoding("utf8")
    socket.on("data", (text) => {
      const lines = (rest + text).split("\n")
      rest = lines.pop()
      if (rest.length > LINE_MAX) socket.destroy()
      try {
        for (const line of lines) this.take(JSON.parse(line))
      } catch {
        socket.destroy() // whatever this is, it is not our brain
      }
    })
    socket.on("error", () => {})
    socket.on("end", () => socket.destroy()) // Bun may tell the end of a killed peer and never its close
    socket.on("close", () => {
      if (this.socket === socket) this.socket = undefined
      this.watch.on = false // the next brain says whether somebody looks
      this.again(AGAIN_MS)
      for (const { fail } of this.waiting.values()) fail(new Error(GONE))
      this.waiting.clear()
    })
  }

  /** A brain that died while sessions of ours are open comes back by itself, and looks for signals it missed. */
  again(ms) {
    if (!this.ended && this.ours.size) setTimeout(() => this.open().catch(() => {}), ms).unref()
  }

  take(message) {
    if (message.method === "api") return void this.api(message)
    if (message.method === "watch") return void (this.watch.on = message.params.on)
    const waiter = this.waiting.get(message.id)
    this.waiting.delete(message.id)
    if (!waiter) return
    if (message.error) waiter.fail(Object.assign(new Error(message.error), { refusal: true }))
    else waiter.done(message.result)
  }

  write(message) {
    this.socket?.write(JSON.stringify(message) + "\n")
  }

  tell(method, params) {
    this.write({ method, params })
  }

  send(method, params, limit, signal) {
    return new Promise((done, fail) => {
      if (!this.socket) return fail(new Error(GONE))
      const id = ++this.number
      const timer = limit && setTimeout(() => end(fail)(new Error(`no answer in ${limit} ms`)), limit)
      const end = (settle) => (value) => (clearTimeout(timer), this.waiting.delete(id), settle(value))
      this.waiting.set(id, { done: end(done), fail: end(fail) })
      signal?.addEventListener("abort", () => (this.tell("cancel", { id }), end(fail)(new Error("aborted"))), { once: true })
      this.write({ id, method, params })
    })
  }

  /** Ask the brain; null when it is absent, slow or broken. Only a refusal of the brain's own is thrown. */
  async ask(method, params) {
    try {
      if (!(await this.open())) return null
      return await this.send(method, params, this.manifest.limits[method])
    } catch (error) {
      if (error.refusal) throw error
      return null
    }
  }

  /** As ask, but a brain that died just now is waited for, once: an agent of ours without its contract works for nothing. */
  async need(method, params) {
    for (const until = Date.now() + LATE_MS; ; await pause(AGAIN_MS)) {
      const answer = await this.ask(method, params)
      const givenUp = this.failed && Date.now() - this.failed < RETRY_MS
      if (answer || givenUp || this.ended || Date.now() > until) return answer
    }
  }

  /** A request of the brain's to OpenCode's own interface, through the client that needs no port. */
  async api({ id, params: { method, path: url, query, body } }) {
    try {
      const given = { method, url, query: { directory: this.input.directory, ...query }, body, headers: { "content-type": "application/json" } }
      const { data, error, response } = await this.input.client._client.request(given)
      const next = response?.headers?.get("x-next-cursor") ?? null // of a list of messages: where older ones begin
      this.write({ id, result: { status: response?.status ?? 0, data: data ?? null, error: error ?? null, next } })
    } catch (error) {
      this.write({ id, error: String(error?.message ?? error) })
    }
  }

  remember(session) {
    const { ours } = this
    if (ours.size >= SESSIONS_MAX) ours.delete(ours.values().next().value)
    ours.add(session)
  }

  ours = new Set() // the sessions that are the brain's business; all others stay untouched
  watch = new Watch(this)

  note(hook) {
    if (this.fired.has(hook)) return
    this.fired.add(hook)
    this.tell("fired", { hook })
  }
}

/** What a console is told of every session here, while there is one. Slow or absent ears cost nothing: it is dropped. */
class Watch {
  on = false
  waiting = new Map() // what grows: the key of a part -> its event, the newest text in it

  constructor(link) {
    this.link = link
  }

  hear(event) {
    if (!this.on) return this.waiting.clear()
    const { type, properties = {} } = event
    if (type === "message.part.delta") this.grow(properties)
    else if (type === "message.part.updated") {
      const { id, type: kind } = properties.part ?? {}
      this.waiting.delete(`delta ${id}`) // it is in the part
      this.put(`part ${id}`, event)
      if (kind !== "tool") this.flush() // a tool's output is told as often as it grows
    } else {
      this.flush()
      this.tell(event)
    }
  }

  grow({ sessionID, messageID, partID, field, delta }) {
    const key = `delta ${partID}`
    const found = this.waiting.get(key)
    if (found) found.properties.delta += delta
    else this.put(key, { type: "message.part.delta", properties: { sessionID, messageID, partID, field, delta } })
    if (this.waiting.get(key).properties.delta.length > WATCH_MAX) this.flush()
  }

  put(key, event) {
    this.waiting.delete(key) // the order is that of the last change
    this.waiting.set(key, event)
    this.timer ??= setTimeout(() => this.flush(), WATCH_MS)
    this.timer.unref?.()
  }

  flush() {
    clearTimeout(this.timer)
    this.timer = undefined
    for (const event of this.waiting.values()) this.tell(event)
    this.waiting.clear()
  }

  tell({ id, type, properties = {} }) {
    const { socket } = this.link
    if (!this.on || !socket || socket.writableLength > BEHIND_MAX) return
    let line = JSON.stringify({ method: "watched", params: { id, type, properties } })
    if (line.length > WATCHED_MAX) {
      const { sessionID, messageID, info, part } = properties
      const named = { sessionID: sessionID ?? part?.sessionID ?? info?.sessionID ?? info?.id, messageID: messageID ?? part?.messageID ?? info?.id }
      line = JSON.stringify({ method: "watched", params: { id, type, properties: named } })
    }
    socket.write(line + "\n")
  }
}

/** What OpenCode's environment says about the web console: whether to start one, and on which port. */
function consoleOf({ ORCHESTRATOR_WEB_CONSOLE, ORCHESTRATOR_WEB_PORT }) {
  return { ORCHESTRATOR_WEB_CONSOLE, ORCHESTRATOR_WEB_PORT }
}

/** What the person allows their agents to run, before anything of ours is added. */
function rulesOf({ permission, agent }) {
  const own = Object.entries(agent ?? {}).filter(([, { permission }]) => permission)
  return structuredClone({ permission: permission ?? {}, agents: Object.fromEntries(own.map(([name, { permission }]) => [name, permission])) })
}

/** Add what the person's configuration does not name itself; what it names stays as it is. */
function register(config, manifest) {
  for (const kind of ["agent", "command"]) {
    config[kind] ??= {}
    for (const [name, given] of Object.entries(manifest[kind])) {
      const own = config[kind][name]
      if (own && (kind === "command" || own.prompt || own.disable)) continue
      const permission = { ...given.permission, ...(typeof own?.permission === "string" ? { "*": own.permission } : own?.permission) }
      config[kind][name] = kind === "agent" ? { ...given, ...own, permission } : given
    }
  }
  const rules = config.permission
  config.permission = typeof rules === "string" ? { "*": rules } : { ...rules }
  for (const [name, action] of Object.entries(manifest.permission)) config.permission[name] ??= action
  config.subagent_depth = Math.max(config.subagent_depth ?? 1, manifest.subagent_depth)
}

function toolOf(link, { name, description, schema }) {
  return {
    description,
    args: schema.properties ?? {},
    async execute(args, context) {
      const { sessionID, messageID, callID, agent, directory, abort } = context
      const call = { name, args, sessionID, messageID, callID, agent, directory }
      for (let asked = 0; asked <= ASKS_MAX; asked++) {
        if (!(await link.open())) throw new Error(GONE)
        const answer = await link.send("tool", call, 0, abort)
        if (!answer.ask) return answer
        await context.ask({ always: [], metadata: {}, ...answer.ask })
        call.granted = answer.granted
      }
      throw new Error("[BRAIN_GONE] Echelon asked for more permissions than one call may need")
    },
  }
}

function hooksOf(link, manifest) {
  const schemas = Object.fromEntries(manifest.tools.map((tool) => [tool.name, tool.schema]))
  const fenced = new Set(manifest.fenced)
  const wanted = new Set(manifest.events)
  const watched = new Set(manifest.watched ?? [])
  const keep = new Set(manifest.environment ?? [])
  const refused = (answer) => {
    if (answer?.deny) throw new Error(answer.deny)
    return answer
  }
  return {
    async config(config) {
      link.note("config")
      link.rules = rulesOf(config)
      link.tell("rules", link.rules)
      register(config, manifest)
    },
    tool: Object.fromEntries(manifest.tools.map((tool) => [tool.name, toolOf(link, tool)])),
    async "tool.definition"(input, output) {
      if (Object.hasOwn(schemas, input.toolID)) output.jsonSchema = schemas[input.toolID]
    },
    async "chat.message"(input, output) {
      const agent = output.message?.agent ?? input.agent
      const { sessionID } = input
      if (!Object.hasOwn(manifest.agent, agent)) {
        if (link.ours.delete(sessionID)) link.tell("left", { sessionID, agent })
        return
      }
      link.note("chat.message")
      link.remember(sessionID)
      const text = output.parts.filter((part) => part.type === "text").map((part) => part.text).join("\n")
      refused(await link.ask("message", { sessionID, agent, text }))
    },
    async "experimental.chat.system.transform"(input, output) {
      const at = output.system.findIndex((text) => text.includes(manifest.mark))
      if (at < 0) return
      link.note("experimental.chat.system.transform")
      const answer = refused(await link.need("system", { sessionID: input.sessionID }))
      output.system[at] = output.system[at].replaceAll(manifest.mark, () => answer?.text ?? "")
    },
    async "experimental.session.compacting"(input, output) {
      if (!link.ours.has(input.sessionID)) return
      const answer = await link.ask("system", { sessionID: input.sessionID }).catch(() => null)
      if (answer?.text) output.context.push(answer.text)
    },
    async "tool.execute.before"(input, output) {
      if (!fenced.has(input.tool) || !link.ours.has(input.sessionID)) return
      link.note("tool.execute.before")
      const answer = refused(await link.ask("before", { tool: input.tool, sessionID: input.sessionID, args: output.args }))
      Object.assign(output.args, answer?.args) // in place: a new object would be ignored
    },
    async "command.execute.before"(input, output) {
      if (!Object.hasOwn(manifest.command, input.command)) return
      link.note("command.execute.before")
      const answer = refused(await link.ask("command", input))
      if (answer?.text) for (const part of output.parts) if (part.type === "text") part.text = answer.text
    },
    async "shell.env"(input, output) {
      if (!manifest.environment || !link.ours.has(input.sessionID)) return
      for (const name of Object.keys(process.env)) if (!keep.has(name)) output.env[name] ??= ""
    },
    async event({ event }) {
      if (watched.has(event.type)) link.watch.hear(event)
      if (!wanted.has(event.type)) return
      const { sessionID, info } = event.properties ?? {}
      if (info?.parentID && link.ours.has(info.parentID)) link.remember(info.id)
      if (!link.ours.has(sessionID ?? info?.id)) return
      link.note("event")
      if (await link.open()) link.tell("event", event)
    },
    async dispose() {
      link.ended = true
      link.socket?.end()
    },
  }
}

async function server(input) {
  const headless = process.env.ECHELON_BRIDGE // a server that Echelon itself started loads one bridge, not also the user's
  if (headless && path.resolve(headless) !== HERE) return {}
  const link = new Link(input)
  const manifest = await link.open().catch(() => null)
  return manifest ? hooksOf(link, manifest) : {}
}

// OpenCode 2 calls `setup`, and 1.18 calls it too: there is nothing to do for either yet.
export default { id: "echelon", server, setup() {} }
